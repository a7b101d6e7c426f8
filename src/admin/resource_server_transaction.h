#pragma once
// What one change of a resource server writes: its document, URI, scopes, the policies that name
// it, the realm's state, the audit trail. All of it, in a realm that is there, or nothing.

#include "admin/operator_change.h"
#include "admin/resource_server_records.h"

namespace signet::admin {

class ResourceServerTransaction {
 public:
  ResourceServerTransaction(const AdminServices& services, RealmName realm, std::string actor);

  /// The document under its name; `expected` as in storage::PutDocument. `document` is in the
  /// operator's form.
  Status put(const std::string& name, json::Object document, std::int64_t expected);
  void erase(const std::string& name, std::int64_t expected);
  /// Null for one that is not there. A URI or scope that is new must not be there yet; one that
  /// both have is ours.
  void move_uri(const resource_servers::ResourceServer* before,
                const resource_servers::ResourceServer* after);
  void move_scopes(const resource_servers::ResourceServer* before,
                   const resource_servers::ResourceServer* after, const json::Object& document);
  /// Keys for `dir`, which are kept for as long as a token may hold them. kConflict
  /// "direct_kid_taken" where too many keys have one kid.
  Task<Done> move_direct_keys(const resource_servers::ResourceServer* before,
                              const resource_servers::ResourceServer* after);
  /// Kept keys of a resource server that open no more.
  Task<Done> erase_lost_keys(std::string name);
  void rename_in(const PolicyRecord& policy, const std::string& name);
  void state(const StateRecord& before, const resource_servers::State& after);
  void event(std::string name, json::Object detail);
  /// That the configuration declared it.
  void seeded(const std::string& name);

  /// False where somebody else changed one of these at the same moment: begin anew. Every cache is
  /// told.
  Task<bool> commit();

 private:
  void tell(std::string_view kind, const std::string& id);
  void put_raw(std::string_view kind, const std::string& id, std::string text,
               std::optional<std::int64_t> expected);
  Status drop_direct_keys(const std::vector<storage::Document>& stored, const std::string& kid,
                          const resource_servers::ResourceServer* before,
                          const resource_servers::ResourceServer* after);
  void erase_raw(std::string_view kind, const std::string& id,
                 std::optional<std::int64_t> expected);

  const AdminServices& services_;
  RealmName realm_;
  std::string actor_;
  storage::Transaction transaction_;
  CacheChanges changes_;
  bool forgets_realm_ = false;  ///< its snapshot holds the state and the names of scopes
};

}  // namespace signet::admin

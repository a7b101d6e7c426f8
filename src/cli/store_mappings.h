#pragma once
// Mappings as code: what a file says of secret stores against what runs.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/admin_client.h"

namespace signet::cli {

/// The mappings of one store, as a file or the server has them.
struct StoreMappings {
  std::string realm;  ///< empty: a global store
  std::string store;
  std::vector<std::pair<std::string, std::vector<std::string>>> aliases;  ///< by secret ID
  /// The IDs of those that the store brought by itself and nobody changed; of the server's alone.
  std::set<std::string> brought{};
  bool ignores_case = false;  ///< aliases are in small letters; of the server's alone
  /// Where each stands, by secret ID: "keys.yaml:4: secret_stores[0].mappings.am.x"; of files
  /// alone.
  std::map<std::string, std::string> written{};

  const std::vector<std::string>* find(const std::string& id) const;
};

/// From "secret_stores" of a document that fits the schema; stores whose mappings it does not name
/// are left out.
/// "usage" where a store is described twice.
Result<std::vector<StoreMappings>> mappings_in(const json::Object& document,
                                               const std::string& realm);
Result<StoreMappings> running_mappings(const AdminClient& admin, const std::string& realm,
                                       const std::string& store);

/// Of every store of the server that has mappings and is not among `described`.
Result<std::vector<StoreMappings>> other_mappings(const AdminClient& admin,
                                                  const std::vector<StoreMappings>& described);

/// Aliases as the store that runs compares and stores them.
std::vector<std::string> spelled_as(const StoreMappings& running,
                                    const std::vector<std::string>& aliases);

/// "mapping local/am.x", with the realm in front where there is one.
std::string label_of(const StoreMappings& mappings, const std::string& id);

/// One change of a list of aliases, in words: "publish b", "activate b", "retire a".
std::vector<std::string> steps_between(const std::vector<std::string>& running,
                                       const std::vector<std::string>& wanted);

/// Why the server would never take the first list that bring_to() sends, by its own answer to a
/// trial: reason and words. Empty where it may: what waiting or another step may mend is no reason,
/// nor is a store that is out of reach.
std::string why_never(const AdminClient& admin, const StoreMappings& store, const std::string& id,
                      const std::vector<std::string>& running,
                      const std::vector<std::string>& wanted);

/// Brings one mapping as near to `wanted` as is safe: new aliases are published first, then the
/// list is set. A refusal of the second (not published for long enough, tokens live) is returned;
/// asking again later goes on.
Status bring_to(const AdminClient& admin, const StoreMappings& store, const std::string& id,
                const std::vector<std::string>& running, const std::vector<std::string>& wanted);
/// Retires every alias.
Status unmap(const AdminClient& admin, const StoreMappings& store, const std::string& id,
             const std::vector<std::string>& running);

}  // namespace signet::cli

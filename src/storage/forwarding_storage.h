#pragma once
// A storage in front of another one: the base of those that change a part of what it does.

#include "storage/storage.h"

namespace signet::storage {

class ForwardingStorage : public Storage {
 public:
  Task<Done> commit(Transaction transaction) override;
  Task<std::optional<Document>> document(std::string kind, RealmName realm,
                                         std::string id) override;
  Task<std::vector<Document>> documents(std::string kind, RealmName realm, std::string after,
                                        std::size_t limit) override;
  Task<std::int64_t> count_documents(std::string kind, RealmName realm) override;
  Task<std::vector<DocumentChange>> changes_since(std::int64_t after, std::size_t limit) override;
  Task<std::int64_t> last_change() override;
  Task<std::optional<TokenRecord>> token(Bytes hash) override;
  Task<bool> is_denied(RealmName realm, Bytes hash) override;
  Task<std::vector<DeniedToken>> denials_since(std::int64_t after, std::size_t limit,
                                               std::int64_t* last) override;
  Task<std::int64_t> count_expired(Instant before, std::size_t limit) override;
  Task<std::vector<KeyRecord>> keys(RealmName realm) override;
  Task<std::vector<AuditEvent>> audit(std::int64_t after, std::size_t limit) override;
  Task<Done> ping() override;
  void on_change(std::function<void(const Changed&)> listener) override;

 protected:
  /// Whom to ask; called once for each call.
  virtual Storage& next() = 0;
};

}  // namespace signet::storage

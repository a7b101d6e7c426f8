#pragma once
// A storage in front of another one, for tests that change a part of what it does.

#include "storage/storage.h"

namespace signet::storage::test {

class ForwardingStorage : public Storage {
 public:
  Task<Done> commit(Transaction transaction) override {
    return next().commit(std::move(transaction));
  }
  Task<std::optional<Document>> document(std::string kind, RealmName realm,
                                         std::string id) override {
    return next().document(std::move(kind), std::move(realm), std::move(id));
  }
  Task<std::vector<Document>> documents(std::string kind, RealmName realm, std::string after,
                                        std::size_t limit) override {
    return next().documents(std::move(kind), std::move(realm), std::move(after), limit);
  }
  Task<std::int64_t> count_documents(std::string kind, RealmName realm) override {
    return next().count_documents(std::move(kind), std::move(realm));
  }
  Task<std::vector<DocumentChange>> changes_since(std::int64_t after, std::size_t limit) override {
    return next().changes_since(after, limit);
  }
  Task<std::int64_t> last_change() override { return next().last_change(); }
  Task<std::optional<TokenRecord>> token(Bytes hash) override {
    return next().token(std::move(hash));
  }
  Task<bool> is_denied(RealmName realm, Bytes hash) override {
    return next().is_denied(std::move(realm), std::move(hash));
  }
  Task<std::vector<DeniedToken>> denials_since(std::int64_t after, std::size_t limit,
                                               std::int64_t* last) override {
    return next().denials_since(after, limit, last);
  }
  Task<std::vector<KeyRecord>> keys(RealmName realm) override {
    return next().keys(std::move(realm));
  }
  Task<std::vector<AuditEvent>> audit(std::int64_t after, std::size_t limit) override {
    return next().audit(after, limit);
  }
  Task<Done> ping() override { return next().ping(); }
  void on_change(std::function<void(const Changed&)> listener) override {
    next().on_change(std::move(listener));
  }

 protected:
  /// Whom to ask; called once for each call.
  virtual Storage& next() = 0;
};

}  // namespace signet::storage::test

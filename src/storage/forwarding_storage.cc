#include "storage/forwarding_storage.h"

namespace signet::storage {

Task<Done> ForwardingStorage::commit(Transaction transaction) {
  return next().commit(std::move(transaction));
}
Task<std::optional<Document>> ForwardingStorage::document(std::string kind, RealmName realm,
                                                          std::string id) {
  return next().document(std::move(kind), std::move(realm), std::move(id));
}
Task<std::vector<Document>> ForwardingStorage::documents(std::string kind, RealmName realm,
                                                         std::string after, std::size_t limit) {
  return next().documents(std::move(kind), std::move(realm), std::move(after), limit);
}
Task<std::int64_t> ForwardingStorage::count_documents(std::string kind, RealmName realm) {
  return next().count_documents(std::move(kind), std::move(realm));
}
Task<std::vector<DocumentChange>> ForwardingStorage::changes_since(std::int64_t after,
                                                                   std::size_t limit) {
  return next().changes_since(after, limit);
}
Task<std::int64_t> ForwardingStorage::last_change() {
  return next().last_change();
}
Task<std::optional<TokenRecord>> ForwardingStorage::token(Bytes hash) {
  return next().token(std::move(hash));
}
Task<bool> ForwardingStorage::is_denied(RealmName realm, Bytes hash) {
  return next().is_denied(std::move(realm), std::move(hash));
}
Task<std::vector<DeniedToken>> ForwardingStorage::denials_since(std::int64_t after,
                                                                std::size_t limit,
                                                                std::int64_t* last) {
  return next().denials_since(after, limit, last);
}
Task<std::int64_t> ForwardingStorage::count_expired(Instant before, std::size_t limit) {
  return next().count_expired(before, limit);
}
Task<std::vector<KeyRecord>> ForwardingStorage::keys(RealmName realm) {
  return next().keys(std::move(realm));
}
Task<std::vector<AuditEvent>> ForwardingStorage::audit(std::int64_t after, std::size_t limit) {
  return next().audit(after, limit);
}
Task<Done> ForwardingStorage::ping() {
  return next().ping();
}
void ForwardingStorage::on_change(std::function<void(const Changed&)> listener) {
  next().on_change(std::move(listener));
}

}  // namespace signet::storage

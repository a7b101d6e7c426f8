#include "storage/memory/tables.h"

namespace signet::storage::memory {

std::optional<Document> Tables::find_document(const std::string& kind, const RealmName& realm,
                                              const std::string& id) const {
  const auto found = documents.find({kind, realm, id});
  if (found == documents.end()) return std::nullopt;
  return found->second;
}

std::vector<Document> Tables::list_documents(const std::string& kind, const RealmName& realm,
                                             const std::string& after, std::size_t limit) const {
  std::vector<Document> out;
  for (auto at = documents.upper_bound({kind, realm, after});
       at != documents.end() && out.size() < limit; ++at) {
    if (at->second.kind != kind || at->second.realm != realm) break;
    out.push_back(at->second);
  }
  return out;
}

std::int64_t Tables::count_documents(const std::string& kind, const RealmName& realm) const {
  std::int64_t count = 0;
  for (auto at = documents.lower_bound({kind, realm, ""}); at != documents.end(); ++at) {
    if (at->second.kind != kind || at->second.realm != realm) break;
    ++count;
  }
  return count;
}

std::vector<DocumentChange> Tables::list_changes(std::int64_t after, std::size_t limit) const {
  std::vector<DocumentChange> out;
  for (auto at = changes.upper_bound(after); at != changes.end() && out.size() < limit; ++at) {
    const auto& [kind, realm, id] = at->second;
    out.push_back({at->first, kind, realm, id});
  }
  return out;
}

std::optional<TokenRecord> Tables::find_token(const Bytes& hash) const {
  const TokenRecord* found = tokens.find(hash);
  if (!found) return std::nullopt;
  return *found;
}

bool Tables::is_denied(const RealmName& realm, const Bytes& id_hash) const {
  return denials.find({realm, id_hash}) != nullptr;
}

std::vector<DeniedToken> Tables::list_denials(Instant now, std::int64_t after_row,
                                              std::size_t limit, std::int64_t& last_row) const {
  std::vector<DeniedToken> out;
  last_row = after_row;
  for (auto at = denial_rows.upper_bound(after_row); at != denial_rows.end() && out.size() < limit;
       ++at) {
    const auto& [realm, id_hash] = at->second;
    const Instant expires = denials.find(at->second)->expires;
    if (expires <= now) continue;
    out.push_back({realm, id_hash, expires});
    last_row = at->first;
  }
  return out;
}

std::int64_t Tables::count_expired(Instant before, std::size_t limit) const {
  return static_cast<std::int64_t>(tokens.count_expired(before, limit) +
                                   denials.count_expired(before, limit) +
                                   used.count_expired(before, limit));
}

std::vector<KeyRecord> Tables::list_keys(const RealmName& realm) const {
  std::vector<KeyRecord> out;
  for (auto at = keys.lower_bound({realm, "", KeyId()});
       at != keys.end() && at->second.realm == realm; ++at) {
    out.push_back(at->second);
  }
  return out;
}

std::vector<AuditEvent> Tables::list_audit(std::int64_t after, std::size_t limit) const {
  std::vector<AuditEvent> out;
  for (auto at = static_cast<std::size_t>(std::max<std::int64_t>(after, 0));
       at < audit.size() && out.size() < limit; ++at) {
    out.push_back(audit[at]);
  }
  return out;
}

}  // namespace signet::storage::memory

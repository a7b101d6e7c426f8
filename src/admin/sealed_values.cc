#include "admin/sealed_values.h"

#include <algorithm>
#include <array>

#include "admin/handlers.h"
#include "admin/operator_change.h"
#include "resource_servers/direct_key.h"
#include "resource_servers/resource_server.h"

namespace signet::admin {
namespace {

namespace rs = resource_servers;

constexpr std::array<std::string_view, 3> kSealedKinds = {"client", rs::kKind, rs::kDirectKeyKind};
/// How many values are written at once: one sync of the disk for all of them.
constexpr std::size_t kRenewedAtOnce = 50;

json::Value* sealed_in(std::string_view kind, json::Object& members, Instant now) {
  if (kind == rs::kKind) return rs::sealed_keys_in(members);
  if (kind == rs::kDirectKeyKind) return rs::sealed_key_in(members, now);
  return oauth::sealed_secret_in(members);
}

class Renewal {
 public:
  Renewal(const AdminServices& services, storage::AppendAudit event)
      : services_(services),
        storage_(*services.oauth->storage),
        now_(services.oauth->clock->now()),
        event_(std::move(event)) {}

  Task<Done> renew(std::vector<SealedDocument> found);
  std::size_t count() const { return count_; }

 private:
  Result<std::optional<storage::PutDocument>> renewed(const storage::Document& document) const;
  Task<Done> renew_together(std::vector<storage::Document> documents);
  Task<Done> renew_alone(storage::Document document);
  Task<bool> commit(std::vector<storage::PutDocument> puts);

  const AdminServices& services_;
  storage::Storage& storage_;
  const Instant now_;
  std::optional<storage::AppendAudit> event_;  ///< until it is written
  std::size_t count_ = 0;
};

// Nothing where the value is fresh, or cannot be opened.
Result<std::optional<storage::PutDocument>> Renewal::renewed(
    const storage::Document& document) const {
  const secrets::EncodingKeys& keys = *services_.encoding;
  std::optional<storage::PutDocument> out;
  auto members = json::parse_object(document.text);
  json::Value* value = members.ok() ? sealed_in(document.kind, *members, now_) : nullptr;
  const std::string* text = value ? value->if_string() : nullptr;
  if (!text || !keys.is_stale(*text)) return out;
  const auto plain = keys.decode(*text);
  if (!plain.ok()) return out;
  TRY(std::string sealed, keys.encode(plain->view(), *services_.oauth->random));
  *value = json::Value(std::move(sealed));
  out.emplace();
  out->document = {document.kind, document.realm, document.id, json::dump(*members), 0};
  out->expected = document.revision;
  return out;
}

// False where somebody else changed one of these meanwhile: then none was written.
Task<bool> Renewal::commit(std::vector<storage::PutDocument> puts) {
  const std::size_t count = puts.size();
  storage::Transaction transaction;
  CacheChanges changes;
  for (auto& put : puts) {
    changes.push_back({put.document.kind, put.document.realm, put.document.id});
    transaction.emplace_back(std::move(put));
  }
  if (event_) transaction.emplace_back(*event_);
  CO_TRY(const bool is_done,
         co_await commit_if_first(services_, std::move(transaction), std::move(changes)));
  if (is_done) {
    event_.reset();
    count_ += count;
  }
  co_return is_done;
}

Task<Done> Renewal::renew_alone(storage::Document document) {
  for (int i = 0; i < kMostTries; ++i) {
    CO_TRY(const auto stored,
           co_await storage_.document(document.kind, document.realm, document.id));
    if (!stored) co_return Done{};
    CO_TRY(auto put, renewed(*stored));
    if (!put) co_return Done{};
    std::vector<storage::PutDocument> one;
    one.push_back(std::move(*put));
    CO_TRY(const bool is_done, co_await commit(std::move(one)));
    if (is_done) co_return Done{};
  }
  co_return Done{};  // somebody writes it all the time: it is counted as it is left
}

Task<Done> Renewal::renew_together(std::vector<storage::Document> documents) {
  std::vector<storage::PutDocument> puts;
  for (const auto& document : documents) {
    CO_TRY(auto put, renewed(document));
    if (put) puts.push_back(std::move(*put));
  }
  if (puts.empty()) co_return Done{};
  CO_TRY(const bool is_done, co_await commit(std::move(puts)));
  if (is_done) co_return Done{};
  for (auto& document : documents)
    CO_TRY(co_await renew_alone(std::move(document)));
  co_return Done{};
}

Task<Done> Renewal::renew(std::vector<SealedDocument> found) {
  std::vector<storage::Document> stale;
  for (auto& one : found) {
    if (!services_.encoding->is_stale(one.text)) continue;
    stale.push_back(std::move(one.document));
    if (stale.size() < kRenewedAtOnce) continue;
    std::vector<storage::Document> some = std::move(stale);
    stale.clear();
    CO_TRY(co_await renew_together(std::move(some)));
  }
  co_return co_await renew_together(std::move(stale));
}

}  // namespace

std::optional<std::string> sealed_value_of(const storage::Document& document, Instant now) {
  std::optional<std::string> out;
  const std::string_view kind = document.kind;
  if (std::find(kSealedKinds.begin(), kSealedKinds.end(), kind) == kSealedKinds.end()) return out;
  // Most clients have a secret that is hashed: their documents are not even parsed.
  if (document.text.find(secrets::EncodingKeys::kPrefix) == std::string::npos) return out;
  auto members = json::parse_object(document.text);
  if (!members.ok()) return std::string();
  const json::Value* value = sealed_in(kind, *members, now);
  if (value && value->if_string()) out = *value->if_string();
  return out;
}

SealedDocuments::SealedDocuments(std::shared_ptr<storage::Storage> storage, Instant now)
    : storage_(std::move(storage)), now_(now), realm_pages_(storage_, "realm", RealmName()) {}

// False where every kind of every realm was walked over.
Task<bool> SealedDocuments::find_next_pages() {
  if (realm_ == realms_.size()) {
    CO_TRY(const std::vector<storage::Document> page, co_await realm_pages_.next());
    realms_.clear();
    for (const auto& document : page)
      realms_.emplace_back(document.id);
    realm_ = 0;
    if (realms_.empty()) co_return false;
  }
  pages_ = std::make_unique<storage::DocumentPages>(storage_, std::string(kSealedKinds[kind_]),
                                                    realms_[realm_]);
  if (++kind_ == kSealedKinds.size()) {
    kind_ = 0;
    ++realm_;
  }
  co_return true;
}

Task<std::optional<std::vector<SealedDocument>>> SealedDocuments::next() {
  std::optional<std::vector<SealedDocument>> out;
  if (!pages_) {
    CO_TRY(const bool has_more, co_await find_next_pages());
    if (!has_more) co_return out;
  }
  CO_TRY(std::vector<storage::Document> page, co_await pages_->next());
  if (page.empty()) pages_.reset();
  out.emplace();
  for (auto& document : page) {
    auto text = sealed_value_of(document, now_);
    if (text) out->push_back({std::move(document), std::move(*text)});
  }
  co_return out;
}

Task<SealedSurvey> survey_sealed_values(std::shared_ptr<storage::Storage> storage, Instant now) {
  SealedDocuments all(std::move(storage), now);
  SealedSurvey survey;
  while (true) {
    CO_TRY(auto page, co_await all.next());
    if (!page) co_return survey;
    for (auto& found : *page) {
      auto& of_key = survey.by_key[secrets::EncodingKeys::key_id_of(found.text).value_or("")];
      if (++of_key.count > kMostShown) continue;
      found.document.text.clear();
      of_key.first.push_back(std::move(found.document));
    }
  }
}

Task<std::size_t> renew_sealed_values(const AdminServices& services, storage::AppendAudit event) {
  Renewal renewal(services, std::move(event));
  SealedDocuments all(services.oauth->storage, services.oauth->clock->now());
  while (true) {
    CO_TRY(auto page, co_await all.next());
    if (!page) co_return renewal.count();
    CO_TRY(co_await renewal.renew(std::move(*page)));
  }
}

}  // namespace signet::admin

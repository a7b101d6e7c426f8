// The key that a token is encrypted with for its resource server: found, fetched, kept, its uses
// reserved.

#include <utility>

#include "base/text.h"
#include "oauth/endpoints/token_endpoint.h"
#include "resource_servers/direct_key.h"

namespace signet::oauth {
namespace {

using resource_servers::Encryption;

constexpr int kReserveTries = 3;

/// A key that stood beyond those that introspection looks at would make tokens that nobody knows.
Task<Done> check_room_for_kid(const Services& services, RealmName realm, std::string kid) {
  namespace rs = resource_servers;
  const std::string prefix = rs::direct_key_prefix(kid);
  CO_TRY(const auto page,
         co_await services.storage->documents(std::string(rs::kDirectKeyKind), std::move(realm),
                                              prefix, rs::kMostDirectKeysRead));
  const Instant now = services.clock->now();
  std::size_t read = 0, alive = 0;
  for (const auto& document : page) {
    if (!document.id.starts_with(prefix)) break;
    CO_TRY(const auto known, rs::DirectKey::from_text(document.text));
    ++read;
    if (!known.is_over(now)) ++alive;
  }
  if (alive >= rs::kMostOfOneKid || read == rs::kMostDirectKeysRead)
    co_return rs::direct_kid_taken(alive, kid);
  co_return Done{};
}

}  // namespace

Answer<ClientCall::Need> TokenCall::find_encryptor() {
  const ReadyEncryptor* own = realm_->server_encryption();
  if (!own) return lacks_secret(tokens::encryption_id());
  if (server_->server.encryption == Encryption::kServerKey) {
    encryptor_ = own->nested;
    return Need::kNothing;
  }
  if (!server_->server.jwks_uri.empty()) {
    if (!server_->source) {
      return cannot_mint(
          {Code::kConfig, "key_set_unreachable", "this instance fetches no key sets"});
    }
    if (!key_set_) key_set_ = services_.key_sets->now(*server_->source, now_);
    if (!key_set_) return Need::kKeySet;
  }
  auto encryptor = encryptor_for(*server_, *realm_, key_set_, *services_.gcm_ledger, now_);
  if (!encryptor.ok()) {
    // The resource server may just have changed its keys: look once more.
    if (!server_->source || std::exchange(has_missed_, true)) return cannot_mint(encryptor.error());
    return Need::kKeySet;
  }
  encryptor_ = std::move(*encryptor);
  if (must_keep_key(*server_, now_)) return Need::kKeptKey;
  return reserve_uses();
}

// One request in thousands waits for the next block of uses, while the others take from this one.
Answer<ClientCall::Need> TokenCall::reserve_uses() {
  if (!server_->account || reserve_tries_ == kReserveTries) return Need::kNothing;
  const auto wish = services_.gcm_ledger->wish(*server_->account, now_);
  if (wish == GcmLedger::Wish::kNothing) return Need::kNothing;
  // What was reserved for all who waited may be taken by others before it is ours.
  reserve_tries_ = wish == GcmLedger::Wish::kAhead ? kReserveTries : reserve_tries_ + 1;
  return Need::kKeyUses;
}

Error TokenCall::of_server(Error why) const {
  why.detail = "resource server " + quoted(server_->server.name) + ": " + why.detail;
  return why;
}

Answer<Done> TokenCall::encrypt(std::string_view token, http::Response& response) {
  if (auto done = encryptor_->append(response.body, as_bytes(token), *services_.random);
      !done.ok()) {
    return cannot_mint(of_server(done.error()));
  }
  realm_->server_encryption()->ring->count_active(secrets::KeyUse::kEncrypt, now_);
  return Done{};
}

Task<Done, Refusal> TokenCall::load_keys() {
  auto& sets = *services_.key_sets;
  if (has_missed_) {
    CO_TRY(key_set_, co_await sets.refresh_after_miss(server_->source));
  } else {
    CO_TRY(key_set_, co_await sets.load(server_->source));
  }
  co_return Done{};
}

// Kept for twice as long as a token lives, so that it is written once a day at most, by one worker
// of one instance, and in a realm that is there: one that is deleted at this moment leaves no key
// behind. Where another key was found meanwhile, or somebody else wrote at this moment, it is asked
// for anew.
Task<Done, Refusal> TokenCall::keep_key() {
  using resource_servers::DirectKey;
  const PreparedResourceServerPtr server = server_;
  const jose::KeyPtr key = server->key;
  const std::string kind(resource_servers::kDirectKeyKind);
  const RealmName realm = realm_->settings().name;
  const std::string id = resource_servers::direct_key_id(key->jwk(), server->server.name);
  CO_TRY(const auto stored, co_await services_.storage->document(kind, realm, id));
  Instant until = now_ + resource_servers::kDirectKeyKept;
  bool is_kept = false;
  if (stored) {
    CO_TRY(const DirectKey known, DirectKey::from_text(stored->text));
    // Not one whose sealing key is lost: nobody could open what is made by it.
    const bool opens = known.open(services_.unseal).ok();
    is_kept = opens && (!known.until || *known.until >= now_ + resource_servers::kLongestTokenLife);
    if (is_kept && known.until) until = *known.until;
  }
  if (!stored) {
    const auto room = co_await check_room_for_kid(services_, realm, key->jwk().kid());
    if (!room.ok()) co_return cannot_mint(of_server(room.error()));
  }
  if (!is_kept) {
    CO_TRY(const DirectKey kept, DirectKey::seal(key->jwk(), until, services_.seal));
    storage::PutDocument put;
    put.document = {kind, realm, id, kept.to_text(), 0};
    put.expected = stored ? stored->revision : 0;
    storage::RequireDocument in_realm;
    in_realm.kind = "realm";
    in_realm.id = realm.str();
    storage::Transaction transaction;
    transaction.emplace_back(std::move(in_realm));
    transaction.emplace_back(std::move(put));
    const auto done = co_await services_.storage->commit(std::move(transaction));
    if (!done.ok() && !done.error().is("revision_conflict")) co_return Refusal(done.error());
    if (!done.ok()) co_return Done{};
    ChangeFeed::Change change{kind, realm, id};
    services_.changes->publish(std::move(change));
  }
  server->kept_key = key;
  server->kept_until = until;
  co_return Done{};
}

// While anything is left a failure to reserve more is nobody's harm yet.
Task<Done, Refusal> TokenCall::take_uses() {
  const auto account = server_->account;
  if (!account) co_return Done{};  // another request on this thread found other keys meanwhile
  const auto done = co_await services_.gcm_ledger->reserve(services_.storage, account, now_);
  if (done.ok() || account->uses().left() > 0) co_return Done{};
  co_return cannot_mint(done.error());
}

}  // namespace signet::oauth

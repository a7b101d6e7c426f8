#include "admin/resource_server_trial.h"

#include "base/text.h"
#include "jose/encryption_key_choice.h"
#include "jose/encryptor.h"
#include "oauth/endpoints/key_set_cache.h"

namespace signet::admin {
namespace {

namespace rs = resource_servers;

constexpr std::string_view kTrialText = "{\"trial\":true}";

Error failed(const rs::ResourceServer& server, std::string_view why) {
  std::string detail = "no token for ";
  detail += quoted(server.name);
  detail += " could be encrypted: ";
  detail += why;
  return {Code::kConfig, "resource_server_trial_failed", std::move(detail)};
}

// A trial is a use of the key like any other: it counts.
Task<std::shared_ptr<jose::GcmUses>> uses_for_trial(const AdminServices& services,
                                                    jose::KeyPtr key) {
  auto& ledger = *services.oauth->gcm_ledger;
  const auto account = ledger.account(key->jwk());
  const Instant now = services.oauth->clock->now();
  if (ledger.wish(*account, now) != oauth::GcmLedger::Wish::kNothing) {
    const auto done = co_await ledger.reserve(services.oauth->storage, account, now);
    if (!done.ok() && account->uses().left() == 0) co_return done.error();
  }
  co_return oauth::GcmLedger::Account::uses_of(account);
}

Task<Done> check_keys(const AdminServices& services, rs::ResourceServer server,
                      std::vector<jose::KeyPtr> keys) {
  auto key = jose::choose_encryption_key(keys, *server.key_alg, server.content_enc, server.key_id,
                                         services.oauth->clock->now());
  if (!key.ok()) co_return failed(server, key.error().detail);
  jose::EncryptorOptions options{};
  options.alg = *server.key_alg;
  options.enc = server.content_enc;
  options.allow_legacy = server.allow_legacy;
  if (jose::spends_gcm(options.alg, options.enc)) {
    auto uses = co_await uses_for_trial(services, *key);
    const bool is_worn_out = !uses.ok() && !is_transient(uses.error().code);
    if (is_worn_out) co_return failed(server, uses.error().detail);
    CO_TRY(options.gcm_uses, std::move(uses));
  }
  const auto encryptor = jose::Encryptor::make(std::move(*key), std::move(options));
  if (!encryptor.ok()) co_return failed(server, encryptor.error().detail);
  std::string token;
  const auto done = encryptor->append(token, as_bytes(kTrialText), *services.oauth->random);
  if (!done.ok()) co_return failed(server, done.error().detail);
  co_return Done{};
}

std::vector<jose::KeyPtr> inline_keys(const rs::ResourceServer& server) {
  std::vector<jose::KeyPtr> keys;
  for (const auto& key : server.keys)
    keys.push_back(jose::Key::local(key));
  return keys;
}

// A set that came and may not be used is a failure in any case; only one that did not come may be
// left for later. True: it did not come.
Task<bool> check_remote(const AdminServices& services, rs::ResourceServer server, Trial trial) {
  const auto cache = services.oauth->key_sets;
  if (!cache) co_return true;
  if (const auto sound = cache->check_url(server.jwks_uri); !sound.ok())
    co_return failed(server, sound.error().detail);
  if (trial == Trial::kInlineOnly) co_return true;
  auto source = cache->source(server.jwks_uri);
  const auto set = co_await cache->reload(std::move(source));
  if (set.ok()) {
    CO_TRY(co_await check_keys(services, server, (*set)->keys));
    co_return false;
  }
  if (trial == Trial::kWhole || !is_transient(set.error().code))
    co_return failed(server, set.error().detail);
  co_return true;
}

std::string warning_of(const secrets::SecretId& id, const secrets::RealmRings& rings,
                       std::string_view what) {
  const secrets::LiveRing* ring = rings.find(id);
  if (ring && ring->can_sign) return {};
  std::string out(what);
  out += ": no active key for ";
  out += id.str();
  if (!ring) out += " (" + rings.why(id).detail + ")";
  return out;
}

Task<std::vector<std::string>> realm_warnings(const AdminServices& services, RealmName realm,
                                              rs::ResourceServer server) {
  CO_TRY(const auto rings, co_await services.oauth->keeper->rings(realm));
  std::vector<std::string> out;
  const auto add = [&](std::string warning) {
    if (!warning.empty()) out.push_back(std::move(warning));
  };
  if (server.encryption == rs::Encryption::kServerKey ||
      server.encryption == rs::Encryption::kResourceServerKey)
    add(warning_of(tokens::encryption_id(), *rings, "the realm cannot issue its tokens"));
  if (server.signing_alg)
    add(warning_of(tokens::signing_id(*server.signing_alg), *rings,
                   "the realm cannot sign its tokens"));
  co_return out;
}

}  // namespace

Task<TrialOutcome> try_encryption(const AdminServices& services, RealmName realm,
                                  rs::ResourceServer server, Trial trial) {
  TrialOutcome outcome;
  if (server.encryption == rs::Encryption::kResourceServerKey) {
    if (server.jwks_uri.empty()) {
      auto keys = inline_keys(server);
      CO_TRY(co_await check_keys(services, server, std::move(keys)));
    } else {
      CO_TRY(outcome.untested, co_await check_remote(services, server, trial));
      if (outcome.untested && trial == Trial::kWhole)
        co_return failed(server, "the URL of its keys cannot be asked from here");
    }
  }
  CO_TRY(outcome.warnings, co_await realm_warnings(services, realm, std::move(server)));
  co_return outcome;
}

}  // namespace signet::admin

#include "oauth/endpoints/prepared_resource_server.h"

#include <algorithm>

#include "base/text.h"
#include "jose/encryption_key_choice.h"

namespace signet::oauth {
namespace {

Instant end_of(const jose::Jwk& key) {
  Instant end = Instant::max();
  for (const auto& certificate : key.chain())
    end = std::min(end, certificate.not_after());
  return end;
}

}  // namespace

Result<jose::Encryptor> encryptor_for(PreparedResourceServer& prepared, const RealmRuntime& realm,
                                      std::shared_ptr<const RemoteKeySet> key_set,
                                      GcmLedger& ledger, Instant now) {
  if (prepared.encryptor && prepared.realm_serial == realm.serial() &&
      prepared.key_set == key_set && now <= prepared.good_until) [[likely]]
    return *prepared.encryptor;
  prepared.encryptor.reset();
  prepared.account.reset();
  const auto& server = prepared.server;
  if (!realm.server_encryption()) return realm.why(tokens::encryption_id());
  const auto& keys = key_set ? key_set->keys : prepared.keys;
  auto key =
      jose::choose_encryption_key(keys, *server.key_alg, server.content_enc, server.key_id, now);
  if (!key.ok()) {
    std::string detail = "resource server ";
    detail += quoted(server.name);
    detail += ": ";
    detail += key.error().detail;
    return Error{key.error().code, key.error().reason, std::move(detail)};
  }
  jose::EncryptorOptions options{*server.key_alg,
                                 server.content_enc,
                                 nested_token_header(),
                                 server.allow_legacy,
                                 realm.server_encryption()->ring->ring->active().key,
                                 nullptr};
  GcmLedger::AccountPtr account;
  if (jose::spends_gcm(options.alg, options.enc)) {
    account = ledger.account((*key)->jwk());
    options.gcm_uses = GcmLedger::Account::uses_of(account);
  }
  const Instant end = end_of((*key)->jwk());
  TRY(auto encryptor, jose::Encryptor::make(*key, std::move(options)));
  prepared.encryptor.emplace(std::move(encryptor));
  prepared.key = std::move(*key);
  prepared.account = std::move(account);
  prepared.realm_serial = realm.serial();
  prepared.key_set = std::move(key_set);
  prepared.good_until = end;
  return *prepared.encryptor;
}

bool must_keep_key(const PreparedResourceServer& prepared, Instant now) {
  const bool is_by_url = prepared.source && prepared.server.key_alg == jose::JweAlg::kDir;
  return is_by_url && (prepared.kept_key != prepared.key ||
                       now + resource_servers::kLongestTokenLife > prepared.kept_until);
}

}  // namespace signet::oauth

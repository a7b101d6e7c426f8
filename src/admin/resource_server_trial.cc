#include "admin/resource_server_trial.h"

#include "base/text.h"
#include "jose/algorithm_info.h"
#include "jose/jwe.h"
#include "resource_servers/key_set.h"

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

Status encrypt_trial(const rs::ResourceServer& server, const std::vector<jose::Jwk>& keys,
                     Random& random) {
  jose::EncryptOptions how{};
  how.alg = *server.key_alg;
  how.enc = server.content_enc;
  how.allow_rsa15 = server.allow_legacy;
  how.pbes2_iterations = 1000;
  std::vector<std::string> reasons;
  for (const auto& key : keys) {
    if (!server.key_id.empty() && key.kid() != server.key_id) continue;
    const auto token =
        jose::encrypt_compact(jose::Key::local(key), as_bytes(kTrialText), how, random);
    if (token.ok()) return Done{};
    reasons.push_back(quoted(key.kid()) + ": " + token.error().detail);
  }
  if (reasons.empty()) return failed(server, "no key has the kid " + quoted(server.key_id));
  return failed(server, join(reasons, "; "));
}

Status check_keys(const AdminServices& services, const rs::ResourceServer& server,
                  const std::vector<jose::Jwk>& keys) {
  return encrypt_trial(server, keys, *services.oauth->random);
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
      CO_TRY(check_keys(services, server, server.keys));
    } else if (trial == Trial::kWhole) {
      co_return failed(server, "its keys' URL cannot be asked from here");
    } else {
      outcome.untested = true;
    }
  }
  CO_TRY(outcome.warnings, co_await realm_warnings(services, realm, std::move(server)));
  co_return outcome;
}

}  // namespace signet::admin

#include "secrets/key_sets.h"

namespace signet::secrets {
namespace {

std::vector<PublishedId> of_provider() {
  using jose::KeyUse;
  return {
      {SecretId::literal("am.services.oauth2.stateless.signing.RSA"), KeyUse::kSig},
      {SecretId::literal("am.services.oauth2.stateless.signing.ES256"), KeyUse::kSig},
      {SecretId::literal("am.services.oauth2.stateless.signing.ES384"), KeyUse::kSig},
      {SecretId::literal("am.services.oauth2.stateless.signing.ES512"), KeyUse::kSig},
      {SecretId::literal("am.services.oauth2.oidc.signing.RSA"), KeyUse::kSig},
      {SecretId::literal("am.services.oauth2.oidc.signing.ES256"), KeyUse::kSig},
      {SecretId::literal("am.services.oauth2.oidc.signing.ES384"), KeyUse::kSig},
      {SecretId::literal("am.services.oauth2.oidc.signing.ES512"), KeyUse::kSig},
      {SecretId::literal("am.services.oauth2.oidc.signing.EDDSA"), KeyUse::kSig},
      {SecretId::literal("am.global.services.oauth2.oidc.agent.idtoken.signing"), KeyUse::kSig},
      {SecretId::literal("am.services.oauth2.oidc.decryption.RSA1.5"), KeyUse::kEnc},
      {SecretId::literal("am.services.oauth2.oidc.decryption.RSA.OAEP"), KeyUse::kEnc},
      {SecretId::literal("am.services.oauth2.oidc.decryption.RSA.OAEP.256"), KeyUse::kEnc},
  };
}

std::vector<PublishedId> of_relying_party() {
  using jose::KeyUse;
  return {
      {SecretId::literal("am.services.oauth2.oidc.rp.jwt.authenticity.signing"), KeyUse::kSig},
      {SecretId::literal("am.services.oauth2.mtls.client.authentication"), KeyUse::kSig},
      {SecretId::literal("am.services.oauth2.oidc.rp.idtoken.encryption"), KeyUse::kEnc, true},
  };
}

}  // namespace

const std::vector<PublishedId>& published_ids(KeySet set) {
  static const std::vector<PublishedId> provider = of_provider();
  static const std::vector<PublishedId> relying_party = of_relying_party();
  return set == KeySet::kProvider ? provider : relying_party;
}

std::optional<PublishedPlace> published_place(const SecretId& id) {
  for (const KeySet set : {KeySet::kProvider, KeySet::kRelyingParty}) {
    for (const auto& published : published_ids(set)) {
      if (published.id == id) return PublishedPlace{set, &published};
    }
  }
  return std::nullopt;
}

}  // namespace signet::secrets

#include "base/text.h"
#include "jose/jwk.h"
#include "keystores/pem.h"
#include "secrets/stores/config_error.h"
#include "secrets/stores/value_format.h"

namespace signet::secrets {
namespace {

// RFC 7517 §4.7 wants x5c in this order too: the key's own certificate, then each one's issuer.
Status check_chain(const crypto::PrivateKey& key, const std::vector<crypto::Certificate>& chain) {
  if (chain.empty()) return Done{};
  const auto leaf = chain.front().public_key();
  if (!leaf || !(*leaf == key.public_key())) {
    return config_error("pem_chain_mismatch",
                        "the first certificate beside the private key is not of that key: " +
                            quoted(chain.front().subject()) +
                            "; the key's own certificate comes first, then its issuers in order");
  }
  for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
    if (chain[i].issuer() != chain[i + 1].subject()) {
      return config_error(
          "pem_chain_mismatch",
          "certificate " + std::to_string(i + 2) + " of the chain did not issue the one before it");
    }
  }
  return Done{};
}

Result<std::vector<Secret>> of_private_key(keystores::PemContents contents) {
  crypto::PrivateKey key = std::move(contents.private_keys.front());
  for (const crypto::PublicKey& beside : contents.public_keys) {
    if (!(beside == key.public_key())) {
      return config_error("pem_several_secrets",
                          "a public key beside the private key is another key's");
    }
  }
  TRY(check_chain(key, contents.certificates));
  jose::Jwk jwk = jose::Jwk::from_private(std::move(key));
  if (!contents.certificates.empty()) jwk = jwk.with_chain(contents.certificates);
  Secret secret = Secret::of_key(std::move(jwk));
  secret.certificates = std::move(contents.certificates);
  std::vector<Secret> secrets;
  secrets.push_back(std::move(secret));
  return secrets;
}

Result<std::vector<Secret>> of_labelled(keystores::PemContents contents) {
  auto& [label, bytes] = contents.secrets.front();
  if (bytes.empty()) return config_error("value_empty", "a " + quoted(label) + " block is empty");
  std::vector<Secret> secrets;
  secrets.push_back(label == "GENERIC SECRET"
                        ? Secret::of_text(std::move(bytes))
                        : Secret::of_key(jose::Jwk::from_symmetric(std::move(bytes))));
  return secrets;
}

}  // namespace

Result<std::vector<Secret>> secrets_of_pem(ByteView text, std::optional<ByteView> password) {
  auto read = keystores::read_pem(text, password);
  if (!read && read.error().is("key_password_missing")) {
    return config_error(
        "pem_password_missing",
        "the PEM is encrypted with a password and none is configured: store it behind "
        "am.global.services.secret.pem.decryption");
  }
  TRY(keystores::PemContents contents, std::move(read));
  const bool has_keys = !contents.private_keys.empty() || !contents.public_keys.empty() ||
                        !contents.certificates.empty();
  if (contents.private_keys.size() + contents.secrets.size() > 1 ||
      (!contents.secrets.empty() && has_keys)) {
    return config_error(
        "pem_several_secrets",
        "one PEM holds one secret: a private key with its chain, certificates, or one "
        "symmetric key");
  }
  if (!contents.secrets.empty()) return of_labelled(std::move(contents));
  if (!contents.private_keys.empty()) return of_private_key(std::move(contents));
  std::vector<Secret> secrets;
  if (!contents.public_keys.empty()) {
    if (!contents.certificates.empty()) {
      return config_error("pem_several_secrets",
                          "one PEM holds public keys or certificates, not both");
    }
    for (crypto::PublicKey& key : contents.public_keys) {
      secrets.push_back(Secret::of_key(jose::Jwk::from_public(std::move(key))));
    }
    return secrets;
  }
  if (contents.certificates.empty()) {
    return config_error("pem_empty", "the PEM holds no key, no certificate and no secret");
  }
  secrets.push_back(Secret::of_certificates(std::move(contents.certificates)));
  return secrets;
}

}  // namespace signet::secrets

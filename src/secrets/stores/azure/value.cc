#include "secrets/stores/azure/value.h"

#include <algorithm>

#include "base/base64.h"
#include "base/text.h"
#include "crypto/pkcs12.h"

namespace signet::secrets::azure {
namespace {

using crypto::Certificate;

constexpr std::size_t kLongestChain = 10;

std::vector<Certificate> chain_of(const crypto::PublicKey& key,
                                  const std::vector<Certificate>& certificates) {
  std::vector<Certificate> chain;
  const auto leaf =
      std::find_if(certificates.begin(), certificates.end(), [&](const Certificate& certificate) {
        const auto certified = certificate.public_key();
        return certified && *certified == key;
      });
  if (leaf == certificates.end()) return chain;
  chain.push_back(*leaf);
  while (chain.size() < kLongestChain && !chain.back().names_as_issuer(chain.back())) {
    const auto issuer =
        std::find_if(certificates.begin(), certificates.end(),
                     [&](const Certificate& other) { return chain.back().names_as_issuer(other); });
    if (issuer == certificates.end()) break;
    chain.push_back(*issuer);
  }
  return chain;
}

}  // namespace

Result<std::vector<Secret>> secrets_of_pfx(ByteView der) {
  TRY(auto bags, crypto::read_pkcs12(der, ByteView()));
  std::vector<Certificate> certificates;
  std::vector<crypto::PrivateKey> keys;
  for (auto& bag : bags) {
    if (bag.unusable) return *bag.unusable;
    if (bag.certificate) certificates.push_back(std::move(*bag.certificate));
    if (bag.private_key) keys.push_back(std::move(*bag.private_key));
  }
  if (keys.size() != 1) {
    return Error{Code::kConfig, "keystore_ambiguous",
                 "the PKCS#12 value holds " + std::to_string(keys.size()) +
                     " private keys where one is wanted"};
  }
  auto chain = chain_of(keys.front().public_key(), certificates);
  jose::Jwk jwk = jose::Jwk::from_private(std::move(keys.front()));
  if (!chain.empty()) jwk = jwk.with_chain(chain);
  std::vector<Secret> secrets;
  secrets.push_back(Secret::of_key(std::move(jwk)));
  secrets.back().certificates = std::move(chain);
  return secrets;
}

Result<ReadValue> read_secret(const SecretBundle& bundle, ValueFormat format,
                              const EncodingKeys* keys, std::optional<ByteView> pem_password) {
  ReadValue read;
  if (equal_ignoring_case(bundle.content_type, kPfxType)) {
    const auto der = base64::decode(as_text(bundle.value.view()));
    if (!der) {
      return Error{Code::kConfig, "value_not_base64",
                   "the content type is " + std::string(kPfxType) + " and the value is not base64"};
    }
    TRY(read.secrets, secrets_of_pfx(der->view()));
    return read;
  }
  if (equal_ignoring_case(bundle.content_type, kPemType)) {
    TRY(read.secrets, secrets_of_pem(bundle.value.view(), pem_password));
    return read;
  }
  return read_value(format, bundle.value.view(), keys, pem_password);
}

}  // namespace signet::secrets::azure

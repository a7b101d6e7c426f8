// The first byte chooses: a PEM text as it comes, or DER that is put under one of the labels, so
// that what lies behind base64 is reached too.
#include <array>

#include "base/base64.h"
#include "base/text.h"
#include "check.h"
#include "keystores/pem.h"

namespace {

using namespace signet;
using namespace signet::keystores;

constexpr std::array<std::string_view, 11> kLabels = {
    "CERTIFICATE",           "PUBLIC KEY",      "RSA PUBLIC KEY", "PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY",
    "HMAC SECRET KEY",       "AES SECRET KEY",  "GENERIC SECRET"};

std::string wrap(std::string_view label, ByteView der) {
  std::string text = "-----BEGIN " + std::string(label) + "-----\n";
  const std::string body = base64::encode(der);
  for (std::size_t i = 0; i < body.size(); i += 64)
    text += body.substr(i, 64) + '\n';
  return text + "-----END " + std::string(label) + "-----\n";
}

void check_contents(const PemContents& found, std::size_t blocks) {
  FUZZ_CHECK(found.private_keys.size() + found.public_keys.size() + found.certificates.size() +
                 found.secrets.size() <=
             blocks);
  for (const auto& key : found.private_keys) {
    const auto again = crypto::PrivateKey::from_pkcs8(key.pkcs8().view());
    FUZZ_CHECK(again.ok() && again->public_key() == key.public_key());
  }
  for (const auto& key : found.public_keys) {
    const auto again = crypto::PublicKey::from_spki(key.spki());
    FUZZ_CHECK(again.ok() && *again == key);
  }
  for (const auto& certificate : found.certificates) {
    FUZZ_CHECK(crypto::Certificate::from_der(certificate.der()).ok());
    (void)certificate.public_key();
    FUZZ_CHECK(is_utf8(certificate.subject()) && is_utf8(certificate.issuer()));
    (void)certificate.not_after();
    FUZZ_CHECK(certificate.thumbprint(crypto::Hash::kSha256).size() == 32);
  }
}

void check_text(std::string_view text) {
  const auto blocks = split_pem(text);
  if (blocks.ok()) {
    FUZZ_CHECK(!blocks->empty());
    for (const PemBlock& block : *blocks) {
      FUZZ_CHECK(block.whole.starts_with("-----BEGIN ") && block.whole.find(block.label) == 11);
      if (block.headers.empty()) {
        const auto again = split_pem(wrap(block.label, block.payload.view()));
        FUZZ_CHECK(again.ok() && again->size() == 1);
        FUZZ_CHECK(same_bytes(again->front().payload.view(), block.payload.view()));
      }
    }
  }
  const auto open = read_pem(as_bytes(text), std::nullopt);
  if (open.ok()) {
    FUZZ_CHECK(blocks.ok());
    check_contents(*open, blocks->size());
  }
  const auto with_password = read_pem(as_bytes(text), as_bytes("changeit"));
  if (open.ok()) FUZZ_CHECK(with_password.ok());
  if (with_password.ok()) check_contents(*with_password, blocks->size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView rest(data + 1, size - 1);
  const std::size_t label = data[0] % 16;
  if (label < kLabels.size()) {
    check_text(wrap(kLabels[label], rest));
  } else {
    check_text(as_text(rest));
  }
  return 0;
}

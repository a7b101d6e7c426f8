#include "secrets/stores/local/key_spec.h"

#include <algorithm>
#include <array>

#include "base/base64.h"
#include "base/text.h"

namespace signet::secrets {
namespace {

using crypto::KeyKind;
using Type = KeySpec::Type;

struct SpecRow {
  std::string_view name;
  KeySpec spec;
};

constexpr std::array<SpecRow, 13> kSpecs = {{
    {"RSA-2048", {Type::kKeyPair, KeyKind::kRsa, 2048}},
    {"RSA-3072", {Type::kKeyPair, KeyKind::kRsa, 3072}},
    {"RSA-4096", {Type::kKeyPair, KeyKind::kRsa, 4096}},
    {"P-256", {Type::kKeyPair, KeyKind::kEcP256, 0}},
    {"P-384", {Type::kKeyPair, KeyKind::kEcP384, 0}},
    {"P-521", {Type::kKeyPair, KeyKind::kEcP521, 0}},
    {"Ed25519", {Type::kKeyPair, KeyKind::kEd25519, 0}},
    {"HMAC-256", {Type::kHmac, KeyKind::kRsa, 256}},
    {"HMAC-384", {Type::kHmac, KeyKind::kRsa, 384}},
    {"HMAC-512", {Type::kHmac, KeyKind::kRsa, 512}},
    {"AES-128", {Type::kAes, KeyKind::kRsa, 128}},
    {"AES-192", {Type::kAes, KeyKind::kRsa, 192}},
    {"AES-256", {Type::kAes, KeyKind::kRsa, 256}},
}};

// The plain-text forms of a key are wiped on every path.
class WipedText {
 public:
  ~WipedText() { wipe(text_); }
  std::string& text() { return text_; }

 private:
  std::string text_;
};

void append_block(std::string& out, std::string_view label, ByteView bytes) {
  constexpr std::size_t kLine = 64;
  // One growth for the whole block: a string that grows leaves copies behind.
  out.reserve(out.size() + bytes.size() * 3 / 2 + 2 * label.size() + 64);
  out.append("-----BEGIN ").append(label).append("-----\n");
  std::string encoded = base64::encode(bytes);
  for (std::size_t at = 0; at < encoded.size(); at += kLine) {
    out.append(encoded, at, kLine).append("\n");
  }
  wipe(encoded);
  out.append("-----END ").append(label).append("-----\n");
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

}  // namespace

Result<KeySpec> parse_key_spec(std::string_view name) {
  std::vector<std::string> known;
  for (const SpecRow& row : kSpecs) {
    if (equal_ignoring_case(row.name, name)) return row.spec;
    known.emplace_back(row.name);
  }
  return Error{Code::kConfig, "key_spec_unknown",
               "unknown kind of key " + quoted(name) + ": one of " + join(known, ", ")};
}

Status check_local_alias(std::string_view alias) {
  constexpr std::size_t kLongest = 64;
  if (!alias.empty() && alias.size() <= kLongest && alias.front() != '.' &&
      std::all_of(alias.begin(), alias.end(), is_plain)) {
    return Done{};
  }
  return Error{Code::kInvalid, "alias_invalid",
               "the alias " + quoted(alias) +
                   " is not of letters, digits, '_', '-' and inner periods, 64 at most"};
}

Result<MadeKey> make_key(const KeySpec& spec, const CertificateTerms& terms, Instant now,
                         Random& random) {
  MadeKey made;
  if (spec.type != Type::kKeyPair) {
    made.symmetric = SecretBytes(spec.bits / 8);
    random.fill(made.symmetric.span());
    return made;
  }
  constexpr std::size_t kSerialSize = 16;
  constexpr auto kBackdating = std::chrono::minutes(5);
  TRY(made.pair, crypto::PrivateKey::generate(spec.kind, spec.bits));
  crypto::SelfSignedSpec certificate;
  certificate.common_name = terms.common_name;
  certificate.not_before = now - kBackdating;
  certificate.not_after = now + std::chrono::hours(24) * terms.validity_days;
  certificate.serial.resize(kSerialSize);
  random.fill(certificate.serial);
  TRY(made.certificate, crypto::self_sign(*made.pair, certificate));
  return made;
}

Result<SecretBytes> make_key_pem(const KeySpec& spec, const CertificateTerms& terms, Instant now,
                                 Random& random) {
  TRY(const MadeKey made, make_key(spec, terms, now, random));
  WipedText pem;
  if (!made.pair) {
    append_block(pem.text(), spec.type == Type::kHmac ? "HMAC SECRET KEY" : "AES SECRET KEY",
                 made.symmetric.view());
    return SecretBytes::from_text(pem.text());
  }
  append_block(pem.text(), "PRIVATE KEY", made.pair->pkcs8().view());
  WipedText whole;
  whole.text().reserve(pem.text().size() + made.certificate->der().size() * 2 + 128);
  whole.text() += pem.text();
  append_block(whole.text(), "CERTIFICATE", made.certificate->der());
  return SecretBytes::from_text(whole.text());
}

const std::vector<std::pair<std::string_view, KeySpec>>& default_keys() {
  static const std::vector<std::pair<std::string_view, KeySpec>> keys = {
      {"rsajwtsigningkey", {Type::kKeyPair, KeyKind::kRsa, 2048}},
      {"test", {Type::kKeyPair, KeyKind::kRsa, 2048}},
      {"es256test", {Type::kKeyPair, KeyKind::kEcP256, 0}},
      {"es384test", {Type::kKeyPair, KeyKind::kEcP384, 0}},
      {"es512test", {Type::kKeyPair, KeyKind::kEcP521, 0}},
      {"eddsatest", {Type::kKeyPair, KeyKind::kEd25519, 0}},
      {"hmacsigningtest", {Type::kHmac, KeyKind::kRsa, 512}},
      {"directenctest", {Type::kAes, KeyKind::kRsa, 256}},
  };
  return keys;
}

std::vector<Mapping> default_mappings() {
  const auto is_made = [](std::string_view alias) {
    return std::any_of(default_keys().begin(), default_keys().end(),
                       [&](const auto& key) { return key.first == alias; });
  };
  std::vector<Mapping> mappings;
  for (const SecretIdRow& row : registry()) {
    const bool is_eddsa = row.name == "am.services.oauth2.oidc.signing.EDDSA";
    const std::string_view alias = is_eddsa ? "eddsatest" : row.default_alias;
    auto id = SecretId::parse(row.name);  // templated rows are no IDs
    if (!id || !is_made(alias)) continue;
    auto mapping = Mapping::make(std::move(id).value(), {Alias(alias)}, false);
    if (mapping) mappings.push_back(std::move(mapping).value());
  }
  return mappings;
}

}  // namespace signet::secrets

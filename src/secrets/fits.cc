// check_fits: what an ID allows against what a secret is.

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "crypto/digest.h"
#include "secrets/secret.h"

namespace signet::secrets {
namespace {

using crypto::KeyKind;

constexpr std::size_t kMinRsaBits = 2048;

Error unfit(const char* reason, std::string detail) {
  return {Code::kConfig, reason, std::move(detail)};
}
Error wrong_kind(std::string_view alg, std::string_view needs, const Secret& secret) {
  std::string is(to_string(secret.kind));
  if (secret.key && secret.key->jwk().public_key())
    is += " (" + std::string(to_string(secret.key->jwk().public_key()->kind())) + ")";
  return unfit("secret_wrong_kind",
               std::string(alg) + " needs " + std::string(needs) + ", this is a " + is);
}

Status needs_bytes(std::string_view alg, const Secret& secret, std::size_t least, bool exactly) {
  const bool is_hidden = secret.key && secret.key->jwk().is_hidden();
  // A MAC can be made in a box; content is encrypted and decrypted here, with the bytes.
  if (exactly && is_hidden)
    return wrong_kind(alg, "a symmetric key whose bytes are at hand", secret);
  if (secret.kind != SecretKind::kSymmetric && !is_hidden)
    return wrong_kind(alg, "a symmetric key", secret);
  const std::size_t size = secret.key->jwk().symmetric_size();
  if (is_hidden && size == 0) return Done{};  // the box does not tell; its algorithms do
  const std::string has = ", this one has " + std::to_string(size);
  if (exactly && size != least) {
    return unfit("secret_wrong_size", std::string(alg) + " needs a key of exactly " +
                                          std::to_string(least) + " bytes" + has);
  }
  if (size < least) {
    return unfit("secret_too_small", std::string(alg) + " needs a key of at least " +
                                         std::to_string(least) + " bytes" + has);
  }
  return Done{};
}

const crypto::PublicKey* public_half(const Secret& secret) {
  if (!secret.key || !secret.key->jwk().public_key()) return nullptr;
  return &*secret.key->jwk().public_key();
}

Status needs_rsa(std::string_view alg, const Secret& secret) {
  const crypto::PublicKey* key = public_half(secret);
  if (key == nullptr || key->kind() != KeyKind::kRsa) return wrong_kind(alg, "an RSA key", secret);
  if (key->bits() < kMinRsaBits) {
    return unfit("secret_too_small", std::string(alg) +
                                         " needs an RSA key of at least 2048 bits, "
                                         "this one has " +
                                         std::to_string(key->bits()));
  }
  return Done{};
}

Status needs_curve(std::string_view alg, const Secret& secret,
                   std::initializer_list<KeyKind> curves) {
  const crypto::PublicKey* key = public_half(secret);
  if (key == nullptr || key->kind() == KeyKind::kRsa || key->kind() == KeyKind::kDsa)
    return wrong_kind(alg, "an elliptic curve key", secret);
  if (std::find(curves.begin(), curves.end(), key->kind()) != curves.end()) return Done{};
  std::vector<std::string> names;
  for (const KeyKind curve : curves)
    names.emplace_back(to_string(curve));
  return unfit("secret_wrong_curve", std::string(alg) + " needs a key on " + join(names, " or ") +
                                         ", this one is on " + std::string(to_string(key->kind())));
}

/// What is in a box does what the box can do, and nothing is guessed from the kind of the key.
Status box_signs(std::string_view name, std::optional<jose::JwsAlg> alg, const Secret& secret) {
  if (secret.kind != SecretKind::kRemoteKey) return Done{};
  const auto& can = secret.key->allowed();
  if (alg && std::find(can.begin(), can.end(), *alg) != can.end()) return Done{};
  return unfit("secret_wrong_algorithm",
               "the box that holds this key cannot sign with " + std::string(name) + " by it");
}

Status box_unwraps(jose::JweAlg alg, const Secret& secret) {
  if (secret.kind != SecretKind::kRemoteKey) return Done{};
  const auto& can = secret.unwraps;
  if (std::find(can.begin(), can.end(), alg) != can.end()) return Done{};
  return unfit("secret_wrong_algorithm", "the box that holds this key cannot decrypt " +
                                             std::string(jose::name(alg)) + " by it");
}

/// The JWS algorithm that makes the same signature as an XML one.
std::optional<jose::JwsAlg> jws_twin(std::string_view xml_name) {
  using jose::JwsAlg;
  if (xml_name == "RSA-SHA256") return JwsAlg::kRs256;
  if (xml_name == "RSA-SHA384") return JwsAlg::kRs384;
  if (xml_name == "RSA-SHA512") return JwsAlg::kRs512;
  if (xml_name == "ECDSA-SHA256") return JwsAlg::kEs256;
  if (xml_name == "ECDSA-SHA384") return JwsAlg::kEs384;
  if (xml_name == "ECDSA-SHA512") return JwsAlg::kEs512;
  return std::nullopt;
}

Status fits_jws(jose::JwsAlg alg, const Secret& secret) {
  const std::string_view text = jose::name(alg);
  if (jose::is_mac(alg)) {
    TRY(needs_bytes(text, secret, crypto::hash_size(jose::mac_hash(alg)), false));
  } else {
    const KeyKind kind = crypto::key_kind(jose::signature_scheme(alg));
    if (kind == KeyKind::kRsa) {
      TRY(needs_rsa(text, secret));
    } else {
      TRY(needs_curve(text, secret, {kind}));
    }
  }
  TRY(box_signs(text, alg, secret));
  // The material fits; what is left is what the key says of itself.
  if (!secret.key->can_verify(alg)) {
    return unfit("secret_wrong_algorithm",
                 "the key itself (its alg, use or key_ops) does not allow " + std::string(text));
  }
  return Done{};
}

Status fits_x509(const Secret& secret, Purpose purpose) {
  const bool has_key = secret.kind == SecretKind::kKeyPair || secret.kind == SecretKind::kRemoteKey;
  const bool is_right_kind =
      has_key || (purpose == Purpose::kTrust && secret.kind == SecretKind::kCertificates);
  if (!is_right_kind) {
    return wrong_kind("X.509",
                      purpose == Purpose::kTrust ? "certificates"
                                                 : "a key pair with its "
                                                   "certificate",
                      secret);
  }
  if (secret.certificates.empty())
    return unfit("secret_wrong_kind", "X.509 needs a certificate, and this key has none");
  return Done{};
}

Status fits_algorithm(std::string_view name, const Secret& secret, Purpose purpose) {
  if (const auto jws = jose::parse_jws_alg(name)) return fits_jws(*jws, secret);
  if (const auto enc = jose::parse_jwe_enc(name))
    return needs_bytes(name, secret, jose::key_size(*enc), true);
  if (name == "X.509") return fits_x509(secret, purpose);
  if (name.starts_with("ECDSA-")) {
    TRY(needs_curve(name, secret, {KeyKind::kEcP256, KeyKind::kEcP384, KeyKind::kEcP521}));
    return box_signs(name, jws_twin(name), secret);
  }
  const auto jwe = jose::parse_jwe_alg(name);
  if (name.starts_with("ECDH-ES")) {
    TRY(box_unwraps(*jwe, secret));
    return needs_curve(name, secret,
                       {KeyKind::kEcP256, KeyKind::kEcP384, KeyKind::kEcP521, KeyKind::kX25519});
  }
  if (name.starts_with("DSA-")) {
    const crypto::PublicKey* key = public_half(secret);
    if (key == nullptr || key->kind() != KeyKind::kDsa)
      return wrong_kind(name, "a DSA key", secret);
    return box_signs(name, std::nullopt, secret);
  }
  TRY(needs_rsa(name, secret));  // RSA1_5, RSA-OAEP*, RSA-SHA*
  return jwe ? box_unwraps(*jwe, secret) : box_signs(name, jws_twin(name), secret);
}

/// How near to fitting a failure was: the nearest one is told.
int nearness(const Error& error) {
  const std::string_view reason = error.reason;
  if (reason == "secret_wrong_kind") return 0;
  if (reason == "secret_wrong_curve") return 1;
  return 2;
}

bool is_well_known(const Secret& secret) {
  static const std::set<std::string_view> known = {
#define SIGNET_WELL_KNOWN_KEY(digest, where) digest,
#include "secrets/well_known_keys.def"
#undef SIGNET_WELL_KNOWN_KEY
  };
  const jose::Jwk& jwk = secret.key->jwk();
  if (jwk.is_hidden()) return false;
  const auto digest = jwk.is_symmetric() ? crypto::sha256(jwk.symmetric())
                                         : crypto::sha256(jwk.public_key()->spki());
  return known.contains(hex(digest));
}

Status refuse_known_to_all(const Secret& secret) {
  if (!secret.key) return Done{};
  if (is_well_known(secret)) {
    return unfit("secret_well_known",
                 "this key is printed in a standard or shipped by a product: anybody has it");
  }
  if (secret.kind == SecretKind::kSymmetric &&
      is_found_in_the_wild(secret.key->jwk().symmetric())) {
    return unfit("secret_well_known",
                 "this key is in the lists of secrets that attackers try; make a random one");
  }
  if (secret.kind == SecretKind::kSymmetric && is_guessable(secret.key->jwk().symmetric())) {
    return unfit("secret_well_known",
                 "the bytes of this key follow a pattern or spell well-known words; make a random "
                 "one");
  }
  return Done{};
}

}  // namespace

bool is_found_in_the_wild(ByteView key) {
  static constexpr std::uint64_t kPrefixes[] = {
#include "secrets/weak_secrets.def"
  };
  constexpr std::size_t kShortest = 32;
  if (key.size() < kShortest) return false;
  const auto digest = crypto::sha256(key);
  std::uint64_t prefix = 0;
  for (std::size_t i = 0; i < sizeof prefix; ++i)
    prefix = prefix << 8 | digest[i];
  return std::binary_search(std::begin(kPrefixes), std::end(kPrefixes), prefix);
}

bool is_guessable(ByteView key) {
  std::array<bool, 256> seen{};
  std::size_t distinct = 0;
  for (const auto byte : key) {
    if (!seen[byte]) ++distinct;
    seen[byte] = true;
  }
  // 32 random bytes show fewer than 16 values once in more than 2^60 keys.
  if (key.size() >= 32 && distinct < 12) return true;
  for (std::size_t period = 1; period <= key.size() / 2; ++period) {
    if (std::equal(key.begin() + static_cast<std::ptrdiff_t>(period), key.end(), key.begin()))
      return true;
  }
  bool counts = key.size() > 2;
  for (std::size_t i = 2; i < key.size() && counts; ++i) {
    counts = static_cast<std::uint8_t>(key[i] - key[i - 1]) ==
             static_cast<std::uint8_t>(key[1] - key[0]);
  }
  if (counts) return true;
  const bool is_text = std::all_of(key.begin(), key.end(),
                                   [](std::uint8_t byte) { return byte >= 0x20 && byte < 0x7f; });
  if (!is_text) return false;
  std::string lower = to_lower(as_text(key));
  bool has_word = false;
  for (const std::string_view word :
       {"password", "secret", "change", "qwerty", "example", "random", "test123", "0123456789",
        "1234567890", "abcdefgh", "letmein", "supersafe", "verysafe"}) {
    has_word = has_word || lower.find(word) != std::string::npos;
  }
  wipe(lower);
  return has_word;
}

Status check_fits(const SecretId& id, const Secret& secret) {
  const SecretIdRow* row = find_row(id);
  if (row == nullptr || row->purpose == Purpose::kPassword) {
    if (secret.kind != SecretKind::kText) return wrong_kind(id.str(), "a text", secret);
    return Done{};
  }
  const bool decrypts =
      row->purpose == Purpose::kEncryption || row->purpose == Purpose::kDecryption;
  if (decrypts && secret.kind == SecretKind::kPublicKey)
    return wrong_kind(id.str(), "a key that can decrypt", secret);
  if (decrypts && secret.key && secret.key->jwk().use() == jose::KeyUse::kSig)
    return unfit("secret_wrong_algorithm", "the key says of itself that it is for signatures");

  std::optional<Error> nearest;
  for (const auto name : row->algorithms) {
    Status fits = fits_algorithm(name, secret, row->purpose);
    if (fits.ok()) return refuse_known_to_all(secret);
    if (!nearest || nearness(fits.error()) > nearness(*nearest)) nearest = fits.error();
  }
  if (!nearest) return unfit("secret_wrong_kind", id.str() + " allows no algorithm");
  return *nearest;
}

}  // namespace signet::secrets

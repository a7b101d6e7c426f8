#include "jose/encryption_key_choice.h"

#include <algorithm>

#include "base/text.h"
#include "jose/key_fit.h"

namespace signet::jose {
namespace {

constexpr std::size_t kMostWords = 16;  // keys that the error speaks of; the rest are counted

constexpr std::string_view kSenderOps[] = {"encrypt", "wrapKey", "deriveKey", "deriveBits"};

bool has_sender_op(const Jwk& key) {
  const auto& ops = key.key_ops();
  return std::find_first_of(ops.begin(), ops.end(), std::begin(kSenderOps), std::end(kSenderOps)) !=
         ops.end();
}

std::string kind_of(const Jwk& key) {
  if (!key.is_symmetric())
    return "key of the kind " + std::string(to_string(key.public_key()->kind()));
  if (key.is_hidden()) return "secret that stays in its box";
  return "secret of " + std::to_string(key.symmetric_size() * 8) + " bits";
}

std::string certificate_objection(const Jwk& key, Instant now) {
  for (const crypto::Certificate& certificate : key.chain()) {
    if (now < certificate.not_before())
      return "its certificate is not valid before " + to_rfc3339(certificate.not_before());
    if (now > certificate.not_after())
      return "its certificate has expired on " + to_rfc3339(certificate.not_after());
  }
  return {};
}

/// Why the key may not encrypt, in words; empty if it may.
std::string objection(const Key& key, JweAlg alg, JweEnc enc, std::string_view kid, Instant now) {
  const Jwk& jwk = key.jwk();
  if (!kid.empty() && key.kid() != kid) return "its kid is another one";
  if (jwk.use() == KeyUse::kSig) return "its use is sig";
  if (!key.allowed().empty()) return "it is kept for signing";
  if (!jwk.key_ops().empty() && !has_sender_op(jwk)) return "its key_ops do not let it encrypt";
  if (!material_fits(jwk, alg, enc)) {
    return "a " + kind_of(jwk) + " cannot do " + std::string(name(alg)) + " with " +
           std::string(name(enc));
  }
  if (!fits_encryption(jwk, alg, enc)) return "its alg is " + quoted(jwk.alg());
  return certificate_objection(jwk, now);
}

}  // namespace

Result<KeyPtr> choose_encryption_key(std::span<const KeyPtr> keys, JweAlg alg, JweEnc enc,
                                     std::string_view kid, Instant now) {
  KeyPtr unnamed;
  std::string words;
  std::size_t refused = 0;
  for (const KeyPtr& key : keys) {
    std::string why = objection(*key, alg, enc, kid, now);
    if (why.empty()) {
      if (!key->jwk().alg().empty()) return key;
      if (!unnamed) unnamed = key;
      continue;
    }
    if (++refused > kMostWords) continue;
    if (!words.empty()) words += "; ";
    words += key->kid().empty() ? "key " + std::to_string(&key - keys.data() + 1) + " (no kid)"
                                : "key " + quoted(key->kid());
    words += ": " + why;
  }
  if (unnamed) return unnamed;
  std::string detail =
      "no key may encrypt by " + std::string(name(alg)) + " with " + std::string(name(enc));
  if (!kid.empty()) detail += " under the kid " + quoted(kid);
  if (keys.empty()) detail += ": the set is empty";
  if (!words.empty()) detail += ": " + words;
  if (refused > kMostWords) detail += "; and " + std::to_string(refused - kMostWords) + " more";
  return Error{Code::kConfig, "encryption_key_missing", std::move(detail)};
}

}  // namespace signet::jose

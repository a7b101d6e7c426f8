#include "jose/encryptor.h"

#include <array>
#include <memory_resource>

#include "base/base64.h"
#include "jose/content.h"
#include "jose/ecdh.h"
#include "jose/issuer_key.h"
#include "jose/jwe_internal.h"
#include "jose/key_management.h"

namespace signet::jose {
namespace {

constexpr std::uint32_t kIterationsForKeys = 1000;
constexpr std::size_t kMaxContentKey = 64;
constexpr std::size_t kMaxEncryptedKey = 2048;  // RSA of 16384 bits, the largest that crypto takes
constexpr std::size_t kSmallPlain = 4096;
constexpr std::size_t kSmallTail = 512;

/// The end of a header's text, which differs from token to token. A short one asks for no memory.
class Tail {
 public:
  Tail() { text_.reserve(kSmallTail - 1); }
  void add(std::string_view text) { text_ += text; }
  void add_base64(ByteView bytes) {
    const std::size_t at = text_.size();
    text_.resize(at + base64::url_size(bytes.size()));
    base64::url_write(text_.data() + at, bytes);
  }
  void add_member(std::string_view name, const json::Value& value) {
    text_ += ",\"";
    text_ += name;
    text_ += "\":";
    text_ += json::dump(value);
  }
  std::string_view text() const { return text_; }

 private:
  std::array<std::byte, kSmallTail> memory_;
  std::pmr::monotonic_buffer_resource resource_{memory_.data(), memory_.size()};
  std::pmr::string text_{&resource_};
};

/// The keys of one token.
struct TokenKeys {
  std::array<std::uint8_t, kMaxContentKey> content_key;
  std::array<std::uint8_t, kMaxEncryptedKey> encrypted_key;
  std::size_t content_key_size = 0, encrypted_key_size = 0;
  json::Object members;  ///< what the recipient needs besides

  TokenKeys() = default;
  TokenKeys(const TokenKeys&) = delete;
  TokenKeys& operator=(const TokenKeys&) = delete;
  ~TokenKeys() { wipe(content_key.data(), content_key.size()); }

  ByteView content() const { return ByteView(content_key).first(content_key_size); }
  ByteView encrypted() const { return ByteView(encrypted_key).first(encrypted_key_size); }

  void set_content(ByteView key) {
    content_key_size = key.size();
    std::copy(key.begin(), key.end(), content_key.begin());
  }
  void choose_content(JweEnc enc, Random& random) {
    content_key_size = key_size(enc);
    random.fill(ByteSpan(content_key).first(content_key_size));
  }
  void derive_content(ByteView secret, JweEnc enc, ByteView iv) {
    content_key_size = key_size(enc);
    derive_content_key(secret, enc, iv, content_key.data());
  }
  Status wrap(const crypto::AesWrapKey& with) {
    encrypted_key_size = crypto::wrapped_size(content_key_size);
    return with.wrap(content(), encrypted_key.data());
  }
};

/// Whether key management adds members to the header.
bool has_members(JweFamily family) {
  return family == JweFamily::kEcdh || family == JweFamily::kGcmKeyWrap ||
         family == JweFamily::kPbes2;
}

}  // namespace

struct Encryptor::State {
  KeyPtr key;
  EncryptOptions options;
  SecretBytes issuer_secret;                   ///< for content keys, or for agreements; or empty
  std::optional<crypto::AesWrapKey> wrap_key;  ///< only for A*KW
  std::shared_ptr<GcmUses> shared_uses;        ///< null: the key's own
  bool uses_gcm = false;                       ///< the key itself serves AES-GCM with random IVs
  std::optional<crypto::RsaSender> rsa;        ///< only for RSA*
  std::optional<crypto::EcdhSender> ecdh;      ///< only for ECDH-ES*

  // The header: a start that is the same in all tokens, the members of key management, a middle
  // that is the same again. What is constant is encoded once.
  bool is_constant = false;   ///< encoded_start is all of it
  std::string encoded_start;  ///< base64url of whole groups of three bytes
  std::string rest_of_start;  ///< the bytes left over
  std::string middle;         ///< empty without members of key management

  void encode_start();
  Status make_keys(TokenKeys& keys, ByteView iv, Random& random) const;
  Status encrypt_key(TokenKeys& keys, Random& random) const;
  void add_tail(Tail& tail, const TokenKeys& keys) const;
};

/// alg, kid, what key management adds, the caller's members, enc: the order of RFC 7520. Base64url
/// of a text is that of its parts where all but the last are whole groups of three bytes.
void Encryptor::State::encode_start() {
  const bool with_members = has_members(info(options.alg).family);
  is_constant = !with_members;
  Tail start, rest;
  start.add("{\"alg\":");
  start.add(json::dump(name(options.alg)));
  if (!key->kid().empty() && !options.extra.find("kid")) start.add_member("kid", key->kid());
  for (const auto& [member, value] : options.extra)
    rest.add_member(member, value);
  rest.add_member("enc", name(options.enc));
  if (with_members) {
    middle = rest.text();
  } else {
    start.add(rest.text());
  }
  if (is_constant) start.add("}");
  const std::string_view text = start.text();
  const std::size_t whole = is_constant ? text.size() : text.size() / 3 * 3;
  encoded_start = base64::url_encode(as_bytes(text.substr(0, whole)));
  rest_of_start = text.substr(whole);
}

Status Encryptor::State::encrypt_key(TokenKeys& keys, Random& random) const {
  switch (info(options.alg).family) {
    case JweFamily::kKeyWrap:
      return keys.wrap(*wrap_key);
    case JweFamily::kRsa:
      keys.encrypted_key_size = rsa->size();
      return rsa->encrypt(keys.content(), keys.encrypted_key.data());
    case JweFamily::kEcdh: {
      TRY(const SecretBytes agreed, agree_as_sender(*ecdh, options, {}, keys.members));
      TRY(const auto once, crypto::AesWrapKey::make(agreed.view()));
      return keys.wrap(once);
    }
    default: {
      TRY(Wrapped wrapped, wrap_content_key(key->jwk(), options, keys.content(), random));
      keys.members = std::move(wrapped.members);
      keys.encrypted_key_size = wrapped.encrypted_key.size();
      std::copy(wrapped.encrypted_key.begin(), wrapped.encrypted_key.end(),
                keys.encrypted_key.begin());
      return Done{};
    }
  }
}

Status Encryptor::State::make_keys(TokenKeys& keys, ByteView iv, Random& random) const {
  if (uses_gcm) {
    TRY((shared_uses ? *shared_uses : key->gcm_uses()).take());
  }
  if (options.alg == JweAlg::kDir) {
    keys.set_content(key->jwk().symmetric());
    return Done{};
  }
  if (options.alg == JweAlg::kEcdhEs) {
    TRY(const SecretBytes agreed,
        agree_as_sender(*ecdh, options, issuer_secret.view(), keys.members));
    keys.set_content(agreed.view());
    return Done{};
  }
  if (issuer_secret.empty()) {
    keys.choose_content(options.enc, random);
  } else {
    keys.derive_content(issuer_secret.view(), options.enc, iv);
  }
  return encrypt_key(keys, random);
}

void Encryptor::State::add_tail(Tail& tail, const TokenKeys& keys) const {
  if (is_constant) return;
  tail.add(rest_of_start);
  for (const auto& [member, value] : keys.members)
    tail.add_member(member, value);
  tail.add(middle);
  tail.add("}");
}

Result<Encryptor> Encryptor::make(KeyPtr key, EncryptorOptions options) {
  if (info(options.alg).family == JweFamily::kPbes2 && !options.allow_legacy)
    return Error{Code::kDenied, "jwe_alg_not_allowed", "PBES2 is switched off"};
  SecretBytes secret;
  if (options.issuer_key) {
    TRY(secret, options.alg == JweAlg::kEcdhEs ? issuer_agreement_secret(options.issuer_key)
                                               : issuer_content_secret(options.issuer_key));
  }
  const EncryptOptions all{options.alg, options.enc, std::move(options.extra), kIterationsForKeys,
                           {},          {},          options.allow_legacy};
  return prepare(std::move(key), all, std::move(secret), std::move(options.gcm_uses));
}

bool spends_gcm(JweAlg alg, JweEnc enc) {
  return info(alg).family == JweFamily::kGcmKeyWrap || (alg == JweAlg::kDir && info(enc).is_gcm);
}

Result<Encryptor> Encryptor::prepare(KeyPtr key, const EncryptOptions& options,
                                     SecretBytes issuer_secret, std::shared_ptr<GcmUses> gcm_uses) {
  TRY(check_options(options));
  TRY(check_can_encrypt(key, options.alg, options.enc));
  auto state = std::make_shared<State>();
  const JweAlgInfo& row = info(options.alg);
  if (row.family == JweFamily::kKeyWrap) {
    TRY(state->wrap_key, crypto::AesWrapKey::make(key->jwk().symmetric()));
  }
  if (row.family == JweFamily::kRsa) {
    TRY(state->rsa, crypto::RsaSender::make(*key->jwk().public_key(), row.padding));
  }
  if (row.family == JweFamily::kEcdh) {
    TRY(state->ecdh, crypto::EcdhSender::make(*key->jwk().public_key()));
  }
  state->uses_gcm = spends_gcm(options.alg, options.enc);
  state->shared_uses = std::move(gcm_uses);
  state->key = std::move(key);
  state->options = options;
  state->issuer_secret = std::move(issuer_secret);
  state->encode_start();
  return Encryptor(std::move(state));
}

Status Encryptor::append(std::string& out, ByteView plain, Random& random) const {
  const JweEnc enc = state_->options.enc;
  const JweEncInfo& row = info(enc);
  std::array<std::uint8_t, 16> iv_buffer;
  std::array<std::uint8_t, 32> tag_buffer;
  const ByteSpan iv = ByteSpan(iv_buffer).first(row.iv_bytes());
  const ByteView tag = ByteView(tag_buffer).first(row.tag_bytes());
  TokenKeys keys;
  // In the order of RFC 7520's examples, unless the content key follows from the IV.
  const bool is_derived = !state_->issuer_secret.empty();
  if (is_derived) random.fill(iv);
  TRY(state_->make_keys(keys, iv, random));
  if (!is_derived) random.fill(iv);
  Tail tail;
  state_->add_tail(tail, keys);

  std::array<std::uint8_t, crypto::cbc_size(kSmallPlain)> small;
  Bytes large;
  ByteSpan ciphertext(small);
  const std::size_t size = sealed_size(enc, plain.size());
  if (size > small.size()) {
    large.resize(size);
    ciphertext = large;
  }
  ciphertext = ciphertext.first(size);

  const std::string& head = state_->encoded_start;
  const std::size_t header_size = head.size() + base64::url_size(tail.text().size());
  const std::size_t start = out.size();
  out.resize(start + header_size + 4 + base64::url_size(keys.encrypted_key_size) +
             base64::url_size(iv.size()) + base64::url_size(size) + base64::url_size(tag.size()));
  char* at = std::copy(head.begin(), head.end(), out.data() + start);
  at = base64::url_write(at, as_bytes(tail.text()));
  const ByteView aad = as_bytes({out.data() + start, header_size});
  if (auto sealed = seal(enc, keys.content(), iv, aad, plain, ciphertext.data(), tag_buffer.data());
      !sealed.ok()) {
    out.resize(start);
    return sealed;
  }
  for (const ByteView part : {keys.encrypted(), ByteView(iv), ByteView(ciphertext), tag}) {
    *at++ = '.';
    at = base64::url_write(at, part);
  }
  return Done{};
}

const KeyPtr& Encryptor::key() const {
  return state_->key;
}

Result<std::string> encrypt_compact(const KeyPtr& key, ByteView plain,
                                    const EncryptOptions& options, Random& random) {
  TRY(const Encryptor once, Encryptor::prepare(key, options, {}, {}));
  std::string out;
  TRY(once.append(out, plain, random));
  return out;
}

}  // namespace signet::jose

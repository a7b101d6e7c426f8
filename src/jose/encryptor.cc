#include "jose/encryptor.h"

#include <array>
#include <stdexcept>

#include "base/base64.h"
#include "jose/content.h"
#include "jose/issuer_key.h"
#include "jose/jwe_internal.h"
#include "jose/key_management.h"

namespace signet::jose {
namespace {

constexpr std::uint32_t kPbes2Iterations = 1000;
constexpr std::size_t kMaxContentKey = 64;
constexpr std::size_t kMaxEncryptedKey = 2048;  // RSA of 16384 bits, the largest that crypto takes
constexpr std::size_t kSmallPlain = 4096;

/// The end of a header's text: the members that differ from token to token.
class Tail {
 public:
  void add(std::string_view text) { std::copy(text.begin(), text.end(), take(text.size())); }
  void add_base64(ByteView bytes) {
    base64::url_write(take(base64::url_size(bytes.size())), bytes);
  }
  ByteView view() const { return as_bytes({text_.data(), size_}); }

 private:
  char* take(std::size_t size) {
    if (size > text_.size() - size_) throw std::length_error("the header's tail is too long");
    char* at = text_.data() + size_;
    size_ += size;
    return at;
  }
  // The longest holds an epk on P-521 (225 characters) and a wrapped key (96).
  std::array<char, 512> text_;
  std::size_t size_ = 0;
};

/// What is fresh in each token besides its content.
struct Fresh {
  std::array<std::uint8_t, kMaxContentKey> content_key;
  std::array<std::uint8_t, kMaxEncryptedKey> encrypted_key;
  std::size_t content_key_size = 0, encrypted_key_size = 0;
  Tail tail;

  Fresh() = default;
  Fresh(const Fresh&) = delete;
  Fresh& operator=(const Fresh&) = delete;
  ~Fresh() { wipe(content_key.data(), content_key.size()); }

  ByteView cek() const { return ByteView(content_key).first(content_key_size); }
  void set_cek(ByteView cek) {
    content_key_size = cek.size();
    std::copy(cek.begin(), cek.end(), content_key.begin());
  }
  ByteView wrapped() const { return ByteView(encrypted_key).first(encrypted_key_size); }
  Status set_wrapped(ByteView wrapped) {
    if (wrapped.size() > encrypted_key.size())
      return Error{Code::kInternal, "jwe_key_wrong", "the encrypted key exceeds 2048 bytes"};
    encrypted_key_size = wrapped.size();
    std::copy(wrapped.begin(), wrapped.end(), encrypted_key.begin());
    return Done{};
  }
};

/// All that does not change: alg, kid, the caller's members, enc. Not closed.
std::string head_text(const Key& key, const EncryptorOptions& options) {
  std::string text;
  json::ObjectWriter writer(text);
  writer.add("alg", name(options.alg));
  if (!key.kid().empty() && !options.extra.find("kid")) writer.add("kid", key.kid());
  for (const auto& [member, value] : options.extra)
    writer.add(member, value);
  writer.add("enc", name(options.enc));
  return text;
}

Status check_policy(const EncryptorOptions& options) {
  const bool is_legacy =
      options.alg == JweAlg::kRsa15 || info(options.alg).family == JweFamily::kPbes2;
  if (!is_legacy || options.allow_legacy) return Done{};
  return Error{Code::kDenied, "jwe_alg_not_allowed",
               std::string(name(options.alg)) + " is switched off"};
}

}  // namespace

struct Encryptor::State {
  KeyPtr key;
  EncryptOptions options;
  SecretBytes issuer_key;      ///< empty: no "_pvt"
  bool is_constant = false;    ///< the header is the same in all tokens
  std::string encoded_head;    ///< base64url of the header's start, or of all of it if constant
  std::string head_remainder;  ///< what of the start does not fill three bytes

  Status add_issuer_member(Tail& tail, ByteView cek) const;
  Status prepare_header(std::string text);
  Status choose_content_key(Fresh& fresh, Random& random) const;
};

Status Encryptor::State::add_issuer_member(Tail& tail, ByteView cek) const {
  if (issuer_key.empty()) return Done{};
  std::array<std::uint8_t, crypto::wrapped_size(kMaxContentKey)> wrapped;
  TRY(crypto::aes_wrap(issuer_key.view(), cek, wrapped.data()));
  tail.add(",\"_pvt\":\"");
  tail.add_base64(ByteView(wrapped).first(crypto::wrapped_size(cek.size())));
  tail.add("\"");
  return Done{};
}

/// Base64url of a text is that of its parts if all but the last are whole groups of three bytes.
Status Encryptor::State::prepare_header(std::string text) {
  const JweFamily family = info(options.alg).family;
  const bool has_own_members =
      family == JweFamily::kEcdh || family == JweFamily::kGcmKeyWrap || family == JweFamily::kPbes2;
  is_constant = options.alg == JweAlg::kDir || (issuer_key.empty() && !has_own_members);
  if (is_constant) {
    Tail tail;
    if (options.alg == JweAlg::kDir) {
      TRY(add_issuer_member(tail, key->jwk().symmetric()));
    }
    text += as_text(tail.view());
    text += '}';
  }
  const std::size_t whole = is_constant ? text.size() : text.size() / 3 * 3;
  encoded_head = base64::url_encode(as_bytes(text).first(whole));
  head_remainder = text.substr(whole);
  return Done{};
}

Status Encryptor::State::choose_content_key(Fresh& fresh, Random& random) const {
  const Jwk& jwk = key->jwk();
  json::Object members;
  fresh.tail.add(head_remainder);
  if (is_direct(options.alg)) {
    TRY(const SecretBytes cek, agree_content_key(jwk, options, members));
    fresh.set_cek(cek.view());
  } else {
    fresh.content_key_size = key_size(options.enc);
    random.fill(ByteSpan(fresh.content_key).first(fresh.content_key_size));
    if (info(options.alg).family == JweFamily::kKeyWrap) {
      TRY(crypto::aes_wrap(jwk.symmetric(), fresh.cek(), fresh.encrypted_key.data()));
      fresh.encrypted_key_size = crypto::wrapped_size(fresh.content_key_size);
    } else {
      TRY(Wrapped wrapped, wrap_content_key(jwk, options, fresh.cek(), random));
      TRY(fresh.set_wrapped(wrapped.encrypted_key));
      members = std::move(wrapped.members);
    }
  }
  if (is_constant) return Done{};
  for (const auto& [member, value] : members) {
    fresh.tail.add(",\"");
    fresh.tail.add(member);
    fresh.tail.add("\":");
    fresh.tail.add(json::dump(value));
  }
  TRY(add_issuer_member(fresh.tail, fresh.cek()));
  fresh.tail.add("}");
  return Done{};
}

Result<Encryptor> Encryptor::make(KeyPtr key, EncryptorOptions options) {
  TRY(check_policy(options));
  TRY(check_extra_members(options.extra));
  TRY(check_can_encrypt(key, options.alg, options.enc));
  auto state = std::make_shared<State>();
  if (options.issuer_key) {
    TRY(state->issuer_key, issuer_wrapping_key(options.issuer_key));
  }
  std::string head = head_text(*key, options);
  state->key = std::move(key);
  state->options = {options.alg, options.enc, {}, kPbes2Iterations, {}, {}, options.allow_legacy};
  TRY(state->prepare_header(std::move(head)));
  return Encryptor(std::move(state));
}

Status Encryptor::append(std::string& out, ByteView plain, Random& random) const {
  const JweEnc enc = state_->options.enc;
  const JweEncInfo& row = info(enc);
  Fresh fresh;
  TRY(state_->choose_content_key(fresh, random));
  std::array<std::uint8_t, 16> iv_buffer;
  std::array<std::uint8_t, 32> tag_buffer;
  const ByteSpan iv = ByteSpan(iv_buffer).first(row.iv_bytes());
  random.fill(iv);

  std::array<std::uint8_t, kSmallPlain + 16> small;
  Bytes large;
  const std::size_t size = sealed_size(enc, plain.size());
  if (size > small.size()) large.resize(size);
  std::uint8_t* const ciphertext = size > small.size() ? large.data() : small.data();

  const std::string& head = state_->encoded_head;
  const std::size_t header_size = head.size() + base64::url_size(fresh.tail.view().size());
  const std::size_t start = out.size();
  out.resize(start + header_size + 4 + base64::url_size(fresh.encrypted_key_size) +
             base64::url_size(iv.size()) + base64::url_size(size) +
             base64::url_size(row.tag_bytes()));
  char* at = std::copy(head.begin(), head.end(), out.data() + start);
  at = base64::url_write(at, fresh.tail.view());
  const ByteView aad = as_bytes({out.data() + start, header_size});
  if (auto sealed = seal(enc, fresh.cek(), iv, aad, plain, ciphertext, tag_buffer.data());
      !sealed.ok()) {
    out.resize(start);
    return sealed;
  }
  for (const ByteView part : {fresh.wrapped(), ByteView(iv), ByteView(ciphertext, size),
                              ByteView(tag_buffer).first(row.tag_bytes())}) {
    *at++ = '.';
    at = base64::url_write(at, part);
  }
  return Done{};
}

const KeyPtr& Encryptor::key() const {
  return state_->key;
}
JweAlg Encryptor::alg() const {
  return state_->options.alg;
}
JweEnc Encryptor::enc() const {
  return state_->options.enc;
}

}  // namespace signet::jose

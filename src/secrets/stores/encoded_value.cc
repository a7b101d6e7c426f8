#include "secrets/stores/encoded_value.h"

#include <algorithm>
#include <set>

#include "base/base64.h"
#include "base/text.h"
#include "crypto/cipher.h"
#include "crypto/kdf.h"
#include "secrets/stores/config_error.h"
#include "secrets/stores/legacy_encoded_value.h"

namespace signet::secrets {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kIdSize = 8;
constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;
constexpr std::size_t kHeaderSize = 1 + kIdSize + kNonceSize;
constexpr std::size_t kLeastMaster = 32;
constexpr std::uint32_t kLeastIterations = 10'000;
constexpr std::uint32_t kMostIterations = 10'000'000;

SecretBytes derive(ByteView master, std::string_view info, std::size_t size) {
  return crypto::hkdf_sha256(master, {}, as_bytes(info), size);
}

Status check(const LegacyEncoding& legacy) {
  const bool bits_known =
      legacy.key_bits == 128 || legacy.key_bits == 192 || legacy.key_bits == 256;
  if (bits_known && !legacy.password.empty() && legacy.iterations >= kLeastIterations &&
      legacy.iterations <= kMostIterations) {
    return Done{};
  }
  return Error{Code::kConfig, "legacy_encoding_invalid",
               "reading encode.jsp values takes the password am.encryption.pwd, 10000 to 10000000 "
               "iterations and a key of 128, 192 or 256 bits"};
}

}  // namespace

SecretBytes EncodingKeys::master_from(SecretBytes raw) {
  constexpr std::size_t kLeast = 32;
  auto decoded = base64::decode(as_text(raw.view()));
  if (decoded.ok() && decoded->size() >= kLeast) return std::move(*decoded);
  return raw;
}

Result<std::shared_ptr<const EncodingKeys>> EncodingKeys::make(
    std::vector<Key> keys, std::optional<LegacyEncoding> legacy) {
  if (legacy) {
    TRY(check(*legacy));
  }
  auto made = std::make_shared<EncodingKeys>();
  std::vector<Prepared> prepared_keys;
  for (Key& key : keys) {
    if (key.master.size() < kLeastMaster) {
      return config_error("encoding_key_too_short",
                          "the encryption key " + quoted(key.name) + " has fewer than 32 bytes");
    }
    Prepared prepared{std::move(key.name), derive(key.master.view(), "SGN1 key id", kIdSize),
                      derive(key.master.view(), "SGN1 AES-256-GCM", 32)};
    const bool is_taken =
        std::any_of(prepared_keys.begin(), prepared_keys.end(), [&](const Prepared& k) {
          return k.name == prepared.name || same_bytes(k.id.view(), prepared.id.view());
        });
    if (is_taken) {
      return config_error("encoding_key_repeated",
                          "two encryption keys have the same name or the same "
                          "bytes: " +
                              quoted(prepared.name));
    }
    prepared_keys.push_back(std::move(prepared));
  }
  made->used_ = std::make_unique<std::atomic<bool>[]>(prepared_keys.size());
  made->keys_ = std::make_shared<const std::vector<Prepared>>(std::move(prepared_keys));
  if (legacy) made->legacy_ = std::make_shared<const LegacyEncoding>(std::move(*legacy));
  return std::shared_ptr<const EncodingKeys>(std::move(made));
}

const EncodingKeys::Prepared* EncodingKeys::find(ByteView id) const {
  for (const Prepared& key : *keys_) {
    if (same_bytes(key.id.view(), id)) return &key;
  }
  return nullptr;
}

Result<std::string> EncodingKeys::encode(ByteView plain, Random& random) const {
  if (keys_->empty()) {
    return config_error("encoding_key_missing", "the server has no encryption key to encode with");
  }
  const Prepared& active = keys_->front();
  Bytes out(kHeaderSize + plain.size() + kTagSize);
  out[0] = kVersion;
  std::copy_n(active.id.view().begin(), kIdSize, out.begin() + 1);
  const ByteSpan whole(out);
  const ByteSpan nonce = whole.subspan(1 + kIdSize, kNonceSize);
  random.fill(nonce);
  TRY(crypto::gcm_encrypt(active.key.view(), nonce, whole.first(kHeaderSize), plain,
                          out.data() + kHeaderSize, out.data() + kHeaderSize + plain.size()));
  return std::string(kPrefix) + base64::url_encode(out);
}

Result<SecretBytes> EncodingKeys::decode_modern(std::string_view payload) const {
  auto decoded = base64::url_decode(payload);
  if (!decoded) {
    return config_error("encoded_value_not_base64", "what follows \"SGN1.\" is not base64url");
  }
  const ByteView raw(*decoded);
  if (raw.size() < kHeaderSize + kTagSize) {
    return config_error("encoded_value_truncated", "an encoded value is too short");
  }
  if (raw[0] != kVersion) {
    return config_error("encoded_value_version_unknown",
                        "an encoded value is of version " + std::to_string(raw[0]));
  }
  const ByteView id = raw.subspan(1, kIdSize);
  const Prepared* key = find(id);
  if (!key) {
    return config_error("encoded_value_key_unknown",
                        "a value was encoded under the key with id " + hex(id) +
                            ", which is none of this server's encryption keys (" +
                            join(names(), ", ") + ")");
  }
  const ByteView cipher = raw.subspan(kHeaderSize, raw.size() - kHeaderSize - kTagSize);
  SecretBytes plain(cipher.size());
  const Status opened =
      crypto::gcm_decrypt(key->key.view(), raw.subspan(1 + kIdSize, kNonceSize),
                          raw.first(kHeaderSize), cipher, raw.last(kTagSize), plain.span().data());
  if (!opened) {
    return config_error("encoded_value_damaged", "a value that names the key " + quoted(key->name) +
                                                     " does not authenticate");
  }
  used_[static_cast<std::size_t>(key - keys_->data())].store(true, std::memory_order_relaxed);
  return plain;
}

Result<SecretBytes> EncodingKeys::decode(std::string_view text) const {
  text = trim(text);
  if (text.empty()) return config_error("encoded_value_empty", "an encoded value is empty");
  if (text.starts_with(kPrefix)) return decode_modern(text.substr(kPrefix.size()));
  auto raw = base64::decode(text);
  if (!raw) {
    return config_error(
        "encoded_value_not_base64",
        "an encoded value is neither \"SGN1.\" with base64url nor base64: is it plain text?");
  }
  if (raw->empty()) return config_error("encoded_value_empty", "an encoded value is empty");
  const unsigned version = raw->view()[0];
  if (version != 1 && version != 2) {
    return config_error(
        "encoded_value_version_unknown",
        "an encode.jsp value starts with byte 1 or 2, this one with " + std::to_string(version));
  }
  if (!legacy_) {
    return config_error("encoded_value_needs_legacy_password",
                        "a value was written by encode.jsp; reading it takes that server's "
                        "am.encryption.pwd: give it as legacy_encryption.file");
  }
  return decode_legacy(raw->view(), *legacy_);
}

bool EncodingKeys::is_stale(std::string_view text) const {
  const auto id = key_id_of(text);
  return !id || keys_->empty() || *id != hex(keys_->front().id.view());
}

std::vector<std::string> EncodingKeys::names() const {
  std::vector<std::string> all;
  for (const Prepared& key : *keys_)
    all.push_back(key.name);
  return all;
}

std::vector<EncodingKeys::KeyName> EncodingKeys::keys() const {
  std::vector<KeyName> all;
  for (const Prepared& key : *keys_)
    all.push_back({hex(key.id.view()), key.name});
  return all;
}

std::optional<std::string> EncodingKeys::key_id_of(std::string_view text) {
  text = trim(text);
  if (!text.starts_with(kPrefix)) return std::nullopt;
  const auto raw = base64::url_decode(text.substr(kPrefix.size()));
  if (!raw || raw->size() < kHeaderSize + kTagSize || (*raw)[0] != kVersion) return std::nullopt;
  return hex(ByteView(*raw).subspan(1, kIdSize));
}

std::shared_ptr<const EncodingKeys> EncodingKeys::for_one_reader() const {
  auto made = std::make_shared<EncodingKeys>();
  made->keys_ = keys_;
  made->legacy_ = legacy_;
  made->used_ = std::make_unique<std::atomic<bool>[]>(keys_->size());
  return made;
}

std::vector<std::string> EncodingKeys::used() const {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < keys_->size(); ++i) {
    if (used_[i].load(std::memory_order_relaxed)) ids.push_back(hex((*keys_)[i].id.view()));
  }
  return ids;
}

}  // namespace signet::secrets

#pragma once
// What `signet encode` writes into files and variables, and what AM's encode.jsp wrote before it.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "crypto/algorithms.h"

namespace signet::secrets {

/// The old server's `am.encryption.pwd` and the parameters of its AESWrapEncryption, which are not
/// in the values themselves: they must be those that the values were written with.
struct LegacyEncoding {
  SecretBytes password;
  crypto::Hash digest = crypto::Hash::kSha1;
  std::uint32_t iterations = 10'000;
  unsigned key_bits = 128;  ///< 128, 192 or 256
};

/// The named encryption keys of the server. Immutable but for the note of which were used; share it
/// between threads.
///
/// A modern value is "SGN1." and base64url of
///     version (1 byte, 01) | key id (8) | nonce (12) | AES-256-GCM ciphertext | tag (16)
/// with the header up to the nonce as additional data. Key and key id are HKDF-SHA256 of the master
/// key, so a value names its key whatever the key is called in a configuration.
///
/// Two older forms are read and never written: AM's JCEEncryption (first decoded byte 01: DES-CBC
/// under PBEWithMD5AndDES, no integrity) and AESWrapEncryption (02: RFC 3394, or RFC 5649 as one
/// fork writes it).
class EncodingKeys {
 public:
  /// What a modern value begins with.
  static constexpr std::string_view kPrefix = "SGN1.";

  struct Key {
    std::string name;    ///< for people: lists, errors
    SecretBytes master;  ///< at least 32 random bytes
  };

  /// A master key as files and variables hold it: base64 of at least 32 bytes, else the bytes as
  /// they are.
  static SecretBytes master_from(SecretBytes raw);

  /// `keys`: the first is active (it encodes), all of them decode. May be empty where only old
  /// values are to be read. kConfig "encoding_key_too_short", "encoding_key_repeated",
  /// "legacy_encoding_invalid".
  static Result<std::shared_ptr<const EncodingKeys>> make(
      std::vector<Key> keys, std::optional<LegacyEncoding> legacy = std::nullopt);

  /// Under the active key. kConfig "encoding_key_missing" where there is none.
  Result<std::string> encode(ByteView plain, Random& random) const;

  /// Any of the three forms; white space around it is ignored. All kConfig:
  /// "encoded_value_empty", "encoded_value_not_base64", "encoded_value_truncated",
  /// "encoded_value_version_unknown", "encoded_value_key_unknown", "encoded_value_damaged" (an
  /// authentication failed), "encoded_value_needs_legacy_password", "encoded_value_undecodable" (a
  /// JCEEncryption value of another password, or damaged).
  Result<SecretBytes> decode(std::string_view text) const;

  /// True where decode() would use a key other than the active one: worth writing anew.
  bool is_stale(std::string_view text) const;
  /// Names in order, active first.
  std::vector<std::string> names() const;

  /// How a key is told from others. Neither is a secret.
  struct KeyName {
    std::string id;  ///< 16 hex digits, from the material: what the values name
    std::string name;
  };
  /// In order, active first.
  std::vector<KeyName> keys() const;
  /// The id of the key that a modern value names; nothing where the text is no such value.
  static std::optional<std::string> key_id_of(std::string_view text);

  /// The same keys for one reader, so that used() tells of what that one opened.
  std::shared_ptr<const EncodingKeys> for_one_reader() const;
  /// The ids of the keys that opened a value since this was made.
  std::vector<std::string> used() const;

 private:
  struct Prepared {
    std::string name;
    SecretBytes id;   ///< 8 bytes
    SecretBytes key;  ///< 32 bytes
  };
  Result<SecretBytes> decode_modern(std::string_view payload) const;
  const Prepared* find(ByteView id) const;

  std::shared_ptr<const std::vector<Prepared>> keys_;
  std::shared_ptr<const LegacyEncoding> legacy_;  ///< null: none
  std::unique_ptr<std::atomic<bool>[]> used_;     ///< one for each key
};

}  // namespace signet::secrets

#include "keystores/jks.h"

#include <algorithm>

#include "base/text.h"
#include "crypto/der.h"
#include "crypto/digest.h"
#include "crypto/java_keys.h"
#include "keystores/jceks.h"

namespace signet::keystores {
namespace {

using crypto::Certificate;

constexpr std::uint32_t kJksMagic = 0xfeedfeed;
constexpr std::uint32_t kJceksMagic = 0xcececece;
constexpr std::size_t kLargestStore = 4 << 20;
constexpr std::uint32_t kMostEntries = 10'000;
constexpr std::uint32_t kLongestStoredChain = 64;
constexpr std::size_t kTrailer = 20;
constexpr std::string_view kTrailerWords = "Mighty Aphrodite";
// 1.3.6.1.4.1.42.2.17.1.1 and 1.3.6.1.4.1.42.2.19.1
constexpr std::uint8_t kJksProtection[] = {0x2b, 6, 1, 4, 1, 0x2a, 2, 0x11, 1, 1};
constexpr std::uint8_t kJceksProtection[] = {0x2b, 6, 1, 4, 1, 0x2a, 2, 0x13, 1};

enum EntryTag : std::uint32_t { kPrivateKeyTag = 1, kCertificateTag = 2, kSecretKeyTag = 3 };

Error malformed_keystore(std::string_view what) {
  return Error{Code::kInvalid, "keystore_malformed", std::string(what)};
}
Error too_large(std::string_view what) {
  return Error{Code::kInvalid, "keystore_too_large", std::string(what)};
}

std::uint32_t magic_of(ByteView file) {
  return JavaReader(file).u32();
}

// An entry as it lies in the file.
struct RawCertificate {
  std::string type;
  ByteView der;
};
struct RawEntry {
  EntryTag tag = kCertificateTag;
  std::string alias;
  ByteView sealed_key;  ///< EncryptedPrivateKeyInfo
  std::optional<SealedKey> secret_key;
  std::vector<RawCertificate> chain;
};

// Takes the file apart. Needs no password, and finishes exactly at the trailer.
class Layout {
 public:
  explicit Layout(ByteView file)
      : is_jceks_(magic_of(file) == kJceksMagic), reader_(file.first(file.size() - kTrailer)) {
    reader_.u32();
  }

  Result<std::vector<RawEntry>> read() {
    version_ = reader_.u32();
    const std::uint32_t count = reader_.u32();
    if (version_ != 1 && version_ != 2) {
      return Error{Code::kUnsupported, "keystore_version_unknown",
                   "a store of version " + std::to_string(version_)};
    }
    if (count > kMostEntries) return too_large("a store of more than 10,000 entries");
    std::vector<RawEntry> entries;
    for (std::uint32_t i = 0; i < count; ++i) {
      TRY(RawEntry entry, read_entry());
      entries.push_back(std::move(entry));
    }
    if (reader_.failed()) return malformed_keystore("the store is cut off");
    if (!reader_.rest().empty())
      return malformed_keystore("the store goes on after its last entry");
    return entries;
  }

 private:
  Result<RawEntry> read_entry() {
    RawEntry entry;
    entry.tag = static_cast<EntryTag>(reader_.u32());
    entry.alias = to_lower(reader_.text());
    reader_.u64();  // when it was made
    if (reader_.failed()) return malformed_keystore("the store is cut off, or an alias is no text");
    if (entry.tag == kCertificateTag) {
      entry.chain.push_back(read_certificate());
    } else if (entry.tag == kPrivateKeyTag) {
      entry.sealed_key = reader_.take(reader_.u32());
      const std::uint32_t count = reader_.u32();
      if (count > kLongestStoredChain) return too_large("a chain of more than 64 certificates");
      for (std::uint32_t i = 0; i < count && !reader_.failed(); ++i)
        entry.chain.push_back(read_certificate());
    } else if (entry.tag == kSecretKeyTag && is_jceks_) {
      auto sealed = read_sealed_key(reader_);
      if (!sealed) {
        Error error = std::move(sealed).error();
        error.detail = "entry " + quoted(entry.alias) + ": " + error.detail;
        return error;
      }
      entry.secret_key = std::move(sealed).value();
    } else {
      return malformed_keystore("an entry of an unknown kind");
    }
    if (reader_.failed()) return malformed_keystore("the store is cut off");
    return entry;
  }

  RawCertificate read_certificate() {
    RawCertificate certificate;
    certificate.type = version_ == 1 ? "X.509" : reader_.text();
    certificate.der = reader_.take(reader_.u32());
    return certificate;
  }

  bool is_jceks_;
  std::uint32_t version_ = 0;
  JavaReader reader_;
};

Result<SecretBytes> open_private_key(ByteView sealed_info, ByteView password, bool is_jceks,
                                     Iterations& budget) {
  // EncryptedPrivateKeyInfo ::= SEQUENCE { SEQUENCE { OID, parameters }, OCTET STRING }
  constexpr std::uint8_t kDerOid = 0x06;
  const Error not_sealed{Code::kInvalid, "key_malformed", "not an EncryptedPrivateKeyInfo"};
  auto info = crypto::der_take(sealed_info, crypto::kDerSequence);
  if (!info || !sealed_info.empty()) return not_sealed;
  auto algorithm = crypto::der_take(*info, crypto::kDerSequence);
  const auto sealed = crypto::der_take(*info, crypto::kDerOctetString);
  const auto oid = algorithm ? crypto::der_take(*algorithm, kDerOid) : std::nullopt;
  if (!oid || !sealed || !info->empty()) return not_sealed;
  if (same_bytes(*oid, kJksProtection)) {
    const auto characters = java_characters(password);
    if (!characters) {
      return Error{Code::kDenied, "key_password_wrong", "the password is not UTF-8"};
    }
    return crypto::open_jks_sealed(*sealed, characters->view());
  }
  if (is_jceks && same_bytes(*oid, kJceksProtection)) {
    TRY(SecretBytes plain, open_jceks_cipher(*algorithm, *sealed, password, budget));
    // One wrong password in 256 leaves padding that happens to be right.
    if (!crypto::der_is_one_element(plain.view()) || plain.view()[0] != crypto::kDerSequence) {
      return Error{Code::kDenied, "key_password_wrong", "the password does not open it"};
    }
    return plain;
  }
  return Error{Code::kUnsupported, "key_encryption_unsupported",
               "a key that is encrypted by other means than the JDK's"};
}

// The trailer is SHA-1 over the password's characters, two words, and all that stands before it.
bool trailer_fits(ByteView file, ByteView password) {
  const auto characters = java_characters(password);
  if (!characters) return false;
  const Bytes is = crypto::Hasher(crypto::Hash::kSha1)
                       .update(characters->view())
                       .update(as_bytes(kTrailerWords))
                       .update(file.first(file.size() - kTrailer))
                       .finish();
  return constant_time_equal(is, file.last(kTrailer));
}

// Why the trailer does not fit: where the password opens a key, it is the password.
Error trailer_error(const std::vector<RawEntry>& entries, ByteView password, bool is_jceks,
                    Iterations budget) {
  const bool opens_one = std::any_of(entries.begin(), entries.end(), [&](const RawEntry& entry) {
    return entry.secret_key
               ? open_sealed_key(*entry.secret_key, password, budget).ok()
               : entry.tag == kPrivateKeyTag &&
                     open_private_key(entry.sealed_key, password, is_jceks, budget).ok();
  });
  if (opens_one) {
    return Error{Code::kInvalid, "keystore_changed",
                 "the password is right, but the store is not as it was written"};
  }
  return Error{Code::kDenied, "keystore_password_wrong",
               "the password is wrong, or the store is not as it was written"};
}

Result<std::vector<Certificate>> read_chain(const std::vector<RawCertificate>& raw) {
  std::vector<Certificate> chain;
  for (const RawCertificate& one : raw) {
    if (one.type != "X.509") {
      return Error{Code::kUnsupported, "certificate_unsupported",
                   "a certificate of the type " + quoted(one.type)};
    }
    TRY(Certificate certificate, Certificate::from_der(one.der));
    chain.push_back(std::move(certificate));
  }
  return chain;
}

Status check_leaf(const crypto::PrivateKey& key, const std::vector<Certificate>& chain) {
  if (chain.empty()) return Done{};
  TRY(const crypto::PublicKey certified, chain.front().public_key());
  if (certified == key.public_key()) return Done{};
  return Error{Code::kInvalid, "key_mismatch", "the first certificate is not of this key"};
}

class Opener {
 public:
  Opener(std::optional<ByteView> password, bool is_jceks, Iterations budget)
      : password_(password), is_jceks_(is_jceks), budget_(budget) {}

  // Fails only where the whole store has to.
  Result<Entry> open(const RawEntry& raw) {
    Entry entry;
    entry.alias = raw.alias;
    entry.kind = raw.tag == kPrivateKeyTag  ? Entry::kPrivateKey
                 : raw.tag == kSecretKeyTag ? Entry::kSecretKey
                                            : Entry::kTrustedCertificate;
    const Status filled = fill(raw, entry);
    if (filled) return entry;
    if (filled.error().is("keystore_iterations_excessive")) {
      return filled.error();
    }
    entry.private_key.reset();
    entry.secret_key.reset();
    entry.unusable = filled.error();
    return entry;
  }

 private:
  Status fill(const RawEntry& raw, Entry& entry) {
    TRY(entry.chain, read_chain(raw.chain));
    if (raw.tag == kCertificateTag) return Done{};
    if (!password_) {
      return Error{Code::kConfig, "key_password_missing", "a key needs a password to be opened"};
    }
    if (raw.secret_key) {
      TRY(JavaSecretKey key, open_sealed_key(*raw.secret_key, *password_, budget_));
      entry.secret_key_algorithm = std::move(key.algorithm);
      entry.secret_key = std::move(key.bytes);
      return Done{};
    }
    TRY(const SecretBytes pkcs8, open_private_key(raw.sealed_key, *password_, is_jceks_, budget_));
    TRY(entry.private_key, crypto::PrivateKey::from_pkcs8(pkcs8.view()));
    return check_leaf(*entry.private_key, entry.chain);
  }

  std::optional<ByteView> password_;
  bool is_jceks_;
  Iterations budget_;
};

}  // namespace

bool is_jks(ByteView file) {
  return magic_of(file) == kJksMagic;
}
bool is_jceks(ByteView file) {
  return magic_of(file) == kJceksMagic;
}

Result<std::vector<Entry>> read_jks(ByteView file, const JksOptions& options) {
  if (file.size() > kLargestStore) return too_large("a store of more than 4 MiB");
  if (!is_jks(file) && !is_jceks(file))
    return malformed_keystore("neither a JKS nor a JCEKS store");
  if (file.size() < kTrailer + 12) return malformed_keystore("the store is cut off");
  TRY(const std::vector<RawEntry> raw, Layout(file).read());
  const bool jceks = is_jceks(file);
  std::int64_t most = options.most_iterations_unproven;
  if (options.store_password) {
    if (!trailer_fits(file, *options.store_password)) {
      return trailer_error(raw, *options.store_password, jceks, Iterations{most});
    }
    most = options.most_iterations;
  }
  Opener opener(options.key_password ? options.key_password : options.store_password, jceks,
                Iterations{most});
  std::vector<Entry> entries;
  for (const RawEntry& one : raw) {
    TRY(Entry entry, opener.open(one));
    const auto same = std::find_if(entries.begin(), entries.end(), [&](const Entry& earlier) {
      return earlier.alias == entry.alias;
    });
    if (same == entries.end()) {
      entries.push_back(std::move(entry));
    } else {
      *same = std::move(entry);
    }
  }
  return entries;
}

}  // namespace signet::keystores

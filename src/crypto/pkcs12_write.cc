#include <algorithm>
#include <cstring>

#include "crypto/fetched.h"
#include "crypto/key_impl.h"
#include "crypto/pkcs12.h"
#include "crypto/x509_impl.h"

namespace signet::crypto {
namespace {

constexpr int kIterations = 10'000;
constexpr std::size_t kLongestStorePassword = 1024;
constexpr int kCipher = NID_aes_256_cbc;

using BagPtr = Owned<PKCS12_SAFEBAG, PKCS12_SAFEBAG_free>;

bool has_nul(ByteView text) {
  return std::find(text.begin(), text.end(), 0) != text.end();
}

Error failed() {
  return internal_error("writing a PKCS#12 store");
}

// What Java calls the algorithm, as the OID that it writes.
const char* oid_of(std::string_view algorithm) {
  if (algorithm == "AES") return "2.16.840.1.101.3.4.1";
  if (algorithm == "HmacSHA256") return "1.2.840.113549.2.9";
  if (algorithm == "HmacSHA384") return "1.2.840.113549.2.10";
  if (algorithm == "HmacSHA512") return "1.2.840.113549.2.11";
  return nullptr;
}

class Writer {
 public:
  explicit Writer(ByteView password) : password_(password.size() + 1), size_(password.size()) {
    if (!password.empty()) std::memcpy(password_.span().data(), password.data(), password.size());
  }

  Status add(const Pkcs12Entry& entry) {
    if (has_nul(as_bytes(entry.friendly_name))) {
      return Error{Code::kInvalid, "keystore_bad_password", "a name that PKCS#12 cannot hold"};
    }
    return entry.private_key ? add_pair(entry) : add_secret(entry);
  }

  Result<SecretBytes> finish() {
    STACK_OF(PKCS7)* collected = nullptr;
    const bool has_certificates = sk_PKCS12_SAFEBAG_num(certificates_.get()) > 0;
    const bool added = (!has_certificates || PKCS12_add_safe(&collected, certificates_.get(),
                                                             kCipher, kIterations, words()) == 1) &&
                       PKCS12_add_safe(&collected, keys_.get(), -1, 0, nullptr) == 1;
    const Safes safes(collected);
    const Pkcs12Ptr store(added ? PKCS12_add_safes(safes.get(), 0) : nullptr);
    if (!store || PKCS12_set_mac(store.get(), words(), static_cast<int>(size_), nullptr, 0,
                                 kIterations, fetched_md(Hash::kSha256)) != 1) {
      return failed();
    }
    const int size = i2d_PKCS12(store.get(), nullptr);
    if (size <= 0) return failed();
    SecretBytes out(static_cast<std::size_t>(size));
    std::uint8_t* at = out.span().data();
    i2d_PKCS12(store.get(), &at);
    return out;
  }

 private:
  const char* words() const { return reinterpret_cast<const char*>(password_.view().data()); }

  Status add_pair(const Pkcs12Entry& entry) {
    Bytes id;
    if (!entry.chain.empty()) {
      const auto certified = entry.chain.front().public_key();
      if (!certified.ok() || !(*certified == entry.private_key->public_key())) {
        return Error{Code::kInvalid, "key_mismatch", "the first certificate is not of this key"};
      }
      id = entry.chain.front().thumbprint(Hash::kSha1);
    }
    for (const Certificate& certificate : entry.chain) {
      BagPtr bag(PKCS12_SAFEBAG_create_cert(certificate.impl().x509.get()));
      const bool is_leaf = &certificate == &entry.chain.front();
      TRY(put(*certificates_, std::move(bag), is_leaf ? entry.friendly_name : std::string(),
              is_leaf ? id : Bytes()));
    }
    const Pkcs8Ptr info(EVP_PKEY2PKCS8(entry.private_key->impl().pkey.get()));
    return put(*keys_, shrouded(info.get()), entry.friendly_name, id);
  }

  // Java's form: the bytes as a "private key" of an algorithm that names their use, encrypted like
  // one, in an octet string.
  Status add_secret(const Pkcs12Entry& entry) {
    const char* oid = oid_of(entry.secret_key_algorithm);
    if (!oid || !entry.secret_key) {
      return Error{Code::kUnsupported, "key_unsupported", "a secret key for an unknown use"};
    }
    const ByteView key = entry.secret_key->view();
    const Pkcs8Ptr info(PKCS8_PRIV_KEY_INFO_new());
    ObjectPtr algorithm(OBJ_txt2obj(oid, 1));
    BufferPtr copy(static_cast<unsigned char*>(OPENSSL_memdup(key.data(), key.size())));
    if (!info || !algorithm || !copy ||
        PKCS8_pkey_set0(info.get(), algorithm.get(), 0, V_ASN1_NULL, nullptr, copy.get(),
                        static_cast<int>(key.size())) != 1) {
      return failed();
    }
    algorithm.release();  // both are the info's now, which wipes the key when it is freed
    copy.release();
    const X509SigPtr sealed(PKCS8_encrypt(-1, EVP_aes_256_cbc(), words(), static_cast<int>(size_),
                                          nullptr, 0, kIterations, info.get()));
    unsigned char* der = nullptr;
    const int size = sealed ? i2d_X509_SIG(sealed.get(), &der) : 0;
    const BufferPtr owner(der);
    if (size <= 0) return failed();
    BagPtr bag(
        PKCS12_SAFEBAG_create_secret(NID_pkcs8ShroudedKeyBag, V_ASN1_OCTET_STRING, der, size));
    return put(*keys_, std::move(bag), entry.friendly_name, {});
  }

  BagPtr shrouded(PKCS8_PRIV_KEY_INFO* info) const {
    if (!info) return nullptr;
    return BagPtr(PKCS12_SAFEBAG_create_pkcs8_encrypt(kCipher, words(), static_cast<int>(size_),
                                                      nullptr, 0, kIterations, info));
  }

  static Status put(STACK_OF(PKCS12_SAFEBAG) & bags, BagPtr bag, const std::string& name,
                    Bytes id) {
    const bool is_named =
        bag && (name.empty() || PKCS12_add_friendlyname_utf8(bag.get(), name.c_str(), -1) == 1) &&
        (id.empty() ||
         PKCS12_add_localkeyid(bag.get(), id.data(), static_cast<int>(id.size())) == 1);
    if (!is_named || sk_PKCS12_SAFEBAG_push(&bags, bag.get()) <= 0) return failed();
    bag.release();  // the list's
    return Done{};
  }

  SecretBytes password_;  ///< ends with NUL
  std::size_t size_;
  SafeBags certificates_{sk_PKCS12_SAFEBAG_new_null()}, keys_{sk_PKCS12_SAFEBAG_new_null()};
};

}  // namespace

Result<SecretBytes> write_pkcs12(const std::vector<Pkcs12Entry>& entries, ByteView password) {
  QuietErrors quiet;
  if (has_nul(password) || password.size() > kLongestStorePassword) {
    return Error{Code::kInvalid, "keystore_bad_password", "a password that PKCS#12 cannot hold"};
  }
  Writer writer(password);
  for (const Pkcs12Entry& entry : entries) {
    TRY(writer.add(entry));
  }
  return writer.finish();
}

Result<SecretBytes> write_pkcs12(const PrivateKey& key, const std::vector<Certificate>& chain,
                                 const std::string& friendly_name, ByteView password) {
  std::vector<Pkcs12Entry> entries(1);
  entries[0].friendly_name = friendly_name;
  entries[0].private_key = key;
  entries[0].chain = chain;
  return write_pkcs12(entries, password);
}

}  // namespace signet::crypto

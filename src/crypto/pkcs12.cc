#include "crypto/pkcs12.h"

#include <openssl/pkcs7.h>

#include "crypto/key_impl.h"
#include "crypto/pbe.h"
#include "crypto/x509_impl.h"

namespace signet::crypto {
namespace {

constexpr std::size_t kLargestStore = 4 << 20;
constexpr std::size_t kMostBags = 10'000;
constexpr int kMostNesting = 4;
constexpr const char* kWrongPassword = "keystore_password_wrong";
// Oracle's trustedKeyUsage: how Java marks a certificate as an entry of its own.
constexpr const char* kTrustedKeyUsage = "2.16.840.1.113894.746875.1.1";

Error malformed_pkcs12(std::string_view what) {
  return library_error(Code::kInvalid, "keystore_malformed", what);
}

ByteView view_of(const ASN1_STRING* string) {
  return {ASN1_STRING_get0_data(string), static_cast<std::size_t>(ASN1_STRING_length(string))};
}

Status check_mac(PKCS12* store, ByteView password, PbeBudget& budget) {
  const X509_ALGOR* algorithm = nullptr;
  const ASN1_INTEGER* iterations = nullptr;
  PKCS12_get0_mac(nullptr, &algorithm, nullptr, &iterations, store);
  std::int64_t count = 1;
  if (iterations && ASN1_INTEGER_get_int64(&count, iterations) != 1) count = -1;
  const ASN1_OBJECT* name = nullptr;
  X509_ALGOR_get0(&name, nullptr, nullptr, algorithm);
  const EVP_MD* digest = EVP_get_digestbyobj(name);
  if (!digest) {
    return Error{Code::kUnsupported, "keystore_mac_unsupported", "the MAC is of an unknown kind"};
  }
  TRY(budget.spend_on_mac(count, digest));
  const char* text = password.empty() ? "" : reinterpret_cast<const char*>(password.data());
  if (PKCS12_verify_mac(store, text, static_cast<int>(password.size())) == 1) return Done{};
  if (password.empty()) {
    TRY(budget.spend_on_mac(count, digest));
    if (PKCS12_verify_mac(store, nullptr, 0) == 1) return Done{};
  }
  return Error{Code::kDenied, kWrongPassword, "the MAC does not fit the password"};
}

std::string secret_algorithm(const ASN1_OBJECT* oid) {
  switch (OBJ_obj2nid(oid)) {
    case NID_hmacWithSHA1:
      return "HmacSHA1";
    case NID_hmacWithSHA224:
      return "HmacSHA224";
    case NID_hmacWithSHA256:
      return "HmacSHA256";
    case NID_hmacWithSHA384:
      return "HmacSHA384";
    case NID_hmacWithSHA512:
      return "HmacSHA512";
    case NID_des_cbc:
      return "DES";
    case NID_des_ede3_cbc:
      return "DESede";
    default:
      break;
  }
  char text[80] = {};
  OBJ_obj2txt(text, sizeof text, oid, 1);
  // The arc of AES; OpenSSL has names only for the modes under it.
  if (std::string_view(text) == "2.16.840.1.101.3.4.1") return "AES";
  return text;
}

bool has_attribute(const PKCS12_SAFEBAG* bag, const char* oid) {
  const ObjectPtr object(OBJ_txt2obj(oid, 1));
  return object && X509at_get_attr_by_OBJ(PKCS12_SAFEBAG_get0_attrs(bag), object.get(), -1) >= 0;
}

// What goes wrong with one key stays with that key, unless it stands for the whole store.
bool is_about_the_store(const Error& error) {
  const std::string_view reason(error.reason);
  return reason == "keystore_iterations_excessive" || reason == kWrongPassword;
}

class Reader {
 public:
  Reader(ByteView password, bool has_mac) : password_(password), has_mac_(has_mac) {}
  PbeBudget& budget() { return budget_; }

  Status read_safe(const PKCS7* safe) {
    switch (OBJ_obj2nid(safe->type)) {
      case NID_pkcs7_data: {
        const SafeBags bags(PKCS12_unpack_p7data(const_cast<PKCS7*>(safe)));
        return read_bags(bags.get(), 0);
      }
      case NID_pkcs7_encrypted:
        return read_encrypted(safe);
      default:
        return Error{Code::kUnsupported, "keystore_unsupported",
                     "contents sealed with a public key"};
    }
  }
  std::vector<Pkcs12Bag> take() { return std::move(out_); }

 private:
  Status read_encrypted(const PKCS7* safe) {
    const PKCS7_ENCRYPT* sealed = safe->d.encrypted;
    if (!sealed || !sealed->enc_data || !sealed->enc_data->algorithm ||
        !sealed->enc_data->enc_data) {
      return malformed_pkcs12("encrypted contents that are not there");
    }
    TRY(SecretBytes plain,
        pbe_decrypt(sealed->enc_data->algorithm, view_of(sealed->enc_data->enc_data), password_,
                    budget_, kWrongPassword));
    const std::uint8_t* at = plain.view().data();
    const SafeBags bags(reinterpret_cast<STACK_OF(PKCS12_SAFEBAG)*>(ASN1_item_d2i(
        nullptr, &at, static_cast<long>(plain.size()), ASN1_ITEM_rptr(PKCS12_SAFEBAGS))));
    if (!bags && !has_mac_) {
      return Error{Code::kDenied, kWrongPassword, "the password does not open it"};
    }
    return read_bags(bags.get(), 0);
  }

  Status read_bags(const STACK_OF(PKCS12_SAFEBAG) * bags, int depth) {
    if (!bags || depth > kMostNesting)
      return malformed_pkcs12("contents that are not a list of bags");
    for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); ++i) {
      if (++seen_ > kMostBags) return malformed_pkcs12("more bags than are looked at");
      TRY(read_bag(sk_PKCS12_SAFEBAG_value(bags, i), depth));
    }
    return Done{};
  }

  Status read_bag(PKCS12_SAFEBAG* bag, int depth) {
    Pkcs12Bag out;
    switch (PKCS12_SAFEBAG_get_nid(bag)) {
      case NID_safeContentsBag:
        return read_bags(PKCS12_SAFEBAG_get0_safes(bag), depth + 1);
      case NID_keyBag: {
        TRY(keep(plain_key(PKCS12_SAFEBAG_get0_p8inf(bag)), out.private_key, out));
        out.is_plain_key = true;
        break;
      }
      case NID_pkcs8ShroudedKeyBag: {
        TRY(keep(shrouded_key(PKCS12_SAFEBAG_get0_pkcs8(bag)), out.private_key, out));
        break;
      }
      case NID_certBag: {
        if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate) return Done{};
        TRY(out.certificate, certificate(bag));
        break;
      }
      case NID_secretBag: {
        TRY(keep(secret(bag, out.secret_key_algorithm), out.secret_key, out));
        break;
      }
      default:
        return Done{};  // revocation lists and what others may have invented
    }
    if (const TextPtr name{PKCS12_get_friendlyname(bag)}) out.friendly_name = name.get();
    const ASN1_TYPE* id = PKCS12_SAFEBAG_get0_attr(bag, NID_localKeyID);
    if (id && id->type == V_ASN1_OCTET_STRING) {
      out.local_key_id = to_bytes(view_of(id->value.octet_string));
    }
    out.is_trusted = has_attribute(bag, kTrustedKeyUsage);
    out_.push_back(std::move(out));
    return Done{};
  }

  template <class T>
  static Status keep(Result<T> read, std::optional<T>& into, Pkcs12Bag& bag) {
    if (read.ok()) {
      into = std::move(read).value();
    } else if (is_about_the_store(read.error())) {
      return std::move(read).error();
    } else {
      bag.unusable = std::move(read).error();
    }
    return Done{};
  }

  // Where the MAC was right, a key that does not open has a password of its own.
  const char* wrong_key_password() const {
    return has_mac_ ? "key_password_wrong" : kWrongPassword;
  }

  Result<PrivateKey> shrouded_key(const X509_SIG* sealed) {
    if (!sealed) return malformed_pkcs12("a key bag without a key");
    TRY(SecretBytes der, pbe_decrypt_pkcs8(sealed, password_, budget_, wrong_key_password()));
    return PrivateKey::from_pkcs8(der.view());
  }

  static Result<PrivateKey> plain_key(const PKCS8_PRIV_KEY_INFO* info) {
    const int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info, nullptr) : 0;
    if (size <= 0) return malformed_pkcs12("a key bag without a key");
    SecretBytes der(static_cast<std::size_t>(size));
    std::uint8_t* at = der.span().data();
    i2d_PKCS8_PRIV_KEY_INFO(info, &at);
    return PrivateKey::from_pkcs8(der.view());
  }

  static Result<Certificate> certificate(const PKCS12_SAFEBAG* bag) {
    const X509Ptr x509(PKCS12_SAFEBAG_get1_cert(bag));
    unsigned char* raw = nullptr;
    const int size = x509 ? i2d_X509(x509.get(), &raw) : 0;
    const BufferPtr der(raw);
    if (size <= 0) return malformed_pkcs12("a certificate bag without a certificate");
    return Certificate::from_der(ByteView(raw, static_cast<std::size_t>(size)));
  }

  // Java's form: an EncryptedPrivateKeyInfo in an octet string; inside it the algorithm names what
  // the key is for and the "private key" is the raw bytes.
  Result<SecretBytes> secret(const PKCS12_SAFEBAG* bag, std::string& algorithm) {
    const ASN1_TYPE* value = PKCS12_SAFEBAG_get0_bag_obj(bag);
    if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_pkcs8ShroudedKeyBag || !value ||
        value->type != V_ASN1_OCTET_STRING) {
      return Error{Code::kUnsupported, "key_unsupported", "a secret bag of an unknown kind"};
    }
    TRY(SecretBytes der, pbe_decrypt_pkcs8(view_of(value->value.octet_string), password_, budget_,
                                           wrong_key_password()));
    const std::uint8_t* at = der.view().data();
    const Pkcs8Ptr info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())));
    const ASN1_OBJECT* oid = nullptr;
    const unsigned char* raw = nullptr;
    int size = 0;
    if (!info || PKCS8_pkey_get0(&oid, &raw, &size, nullptr, info.get()) != 1) {
      return malformed_pkcs12("a secret key");
    }
    algorithm = secret_algorithm(oid);
    return SecretBytes(ByteView(raw, static_cast<std::size_t>(size)));
  }

  ByteView password_;
  bool has_mac_;
  PbeBudget budget_;
  std::size_t seen_ = 0;
  std::vector<Pkcs12Bag> out_;
};

}  // namespace

Result<std::vector<Pkcs12Bag>> read_pkcs12(ByteView der, ByteView password) {
  QuietErrors quiet;
  if (der.size() > kLargestStore) {
    return Error{Code::kInvalid, "keystore_too_large", "a PKCS#12 store of more than 4 MiB"};
  }
  const std::uint8_t* at = der.data();
  const Pkcs12Ptr store(d2i_PKCS12(nullptr, &at, static_cast<long>(der.size())));
  if (!store || at != der.data() + der.size()) return malformed_pkcs12("not a PKCS#12 store");
  Reader reader(password, PKCS12_mac_present(store.get()) == 1);
  if (PKCS12_mac_present(store.get()) == 1) {
    TRY(check_mac(store.get(), password, reader.budget()));
  }
  const Safes safes(PKCS12_unpack_authsafes(store.get()));
  if (!safes) return malformed_pkcs12("a PKCS#12 store without contents");
  for (int i = 0; i < sk_PKCS7_num(safes.get()); ++i) {
    TRY(reader.read_safe(sk_PKCS7_value(safes.get(), i)));
  }
  return reader.take();
}

}  // namespace signet::crypto

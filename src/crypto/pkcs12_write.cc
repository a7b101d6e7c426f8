#include <algorithm>
#include <cstring>

#include "crypto/fetched.h"
#include "crypto/key_impl.h"
#include "crypto/pkcs12.h"
#include "crypto/x509_impl.h"

namespace signet::crypto {
namespace {

constexpr int kIterations = 100'000;
constexpr std::size_t kLongestPassword = 1024;

bool has_nul(ByteView text) {
  return std::find(text.begin(), text.end(), 0) != text.end();
}

}  // namespace

Result<SecretBytes> write_pkcs12(const PrivateKey& key, const std::vector<Certificate>& chain,
                                 const std::string& friendly_name, ByteView password) {
  QuietErrors quiet;
  if (has_nul(password) || password.size() > kLongestPassword || has_nul(as_bytes(friendly_name))) {
    return Error{Code::kInvalid, "keystore_bad_password",
                 "a password or name that PKCS#12 cannot hold"};
  }
  if (!chain.empty()) {
    auto certified = chain.front().public_key();
    if (!certified.ok() || !(*certified == key.public_key())) {
      return Error{Code::kInvalid, "key_mismatch", "the first certificate is not of this key"};
    }
  }
  SecretBytes text(password.size() + 1);
  if (!password.empty()) std::memcpy(text.span().data(), password.data(), password.size());
  const auto* words = reinterpret_cast<const char*>(text.view().data());
  const std::vector<Certificate> rest(chain.begin() + (chain.empty() ? 0 : 1), chain.end());
  const X509Stack others = stack_of(rest);
  const Owned<PKCS12, PKCS12_free> store(PKCS12_create(
      words, friendly_name.empty() ? nullptr : friendly_name.c_str(), key.impl().pkey.get(),
      chain.empty() ? nullptr : chain.front().impl().x509.get(), others.get(), NID_aes_256_cbc,
      NID_aes_256_cbc, kIterations, -1, 0));
  if (!store || PKCS12_set_mac(store.get(), words, static_cast<int>(password.size()), nullptr, 0,
                               kIterations, fetched_md(Hash::kSha256)) != 1) {
    return internal_error("writing a PKCS#12 store");
  }
  const int size = i2d_PKCS12(store.get(), nullptr);
  if (size <= 0) return internal_error("writing a PKCS#12 store");
  SecretBytes out(static_cast<std::size_t>(size));
  std::uint8_t* at = out.span().data();
  i2d_PKCS12(store.get(), &at);
  return out;
}

}  // namespace signet::crypto

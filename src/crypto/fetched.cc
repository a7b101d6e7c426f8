#include "crypto/fetched.h"

#include <openssl/provider.h>

#include <array>

#include "crypto/openssl_ptr.h"

namespace signet::crypto {
namespace {

constexpr std::array kHashNames = {"SHA1", "SHA2-256", "SHA2-384", "SHA2-512"};

// The objects live as long as the process, so they are never freed.
struct Fetched {
  std::array<EVP_MD*, kHashNames.size()> md{};
  std::array<std::array<EVP_CIPHER*, 3>, 4> aes{};
  EVP_CIPHER* des_ede3_cbc = nullptr;

  Fetched() {
    for (std::size_t i = 0; i < md.size(); ++i)
      md[i] = EVP_MD_fetch(nullptr, kHashNames[i], nullptr);
    constexpr const char* kNames[4][3] = {
        {"AES-128-GCM", "AES-192-GCM", "AES-256-GCM"},
        {"AES-128-CBC", "AES-192-CBC", "AES-256-CBC"},
        {"AES-128-WRAP", "AES-192-WRAP", "AES-256-WRAP"},
        {"AES-128-WRAP-PAD", "AES-192-WRAP-PAD", "AES-256-WRAP-PAD"}};
    for (std::size_t mode = 0; mode < 4; ++mode) {
      for (std::size_t size = 0; size < 3; ++size) {
        aes[mode][size] = EVP_CIPHER_fetch(nullptr, kNames[mode][size], nullptr);
      }
    }
    des_ede3_cbc = EVP_CIPHER_fetch(nullptr, "DES-EDE3-CBC", nullptr);
    ERR_clear_error();
  }
};

const Fetched& fetched() {
  static const Fetched* const instance = new Fetched;
  return *instance;
}

OSSL_LIB_CTX* make_legacy_context() {
  OSSL_LIB_CTX* context = OSSL_LIB_CTX_new();
  if (!context) return nullptr;
  OSSL_PROVIDER_load(context, "default");
  // Where the module is not installed, DES and RC2 stay unknown and are reported as unsupported.
  OSSL_PROVIDER_load(context, "legacy");
  ERR_clear_error();
  return context;
}

}  // namespace

const EVP_MD* fetched_md(Hash hash) {
  return fetched().md[static_cast<std::size_t>(hash)];
}
const char* md_name(Hash hash) {
  return kHashNames[static_cast<std::size_t>(hash)];
}

const EVP_CIPHER* fetched_aes(CipherMode mode, std::size_t key_bytes) {
  if (key_bytes != 16 && key_bytes != 24 && key_bytes != 32) return nullptr;
  return fetched().aes[static_cast<std::size_t>(mode)][key_bytes / 8 - 2];
}

const EVP_CIPHER* fetched_des_ede3_cbc() {
  return fetched().des_ede3_cbc;
}

OSSL_LIB_CTX* legacy_context() {
  static OSSL_LIB_CTX* const context = make_legacy_context();
  return context;
}

void fetch_all() {
  fetched();
}

}  // namespace signet::crypto

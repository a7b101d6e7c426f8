#include "raw_encryption.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace bench {
namespace {

struct State {
  std::shared_ptr<EVP_PKEY> key;
  std::shared_ptr<EVP_PKEY_CTX> context;
  std::array<unsigned char, 32> secret{};
  std::array<unsigned char, 256> out{};
};

void need(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "raw_encryption: %s failed\n", what);
  std::exit(2);
}

std::shared_ptr<EVP_PKEY_CTX> owned(EVP_PKEY_CTX* context) {
  need(context != nullptr, "context");
  return {context, EVP_PKEY_CTX_free};
}

std::shared_ptr<EVP_PKEY> owned(EVP_PKEY* key) {
  need(key != nullptr, "key generation");
  return {key, EVP_PKEY_free};
}

void agree(State& state) {
  EVP_PKEY* made = nullptr;
  need(EVP_PKEY_generate(state.context.get(), &made) == 1, "generate");
  EVP_PKEY_CTX* derive = EVP_PKEY_CTX_new_from_pkey(nullptr, made, nullptr);
  std::size_t size = state.secret.size();
  need(derive != nullptr && EVP_PKEY_derive_init(derive) == 1 &&
           EVP_PKEY_derive_set_peer_ex(derive, state.key.get(), 0) == 1 &&
           EVP_PKEY_derive(derive, state.secret.data(), &size) == 1,
       "derive");
  EVP_PKEY_CTX_free(derive);
  EVP_PKEY_free(made);
}

}  // namespace

RawOp openssl_rsa_oaep_256() {
  auto state = std::make_shared<State>();
  state->key = owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}));
  state->context = owned(EVP_PKEY_CTX_new_from_pkey(nullptr, state->key.get(), nullptr));
  EVP_PKEY_CTX* context = state->context.get();
  need(EVP_PKEY_encrypt_init(context) == 1 &&
           EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1,
       "padding");
  return {"RSA-OAEP-256", "openssl", [state] {
            std::size_t size = state->out.size();
            need(EVP_PKEY_encrypt(state->context.get(), state->out.data(), &size,
                                  state->secret.data(), state->secret.size()) == 1,
                 "encrypt");
          }};
}

RawOp openssl_ecdh_es() {
  auto state = std::make_shared<State>();
  state->key = owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  state->context = owned(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  need(EVP_PKEY_keygen_init(state->context.get()) == 1 &&
           EVP_PKEY_CTX_set_group_name(state->context.get(), "P-256") == 1,
       "generator");
  return {"ECDH-ES", "openssl", [state] { agree(*state); }};
}

}  // namespace bench

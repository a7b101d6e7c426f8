#include "raw_ops.h"

#include <nettle/curve25519.h>
#include <nettle/dsa.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <nettle/ecdsa.h>
#include <nettle/eddsa.h>
#include <nettle/rsa.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <time.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "raw_encryption.h"

namespace bench {
namespace {

constexpr std::size_t kTokenBytes = 420;  // the signing input of an ordinary access token

void need(bool ok, const char* what) {
  if (!ok) {
    std::fprintf(stderr, "raw_ops: %s failed\n", what);
    std::exit(2);
  }
}

std::shared_ptr<EVP_PKEY> generate(const char* type, const char* curve_or_null) {
  EVP_PKEY* key = nullptr;
  if (std::string_view(type) == "RSA") {
    key = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048});
  } else if (curve_or_null != nullptr) {
    key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve_or_null);
  } else {
    key = EVP_PKEY_Q_keygen(nullptr, nullptr, type);
  }
  need(key != nullptr, "key generation");
  return {key, EVP_PKEY_free};
}

/// Everything one OpenSSL operation keeps between runs.
struct Openssl {
  std::shared_ptr<EVP_PKEY> key;
  std::shared_ptr<EVP_PKEY_CTX> context;
  std::shared_ptr<EVP_MD_CTX> digest;
  std::array<unsigned char, 64> hash{};
  std::array<unsigned char, 512> signature{};
  std::array<unsigned char, kTokenBytes> input{};
  std::size_t signature_size = 0;
};

RawOp openssl_sign(std::string name, const char* type, const char* curve, const EVP_MD* md,
                   bool pss) {
  auto state = std::make_shared<Openssl>();
  state->key = generate(type, curve);
  state->context = {EVP_PKEY_CTX_new_from_pkey(nullptr, state->key.get(), nullptr),
                    EVP_PKEY_CTX_free};
  EVP_PKEY_CTX* context = state->context.get();
  need(EVP_PKEY_sign_init(context) == 1, "sign_init");
  if (pss) {
    need(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1, "padding");
    need(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1, "salt length");
  }
  need(EVP_PKEY_CTX_set_signature_md(context, md) == 1, "digest");
  const auto hash_size = static_cast<std::size_t>(EVP_MD_get_size(md));
  return {std::move(name), "openssl", [state, hash_size] {
            std::size_t size = state->signature.size();
            need(EVP_PKEY_sign(state->context.get(), state->signature.data(), &size,
                               state->hash.data(), hash_size) == 1,
                 "sign");
          }};
}

RawOp openssl_verify(std::string name, const char* curve, const EVP_MD* md) {
  auto state = std::make_shared<Openssl>();
  const bool is_rsa = curve == nullptr;
  state->key = is_rsa ? generate("RSA", nullptr) : generate("EC", curve);
  state->context = {EVP_PKEY_CTX_new_from_pkey(nullptr, state->key.get(), nullptr),
                    EVP_PKEY_CTX_free};
  EVP_PKEY_CTX* context = state->context.get();
  const auto hash_size = static_cast<std::size_t>(EVP_MD_get_size(md));
  need(EVP_PKEY_sign_init(context) == 1 && EVP_PKEY_CTX_set_signature_md(context, md) == 1, "init");
  state->signature_size = state->signature.size();
  need(EVP_PKEY_sign(context, state->signature.data(), &state->signature_size, state->hash.data(),
                     hash_size) == 1,
       "sign");
  need(EVP_PKEY_verify_init(context) == 1 && EVP_PKEY_CTX_set_signature_md(context, md) == 1,
       "init");
  return {std::move(name), "openssl", [state, hash_size] {
            need(EVP_PKEY_verify(state->context.get(), state->signature.data(),
                                 state->signature_size, state->hash.data(), hash_size) == 1,
                 "verify");
          }};
}

RawOp openssl_ed25519() {
  auto state = std::make_shared<Openssl>();
  state->key = generate("ED25519", nullptr);
  state->digest = {EVP_MD_CTX_new(), EVP_MD_CTX_free};
  return {"EdDSA", "openssl", [state] {
            std::size_t size = state->signature.size();
            need(EVP_DigestSignInit(state->digest.get(), nullptr, nullptr, nullptr,
                                    state->key.get()) == 1 &&
                     EVP_DigestSign(state->digest.get(), state->signature.data(), &size,
                                    state->input.data(), state->input.size()) == 1,
                 "ed25519");
          }};
}

RawOp sodium_ed25519() {
  struct State {
    std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> pub;
    std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret;
    std::array<unsigned char, crypto_sign_BYTES> signature;
    std::array<unsigned char, kTokenBytes> input{};
  };
  auto state = std::make_shared<State>();
  need(crypto_sign_keypair(state->pub.data(), state->secret.data()) == 0, "sodium key");
  return {"EdDSA", "libsodium", [state] {
            crypto_sign_detached(state->signature.data(), nullptr, state->input.data(),
                                 state->input.size(), state->secret.data());
          }};
}

RawOp openssl_hmac() {
  struct State {
    std::shared_ptr<EVP_MAC_CTX> keyed;
    std::array<unsigned char, kTokenBytes> input{};
    std::array<unsigned char, 32> out;
  };
  auto state = std::make_shared<State>();
  const std::shared_ptr<EVP_MAC> mac{EVP_MAC_fetch(nullptr, "HMAC", nullptr), EVP_MAC_free};
  state->keyed = {EVP_MAC_CTX_new(mac.get()), EVP_MAC_CTX_free};
  std::array<char, 7> digest{"SHA256"};
  const std::array<OSSL_PARAM, 2> params{
      OSSL_PARAM_construct_utf8_string("digest", digest.data(), 0), OSSL_PARAM_construct_end()};
  const std::array<unsigned char, 32> key{1, 2, 3};
  need(EVP_MAC_init(state->keyed.get(), key.data(), key.size(), params.data()) == 1, "hmac");
  return {"HS256", "openssl", [state] {
            std::size_t size = 0;
            need(EVP_MAC_init(state->keyed.get(), nullptr, 0, nullptr) == 1 &&
                     EVP_MAC_update(state->keyed.get(), state->input.data(), state->input.size()) ==
                         1 &&
                     EVP_MAC_final(state->keyed.get(), state->out.data(), &size, 32) == 1,
                 "hmac");
          }};
}

RawOp sodium_hmac() {
  struct State {
    crypto_auth_hmacsha256_state keyed;
    std::array<unsigned char, kTokenBytes> input{};
    std::array<unsigned char, 32> out;
  };
  auto state = std::make_shared<State>();
  const std::array<unsigned char, 32> key{1, 2, 3};
  crypto_auth_hmacsha256_init(&state->keyed, key.data(), key.size());
  return {"HS256", "libsodium", [state] {
            crypto_auth_hmacsha256_state copy = state->keyed;
            crypto_auth_hmacsha256_update(&copy, state->input.data(), state->input.size());
            crypto_auth_hmacsha256_final(&copy, state->out.data());
          }};
}

RawOp openssl_sha256() {
  struct State {
    std::shared_ptr<EVP_MD> md{EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_free};
    std::shared_ptr<EVP_MD_CTX> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
    std::array<unsigned char, 43> input{};
    std::array<unsigned char, 32> out;
  };
  auto state = std::make_shared<State>();
  return {"SHA256", "openssl", [state] {
            need(EVP_DigestInit_ex2(state->context.get(), state->md.get(), nullptr) == 1 &&
                     EVP_DigestUpdate(state->context.get(), state->input.data(), 43) == 1 &&
                     EVP_DigestFinal_ex(state->context.get(), state->out.data(), nullptr) == 1,
                 "sha256");
          }};
}

void nettle_random(void*, std::size_t size, std::uint8_t* out) {
  randombytes_buf(out, size);
}

RawOp nettle_ecdsa(std::string name, const ecc_curve* curve, std::size_t hash_size) {
  struct State {
    ecc_scalar key;
    dsa_signature signature;
    std::array<std::uint8_t, 64> hash{};
  };
  auto state = std::make_shared<State>();
  ecc_point pub;
  ecc_point_init(&pub, curve);
  ecc_scalar_init(&state->key, curve);
  ecdsa_generate_keypair(&pub, &state->key, nullptr, nettle_random);
  ecc_point_clear(&pub);
  dsa_signature_init(&state->signature);
  return {std::move(name), "nettle", [state, hash_size] {
            ecdsa_sign(&state->key, nullptr, nettle_random, hash_size, state->hash.data(),
                       &state->signature);
          }};
}

RawOp nettle_rsa() {
  struct State {
    rsa_public_key pub;
    rsa_private_key key;
    mpz_t signature;
    std::array<std::uint8_t, 32> hash{};
  };
  auto state = std::make_shared<State>();
  rsa_public_key_init(&state->pub);
  rsa_private_key_init(&state->key);
  mpz_init(state->signature);
  mpz_set_ui(state->pub.e, 65537);
  need(rsa_generate_keypair(&state->pub, &state->key, nullptr, nettle_random, nullptr, nullptr,
                            2048, 0),
       "nettle rsa");
  return {"RS256", "nettle", [state] {
            need(rsa_sha256_sign_digest_tr(&state->pub, &state->key, nullptr, nettle_random,
                                           state->hash.data(), state->signature),
                 "nettle rsa sign");
          }};
}

}  // namespace

const std::vector<std::string>& op_names() {
  static const std::vector<std::string> names{
      "RS256", "PS256",  "ES256",        "ES384",        "ES512",        "EdDSA",
      "HS256", "SHA256", "ES256-verify", "RS256-verify", "RSA-OAEP-256", "ECDH-ES"};
  return names;
}

std::vector<RawOp> candidates(std::string_view name, std::string_view library) {
  need(sodium_init() >= 0, "sodium_init");
  using Maker = std::function<RawOp()>;
  struct Row {
    std::string_view name, library;
    Maker make;
  };
  const auto sign = [](const char* op, const char* type, const char* curve, const EVP_MD* md,
                       bool pss) { return [=] { return openssl_sign(op, type, curve, md, pss); }; };
  const std::vector<Row> rows{
      {"RS256", "openssl", sign("RS256", "RSA", nullptr, EVP_sha256(), false)},
      {"RS256", "nettle", nettle_rsa},
      {"PS256", "openssl", sign("PS256", "RSA", nullptr, EVP_sha256(), true)},
      {"ES256", "openssl", sign("ES256", "EC", "P-256", EVP_sha256(), false)},
      {"ES256", "nettle", [] { return nettle_ecdsa("ES256", nettle_get_secp_256r1(), 32); }},
      {"ES384", "openssl", sign("ES384", "EC", "P-384", EVP_sha384(), false)},
      {"ES384", "nettle", [] { return nettle_ecdsa("ES384", nettle_get_secp_384r1(), 48); }},
      {"ES512", "openssl", sign("ES512", "EC", "P-521", EVP_sha512(), false)},
      {"ES512", "nettle", [] { return nettle_ecdsa("ES512", nettle_get_secp_521r1(), 64); }},
      {"EdDSA", "openssl", openssl_ed25519},
      {"EdDSA", "libsodium", sodium_ed25519},
      {"HS256", "openssl", openssl_hmac},
      {"HS256", "libsodium", sodium_hmac},
      {"SHA256", "openssl", openssl_sha256},
      {"ES256-verify", "openssl",
       [] { return openssl_verify("ES256-verify", "P-256", EVP_sha256()); }},
      {"RS256-verify", "openssl",
       [] { return openssl_verify("RS256-verify", nullptr, EVP_sha256()); }},
      {"RSA-OAEP-256", "openssl", openssl_rsa_oaep_256},
      {"ECDH-ES", "openssl", openssl_ecdh_es},
  };
  std::vector<RawOp> found;
  for (const Row& row : rows) {
    if (row.name == name && (library.empty() || row.library == library))
      found.push_back(row.make());
  }
  return found;
}

double cpu_us(const RawOp& op, double seconds) {
  const auto now = [] {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
  };
  for (int i = 0; i < 5; ++i)
    op.run();
  const double start = now();
  std::size_t runs = 0;
  double spent = 0;
  do {
    for (int i = 0; i < 20; ++i)
      op.run();
    runs += 20;
    spent = now() - start;
  } while (spent < seconds * 1e6);
  return spent / static_cast<double>(runs);
}

RawOp fastest(std::string_view name) {
  auto all = candidates(name);
  need(!all.empty(), "finding an operation of that name");
  std::size_t best = 0;
  double best_us = 1e300;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double us = cpu_us(all[i], 0.05);
    if (us < best_us) {
      best_us = us;
      best = i;
    }
  }
  return std::move(all[best]);
}

}  // namespace bench

// Moduli of the faulty generator of CVE-2017-15361 ("ROCA"), made here as it made them.
#include "crypto/rsa_checks.h"

#include <algorithm>
#include <vector>

#include "base/random.h"
#include "crypto/der.h"
#include "crypto/openssl_ptr.h"
#include "support/matchers.h"

namespace signet::crypto {
namespace {

using test::fails;
using test::is_ok;

const Bytes kExponent = {1, 0, 1};

BnPtr product_of_first_primes(std::size_t count) {
  BnPtr product(BN_new());
  BN_one(product.get());
  std::vector<unsigned> primes;
  for (unsigned candidate = 2; primes.size() < count; ++candidate) {
    const auto divides = [&](unsigned prime) { return candidate % prime == 0; };
    if (std::any_of(primes.begin(), primes.end(), divides)) continue;
    primes.push_back(candidate);
    BN_mul_word(product.get(), candidate);
  }
  return product;
}

BnPtr drawn(Random& random, std::size_t size) {
  Bytes bytes(size);
  random.fill(bytes);
  return BnPtr(BN_bin2bn(bytes.data(), static_cast<int>(size), nullptr));
}

/// A prime of 1024 bits of the form k * M + (65537^a mod M), where M is the product of the first
/// 126 primes: what the generator made for RSA-2048 (Nemec et al., §2).
BnPtr faulty_prime(Random& random) {
  const BnCtxPtr ctx(BN_CTX_new());
  const BnPtr m = product_of_first_primes(126);
  BnPtr base(BN_new()), limit(BN_new()), prime(BN_new());
  BN_set_word(base.get(), 65537);
  BN_set_bit(limit.get(), 1024);
  BN_div(limit.get(), nullptr, limit.get(), m.get(), ctx.get());
  do {
    const BnPtr a = drawn(random, 8);
    BnPtr k = drawn(random, 6);  // little beside the limit, so that all 1024 bits are used
    BN_sub(k.get(), limit.get(), k.get());
    BN_sub_word(k.get(), 1);
    BN_mod_exp(prime.get(), base.get(), a.get(), m.get(), ctx.get());
    BN_mul(k.get(), k.get(), m.get(), ctx.get());
    BN_add(prime.get(), prime.get(), k.get());
  } while (BN_check_prime(prime.get(), ctx.get(), nullptr) != 1);
  return prime;
}

BnPtr sound_prime() {
  BnPtr prime(BN_new());
  BN_generate_prime_ex(prime.get(), 1024, 0, nullptr, nullptr, nullptr);
  return prime;
}

Bytes bytes_of(const BnPtr& number) {
  Bytes out(static_cast<std::size_t>(BN_num_bytes(number.get())));
  BN_bn2bin(number.get(), out.data());
  return out;
}

Bytes product(const BnPtr& p, const BnPtr& q) {
  const BnCtxPtr ctx(BN_CTX_new());
  BnPtr n(BN_new());
  BN_mul(n.get(), p.get(), q.get(), ctx.get());
  return bytes_of(n);
}

TEST(RsaChecks, sec_095_keys_of_the_faulty_generator_are_refused_in_every_form) {
  SeededRandom random(95);
  for (int i = 0; i < 3; ++i) {
    const BnPtr p = faulty_prime(random), q = faulty_prime(random);
    const Bytes n = product(p, q);
    ASSERT_EQ(n.size(), 256U);
    EXPECT_TRUE(has_roca_fingerprint(n));
    EXPECT_THAT(PublicKey::from_rsa(n, kExponent), fails("rsa_weak_roca"));

    SecretBytes buffer(n.size() + 64);
    DerWriter der(buffer.span());
    const std::size_t end = der.position();
    der.integer(kExponent).integer(n).wrap(kDerSequence, end);
    ASSERT_TRUE(der.ok());
    EXPECT_THAT(PublicKey::from_rsa_pkcs1(der.written()), fails("rsa_weak_roca"));

    // With its factors it is a working key, and weak all the same.
    const BnCtxPtr ctx(BN_CTX_new());
    BnPtr phi(BN_new()), e(BN_bin2bn(kExponent.data(), 3, nullptr)), d(BN_new());
    const BnPtr p1(BN_dup(p.get())), q1(BN_dup(q.get()));
    BN_sub_word(p1.get(), 1);
    BN_sub_word(q1.get(), 1);
    BN_mul(phi.get(), p1.get(), q1.get(), ctx.get());
    ASSERT_NE(BN_mod_inverse(d.get(), e.get(), phi.get(), ctx.get()), nullptr);
    const RsaPrivateParts parts = {
        SecretBytes(bytes_of(d)), SecretBytes(bytes_of(p)), SecretBytes(bytes_of(q)), {}, {}, {}};
    EXPECT_THAT(complete_rsa_private({n, kExponent}, parts), is_ok());
    EXPECT_THAT(PrivateKey::from_rsa({n, kExponent}, parts), fails("rsa_weak_roca"));
  }
}

TEST(RsaChecks, one_faulty_factor_bears_no_fingerprint) {
  SeededRandom random(95);
  const BnPtr p = faulty_prime(random), q = sound_prime();
  EXPECT_FALSE(has_roca_fingerprint(product(p, q)));
}

TEST(RsaChecks, sec_095_ordinary_moduli_bear_no_fingerprint) {
  SeededRandom random(95);
  for (int i = 0; i < 20'000; ++i) {
    Bytes n(256);
    random.fill(n);
    n.front() |= 0xc0;
    n.back() |= 1;
    ASSERT_FALSE(has_roca_fingerprint(n)) << i;
  }
}

TEST(RsaChecks, keys_made_here_bear_no_fingerprint) {
  for (int i = 0; i < 20; ++i) {
    auto key = PrivateKey::generate(KeyKind::kRsa, 2048);
    ASSERT_THAT(key, is_ok());
    EXPECT_FALSE(has_roca_fingerprint(key->public_key().rsa_parts().n));
  }
}

}  // namespace
}  // namespace signet::crypto

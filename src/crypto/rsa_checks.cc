#include "crypto/rsa_checks.h"

#include <array>
#include <bit>

#include "crypto/openssl_ptr.h"

namespace signet::crypto {
namespace {

constexpr std::array<unsigned, 38> kRocaPrimes = {
    3,  5,  7,  11, 13, 17,  19,  23,  29,  31,  37,  41,  43,  47,  53,  59,  61,  67,  71,
    73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};

unsigned modulo(ByteView number, unsigned divisor) {
  unsigned rest = 0;
  for (std::uint8_t byte : number)
    rest = (rest << 8 | byte) % divisor;
  return rest;
}

std::size_t bit_size(ByteView number) {
  return number.empty() ? 0 : (number.size() - 1) * 8 + std::bit_width(number[0]);
}

BnPtr secret_number(ByteView big_endian) {
  BnPtr number(BN_secure_new());
  if (!number || !BN_bin2bn(big_endian.data(), static_cast<int>(big_endian.size()), number.get())) {
    return nullptr;
  }
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  return number;
}

SecretBytes bytes_of(const BIGNUM* number) {
  SecretBytes out(static_cast<std::size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, out.span().data());
  return out;
}

// Arithmetic that cannot fail half-way without being noticed: the first failure sticks.
class Sums {
 public:
  Sums() : ctx_(BN_CTX_secure_new()) {}
  bool ok() const { return ok_ && ctx_ != nullptr; }
  BnPtr fresh() {
    BnPtr number(BN_secure_new());
    ok_ = ok_ && number != nullptr;
    return number;
  }
  BnPtr times(const BnPtr& a, const BnPtr& b) {
    BnPtr out = fresh();
    ok_ = ok_ && BN_mul(out.get(), a.get(), b.get(), ctx_.get());
    return out;
  }
  BnPtr minus_one(const BnPtr& a) {
    BnPtr out(BN_dup(a.get()));
    ok_ = ok_ && out && BN_sub_word(out.get(), 1);
    return out;
  }
  BnPtr mod(const BnPtr& a, const BnPtr& m) {
    BnPtr out = fresh();
    ok_ = ok_ && BN_mod(out.get(), a.get(), m.get(), ctx_.get());
    return out;
  }
  BnPtr power(const BnPtr& base, const BnPtr& exponent, const BnPtr& m) {
    BnPtr out = fresh();
    ok_ = ok_ && BN_mod_exp_mont_consttime(out.get(), base.get(), exponent.get(), m.get(),
                                           ctx_.get(), nullptr);
    return out;
  }
  BnPtr inverse(const BnPtr& a, const BnPtr& m) {
    BnPtr out = fresh();
    ok_ = ok_ && BN_mod_inverse(out.get(), a.get(), m.get(), ctx_.get());
    return out;
  }
  BnPtr gcd(const BnPtr& a, const BnPtr& b) {
    BnPtr out = fresh();
    ok_ = ok_ && BN_gcd(out.get(), a.get(), b.get(), ctx_.get());
    return out;
  }
  /// a * b = 1 (mod m)
  bool inverse_of_each_other(const BnPtr& a, const BnPtr& b, const BnPtr& m) {
    const BnPtr product = times(a, b);
    if (!ok()) return false;
    const BnPtr rest = mod(product, m);
    return ok() && BN_is_one(rest.get());
  }

 private:
  BnCtxPtr ctx_;
  bool ok_ = true;
};

struct Factors {
  BnPtr p, q;
};

// A multiple of λ(n) gives the factors away (NIST SP 800-56B, appendix C.2): some small base has a
// square root of one that is neither 1 nor -1.
std::optional<Factors> factor(Sums& sums, const BnPtr& n, const BnPtr& e, const BnPtr& d) {
  const BnPtr multiple = sums.minus_one(sums.times(e, d));
  if (!sums.ok() || BN_is_zero(multiple.get()) || BN_is_odd(multiple.get())) return std::nullopt;
  int twos = 0;
  while (!BN_is_bit_set(multiple.get(), twos))
    ++twos;
  BnPtr odd = sums.fresh();
  if (!sums.ok() || !BN_rshift(odd.get(), multiple.get(), twos)) return std::nullopt;
  const BnPtr n_minus_one = sums.minus_one(n);
  for (BN_ULONG base = 2; base < 100; ++base) {
    BnPtr x = sums.fresh();
    if (!sums.ok() || !BN_set_word(x.get(), base)) return std::nullopt;
    x = sums.power(x, odd, n);
    bool is_root_of_one = false;
    for (int i = 0; sums.ok() && i < twos; ++i) {
      is_root_of_one = BN_is_one(x.get()) || BN_cmp(x.get(), n_minus_one.get()) == 0;
      if (is_root_of_one) break;
      BnPtr squared = sums.mod(sums.times(x, x), n);
      if (sums.ok() && BN_is_one(squared.get())) {
        BnPtr p = sums.gcd(sums.minus_one(x), n);
        BnPtr q = sums.fresh();
        BnCtxPtr ctx(BN_CTX_secure_new());
        if (!sums.ok() || !BN_div(q.get(), nullptr, n.get(), p.get(), ctx.get())) {
          return std::nullopt;
        }
        if (BN_cmp(p.get(), q.get()) < 0) p.swap(q);
        return Factors{std::move(p), std::move(q)};
      }
      x = std::move(squared);
    }
    // Not one in the end: no multiple of λ(n), and other bases, of up to 16384 bits each, tell no
    // more.
    if (!sums.ok() || !is_root_of_one) return std::nullopt;
  }
  return std::nullopt;
}

// Fermat's test with one base: catches a stored "prime" that was damaged, not one that was crafted.
bool looks_prime(Sums& sums, const BnPtr& p, const BnPtr& p_minus_one) {
  BnPtr two = sums.fresh();
  if (!sums.ok() || !BN_is_odd(p.get()) || !BN_set_word(two.get(), 2)) return false;
  const BnPtr rest = sums.power(two, p_minus_one, p);
  return sums.ok() && BN_is_one(rest.get());
}

Error mismatch(const char* what) {
  return Error{Code::kInvalid, "key_mismatch", what};
}

}  // namespace

bool has_roca_fingerprint(ByteView n) {
  for (unsigned prime : kRocaPrimes) {
    const unsigned rest = modulo(n, prime);
    bool is_power = false;
    unsigned power = 1;
    do {
      is_power = is_power || power == rest;
      power = power * (65537 % prime) % prime;
    } while (power != 1);
    if (!is_power) return false;
  }
  return true;
}

Status check_rsa_public(ByteView n, ByteView e) {
  if (n.empty() || e.empty() || n[0] == 0 || e[0] == 0) {
    return Error{Code::kInvalid, "key_malformed", "an RSA number is empty or has a leading zero"};
  }
  const std::size_t bits = bit_size(n);
  if (bits < kRsaSmallest) {
    return Error{Code::kInvalid, "rsa_too_small",
                 "an RSA key of " + std::to_string(bits) + " bits; 2048 are the least"};
  }
  if (bits > kRsaLargest) {
    return Error{Code::kInvalid, "rsa_too_large",
                 "an RSA key of " + std::to_string(bits) + " bits; 16384 are the most"};
  }
  if ((n.back() & 1) == 0) {
    return Error{Code::kInvalid, "key_malformed", "an RSA modulus that is even"};
  }
  if (e.size() > 8 || (e.back() & 1) == 0 || (e.size() == 1 && e[0] < 3)) {
    return Error{Code::kInvalid, "rsa_bad_exponent",
                 "an RSA public exponent must be odd and between 3 and 2^64 - 1"};
  }
  if (has_roca_fingerprint(n)) {
    return Error{Code::kInvalid, "rsa_weak_roca",
                 "the modulus was made by the faulty generator of CVE-2017-15361"};
  }
  return Done{};
}

Result<RsaPrivateParts> complete_rsa_private(const RsaPublicParts& pub,
                                             const RsaPrivateParts& parts) {
  QuietErrors quiet;
  for (const SecretBytes* part : {&parts.d, &parts.p, &parts.q, &parts.dp, &parts.dq, &parts.qi}) {
    if (part->size() > pub.n.size() + 8) return mismatch("an RSA number larger than the modulus");
  }
  Sums sums;
  const BnPtr n = secret_number(pub.n), e = secret_number(pub.e), d = secret_number(parts.d.view());
  BnPtr p = secret_number(parts.p.view()), q = secret_number(parts.q.view());
  if (!sums.ok() || !n || !e || !d || !p || !q) return internal_error("RSA numbers");
  if (BN_is_zero(d.get()) || BN_cmp(d.get(), n.get()) >= 0) {
    return mismatch("the private exponent is out of range");
  }
  if (parts.p.empty() && parts.q.empty()) {
    auto factors = factor(sums, n, e, d);
    if (!factors) return mismatch("the private exponent does not belong to the modulus");
    p = std::move(factors->p);
    q = std::move(factors->q);
  }
  if (BN_is_zero(p.get()) || BN_is_one(p.get()) || BN_is_zero(q.get()) || BN_is_one(q.get()) ||
      BN_cmp(p.get(), q.get()) == 0) {
    return mismatch("the factors are out of range");
  }
  const BnPtr product = sums.times(p, q);
  if (!sums.ok() || BN_cmp(product.get(), n.get()) != 0) {
    return mismatch("the modulus is not the product of the factors");
  }
  const BnPtr p1 = sums.minus_one(p), q1 = sums.minus_one(q);
  if (!sums.ok() || !looks_prime(sums, p, p1) || !looks_prime(sums, q, q1)) {
    return mismatch("a factor is not prime");
  }
  if (!sums.inverse_of_each_other(e, d, p1) || !sums.inverse_of_each_other(e, d, q1)) {
    return mismatch("the exponents do not belong together");
  }
  const BnPtr dp = sums.mod(d, p1), dq = sums.mod(d, q1), qi = sums.inverse(q, p);
  if (!sums.ok()) return mismatch("the factors have no inverse");
  const auto differs = [](const SecretBytes& given, const BnPtr& right) {
    if (given.empty()) return false;
    const BnPtr number = secret_number(given.view());
    return !number || BN_cmp(number.get(), right.get()) != 0;
  };
  if (differs(parts.dp, dp) || differs(parts.dq, dq) || differs(parts.qi, qi)) {
    return mismatch("the Chinese-remainder numbers do not belong to the factors");
  }
  return RsaPrivateParts{bytes_of(d.get()),  bytes_of(p.get()),  bytes_of(q.get()),
                         bytes_of(dp.get()), bytes_of(dq.get()), bytes_of(qi.get())};
}

}  // namespace signet::crypto

#include "crypto/p384.h"

#include <nettle/bignum.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecdsa.h>
#include <nettle/sha2.h>

#include <cstring>

namespace signet::crypto {
namespace {

constexpr std::size_t kBytes = 48;
static_assert(GMP_NUMB_BITS == 64);

void draw(void*, std::size_t size, std::uint8_t* out) {
  SystemRandom().fill({out, size});
}

// What the nonce of one signature is made of.
struct Hedge {
  ByteView key;
  const std::uint8_t* digest;
  Random& random;
};

// Nettle asks for the field's 48 bytes, and again in the rare case that they make no number below
// the order: the nonce stays uniform.
void draw_hedged(void* context, std::size_t size, std::uint8_t* out) {
  const auto& hedge = *static_cast<const Hedge*>(context);
  static_assert(SHA384_DIGEST_SIZE == kBytes);
  std::uint8_t fresh[kBytes];
  hedge.random.fill(fresh);
  ::sha384_ctx hash;
  ::sha384_init(&hash);
  ::sha384_update(&hash, hedge.key.size(), hedge.key.data());
  ::sha384_update(&hash, kBytes, fresh);
  ::sha384_update(&hash, kBytes, hedge.digest);
  ::sha384_digest(&hash, size, out);
  wipe(&hash, sizeof hash);
  wipe(fresh, sizeof fresh);
}

// The two numbers of a signature, made once per thread: GMP keeps their memory between uses.
struct Numbers {
  ::dsa_signature pair;
  Numbers() { ::dsa_signature_init(&pair); }
  Numbers(const Numbers&) = delete;
  Numbers& operator=(const Numbers&) = delete;
  ~Numbers() { ::dsa_signature_clear(&pair); }

  static ::dsa_signature& of_this_thread() {
    thread_local Numbers numbers;
    return numbers.pair;
  }
};

// Nettle takes and gives points with their limbs in memory of its own.
struct Point {
  ::ecc_point value;
  Point() { ::ecc_point_init(&value, ::nettle_get_secp_384r1()); }
  Point(const Point&) = delete;
  Point& operator=(const Point&) = delete;
  ~Point() {
    wipe(value.p, 2 * kBytes);
    ::ecc_point_clear(&value);
  }
};

// Nettle only reads the scalar; pointing at our limbs keeps a second copy off the heap.
::ecc_scalar borrowed(const SecretBytes& limbs) {
  auto* data = const_cast<std::uint8_t*>(limbs.view().data());
  return {::nettle_get_secp_384r1(), reinterpret_cast<mp_limb_t*>(data)};
}

}  // namespace

P384Scalar::P384Scalar() : limbs_(kBytes) {}

P384Scalar P384Scalar::fresh() {
  P384Scalar made;
  ::ecc_scalar scalar = borrowed(made.limbs_);
  ::ecc_scalar_random(&scalar, nullptr, draw);
  return made;
}

P384Scalar::P384Scalar(ByteView d) : limbs_(kBytes) {
  // Limbs are little-endian among themselves and inside.
  for (std::size_t i = 0; i < kBytes; ++i)
    limbs_.span()[i] = d[kBytes - 1 - i];
}

void P384Scalar::sign(const std::uint8_t* digest48, std::uint8_t* out96, Random& random) const {
  const ::ecc_scalar key = borrowed(limbs_);
  ::dsa_signature& numbers = Numbers::of_this_thread();
  Hedge hedge{limbs_.view(), digest48, random};
  ::ecdsa_sign(&key, &hedge, draw_hedged, kBytes, digest48, &numbers);
  ::nettle_mpz_get_str_256(kBytes, out96, numbers.r);
  ::nettle_mpz_get_str_256(kBytes, out96 + kBytes, numbers.s);
}

void P384Scalar::public_half(std::uint8_t* x48, std::uint8_t* y48) const {
  const ::ecc_scalar key = borrowed(limbs_);
  Point product;
  ::ecc_point_mul_g(&product.value, &key);
  ::dsa_signature& numbers = Numbers::of_this_thread();
  ::ecc_point_get(&product.value, numbers.r, numbers.s);
  ::nettle_mpz_get_str_256(kBytes, x48, numbers.r);
  ::nettle_mpz_get_str_256(kBytes, y48, numbers.s);
}

struct P384Point::State : Point {
  bool ok = false;
};

bool P384Scalar::agree(const P384Point& theirs, std::uint8_t* z48) const {
  if (!theirs.state_->ok) return false;
  const ::ecc_scalar key = borrowed(limbs_);
  Point product;
  ::ecc_point_mul(&product.value, &key, &theirs.state_->value);
  // The limbs of x come first, little-endian among themselves and inside. Read in place, so that no
  // number of GMP's keeps a copy.
  const auto* x = reinterpret_cast<const std::uint8_t*>(product.value.p);
  for (std::size_t i = 0; i < kBytes; ++i)
    z48[i] = x[kBytes - 1 - i];
  return true;
}

P384Point::P384Point(ByteView x, ByteView y) : state_(std::make_unique<State>()) {
  ::dsa_signature& numbers = Numbers::of_this_thread();
  ::nettle_mpz_set_str_256_u(numbers.r, x.size(), x.data());
  ::nettle_mpz_set_str_256_u(numbers.s, y.size(), y.data());
  state_->ok = ::ecc_point_set(&state_->value, numbers.r, numbers.s) == 1;
}
P384Point::P384Point(P384Point&&) noexcept = default;
P384Point::~P384Point() = default;

bool P384Point::verify(const std::uint8_t* digest48, ByteView raw96) const {
  if (!state_->ok || raw96.size() != 2 * kBytes) return false;
  ::dsa_signature& numbers = Numbers::of_this_thread();
  ::nettle_mpz_set_str_256_u(numbers.r, kBytes, raw96.data());
  ::nettle_mpz_set_str_256_u(numbers.s, kBytes, raw96.data() + kBytes);
  return ::ecdsa_verify(&state_->value, kBytes, digest48, &numbers) == 1;
}

}  // namespace signet::crypto

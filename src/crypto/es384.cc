#include "crypto/es384.h"

#include <nettle/bignum.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecdsa.h>

#include <cstring>

#include "base/random.h"

namespace signet::crypto {
namespace {

constexpr std::size_t kBytes = 48;
static_assert(GMP_NUMB_BITS == 64);

void draw(void*, std::size_t size, std::uint8_t* out) {
  SystemRandom().fill({out, size});
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

}  // namespace

P384Scalar::P384Scalar(ByteView d) : limbs_(kBytes) {
  // Limbs are little-endian among themselves and inside.
  for (std::size_t i = 0; i < kBytes; ++i)
    limbs_.span()[i] = d[kBytes - 1 - i];
}

void P384Scalar::sign(const std::uint8_t* digest48, std::uint8_t* out96) const {
  // Nettle only reads the scalar; pointing at our limbs keeps a second copy off the heap.
  auto* limbs = reinterpret_cast<mp_limb_t*>(const_cast<std::uint8_t*>(limbs_.view().data()));
  const ::ecc_scalar key{::nettle_get_secp_384r1(), limbs};
  ::dsa_signature& numbers = Numbers::of_this_thread();
  ::ecdsa_sign(&key, nullptr, draw, kBytes, digest48, &numbers);
  ::nettle_mpz_get_str_256(kBytes, out96, numbers.r);
  ::nettle_mpz_get_str_256(kBytes, out96 + kBytes, numbers.s);
}

struct P384Point::State {
  ::ecc_point point;
  bool ok = false;
  State() { ::ecc_point_init(&point, ::nettle_get_secp_384r1()); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { ::ecc_point_clear(&point); }
};

P384Point::P384Point(ByteView x, ByteView y) : state_(std::make_unique<State>()) {
  ::dsa_signature& numbers = Numbers::of_this_thread();
  ::nettle_mpz_set_str_256_u(numbers.r, x.size(), x.data());
  ::nettle_mpz_set_str_256_u(numbers.s, y.size(), y.data());
  state_->ok = ::ecc_point_set(&state_->point, numbers.r, numbers.s) == 1;
}
P384Point::P384Point(P384Point&&) noexcept = default;
P384Point::~P384Point() = default;

bool P384Point::verify(const std::uint8_t* digest48, ByteView raw96) const {
  if (!state_->ok || raw96.size() != 2 * kBytes) return false;
  ::dsa_signature& numbers = Numbers::of_this_thread();
  ::nettle_mpz_set_str_256_u(numbers.r, kBytes, raw96.data());
  ::nettle_mpz_set_str_256_u(numbers.s, kBytes, raw96.data() + kBytes);
  return ::ecdsa_verify(&state_->point, kBytes, digest48, &numbers) == 1;
}

}  // namespace signet::crypto

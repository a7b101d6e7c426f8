#pragma once
// P-384 with Nettle, which has assembly for this curve where OpenSSL 3.0 has none: ECDSA, and ECDH
// with keys that serve once.

#include <memory>

#include "base/random.h"
#include "base/secret_bytes.h"

namespace signet::crypto {

class P384Point;

/// The private number, kept in locked memory.
class P384Scalar {
 public:
  /// `d`: 48 bytes, big-endian, already known to be in 1..n-1.
  explicit P384Scalar(ByteView d);
  static P384Scalar fresh();  ///< uniformly random, from the system's generator
  /// Signs a digest of 48 bytes; writes R‖S, 96 bytes. The nonce is hedged: what `random` gives is
  /// hashed together with the private number and the digest, as OpenSSL does for its curves, so
  /// that bytes that come twice or are guessed do not give the key away.
  void sign(const std::uint8_t* digest48, std::uint8_t* out96, Random& random) const;
  void public_half(std::uint8_t* x48, std::uint8_t* y48) const;
  /// Writes the shared secret of ECDH (the x of the product). False if `theirs` is no point.
  bool agree(const P384Point& theirs, std::uint8_t* z48) const;

 private:
  P384Scalar();
  SecretBytes limbs_;
};

/// The public point. Immutable; share it between threads.
class P384Point {
 public:
  /// 48 bytes each, already known to be on the curve.
  P384Point(ByteView x, ByteView y);
  P384Point(P384Point&&) noexcept;
  ~P384Point();
  /// `raw96`: R‖S, exactly 96 bytes; numbers out of 1..n-1 are refused. True is
  /// final; false may be wrong for crafted signatures (see verifier.cc).
  bool verify(const std::uint8_t* digest48, ByteView raw96) const;

 private:
  friend class P384Scalar;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace signet::crypto

#pragma once
// ECDSA over P-384 with Nettle, which has assembly for this curve where OpenSSL 3.0 has none.

#include <memory>

#include "base/secret_bytes.h"

namespace signet::crypto {

/// The private number, kept in locked memory.
class P384Scalar {
 public:
  /// `d`: 48 bytes, big-endian, already known to be in 1..n-1.
  explicit P384Scalar(ByteView d);
  /// Signs a digest of 48 bytes; writes R‖S, 96 bytes. The nonce is uniformly random from the
  /// system's generator (SystemRandom ends the process rather than give a weak one).
  void sign(const std::uint8_t* digest48, std::uint8_t* out96) const;

 private:
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
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace signet::crypto

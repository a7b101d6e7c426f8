#pragma once
// Digests and HMAC.

#include <array>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "crypto/algorithms.h"

namespace signet::crypto {

/// Writes hash_size(hash) bytes to `out`.
void digest(Hash hash, ByteView data, std::uint8_t* out);
Bytes digest(Hash hash, ByteView data);
std::array<std::uint8_t, 32> sha256(ByteView data);

/// A digest fed in pieces.
class Hasher {
 public:
  explicit Hasher(Hash hash);
  Hasher(Hasher&&) noexcept;
  ~Hasher();
  Hasher& update(ByteView data);
  Bytes finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// An HMAC key made ready once: the padded key is hashed at construction, so that a MAC costs only
/// its message. Immutable; share it between threads. Allocates nothing per call.
class MacKey {
 public:
  MacKey(Hash hash, ByteView key);
  MacKey(MacKey&&) noexcept;
  MacKey& operator=(MacKey&&) noexcept;
  ~MacKey();
  std::size_t size() const;  ///< bytes of a tag
  /// Writes size() bytes.
  void mac(ByteView message, std::uint8_t* out) const;
  /// Over the concatenation of the pieces.
  void mac(std::initializer_list<ByteView> pieces, std::uint8_t* out) const;
  /// Constant-time. False for a tag of another length.
  bool verify(ByteView message, ByteView tag) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// One MAC by a key that serves only this once, over the concatenation of the pieces: writes
/// hash_size(hash) bytes and allocates nothing.
void hmac(Hash hash, ByteView key, std::initializer_list<ByteView> pieces, std::uint8_t* out);

}  // namespace signet::crypto

#pragma once
// Bytes that must not leak: key material, passwords, client secrets.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace signet {

/// Owns secret bytes in memory that is locked (not swapped, not in core dumps) and zeroed when
/// freed. Moves, never copies by accident; has no ==, no << and no implicit way to a string.
/// When the system refuses to lock more memory (RLIMIT_MEMLOCK) the bytes are still zeroed and
/// still kept out of core dumps; `secret_memory_is_locked()` tells the operator.
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(std::size_t size);  ///< zero-filled
  explicit SecretBytes(ByteView bytes);    ///< copies the bytes in
  static SecretBytes from_text(std::string_view text) { return SecretBytes(as_bytes(text)); }

  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  SecretBytes(SecretBytes&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  ~SecretBytes();

  SecretBytes clone() const { return SecretBytes(view()); }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// The one door to the bytes: a grep for `view()` on secrets lists every reader.
  ByteView view() const { return {data_, size_}; }
  ByteSpan span() { return {data_, size_}; }

  /// Keeps the first `size` bytes and zeroes the rest. `size` must not exceed size().
  void truncate(std::size_t size);

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Overwrites memory in a way the compiler may not remove.
void wipe(void* data, std::size_t size);
inline void wipe(std::string& text) {
  wipe(text.data(), text.size());
  text.clear();
}
inline void wipe(Bytes& bytes) {
  wipe(bytes.data(), bytes.size());
  bytes.clear();
}

/// False once the system has refused to lock a page of the secret arena.
bool secret_memory_is_locked();

}  // namespace signet

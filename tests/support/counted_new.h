#pragma once
// Counts what operator new gives out. It takes the place of the program's own, so that only one
// source of a program includes it.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace signet::test {

/// How often operator new gave memory to this thread. What the C library takes for itself (and so
/// OpenSSL) does not count.
inline constinit thread_local std::uint64_t allocations = 0;
/// And how many bytes of it in all.
inline constinit thread_local std::uint64_t allocated_bytes = 0;

}  // namespace signet::test

// Not inlined: the compiler would see malloc() meet delete and complain.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++signet::test::allocations;
  signet::test::allocated_bytes += size;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

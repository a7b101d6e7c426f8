#include "base/random.h"

#include <pthread.h>
#include <sys/random.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/secret_bytes.h"

namespace signet {
namespace {

void system_fill(std::uint8_t* out, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::getrandom(out, size, 0);
    if (got > 0) {
      out += got;
      size -= static_cast<std::size_t>(got);
    } else if (errno != EINTR) {
      std::fputs("signet: the system gives no randomness; stopping\n", stderr);
      std::abort();
    }
  }
}

// A fork would hand parent and child the same bytes, so a child throws its block away.
std::atomic<std::uint64_t> g_fork_generation{0};
struct ForkGuard {
  ForkGuard() {
    ::pthread_atfork(nullptr, nullptr, [] { g_fork_generation.fetch_add(1); });
  }
};

struct Block {
  static constexpr std::size_t kSize = 1024;
  std::uint8_t bytes[kSize];
  std::size_t used = kSize;
  std::uint64_t generation = 0;
  ~Block() { wipe(bytes, kSize); }
};

}  // namespace

void SystemRandom::fill(ByteSpan out) {
  static const ForkGuard guard;
  thread_local Block block;
  if (out.size() > Block::kSize / 4) return system_fill(out.data(), out.size());
  const std::uint64_t generation = g_fork_generation.load(std::memory_order_relaxed);
  if (block.used + out.size() > Block::kSize || block.generation != generation) {
    system_fill(block.bytes, Block::kSize);
    block.used = 0;
    block.generation = generation;
  }
  std::memcpy(out.data(), block.bytes + block.used, out.size());
  wipe(block.bytes + block.used, out.size());  // what was given out is not kept
  block.used += out.size();
}

void SeededRandom::fill(ByteSpan out) {
  for (auto& byte : out) {
    state_ += 0x9E3779B97F4A7C15ULL;  // SplitMix64
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    byte = static_cast<std::uint8_t>((z ^ (z >> 31)) >> 56);
  }
}

}  // namespace signet

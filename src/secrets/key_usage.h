#pragma once
// How often, and when last, a key was used. Counting takes no lock and touches no line of memory
// that another worker writes.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/worker.h"

namespace signet::secrets {

enum class KeyUse : std::uint8_t { kSign, kVerify, kEncrypt, kDecrypt };
inline constexpr std::size_t kKeyUses = 4;
std::string_view to_string(KeyUse use);

struct UseTotal {
  std::uint64_t count = 0;
  std::optional<Instant> last{};  ///< to the second
  friend bool operator==(const UseTotal&, const UseTotal&) = default;
};
using UseTotals = std::array<UseTotal, kKeyUses>;

/// Adds up; the later last use stays.
void add(UseTotals& to, const UseTotals& more);
/// What came since `before`, which is an earlier sum of the same meter.
UseTotals since(const UseTotals& before, const UseTotals& now);
bool is_unused(const UseTotals& totals);

/// Of one key under one secret ID, since it was made. Shared by all threads.
class UsageMeter {
 public:
  UsageMeter() = default;
  ~UsageMeter();
  UsageMeter(const UsageMeter&) = delete;
  UsageMeter& operator=(const UsageMeter&) = delete;

  void count(KeyUse use, Instant now) const;
  UseTotals sum() const;

 private:
  struct alignas(64) Cell {
    std::array<std::atomic<std::uint64_t>, kKeyUses> counts{};
    std::array<std::atomic<std::int64_t>, kKeyUses> last{};  ///< seconds since 1970
  };
  /// One for each worker, made at its first use; the last is shared by threads without a number.
  mutable std::array<std::atomic<Cell*>, kMaxWorkers + 1> cells_{};
};

}  // namespace signet::secrets

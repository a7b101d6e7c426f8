#include "secrets/key_usage.h"

#include <algorithm>
#include <string_view>

namespace signet::secrets {

std::string_view to_string(KeyUse use) {
  switch (use) {
    case KeyUse::kSign:
      return "sign";
    case KeyUse::kVerify:
      return "verify";
    case KeyUse::kEncrypt:
      return "encrypt";
    case KeyUse::kDecrypt:
      return "decrypt";
  }
  return "unknown";
}

void add(UseTotals& to, const UseTotals& more) {
  for (std::size_t i = 0; i < kKeyUses; ++i) {
    to[i].count += more[i].count;
    to[i].last = std::max(to[i].last, more[i].last);
  }
}

UseTotals since(const UseTotals& before, const UseTotals& now) {
  UseTotals out = now;
  for (std::size_t i = 0; i < kKeyUses; ++i)
    out[i].count -= std::min(before[i].count, now[i].count);
  return out;
}

bool is_unused(const UseTotals& totals) {
  return std::all_of(totals.begin(), totals.end(),
                     [](const UseTotal& total) { return total.count == 0; });
}

UsageMeter::~UsageMeter() {
  for (auto& cell : cells_)
    delete cell.load(std::memory_order_relaxed);
}

void UsageMeter::count(KeyUse use, Instant now) const {
  const std::size_t index = worker_index();
  const auto at = static_cast<std::size_t>(use);
  Cell* cell = cells_[index].load(std::memory_order_acquire);
  if (cell == nullptr) {
    auto fresh = std::make_unique<Cell>();
    // Only threads without a number of their own can meet here.
    if (cells_[index].compare_exchange_strong(cell, fresh.get(), std::memory_order_acq_rel))
      cell = fresh.release();
  }
  cell->counts[at].fetch_add(1, std::memory_order_relaxed);
  cell->last[at].store(unix_seconds(now), std::memory_order_relaxed);
}

UseTotals UsageMeter::sum() const {
  UseTotals totals;
  for (const auto& slot : cells_) {
    const Cell* cell = slot.load(std::memory_order_acquire);
    if (cell == nullptr) continue;
    for (std::size_t i = 0; i < kKeyUses; ++i) {
      const std::uint64_t count = cell->counts[i].load(std::memory_order_relaxed);
      if (count == 0) continue;
      totals[i].count += count;
      const Instant last = from_unix_seconds(cell->last[i].load(std::memory_order_relaxed));
      totals[i].last = std::max(totals[i].last, std::optional(last));
    }
  }
  return totals;
}

}  // namespace signet::secrets

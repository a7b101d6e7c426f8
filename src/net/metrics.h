#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/worker.h"

namespace signet::net {

/// A counter that each worker counts for itself; summed when read.
class Counter {
 public:
  void add(std::uint64_t by = 1);
  std::uint64_t value() const;

 private:
  struct alignas(64) Cell {
    std::atomic<std::uint64_t> n{0};
  };
  std::array<Cell, kMaxWorkers + 1> cells_{};
};

using Labels = std::map<std::string, std::string>;

/// One line of a family that is read as a whole at each scrape.
struct Sample {
  Labels labels;
  double value = 0;         ///< of a counter or gauge; of a summary the sum
  std::uint64_t count = 0;  ///< of a summary
};

/// All metrics of the process. Registration takes a lock and happens at start; counting does not.
class Metrics {
 public:
  Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
  /// A value asked for at each scrape.
  void gauge(const std::string& name, const std::string& help, const Labels& labels,
             std::function<double()> read);
  /// Counters, gauges, or summaries without quantiles (_sum and _count), that somebody else keeps:
  /// for families of many lines. The whole family is asked for at each scrape.
  void counters(const std::string& name, const std::string& help,
                std::function<std::vector<Sample>()> read);
  void gauges(const std::string& name, const std::string& help,
              std::function<std::vector<Sample>()> read);
  void summaries(const std::string& name, const std::string& help,
                 std::function<std::vector<Sample>()> read);
  /// Prometheus text exposition format.
  std::string text() const;

 private:
  struct Entry;
  std::shared_ptr<Entry> find(const std::string& name, const Labels& labels) const;
  std::shared_ptr<Entry> append(const std::string& name, const std::string& help,
                                const Labels& labels);
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Entry>> entries_;
};

}  // namespace signet::net

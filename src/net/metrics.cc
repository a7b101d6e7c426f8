#include "net/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>

namespace signet::net {
namespace {

// The owner of a cell is the only writer, so a plain add needs no locked instruction; the cell
// after the last belongs to all threads without a number.
void add_to_cell(std::atomic<std::uint64_t>& n, std::uint64_t by, bool is_shared) {
  if (is_shared) {
    n.fetch_add(by, std::memory_order_relaxed);
  } else {
    n.store(n.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
}

}  // namespace

void Counter::add(std::uint64_t by) {
  const std::size_t worker = worker_index();
  add_to_cell(cells_[worker].n, by, worker == kMaxWorkers);
}

std::uint64_t Counter::value() const {
  std::uint64_t sum = 0;
  for (const Cell& cell : cells_)
    sum += cell.n.load(std::memory_order_relaxed);
  return sum;
}

struct Metrics::Entry {
  std::string name, help;
  Labels labels;
  std::unique_ptr<Counter> counter;
  std::function<double()> gauge;
  std::function<std::vector<Sample>()> counters, gauges, summaries;

  prometheus::MetricType type() const {
    return summaries             ? prometheus::MetricType::Summary
           : counter || counters ? prometheus::MetricType::Counter
                                 : prometheus::MetricType::Gauge;
  }
  prometheus::ClientMetric collect() const;
  std::vector<prometheus::ClientMetric> collect_all() const;
};

prometheus::ClientMetric Metrics::Entry::collect() const {
  prometheus::ClientMetric metric;
  for (const auto& [label, value] : labels)
    metric.label.push_back({label, value});
  if (counter) {
    metric.counter.value = static_cast<double>(counter->value());
  } else {
    metric.gauge.value = gauge();
  }
  return metric;
}

std::vector<prometheus::ClientMetric> Metrics::Entry::collect_all() const {
  const auto& read = counters ? counters : gauges ? gauges : summaries;
  if (!read) return {collect()};
  std::vector<prometheus::ClientMetric> all;
  for (const Sample& sample : read()) {
    prometheus::ClientMetric& metric = all.emplace_back();
    for (const auto& [label, value] : sample.labels)
      metric.label.push_back({label, value});
    metric.counter.value = sample.value;
    metric.gauge.value = sample.value;
    metric.summary.sample_sum = sample.value;
    metric.summary.sample_count = sample.count;
  }
  return all;
}

std::shared_ptr<Metrics::Entry> Metrics::find(const std::string& name, const Labels& labels) const {
  for (const auto& entry : entries_) {
    if (entry->name == name && entry->labels == labels) return entry;
  }
  return nullptr;
}

std::shared_ptr<Metrics::Entry> Metrics::append(const std::string& name, const std::string& help,
                                                const Labels& labels) {
  auto entry = std::make_shared<Entry>();
  entry->name = name;
  entry->help = help;
  entry->labels = labels;
  entries_.push_back(entry);
  return entry;
}

Counter& Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
  std::lock_guard hold(mutex_);
  if (const auto known = find(name, labels); known && known->counter) return *known->counter;
  const auto entry = append(name, help, labels);
  entry->counter = std::make_unique<Counter>();
  return *entry->counter;
}

void Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels,
                    std::function<double()> read) {
  std::lock_guard hold(mutex_);
  const auto known = find(name, labels);
  (known ? known : append(name, help, labels))->gauge = std::move(read);
}

void Metrics::counters(const std::string& name, const std::string& help,
                       std::function<std::vector<Sample>()> read) {
  std::lock_guard hold(mutex_);
  append(name, help, {})->counters = std::move(read);
}

void Metrics::gauges(const std::string& name, const std::string& help,
                     std::function<std::vector<Sample>()> read) {
  std::lock_guard hold(mutex_);
  append(name, help, {})->gauges = std::move(read);
}

void Metrics::summaries(const std::string& name, const std::string& help,
                        std::function<std::vector<Sample>()> read) {
  std::lock_guard hold(mutex_);
  append(name, help, {})->summaries = std::move(read);
}

std::string Metrics::text() const {
  std::vector<std::shared_ptr<Entry>> entries;
  {
    std::lock_guard hold(mutex_);
    entries = entries_;
  }
  std::vector<prometheus::MetricFamily> families;
  for (const auto& entry : entries) {
    auto family = std::find_if(families.begin(), families.end(),
                               [&](const auto& f) { return f.name == entry->name; });
    if (family == families.end()) {
      families.push_back({entry->name, entry->help, entry->type(), {}});
      family = families.end() - 1;
    }
    if (family->type != entry->type()) continue;
    for (auto& metric : entry->collect_all())
      family->metric.push_back(std::move(metric));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace signet::net

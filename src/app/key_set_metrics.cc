#include "app/key_set_metrics.h"

#include <algorithm>
#include <numeric>

namespace signet::app {
namespace {

using oauth::KeySetCache;

double count_wanted(const KeySetCache& key_sets,
                    bool (*is_meant)(const KeySetCache::SourceStatus&)) {
  const auto all = key_sets.status();
  return static_cast<double>(std::count_if(all.begin(), all.end(), [&](const auto& status) {
    return status.is_wanted && is_meant(status);
  }));
}

}  // namespace

void export_key_sets(net::Metrics& metrics, std::shared_ptr<KeySetCache> key_sets) {
  metrics.counters("signet_key_set_fetches_total", "Readings of key sets by URL.", [key_sets] {
    std::vector<net::Sample> samples;
    const auto outcomes = key_sets->meter().outcomes();
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (i > 0 && outcomes[i] == 0) continue;
      net::Sample sample;
      sample.labels["outcome"] = i == 0 ? "ok" : to_string(static_cast<Code>(i - 1));
      sample.value = static_cast<double>(outcomes[i]);
      samples.push_back(std::move(sample));
    }
    return samples;
  });
  metrics.summaries(
      "signet_key_set_fetch_seconds", "Time that readings of key sets took.", [key_sets] {
        const auto outcomes = key_sets->meter().outcomes();
        const auto count = std::accumulate(outcomes.begin(), outcomes.end(), std::uint64_t{0});
        net::Sample sample;
        sample.value = key_sets->meter().seconds();
        sample.count = count;
        return std::vector<net::Sample>{std::move(sample)};
      });
  metrics.gauge("signet_key_sets", "Key sets by URL that are known.", {},
                [key_sets] { return static_cast<double>(key_sets->size()); });
  metrics.gauge("signet_key_sets_failing", "Key sets whose last reading failed.", {}, [key_sets] {
    return count_wanted(*key_sets, [](const auto& status) { return status.failures > 0; });
  });
  metrics.gauge("signet_key_sets_stale", "Key sets that serve past their age.", {}, [key_sets] {
    return count_wanted(*key_sets, [](const auto& status) { return status.is_serving_last_good; });
  });
  metrics.gauge("signet_key_sets_out", "Key sets that cannot be read, with nothing to use.", {},
                [key_sets] {
                  return count_wanted(*key_sets, [](const auto& status) { return status.is_out; });
                });
}

}  // namespace signet::app

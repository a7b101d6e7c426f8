#include "app/store_metrics.h"

#include <numeric>

namespace signet::app {

void export_store_calls(net::Metrics& metrics, std::shared_ptr<secrets::Keeper> keeper) {
  const auto labels_of = [](const secrets::StoreCalls& calls) {
    return net::Labels{{"store", calls.name.str()}, {"realm", calls.realm.str()}};
  };
  metrics.counters("signet_store_calls_total", "Calls to secret stores.", [keeper, labels_of] {
    std::vector<net::Sample> samples;
    for (const auto& calls : keeper->store_calls()) {
      for (std::size_t i = 0; i < calls.outcomes.size(); ++i) {
        if (i > 0 && calls.outcomes[i] == 0) continue;
        net::Sample sample;
        sample.labels = labels_of(calls);
        sample.labels["outcome"] = i == 0 ? "ok" : to_string(static_cast<Code>(i - 1));
        sample.value = static_cast<double>(calls.outcomes[i]);
        samples.push_back(std::move(sample));
      }
    }
    return samples;
  });
  metrics.summaries(
      "signet_store_call_seconds", "Time that secret stores took to answer.", [keeper, labels_of] {
        std::vector<net::Sample> samples;
        for (const auto& calls : keeper->store_calls()) {
          const auto count =
              std::accumulate(calls.outcomes.begin(), calls.outcomes.end(), std::uint64_t{0});
          samples.push_back({labels_of(calls), calls.seconds, count});
        }
        return samples;
      });
}

}  // namespace signet::app

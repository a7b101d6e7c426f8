#include "app/store_metrics.h"

#include <numeric>

namespace signet::app {
namespace {

net::Labels labels_of(const secrets::StoreCalls& calls) {
  return {{"store", calls.name.str()}, {"realm", calls.realm.str()}};
}

using Outcomes = secrets::StoreMeter::Outcomes;

void add_outcomes(const secrets::StoreCalls& calls, const Outcomes& outcomes,
                  std::vector<net::Sample>& samples) {
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (i > 0 && outcomes[i] == 0) continue;
    net::Sample sample;
    sample.labels = labels_of(calls);
    sample.labels["outcome"] = i == 0 ? "ok" : to_string(static_cast<Code>(i - 1));
    sample.value = static_cast<double>(outcomes[i]);
    samples.push_back(std::move(sample));
  }
}

std::uint64_t total(const Outcomes& outcomes) {
  return std::accumulate(outcomes.begin(), outcomes.end(), std::uint64_t{0});
}

}  // namespace

void export_store_calls(net::Metrics& metrics, std::shared_ptr<secrets::Keeper> keeper) {
  metrics.counters("signet_store_calls_total", "Calls to secret stores.", [keeper] {
    std::vector<net::Sample> samples;
    for (const auto& calls : keeper->store_calls())
      add_outcomes(calls, calls.outcomes, samples);
    return samples;
  });
  metrics.summaries("signet_store_call_seconds", "Time that secret stores took to answer.",
                    [keeper] {
                      std::vector<net::Sample> samples;
                      for (const auto& calls : keeper->store_calls())
                        samples.push_back({labels_of(calls), calls.seconds, total(calls.outcomes)});
                      return samples;
                    });
  // Most stores have no such keys, and no such lines.
  metrics.counters("signet_store_key_calls_total",
                   "What keys that stay in their store were asked to do.", [keeper] {
                     std::vector<net::Sample> samples;
                     for (const auto& calls : keeper->store_calls()) {
                       if (total(calls.key_outcomes) > 0)
                         add_outcomes(calls, calls.key_outcomes, samples);
                     }
                     return samples;
                   });
  metrics.summaries("signet_store_key_call_seconds",
                    "Time that keys that stay in their store took to answer.", [keeper] {
                      std::vector<net::Sample> samples;
                      for (const auto& calls : keeper->store_calls()) {
                        const std::uint64_t count = total(calls.key_outcomes);
                        if (count > 0)
                          samples.push_back({labels_of(calls), calls.key_seconds, count});
                      }
                      return samples;
                    });
}

}  // namespace signet::app

#include "net/metrics.h"

#include <thread>

#include "support/matchers.h"

namespace signet::net {
namespace {

using testing::HasSubstr;

TEST(Counter, sums_what_many_threads_count) {
  Counter counter;
  std::vector<std::thread> threads;
  for (int i = 0; i < 80; ++i) {  // more than have a cell of their own
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n)
        counter.add();
    });
  }
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(counter.value(), 80'000u);
}

TEST(Metrics, are_told_in_prometheus_text) {
  Metrics metrics;
  metrics.counter("tokens_total", "Tokens issued.", {{"realm", "a\"b\n"}}).add(3);
  metrics.counter("tokens_total", "Tokens issued.", {{"realm", "c"}}).add(1);
  metrics.gauge("keys", "Keys.", {}, [] { return 7.0; });
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("# TYPE tokens_total counter\n"));
  EXPECT_THAT(text, HasSubstr("tokens_total{realm=\"a\\\"b\\n\"} 3"));
  EXPECT_THAT(text, HasSubstr("tokens_total{realm=\"c\"} 1"));
  EXPECT_THAT(text, HasSubstr("keys 7"));
  EXPECT_EQ(text.find("# TYPE tokens_total", text.find("# TYPE tokens_total") + 1), text.npos);
}

TEST(Metrics, families_that_others_keep_are_read_at_each_scrape) {
  Metrics metrics;
  double calls = 1;
  metrics.counters("calls_total", "Calls.", [&] {
    return std::vector<Sample>{{{{"store", "a"}}, calls}, {{{"store", "b"}}, 7}};
  });
  metrics.summaries("call_seconds", "Time.", [&] {
    return std::vector<Sample>{{{{"store", "a"}}, 2.5, 4}};
  });
  metrics.gauges("age_seconds", "Age.", [] { return std::vector<Sample>{{{{"key", "a"}}, 1.5}}; });
  metrics.counters("none_total", "Nothing.", [] { return std::vector<Sample>(); });
  calls = 2;
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("# TYPE calls_total counter\n"));
  EXPECT_THAT(text, HasSubstr("calls_total{store=\"a\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("calls_total{store=\"b\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE age_seconds gauge\nage_seconds{key=\"a\"} 1.5\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE call_seconds summary\n"));
  EXPECT_THAT(text, HasSubstr("call_seconds_sum{store=\"a\"} 2.5\n"));
  EXPECT_THAT(text, HasSubstr("call_seconds_count{store=\"a\"} 4\n"));
}

TEST(Metrics, the_same_name_and_labels_are_the_same_metric) {
  Metrics metrics;
  EXPECT_EQ(&metrics.counter("a", "", {{"x", "1"}}), &metrics.counter("a", "", {{"x", "1"}}));
  EXPECT_NE(&metrics.counter("a", "", {{"x", "1"}}), &metrics.counter("a", "", {{"x", "2"}}));
}

}  // namespace
}  // namespace signet::net

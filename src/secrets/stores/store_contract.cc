#include "secrets/stores/store_contract.h"

#include <atomic>
#include <thread>

#include "base/text.h"

namespace signet::secrets {

void expect_no_canary(const Exam& exam, std::string_view text) {
  for (const std::string& canary : exam.canaries) {
    ASSERT_FALSE(canary.empty());
    EXPECT_EQ(text.find(canary), std::string_view::npos) << "a secret was told";
    const std::string in_hex = hex(as_bytes(canary));
    EXPECT_EQ(text.find(in_hex), std::string_view::npos) << "a secret was told in hex";
  }
}

void pass_exam(const Exam& exam) {
  Store& store = *exam.store;
  EXPECT_THAT(now(store.probe()), is_ok());

  const auto unknown = now(store.fetch(exam.unknown));
  ASSERT_THAT(unknown, is_ok());
  EXPECT_TRUE(unknown->empty()) << "an unknown alias is an empty list";

  const auto known = now(store.fetch(exam.known));
  ASSERT_THAT(known, is_ok());
  ASSERT_FALSE(known->empty());
  for (const Secret& secret : *known) {
    EXPECT_EQ(secret.alias, exam.known);
    EXPECT_EQ(secret.store, store.name());
  }

  const auto aliases = now(store.aliases());
  if (aliases) {
    EXPECT_THAT(*aliases, ::testing::Contains(exam.known));
    EXPECT_THAT(*aliases, ::testing::Not(::testing::Contains(exam.unknown)));
  } else {
    EXPECT_THAT(aliases, fails_with_code(Code::kUnsupported));
  }

  const auto before = now(store.fingerprint());
  ASSERT_THAT(before, is_ok());
  EXPECT_EQ(*before, now(store.fingerprint()).value()) << "nothing changed";
  expect_no_canary(exam, *before);
  if (exam.change) {
    exam.change();
    EXPECT_NE(*before, now(store.fingerprint()).value()) << "the content changed";
    EXPECT_THAT(now(store.fetch(exam.known)), is_ok());
  }

  constexpr int kThreads = 4;
  constexpr int kFetches = 25;
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kFetches; ++j) {
        const auto secrets = now(store.fetch(exam.known));
        if (secrets && !secrets->empty()) ++good;
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(good, kThreads * kFetches) << "fetches at the same time";

  for (const auto& break_something : exam.breakages) {
    break_something();
    const auto broken = now(store.fetch(exam.known));
    if (!broken) expect_no_canary(exam, broken.error().detail);
    const auto probed = now(store.probe());
    if (!probed) expect_no_canary(exam, probed.error().detail);
    const auto stamp = now(store.fingerprint());
    expect_no_canary(exam, stamp ? *stamp : stamp.error().detail);
    for (const std::string& warning : store.warnings())
      expect_no_canary(exam, warning);
  }
}

}  // namespace signet::secrets

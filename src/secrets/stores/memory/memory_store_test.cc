#include "secrets/stores/memory/memory_store.h"

#include "secrets/stores/store_contract.h"

namespace signet::secrets {
namespace {

std::vector<Secret> one_text(std::string_view text) {
  std::vector<Secret> secrets;
  secrets.push_back(Secret::of_text(SecretBytes::from_text(text)));
  return secrets;
}

TEST(MemoryStore, passes_the_exam_of_all_stores) {
  const auto store = std::make_shared<MemoryStore>(StoreName("m"));
  store->put(Alias("a"), one_text("canary-1"));
  Exam exam;
  exam.store = store;
  exam.known = Alias("a");
  exam.unknown = Alias("b");
  exam.canaries = {"canary-1", "canary-2"};
  exam.change = [&] { store->put(Alias("a"), one_text("canary-2")); };
  exam.breakages = {[&] { store->fail_with(Error{Code::kUnavailable, "down", "down"}); }};
  pass_exam(exam);
  EXPECT_THAT(now(store->fetch(Alias("a"))), fails("down"));
}

TEST(MemoryStore, makes_keys_and_never_replaces_one) {
  MemoryStore store(StoreName("m"));
  const auto made = now(store.make_key(Alias("k"), crypto::KeyKind::kEcP256, 0));
  ASSERT_THAT(made, is_ok());
  EXPECT_THAT(now(store.make_key(Alias("k"), crypto::KeyKind::kEcP256, 0)), fails("alias_exists"));
  EXPECT_EQ(now(store.fetch(Alias("k")))->at(0).kid, made->kid);
  store.erase(Alias("k"));
  EXPECT_TRUE(now(store.fetch(Alias("k")))->empty());
}

}  // namespace
}  // namespace signet::secrets

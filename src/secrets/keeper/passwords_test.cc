#include "secrets/keeper/passwords.h"

#include "secrets/keeper/deadlines.h"
#include "secrets/keeper/test_support.h"
#include "support/matchers.h"

namespace signet::secrets {
namespace {

using signet::test::fails;
using signet::test::is_ok;
using namespace test;

const SecretId kPassword = SecretId::literal("my.keystore.password");

std::vector<Secret> text(const char* value) {
  std::vector<Secret> list;
  list.push_back(Secret::of_text(SecretBytes::from_text(value)));
  return list;
}
std::string found(const PasswordLookup& lookup) {
  const auto secret = async::run_now(lookup(kPassword));
  return secret.ok() ? to_text(secret->text->view()) : std::string(secret.error().reason);
}

TEST(PasswordLookup, finds_texts_in_self_naming_stores_before_mapped_ones) {
  auto keystore = std::make_shared<FakeStore>("ks", Ordering::kByMapping);
  keystore->put("pw", text("from the keystore"));
  auto files = std::make_shared<FakeStore>("files", Ordering::kSelfNaming);
  const std::vector<Mapping> mappings = {mapped(kPassword, {"pw"})};
  const auto lookup =
      password_lookup_over(StoreName("asking"), {{keystore, mappings}, {files, {}}});
  EXPECT_EQ(found(lookup), "from the keystore");
  files->put(kPassword.str().c_str(), text("from a file"));
  EXPECT_EQ(found(lookup), "from a file");
}

TEST(PasswordLookup, never_asks_the_asking_store_itself) {
  auto self = std::make_shared<FakeStore>("ks", Ordering::kByMapping);
  self->put("pw", text("inside"));
  const auto lookup = password_lookup_over(StoreName("ks"), {{self, {mapped(kPassword, {"pw"})}}});
  EXPECT_EQ(found(lookup), "secret_password_cycle");
  EXPECT_EQ(self->fetches, 0);
}

TEST(PasswordLookup, says_what_is_missing_or_wrong) {
  auto files = std::make_shared<FakeStore>("files", Ordering::kSelfNaming);
  const auto lookup = password_lookup_over(StoreName("ks"), {{files, {}}});
  EXPECT_EQ(found(lookup), "secret_password_missing");
  files->put(kPassword.str().c_str(), oct(32));
  EXPECT_EQ(found(lookup), "secret_wrong_kind");
  files->outage = Error{Code::kUnavailable, "store_down", "down"};
  EXPECT_EQ(found(lookup), "store_down");
}

TEST(Deadlines, what_answers_in_time_is_passed_on) {
  Deadlines deadlines;
  auto store = std::make_shared<FakeStore>("s", Ordering::kByMapping);
  EXPECT_THAT(async::run_now(deadlines.within<std::string>(Milliseconds(60'000), "store",
                                                           store->fingerprint())),
              is_ok());
}

TEST(Deadlines, what_does_not_answer_ends_as_a_timeout) {
  Deadlines deadlines;
  async::OneShot<Done> late;
  const auto wait = [](async::OneShot<Done> answer) -> Task<Done> {
    co_return co_await answer.wait();
  };
  const auto run = [&](async::OneShot<Done> answer) -> Task<Done> {
    auto result = co_await deadlines.within<Done>(Milliseconds(1), "store", wait(answer));
    answer.complete(Done{});  // the late answer comes after all and is dropped
    co_return result;
  };
  EXPECT_THAT(async::run_now(run(late)), fails("store_timeout"));
}

}  // namespace
}  // namespace signet::secrets

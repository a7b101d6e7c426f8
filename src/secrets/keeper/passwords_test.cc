#include "secrets/keeper/passwords.h"

#include "secrets/keeper/deadlines.h"
#include "secrets/keeper/test_support.h"

namespace signet::secrets {
namespace {

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

TEST(PasswordLookup, asks_a_global_store_of_the_name_of_the_realms_store_that_asks) {
  auto global = std::make_shared<FakeStore>("ks", Ordering::kByMapping);
  global->put("pw", text("from the global one"));
  const auto lookup =
      password_lookup_over(StoreName("ks"), {{global, {mapped(kPassword, {"pw"})}}});
  EXPECT_EQ(found(lookup), "from the global one");
}

TEST(PasswordLookup, asks_global_stores_alone_for_an_id_of_the_whole_server) {
  const auto pem_password = SecretId::literal("am.global.services.secret.pem.decryption");
  const auto asked = [&](const PasswordLookup& lookup) {
    const auto secret = async::run_now(lookup(pem_password));
    return secret.ok() ? to_text(secret->text->view()) : secret.error().detail;
  };
  auto own = std::make_shared<FakeStore>("own", Ordering::kSelfNaming);
  own->put(pem_password.str().c_str(), text("from the realm"));
  const PasswordSource of_realm{own, {}, RealmName("customers")};
  EXPECT_THAT(asked(password_lookup_over(StoreName("ks"), {of_realm})),
              testing::HasSubstr("no global store before it"));
  auto shared = std::make_shared<FakeStore>("shared", Ordering::kSelfNaming);
  shared->put(pem_password.str().c_str(), text("from the server"));
  const PasswordSource global{shared, {}};
  EXPECT_EQ(asked(password_lookup_over(StoreName("ks"), {of_realm, global})), "from the server");
}

TEST(PasswordLookup, takes_a_keystores_password_from_the_realm_before_the_server) {
  auto own = std::make_shared<FakeStore>("own", Ordering::kSelfNaming);
  auto shared = std::make_shared<FakeStore>("shared", Ordering::kSelfNaming);
  shared->put(kPassword.str().c_str(), text("from the server"));
  const PasswordSource of_realm{own, {}, RealmName("customers")};
  const PasswordSource global{shared, {}};
  const auto lookup = password_lookup_over(StoreName("ks"), {of_realm, global});
  EXPECT_EQ(found(lookup), "from the server");
  own->put(kPassword.str().c_str(), text("from the realm"));
  EXPECT_EQ(found(lookup), "from the realm");
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

#include "secrets/stores/google/secret_manager_slot.h"

#include "secrets/stores/google/google_test_support.h"

namespace signet::secrets::google {
namespace {

using ::testing::SizeIs;
using Created = SharedSlot::Created;

std::shared_ptr<SecretManagerSlot> slot_of(FakeGoogle& google) {
  auto api = std::make_shared<GoogleApi>("https://secretmanager.googleapis.com",
                                         CredentialSettings(), google.context());
  return std::make_shared<SecretManagerSlot>(
      std::make_shared<SecretManagerClient>(std::move(api), "p", ""), "cert");
}

std::shared_ptr<const SecretBytes> value(std::string_view text) {
  return std::make_shared<const SecretBytes>(SecretBytes::from_text(text));
}

Result<std::string> read(const std::shared_ptr<SecretManagerSlot>& slot) {
  TRY(const auto found, now(slot->read()));
  return found ? to_text(found->view()) : "(nothing)";
}

Result<Created> create(const std::shared_ptr<SecretManagerSlot>& slot, std::string_view text) {
  return now(slot->create(value(text), "token"));
}

TEST(GoogleSecretManagerSlot, the_first_value_stays) {
  FakeGoogle google;
  const auto slot = slot_of(google);
  EXPECT_EQ(read(slot).value(), "(nothing)");
  EXPECT_EQ(create(slot, "ours").value(), Created::kOurs);
  EXPECT_EQ(read(slot).value(), "ours");
  EXPECT_EQ(create(slot_of(google), "another").value(), Created::kTheirs);
  EXPECT_EQ(create(slot, "ours").value(), Created::kOurs) << "the same value again is ours";
  EXPECT_EQ(read(slot).value(), "ours");
  EXPECT_THAT(google.secrets["cert"], SizeIs(1));
}

TEST(GoogleSecretManagerSlot, of_ten_instances_that_start_at_once_one_wins_and_all_read_its_value) {
  FakeGoogle google;
  std::atomic<int> winners{0};
  std::atomic<int> others{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 10; ++i) {
    threads.emplace_back([&, i] {
      const auto created = create(slot_of(google), "value of " + std::to_string(i));
      if (created && *created == Created::kOurs) ++winners;
      if (created && *created == Created::kTheirs) ++others;
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(winners, 1);
  EXPECT_EQ(others, 9);
  const std::string won = read(slot_of(google)).value();
  EXPECT_EQ(won, google.secrets["cert"][0].data);
  for (std::size_t i = 1; i < google.secrets["cert"].size(); ++i)
    EXPECT_EQ(google.secrets["cert"][i].state, "DESTROYED") << "versions that came too late";
}

TEST(GoogleSecretManagerSlot, whoever_comes_between_our_look_and_our_version_has_won) {
  FakeGoogle google;
  google.instead = [&](const OutboundRequest& request) -> std::optional<Result<OutboundResponse>> {
    if (request.url.ends_with(":addVersion") && google.secrets["cert"].empty())
      google.secrets["cert"].push_back({"theirs"});
    return std::nullopt;
  };
  const auto slot = slot_of(google);
  EXPECT_EQ(create(slot, "ours").value(), Created::kTheirs);
  EXPECT_EQ(read(slot).value(), "theirs");
  EXPECT_EQ(google.secrets["cert"][1].state, "DESTROYED");
  google.denied = {"destroy"};
  EXPECT_EQ(read(slot).value(), "theirs");
}

TEST(GoogleSecretManagerSlot,
     an_empty_secret_of_the_operator_is_filled_without_the_right_to_create) {
  FakeGoogle google;
  google.secrets["cert"] = {};
  google.denied = {"create", "list"};
  const auto slot = slot_of(google);
  EXPECT_EQ(read(slot).value(), "(nothing)");
  EXPECT_EQ(create(slot, "ours").value(), Created::kOurs);
}

TEST(GoogleSecretManagerSlot, a_try_whose_answer_was_lost_is_recognised) {
  FakeGoogle google;
  const auto slot = slot_of(google);
  google.tamper = [](const OutboundRequest& request, json::Object& object) {
    if (request.url.ends_with(":addVersion")) object = json::Object();
  };
  EXPECT_THAT(create(slot, "ours"), fails_with_code(Code::kUnavailable));
  google.tamper = {};
  EXPECT_EQ(create(slot, "ours").value(), Created::kOurs);
  EXPECT_THAT(google.secrets["cert"], SizeIs(1));
}

TEST(GoogleSecretManagerSlot, an_outage_never_looks_like_an_empty_slot) {
  FakeGoogle google;
  const auto slot = slot_of(google);
  for (const int status : {429, 500, 503, 504}) {
    google.instead = [&](const OutboundRequest&) -> std::optional<Result<OutboundResponse>> {
      return FakeGoogle::failure(status, "X");
    };
    const auto answer = now(slot_of(google)->read());
    ASSERT_FALSE(answer.ok()) << status;
    EXPECT_TRUE(is_transient(answer.error().code)) << status;
    EXPECT_FALSE(create(slot_of(google), "ours").ok()) << status;
  }
  EXPECT_TRUE(google.secrets.empty());
}

TEST(GoogleSecretManagerSlot, denied_reads_are_decided_by_create_and_never_replace_anything) {
  FakeGoogle google;
  google.denied = {"access", "create", "add"};
  EXPECT_EQ(read(slot_of(google)).value(), "(nothing)");
  EXPECT_THAT(create(slot_of(google), "ours"), fails_with_code(Code::kDenied));

  google.secrets["cert"] = {{"theirs"}};
  google.denied = {"access"};
  const auto refused = create(slot_of(google), "ours");
  EXPECT_THAT(refused, fails_with_code(Code::kDenied));
  EXPECT_NE(refused.error().detail.find("secretAccessor"), std::string::npos);
  EXPECT_THAT(google.secrets["cert"], SizeIs(1));

  google.secrets.clear();
  google.denied = {"add"};
  const auto no_adder = create(slot_of(google), "ours");
  EXPECT_THAT(no_adder, fails_with_code(Code::kDenied));
  EXPECT_NE(no_adder.error().detail.find("secretVersionAdder"), std::string::npos);
}

TEST(GoogleSecretManagerSlot, an_operator_replaces_the_value_by_disabling_the_first) {
  FakeGoogle google;
  google.secrets["cert"] = {{"first", "DESTROYED"}, {"stray", "DESTROYED"}, {"second"}};
  EXPECT_EQ(read(slot_of(google)).value(), "second");
  EXPECT_EQ(create(slot_of(google), "ours").value(), Created::kTheirs);
  google.secrets["cert"][2].state = "DISABLED";
  EXPECT_THAT(now(slot_of(google)->read()), fails("google_shared_disabled"));
  EXPECT_THAT(google.secrets["cert"], SizeIs(3));
}

TEST(GoogleSharedCertificate, instances_that_start_at_once_end_with_one_certificate) {
  FakeGoogle google;
  constexpr std::string_view kSettings = R"({"project":"p","secret":"cert","key":"P-256"})";
  std::mutex mutex;
  std::set<std::string> kids;
  std::vector<std::thread> threads;
  for (int i = 0; i < 5; ++i) {
    threads.emplace_back([&] {
      const auto store =
          make_store("google_shared_certificate", settings(kSettings), google.context());
      const auto secrets = now(store->fetch(Alias("certificate")));
      const std::lock_guard lock(mutex);
      kids.insert(secrets && secrets->size() == 1 ? secrets->front().kid.str() : "none");
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_THAT(kids, SizeIs(1));
  EXPECT_FALSE(kids.contains("none"));
  EXPECT_THAT(try_make("google_shared_certificate", settings(R"({"project":"p","secret":"a/b"})")),
              fails("store_settings_invalid"));
}

TEST(GoogleSecretManagerSlot, errors_name_the_place) {
  FakeGoogle google;
  EXPECT_EQ(slot_of(google)->describe(), "Google Secret Manager 'cert' in projects/p");
  google.denied = {"create", "access"};
  EXPECT_EQ(create(slot_of(google), "x").error().detail.find(slot_of(google)->describe()), 0U);
}

}  // namespace
}  // namespace signet::secrets::google

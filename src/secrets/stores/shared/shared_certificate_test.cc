#include "secrets/stores/shared/shared_certificate.h"

#include <set>

#include "base/base64.h"
#include "base/log.h"
#include "crypto/pkcs12.h"
#include "secrets/stores/shared/key_bundle.h"
#include "secrets/stores/store_contract.h"
#include "secrets/stores/value_format.h"
#include "support/at_once.h"

namespace signet::secrets {
namespace {

/// One value in a service, as all instances see it.
struct FakeService {
  std::mutex mutex;
  std::optional<std::string> value;
  std::set<std::string> tokens;
  int creates = 0, reads = 0;
  int reads_behind = 0;      ///< so many reads after a creation still see nothing
  int lost_answers = 0;      ///< so many creations happen and time out
  bool read_denied = false;  ///< seen as "nothing", as AWS does
  std::optional<Error> read_error, create_error;
};

class FakeSlot : public SharedSlot {
 public:
  explicit FakeSlot(std::shared_ptr<FakeService> service) : service_(std::move(service)) {}

  Task<std::optional<SecretBytes>> read() override {
    const std::lock_guard hold(service_->mutex);
    ++service_->reads;
    if (service_->read_error) co_return *service_->read_error;
    if (service_->value && service_->reads_behind > 0) {
      --service_->reads_behind;
      co_return std::optional<SecretBytes>();
    }
    if (!service_->value || service_->read_denied) co_return std::optional<SecretBytes>();
    co_return std::optional<SecretBytes>(SecretBytes::from_text(*service_->value));
  }
  Task<Created> create(std::shared_ptr<const SecretBytes> value, std::string token) override {
    const std::lock_guard hold(service_->mutex);
    if (service_->create_error) co_return *service_->create_error;
    if (service_->value) {
      co_return service_->tokens.contains(token) ? Created::kOurs : Created::kTheirs;
    }
    service_->value = std::string(as_text(value->view()));
    service_->tokens.insert(token);
    ++service_->creates;
    if (service_->lost_answers-- > 0) {
      co_return Error{Code::kTimeout, "outbound_timeout", "no answer in time"};
    }
    co_return Created::kOurs;
  }
  std::string describe() const override { return "Fake Service 'the-secret'"; }
  std::string right_to_read() const override { return "fake:Read"; }

 private:
  std::shared_ptr<FakeService> service_;
};

/// Time that passes at once, and is remembered.
struct Waits {
  std::mutex mutex;
  std::vector<Milliseconds> all;
  async::Pause pause() {
    return [this](Milliseconds length) { return remember(length); };
  }
  Task<Done> remember(Milliseconds length) {
    {
      const std::lock_guard hold(mutex);
      all.push_back(length);
    }
    co_return Done{};
  }
};

struct World {
  std::shared_ptr<FakeService> service = std::make_shared<FakeService>();
  StoreContext context = test_context();
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  Waits waits;
  SharedCertificateSettings settings;

  World() {
    settings.key = parse_key_spec("P-256").value();
    context.clock = clock;
  }
  std::shared_ptr<Store> instance() {
    return make_shared_certificate_store(
        StoreName("shared"), settings, std::make_shared<FakeSlot>(service), context, waits.pause());
  }
};

const Alias kAlias("certificate");

std::string kid_of(const std::shared_ptr<Store>& store) {
  const auto secrets = now(store->fetch(kAlias));
  EXPECT_THAT(secrets, is_ok());
  return secrets && !secrets->empty() ? secrets->front().kid.str() : "";
}

TEST(SharedCertificate, passes_the_exam_of_all_stores) {
  World world;
  Exam exam;
  exam.store = world.instance();
  exam.known = kAlias;
  exam.unknown = Alias("another");
  EXPECT_FALSE(kid_of(exam.store).empty());
  exam.canaries = {world.service->value->substr(30, 40)};
  exam.change = [&] {
    world.service->value = pem_of("P-256");
    world.clock->advance(std::chrono::minutes(2));
  };
  exam.breakages = {
      [&] {
        world.service->value = "-----BEGIN PRIVATE KEY-----\n" + exam.canaries[0] + "\n";
        world.clock->advance(std::chrono::minutes(2));
      },
      [&] { world.service->value = "{\"password\":\"" + exam.canaries[0] + "\"}"; },
      [&] {
        world.service->read_error = Error{Code::kTimeout, "outbound_timeout", "late"};
      },
  };
  pass_exam(exam);
}

TEST(SharedCertificate, makes_itself_once_and_is_read_by_others) {
  World world;
  const std::string kid = kid_of(world.instance());
  EXPECT_FALSE(kid.empty());
  EXPECT_EQ(kid_of(world.instance()), kid);
  EXPECT_EQ(world.service->creates, 1);
  const auto secrets = now(world.instance()->fetch(kAlias));
  ASSERT_EQ(secrets->size(), 1U);
  EXPECT_EQ(secrets->front().kind, SecretKind::kKeyPair);
  ASSERT_EQ(secrets->front().certificates.size(), 1U);
  EXPECT_NE(secrets->front().certificates[0].subject().find("Signet"), std::string::npos);
}

TEST(SharedCertificate, sec_117_ten_instances_that_start_at_once_end_with_one_certificate_F3) {
  log::configure(log::Level::kWarn, true);  // ten thousand lines otherwise
  constexpr int kRaces = 1000;
  constexpr int kInstances = 10;
  int races_with_one = 0;
  for (int race = 0; race < kRaces; ++race) {
    World world;
    world.service->reads_behind = race % 3;
    world.service->lost_answers = race % 2;
    std::vector<std::shared_ptr<Store>> instances;
    for (int i = 0; i < kInstances; ++i)
      instances.push_back(world.instance());
    std::vector<std::string> kids(kInstances);
    signet::test::at_once(kInstances, [&](int i) { kids[i] = kid_of(instances[i]); });
    const std::set<std::string> different(kids.begin(), kids.end());
    if (different.size() == 1 && !different.contains("") && world.service->creates == 1) {
      ++races_with_one;
    }
  }
  EXPECT_EQ(races_with_one, kRaces);
  log::configure(log::Level::kInfo, true);
}

TEST(SharedCertificate, many_callers_of_one_instance_are_one_call) {
  World world;
  const auto store = world.instance();
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i)
    callers.emplace_back([&] { EXPECT_FALSE(kid_of(store).empty()); });
  for (std::thread& caller : callers)
    caller.join();
  EXPECT_EQ(world.service->creates, 1);
  EXPECT_LE(world.service->reads, 2 + 8);
}

TEST(SharedCertificate, a_service_out_of_reach_never_leads_to_a_new_key) {
  for (const Code code : {Code::kUnavailable, Code::kTimeout, Code::kConfig, Code::kDenied}) {
    World world;
    world.service->read_error = Error{code, "outbound_unreachable", "no route"};
    EXPECT_THAT(now(world.instance()->fetch(kAlias)), fails_with_code(code));
    EXPECT_EQ(world.service->creates, 0);
    EXPECT_FALSE(world.service->value);
  }
}

TEST(SharedCertificate, a_creation_that_is_denied_stops_it_and_no_private_key_is_used) {
  World world;
  world.service->create_error =
      Error{Code::kDenied, "fake_denied", "missing is the right fake:Create"};
  const auto store = world.instance();
  const auto fetched = now(store->fetch(kAlias));
  ASSERT_THAT(fetched, fails("fake_denied"));
  EXPECT_NE(fetched.error().detail.find("fake:Create"), std::string::npos);
  EXPECT_NE(fetched.error().detail.find("'shared'"), std::string::npos);
  EXPECT_TRUE(world.waits.all.empty()) << "a denial is not tried again";
  EXPECT_THAT(now(store->fingerprint()), fails("fake_denied"));
}

TEST(SharedCertificate, an_existing_secret_that_may_not_be_read_is_an_error_that_names_the_right) {
  World world;
  world.service->value = pem_of("P-256");
  world.service->read_denied = true;
  const auto fetched = now(world.instance()->fetch(kAlias));
  ASSERT_THAT(fetched, fails("shared_certificate_unreadable"));
  EXPECT_NE(fetched.error().detail.find("fake:Read"), std::string::npos);
  EXPECT_NE(fetched.error().detail.find("Fake Service 'the-secret'"), std::string::npos);
}

TEST(SharedCertificate, waits_longer_and_longer_with_jitter_for_what_another_created) {
  World world;
  world.service->value = pem_of("P-256");
  world.service->reads_behind = 6;
  EXPECT_FALSE(kid_of(world.instance()).empty());
  ASSERT_EQ(world.waits.all.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_GE(world.waits.all[i], Milliseconds(50 << i));
    EXPECT_LE(world.waits.all[i], Milliseconds(100 << i));
  }
}

TEST(SharedCertificate, a_creation_whose_answer_was_lost_is_recognised) {
  World world;
  world.service->lost_answers = 1;
  EXPECT_FALSE(kid_of(world.instance()).empty());
  EXPECT_EQ(world.service->creates, 1);
}

TEST(SharedCertificate, a_certificate_that_was_lost_is_a_new_one) {
  World world;
  const auto store = world.instance();
  const std::string before = kid_of(store);
  world.service->value.reset();
  EXPECT_EQ(kid_of(store), before) << "within reread_seconds";
  world.clock->advance(std::chrono::minutes(2));
  const std::string after = kid_of(store);
  EXPECT_NE(after, before);
  EXPECT_EQ(kid_of(world.instance()), after);
}

TEST(SharedCertificate, is_read_again_at_once_where_somebody_wants_it_now) {
  World world;
  const auto store = world.instance();
  const std::string before = kid_of(store);
  world.service->value = pem_of("P-256");
  const int reads = world.service->reads;
  EXPECT_EQ(kid_of(store), before) << "within reread_seconds";
  EXPECT_EQ(world.service->reads, reads);
  store->forget_cached();
  const std::string after = kid_of(store);
  EXPECT_NE(after, before);
  EXPECT_EQ(world.service->reads, reads + 1);
  EXPECT_EQ(kid_of(store), after);
  EXPECT_EQ(world.service->reads, reads + 1) << "what was read then is kept";
}

TEST(SharedCertificate, what_is_there_must_be_a_key_pair) {
  for (const std::string& value :
       {std::string("just a text"), std::string("-----BEGIN PRIVATE KEY-----\nbroken"),
        pem_of("HMAC-256"), std::string("{}"),
        pem_of("P-256").substr(pem_of("P-256").find("-----BEGIN CERT"))}) {
    World world;
    world.service->value = value;
    EXPECT_THAT(now(world.instance()->fetch(kAlias)), fails_with_code(Code::kConfig)) << value;
    EXPECT_EQ(*world.service->value, value);
  }
}

TEST(SharedCertificate, tells_of_a_certificate_that_ends_soon) {
  World world;
  const auto store = world.instance();
  EXPECT_FALSE(kid_of(store).empty());
  EXPECT_TRUE(store->warnings().empty());
  world.clock->advance(std::chrono::hours(24 * 3630));
  EXPECT_FALSE(kid_of(store).empty());
  EXPECT_EQ(store->warnings().size(), 1U);
}

TEST(SharedCertificate, serves_the_signing_ids_of_its_kind_of_key) {
  World world;
  world.settings.key = parse_key_spec("RSA-2048").value();
  const auto mapper = std::dynamic_pointer_cast<DefaultMapper>(world.instance());
  ASSERT_TRUE(mapper);
  const std::vector<Mapping> mappings = mapper->default_mappings();
  const auto maps = [&](std::string_view id) {
    return std::any_of(mappings.begin(), mappings.end(),
                       [&](const Mapping& mapping) { return mapping.id.str() == id; });
  };
  EXPECT_TRUE(maps("am.services.oauth2.stateless.signing.RSA"));
  EXPECT_TRUE(maps("am.services.oauth2.oidc.signing.RSA"));
  EXPECT_FALSE(maps("am.services.oauth2.oidc.signing.ES256"));
  EXPECT_FALSE(maps("am.services.oauth2.oidc.decryption.RSA.OAEP"));
}

// ------------------------------------------------------------------ what a value may be

std::string kid_in(std::string_view value, std::optional<std::string> password = std::nullopt) {
  std::optional<ByteView> opens;
  if (password) opens = as_bytes(*password);
  const auto secrets = read_key_bundle(as_bytes(value), opens);
  if (!secrets) return secrets.error().reason;
  return secrets->size() == 1 ? secrets->front().kid.str() : "several";
}

std::string one_line(std::string_view pem) {
  std::string escaped;
  for (const char c : pem) {
    if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

TEST(KeyBundle, reads_one_key_in_every_form) {
  const std::string pem = pem_of("P-256");
  const std::string kid = kid_in(pem);
  const auto secret = secrets_of_pem(as_bytes(pem), std::nullopt)->front();
  const auto pfx = [&](std::string_view password) {
    return crypto::write_pkcs12(*secret.key->jwk().private_key(), secret.certificates, "name",
                                as_bytes(password))
        .value();
  };
  const std::string with = base64::encode(pfx("pass").view());
  const std::string without = base64::encode(pfx("").view());
  const std::size_t half = pem.find("-----BEGIN CERT");

  EXPECT_EQ(kid_in("\xEF\xBB\xBF\r\n" + pem), kid);
  EXPECT_EQ(kid_in("Bag Attributes\n  friendlyName: x\n" + pem), kid);
  EXPECT_EQ(kid_in(base64::encode(as_bytes(pem))), kid);
  EXPECT_EQ(kid_in(as_text(pfx("").view())), kid);
  EXPECT_EQ(kid_in(as_text(pfx("pass").view()), "pass"), kid);
  EXPECT_EQ(kid_in(with, "pass"), kid);
  EXPECT_EQ(kid_in(without + "\n"), kid);
  EXPECT_EQ(kid_in(json::dump(secret.key->jwk().private_json())), kid);
  EXPECT_EQ(kid_in("{\"keys\":[" + json::dump(secret.key->jwk().private_json()) + "]}"), kid);
  EXPECT_EQ(kid_in(R"({"pfx":")" + without + "\"}"), kid);
  EXPECT_EQ(kid_in(R"({"Certificate":")" + with + R"(","Password":"pass"})"), kid);
  EXPECT_EQ(kid_in(R"({"pfxPassword":"pass","value":")" + with + R"(","v":1})"), kid);
  EXPECT_EQ(kid_in(R"({"privateKey":")" + one_line(pem.substr(0, half)) + R"(","certificate":")" +
                   one_line(pem.substr(half)) + "\"}"),
            kid);
}

TEST(KeyBundle, refuses_what_is_none_or_several) {
  const std::string pem = pem_of("P-256");
  const auto secret = secrets_of_pem(as_bytes(pem), std::nullopt)->front();
  const std::string pfx =
      base64::encode(crypto::write_pkcs12(*secret.key->jwk().private_key(), secret.certificates,
                                          "n", as_bytes("pass"))
                         ->view());
  EXPECT_EQ(kid_in(""), "key_bundle_unknown");
  EXPECT_EQ(kid_in("hello"), "key_bundle_unknown");
  EXPECT_EQ(kid_in("aGVsbG8="), "key_bundle_unknown");
  EXPECT_EQ(kid_in(R"({"user":"x","password":"y"})"), "key_bundle_unknown");
  EXPECT_EQ(kid_in("{"), "json_malformed");
  EXPECT_EQ(kid_in(R"({"keys":[]})"), "key_bundle_ambiguous");
  EXPECT_EQ(kid_in(pfx), "keystore_password_wrong");
  EXPECT_EQ(kid_in(R"({"a":")" + pfx + R"(","b":")" + pfx + "\"}"), "key_bundle_ambiguous");
  EXPECT_EQ(kid_in(pem + pem_of("P-256")), "pem_several_secrets");
  EXPECT_FALSE(looks_like_key_bundle(as_bytes("hunter2")));
  EXPECT_FALSE(looks_like_key_bundle(as_bytes("aGVsbG8gd29ybGQ=")));
  EXPECT_TRUE(looks_like_key_bundle(as_bytes(pem)));
  EXPECT_TRUE(looks_like_key_bundle(as_bytes(pfx)));
}

}  // namespace
}  // namespace signet::secrets

#include "admin/cryptoperiods.h"

#include "admin/test_admin.h"

namespace signet::admin {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kWatchedId = "am.services.oauth2.stateless.signing.RSA";
constexpr Seconds kWatchedDay{86400};

/// The RSA key may sign for a hundred days, all others for ten years.
class CryptoperiodsTest : public test::AdminApiTest {
 protected:
  CryptoperiodsTest() {
    world.realm("root");
    const auto id = secrets::SecretId::literal(kWatchedId);
    secrets::Cryptoperiods periods(3650 * kWatchedDay, {{id, RealmName(), 100 * kWatchedDay}});
    watch =
        std::make_shared<secrets::CryptoperiodWatch>(world.keeper, world.clock, std::move(periods));
    services->cryptoperiods = watch;
    export_cryptoperiods(*world.services->metrics, watch, world.clock);
    begin = world.clock->now();
    pass(Seconds(0));
  }
  void pass(Milliseconds time) {
    world.clock->advance(time);
    watch->look();
  }
  std::string body(const std::string& path) { return get(path).response().body; }
  std::string active_kid() {
    const auto rings = world.keeper->rings_now(RealmName());
    return rings->find(secrets::SecretId::literal(kWatchedId))->ring->active().kid.str();
  }
  std::string end() const { return to_rfc3339(begin + 100 * kWatchedDay); }

  std::shared_ptr<secrets::CryptoperiodWatch> watch;
  Instant begin;
};

TEST_F(CryptoperiodsTest, sec_107_given_an_active_key_when_it_comes_of_age_then_health_says_so) {
  pass(75 * kWatchedDay - Seconds(1));
  EXPECT_THAT(body("/admin/health"),
              HasSubstr(R"({"name":"cryptoperiods","ok":true,"detail":""})"));
  EXPECT_THAT(body("/admin/health"), HasSubstr(R"("cryptoperiods":[])"));

  pass(Seconds(1));
  const std::string warned = body("/admin/health");
  EXPECT_THAT(warned, HasSubstr(R"("status":"degraded")"));
  EXPECT_THAT(warned, HasSubstr(R"({"name":"cryptoperiods","ok":false,"detail":"of )"));
  EXPECT_THAT(warned, HasSubstr("0 are past their cryptoperiod and 1 past three quarters of it: " +
                                kWatchedId + ": key '" + active_kid() + "' is due on " +
                                end().substr(0, 10) + R"(","warning":true})"));
  EXPECT_THAT(warned, HasSubstr(R"("cryptoperiods":[{"realm":"","secret_id":")" + kWatchedId +
                                R"(","kid":")" + active_kid() + R"(","cryptoperiod":"ending",)" +
                                R"("active_since":")" + to_rfc3339(begin) +
                                R"(","cryptoperiod_end":")" + end() + R"("}])"));
  EXPECT_EQ(get("/health/ready").status(), 200);

  pass(25 * kWatchedDay);
  const std::string alarm = body("/admin/health");
  EXPECT_THAT(alarm, HasSubstr(R"("status":"degraded")"));
  EXPECT_THAT(alarm, HasSubstr("1 are past their cryptoperiod and 0 past three quarters of it: "));
  EXPECT_THAT(alarm, HasSubstr("was due on"));
  EXPECT_THAT(alarm, HasSubstr(R"("cryptoperiod":"over")"));
  EXPECT_THAT(alarm, Not(HasSubstr(R"("warning":true)")));
  EXPECT_EQ(get("/health/ready").status(), 200) << "a key that is too old is no outage";
}

TEST_F(CryptoperiodsTest,
       sec_107_given_active_keys_when_they_are_scraped_then_age_and_period_show) {
  pass(80 * kWatchedDay);
  const std::string labels = R"({realm="",secret_id=")" + kWatchedId + R"("} )";
  const std::string text = body("/metrics");
  EXPECT_THAT(text, HasSubstr("# TYPE signet_key_age_seconds gauge\n"));
  EXPECT_THAT(text, HasSubstr("signet_key_age_seconds" + labels + "6912000\n"));
  EXPECT_THAT(text, HasSubstr("signet_key_cryptoperiod_seconds" + labels + "8640000\n"));
  EXPECT_THAT(text, HasSubstr("signet_keys_ending 1\n"));
  EXPECT_THAT(text, HasSubstr("signet_keys_over 0\n"));
  EXPECT_THAT(text, Not(HasSubstr(active_kid()))) << "a successor goes on in the same line";
  pass(20 * kWatchedDay);
  EXPECT_THAT(body("/metrics"), HasSubstr("signet_keys_ending 0\n"));
  EXPECT_THAT(body("/metrics"), HasSubstr("signet_keys_over 1\n"));
}

TEST_F(CryptoperiodsTest, given_active_keys_when_they_are_listed_then_the_end_of_their_time_shows) {
  const std::string in_time = R"("cryptoperiod":"fresh","cryptoperiod_end":")" + end() + '"';
  EXPECT_THAT(body("/admin/realms/root/secrets"), HasSubstr(in_time));
  EXPECT_THAT(body("/admin/secrets/usage?id=" + kWatchedId), HasSubstr(in_time));
  pass(100 * kWatchedDay);
  const std::string late = R"("cryptoperiod":"over","cryptoperiod_end":")" + end() + '"';
  EXPECT_THAT(body("/admin/realms/root/secrets"), HasSubstr(late));
  EXPECT_THAT(body("/admin/secrets/usage?id=" + kWatchedId), HasSubstr(late));
}

TEST_F(CryptoperiodsTest, given_a_key_that_is_not_active_when_it_is_listed_then_it_has_no_end) {
  add_rsa_key();
  ASSERT_EQ(post("/admin/secrets/publish",
                 R"({"store":"memory","id":")" + kWatchedId + R"(","alias":"rsa2"})")
                .status(),
            200);
  EXPECT_THAT(body("/admin/secrets/usage?id=" + kWatchedId),
              HasSubstr(R"("cryptoperiod":null,"cryptoperiod_end":null)"));
}

TEST_F(CryptoperiodsTest, given_nobody_who_watches_when_health_is_asked_then_nothing_is_wrong) {
  services->cryptoperiods = nullptr;
  pass(200 * kWatchedDay);
  EXPECT_THAT(body("/admin/health"), HasSubstr(R"({"name":"cryptoperiods","ok":true)"));
  EXPECT_THAT(body("/admin/secrets/usage?id=" + kWatchedId), HasSubstr(R"("cryptoperiod":null)"));
}

}  // namespace
}  // namespace signet::admin

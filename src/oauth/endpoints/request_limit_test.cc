#include <thread>

#include "oauth/endpoints/test_clients.h"
#include "support/matrix.h"

namespace signet::oauth::test {
namespace {

using signet::test::Matrix;
using ::testing::ElementsAre;

constexpr const char* kLimitedBody = "grant_type=client_credentials&token=unknown";

struct LimitedWorld : World {
  explicit LimitedWorld(std::size_t over_all = 0, std::size_t of_client = 0) {
    services->limits = std::make_shared<RequestLimits>(over_all);
    router = std::make_unique<Router>(services, 1);
    realm("root");
    client("c", of_client ? ",\"max_requests_per_second\":" + std::to_string(of_client) : "");
    put("inject_policy", "root", "policy", R"({"name":"policy","client_id":"c"})");
  }
  FakeExchange ask(const std::string& endpoint, const std::string& secret = kSecret) {
    if (endpoint == "jwks") return get("/oauth2/connect/jwk_uri");
    if (endpoint == "metadata") return get("/oauth2/.well-known/openid-configuration");
    if (endpoint == "inject") return post("/oauth2/inject/policy", "", "c", secret);
    for (const auto& known : kEndpoints)
      if (known.name == endpoint)
        return post("/oauth2" + std::string(known.path), kLimitedBody, "c", secret);
    ADD_FAILURE() << endpoint;
    return get("/");
  }
  double counted(const std::string& limit) const {
    const std::string text = services->metrics->text();
    const std::string line = "signet_oauth_too_many_requests_total{limit=\"" + limit + "\"} ";
    const auto at = text.find(line);
    return at == text.npos ? -1 : std::stod(text.substr(at + line.size()));
  }
};

std::string outcome_within_limits(const FakeExchange& answer) {
  if (answer.status() == 200) return "ok";
  if (answer.status() == 429) return "too_many";
  return answer.text("error");
}

TEST(RequestLimit, f_34_which_endpoint_counts_for_which_limit) {
  const Matrix matrix = Matrix::read("request_limit");
  EXPECT_THAT(matrix.rows(),
              ElementsAre("token", "introspect", "revoke", "inject", "jwks", "metadata"));
  for (const auto& column : matrix.columns()) {
    const bool is_stranger = column.starts_with("stranger");
    LimitedWorld world(column.ends_with("instance_limit") ? 2 : 0,
                       column.ends_with("client_limit") ? 2 : 0);
    if (column != "within_limits") {
      EXPECT_EQ(outcome_within_limits(world.ask("token")), "ok");
      EXPECT_EQ(outcome_within_limits(world.ask("introspect")), "ok");
    }
    for (const auto& row : matrix.rows())
      EXPECT_EQ(outcome_within_limits(
                    world.ask(row, is_stranger ? std::string(43, 'x') : World::kSecret)),
                matrix.at(row, column))
          << row << ", " << column;
  }
}

TEST(RequestLimit, the_answer_is_429_with_retry_after_and_the_reason_as_json) {
  LimitedWorld world(1);
  EXPECT_EQ(world.ask("token").status(), 200);
  auto answer = world.ask("token");
  EXPECT_EQ(answer.status(), 429);
  EXPECT_EQ(answer.response().header("Retry-After"), "1");
  EXPECT_EQ(answer.response().header("Content-Type"), "application/json");
  EXPECT_EQ(answer.response().body,
            R"({"error":"temporarily_unavailable","error_description":"too many requests"})");
  EXPECT_EQ(world.counted("instance"), 1);
  EXPECT_EQ(world.counted("client"), 0);

  LimitedWorld of_client(0, 1);
  EXPECT_EQ(of_client.ask("token").status(), 200);
  auto same = of_client.ask("token");
  EXPECT_EQ(same.status(), 429);
  EXPECT_EQ(same.response().header_lines(), answer.response().header_lines());
  EXPECT_EQ(same.response().body, answer.response().body);
  EXPECT_EQ(of_client.counted("instance"), 0);
  EXPECT_EQ(of_client.counted("client"), 1);
}

TEST(RequestLimit, is_over_any_second_and_not_over_those_of_the_calendar) {
  LimitedWorld world(3);
  world.clock->advance(Milliseconds(900));
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(world.ask("token").status(), 200);
  world.clock->advance(Milliseconds(999));
  EXPECT_EQ(world.ask("token").status(), 429);
  world.clock->advance(Milliseconds(1));
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(world.ask("introspect").status(), 200);
  EXPECT_EQ(world.ask("token").status(), 429);
}

TEST(RequestLimit, what_is_no_endpoint_or_the_wrong_method_uses_up_nothing) {
  LimitedWorld world(1);
  EXPECT_EQ(world.get("/oauth2/nothing").status(), 404);
  EXPECT_EQ(world.get("/oauth2/access_token").status(), 405);
  EXPECT_EQ(world.ask("jwks").status(), 200);
  EXPECT_EQ(world.ask("token").status(), 200);
}

TEST(RequestLimit, realms_share_the_instances_limit_and_not_their_clients) {
  LimitedWorld world(4, 1);
  world.realm("alpha");
  world.client("c", R"(,"max_requests_per_second":1)", "alpha");
  const auto ask_alpha = [&] {
    return world.post("/oauth2/realms/root/realms/alpha/access_token", kLimitedBody, "c");
  };
  EXPECT_EQ(world.ask("token").status(), 200);
  EXPECT_EQ(ask_alpha().status(), 200);
  EXPECT_EQ(world.ask("token").status(), 429);
  EXPECT_EQ(ask_alpha().status(), 429);
  EXPECT_EQ(world.counted("client"), 2);
  EXPECT_EQ(world.ask("token").status(), 429);
  EXPECT_EQ(world.counted("instance"), 1);
}

TEST(RequestLimit, a_stranger_cannot_use_up_the_limit_of_a_client) {
  LimitedWorld world(0, 2);
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(world.ask("token", std::string(43, 'x')).text("error"), "invalid_client");
  EXPECT_EQ(world.ask("token").status(), 200);
  EXPECT_EQ(world.ask("token").status(), 200);
  EXPECT_EQ(world.ask("token").status(), 429);
}

TEST(RequestLimit, a_client_that_is_changed_keeps_its_count_until_its_number_changes) {
  LimitedWorld world(0, 2);
  EXPECT_EQ(world.ask("token").status(), 200);
  EXPECT_EQ(world.ask("token").status(), 200);
  world.client("c", R"(,"max_requests_per_second":2,"name":"another")");
  EXPECT_EQ(world.ask("token").status(), 429);
  world.client("c", R"(,"max_requests_per_second":3)");
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(world.ask("token").status(), 200);
  EXPECT_EQ(world.ask("token").status(), 429);
  world.client("c");
  for (int i = 0; i < 9; ++i)
    EXPECT_EQ(world.ask("token").status(), 200);
}

// Each of these threads is a worker of its own, because those before it still live.
void ask_on_workers(LimitedWorld& world, int workers, std::map<int, int>& answers) {
  if (workers == 0) return;
  std::thread([&] {
    for (int i = 0; i < 5; ++i)
      ++answers[world.ask("token").status()];
    ask_on_workers(world, workers - 1, answers);
  }).join();
}

TEST(RequestLimit, all_workers_share_the_count_of_a_client) {
  LimitedWorld world(0, 10);
  std::map<int, int> answers;
  ask_on_workers(world, 4, answers);
  EXPECT_THAT(answers, ElementsAre(std::pair(200, 10), std::pair(429, 10)));
}

TEST(RequestLimit, what_was_forgotten_of_idle_clients_is_nothing_that_counts) {
  ManualClock clock;
  RequestLimits limits;
  const auto of = [&](int i) {
    return limits.of_client(RealmName("root"), ClientId("c" + std::to_string(i)), 1, clock);
  };
  EXPECT_TRUE(of(0)->take(clock));
  const auto kept = of(1);
  for (int i = 2; i < 1000; ++i)
    of(i);
  EXPECT_FALSE(of(0)->take(clock)) << "within the second, though no worker keeps it";
  EXPECT_TRUE(kept->take(clock));
  clock.advance(Milliseconds(1000));
  EXPECT_TRUE(kept->take(clock));
  for (int i = 1000; i < 5000; ++i)
    of(i);
  EXPECT_EQ(of(1), kept) << "a worker keeps it";
  EXPECT_FALSE(of(1)->take(clock));
}

TEST(RequestLimit, a_client_document_says_a_sensible_number) {
  const auto made = [](const std::string& number) {
    return Client::from_json(
        *json::parse_object(R"({"client_id":"c","max_requests_per_second":)" + number + "}"));
  };
  EXPECT_EQ(made("0")->max_requests_per_second, 0U);
  EXPECT_EQ(made("100000")->max_requests_per_second, 100'000U);
  for (const char* bad : {"-1", "100001", "1.5", "\"5\"", "true"})
    EXPECT_THAT(made(bad), signet::test::fails("settings_invalid")) << bad;
}

}  // namespace
}  // namespace signet::oauth::test

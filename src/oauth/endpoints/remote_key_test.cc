// Keys that cannot leave their box: tokens are signed and checked there, and nothing waits in line.
#include <deque>
#include <set>

#include "base/log.h"
#include "base/text.h"
#include "oauth/endpoints/test_world.h"
#include "secrets/stores/remote_key.h"

namespace signet::oauth::test {
namespace {

using signet::test::fails;
using signet::test::is_ok;

constexpr const char* kEs384 = "am.services.oauth2.stateless.signing.ES384";
constexpr const char* kHmac = "am.services.oauth2.stateless.signing.HMAC";
constexpr const char* kBody = "grant_type=client_credentials";
constexpr const char* kPath = "/oauth2/access_token";

/// Signs with a key of its own, at once or when the test says so.
class FakeBox : public secrets::RemoteKey {
 public:
  explicit FakeBox(jose::Jwk jwk) : key_(jose::Key::local(std::move(jwk))) {}

  struct Waiting {
    async::OneShot<Bytes> reply;
    jose::JwsAlg alg;
    Bytes input;
  };

  Task<Bytes> sign(jose::JwsAlg alg, Bytes input) const override {
    ++asked;
    if (failure) co_return *failure;
    if (!is_held) co_return signature(alg, input);
    async::OneShot<Bytes> reply;
    waiting.push_back({reply, alg, std::move(input)});
    co_return co_await reply.wait();
  }
  Task<Done> verify(jose::JwsAlg alg, Bytes input, Bytes signature) const override {
    ++asked;
    if (failure) co_return *failure;
    co_return key_->verify(alg, input, signature);
  }
  Bytes signature(jose::JwsAlg alg, const Bytes& input) const {
    Bytes out(key_->signature_size(alg));
    EXPECT_THAT(key_->sign(alg, input, out.data()), is_ok());
    return out;
  }
  void answer_last() const {
    Waiting last = std::move(waiting.back());
    waiting.pop_back();
    last.reply.complete(signature(last.alg, last.input));
  }

  std::optional<Error> failure;
  bool is_held = false;
  mutable int asked = 0;
  mutable std::deque<Waiting> waiting;

 private:
  jose::KeyPtr key_;
};

/// Keeps the task for the test to run.
class HeldExchange : public FakeExchange {
 public:
  using FakeExchange::FakeExchange;
  void wait_for(Task<Done> given) override { task.emplace(std::move(given)); }
  std::optional<Task<Done>> task;
};

jose::Jwk public_half(const jose::Jwk& jwk) {
  return jose::Jwk::from_public(*jwk.public_key());
}

class RemoteKeys : public ::testing::Test {
 protected:
  RemoteKeys()
      : ec(jose::Jwk::from_private(*crypto::PrivateKey::generate(crypto::KeyKind::kEcP384, 0))),
        ec_box(std::make_shared<FakeBox>(ec)),
        mac_box(std::make_shared<FakeBox>(mac_key())),
        world([this](World& made) { prepare(made); }) {
    world.realm("root");
    world.client("ec", R"(,"access_token":{"signing_algorithm":"ES384"},"may_introspect":"realm")");
    world.client("mac",
                 R"(,"access_token":{"signing_algorithm":"HS256"},"may_introspect":"realm")");
  }

  static jose::Jwk mac_key() {
    SecretBytes bytes(32);
    SystemRandom().fill(bytes.span());
    return jose::Jwk::from_symmetric(std::move(bytes));
  }
  void prepare(World& made) {
    made.keeping.box_timeout = Milliseconds(600'000);
    made.store->put(Alias("in-hsm"), {secrets::Secret::of_remote_key(
                                         public_half(ec), {jose::JwsAlg::kEs384}, ec_box)});
    made.mapping(kEs384, {"in-hsm"});
    made.store->put(Alias("mac-in-hsm"), {secrets::Secret::of_remote_key(
                                             jose::Jwk::of_hidden_symmetric(32),
                                             {jose::JwsAlg::kHs256}, mac_box, KeyId("mac-1"))});
    made.mapping(kHmac, {"mac-in-hsm"});
  }
  FakeExchange ask(const std::string& client) { return world.post(kPath, kBody, client); }
  std::map<std::string, std::string> headers(const std::string& client) const {
    return {{"Content-Type", "application/x-www-form-urlencoded"},
            {"Authorization", "Basic " + base64::encode(as_bytes(client + ":" + World::kSecret))}};
  }

  jose::Jwk ec;
  std::shared_ptr<FakeBox> ec_box, mac_box;
  World world;
};

TEST_F(RemoteKeys, sign_tokens_that_verify_with_the_published_half) {
  const std::string token = world.issue("ec");
  jose::VerifyOptions verify;
  const std::vector<jose::KeyPtr> keys = {
      jose::Key::local(public_half(ec).with_kid(ec.thumbprint()))};
  verify.keys = keys;
  const auto verified = jose::verify_compact(token, verify);
  ASSERT_THAT(verified, is_ok());
  EXPECT_EQ(verified->header.typ, "at+jwt");
  EXPECT_NE(world.get("/oauth2/connect/jwk_uri").response().body.find(ec.thumbprint()),
            std::string::npos);
  const int asked = ec_box->asked;
  EXPECT_TRUE(world.is_active(token, "ec"));
  EXPECT_EQ(ec_box->asked, asked) << "public keys verify here";
}

TEST_F(RemoteKeys, many_requests_wait_at_the_box_at_once_and_are_answered_in_any_order) {
  constexpr int kCalls = 1000;
  ASSERT_EQ(ask("ec").status(), 200);  // loads realm and client
  ec_box->is_held = true;
  const async::LoopLease lease;
  std::vector<std::unique_ptr<HeldExchange>> calls;
  int answered = 0;
  const std::function<void(Result<Done>)> count = [&](Result<Done> done) {
    EXPECT_THAT(done, is_ok());
    ++answered;
  };
  for (int i = 0; i < kCalls; ++i) {
    calls.push_back(
        std::make_unique<HeldExchange>(http::Method::kPost, kPath, headers("ec"), kBody));
    world.router->handle(*calls.back());
    ASSERT_TRUE(calls.back()->task);
    async::start<Done>(lease.loop().get_executor(), std::move(*calls.back()->task), count);
  }
  lease.loop().poll();
  // All on this one thread: what the box does at once is what the latency costs once.
  ASSERT_EQ(ec_box->waiting.size(), static_cast<std::size_t>(kCalls));
  for (int i = 0; i < kCalls; ++i) {
    ec_box->answer_last();
    lease.loop().poll();
    ASSERT_EQ(answered, i + 1);
    ASSERT_EQ(calls[static_cast<std::size_t>(kCalls - 1 - i)]->status(), 200);
  }
  std::set<std::string> tokens;
  for (const auto& call : calls)
    tokens.insert(call->text("access_token"));
  EXPECT_EQ(tokens.size(), static_cast<std::size_t>(kCalls));
  EXPECT_TRUE(world.is_active(*tokens.begin(), "ec"));
}

TEST_F(RemoteKeys, a_box_that_does_not_answer_is_told_as_temporarily_unavailable) {
  ec_box->failure = Error{Code::kUnavailable, "hsm_gone", "the token was pulled"};
  const auto answer = ask("ec");
  EXPECT_EQ(answer.status(), 503);
  EXPECT_EQ(answer.text("error"), "temporarily_unavailable");
  EXPECT_EQ(answer.text("error_description").find("hsm"), std::string::npos);
  EXPECT_EQ(ask("mac").status(), 200) << "other keys go on";
}

TEST_F(RemoteKeys, a_mac_key_is_asked_although_a_key_that_is_here_has_its_kid) {
  World other([this](World& made) {
    prepare(made);
    made.store->put(Alias("in-hsm"), {secrets::Secret::of_key(ec, KeyId("mac-1"))});
  });
  other.realm("root");
  other.client("mac", R"(,"access_token":{"signing_algorithm":"HS256"},"may_introspect":"realm")");
  const std::string token = other.issue("mac");
  EXPECT_EQ(jose::parse_compact_header(token)->kid, "mac-1");
  EXPECT_TRUE(other.is_active(token, "mac"));
}

TEST_F(RemoteKeys, the_operator_hears_store_and_alias) {
  ec_box->failure = Error{Code::kDenied, "hsm_refused", "the key may not sign"};
  const auto answer = ask("ec");
  EXPECT_EQ(answer.status(), 500);
  EXPECT_EQ(answer.text("error"), "server_error");
  const auto rings = async::run_now(world.keeper->rings(RealmName("root")));
  ASSERT_THAT(rings, is_ok());
  const std::shared_ptr<const secrets::LiveRing> ring(
      *rings, (*rings)->find(secrets::SecretId::literal(kEs384)));
  const auto signature =
      async::run_now(world.keeper->sign_in_box(ring, jose::JwsAlg::kEs384, Bytes(3)));
  ASSERT_THAT(signature, fails("hsm_refused"));
  EXPECT_NE(signature.error().detail.find("store memory"), std::string::npos);
  EXPECT_NE(signature.error().detail.find("in-hsm"), std::string::npos);
}

TEST_F(RemoteKeys, a_box_that_signs_with_another_key_issues_nothing) {
  class OtherKey : public secrets::RemoteKey {
    Task<Bytes> sign(jose::JwsAlg, Bytes) const override { co_return Bytes(96, 1); }
  };
  world.store->put(Alias("in-hsm"),
                   {secrets::Secret::of_remote_key(public_half(ec), {jose::JwsAlg::kEs384},
                                                   std::make_shared<OtherKey>())});
  world.start();
  const auto answer = ask("ec");
  EXPECT_EQ(answer.status(), 500);
  EXPECT_EQ(answer.text("error"), "server_error");
}

TEST_F(RemoteKeys, an_answer_that_is_late_is_not_waited_for) {
  world.keeping.box_timeout = Milliseconds(1);  // real time, but nothing asserts it
  world.start();
  ASSERT_EQ(world.get("/oauth2/connect/jwk_uri").status(), 200);  // loads the realm
  ec_box->is_held = true;
  const async::LoopLease lease;
  HeldExchange answer(http::Method::kPost, kPath, headers("ec"), kBody);
  world.router->handle(answer);
  ASSERT_TRUE(answer.task);
  bool is_answered = false;
  const std::function<void(Result<Done>)> note = [&](Result<Done>) { is_answered = true; };
  async::start<Done>(lease.loop().get_executor(), std::move(*answer.task), note);
  while (!is_answered)
    lease.loop().run_one();
  EXPECT_EQ(answer.status(), 503);
  EXPECT_EQ(answer.text("error"), "temporarily_unavailable");
  ec_box->answer_last();  // and the late one is dropped
  lease.loop().poll();
}

TEST_F(RemoteKeys, a_box_that_fails_again_and_again_is_left_alone_for_a_while) {
  ec_box->failure = Error{Code::kTimeout, "hsm_slow", "no answer"};
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(ask("ec").status(), 503);
  EXPECT_EQ(ec_box->asked, 3);
  world.clock->advance(Seconds(1));
  EXPECT_EQ(ask("ec").status(), 503);
  EXPECT_EQ(ask("ec").status(), 503);
  EXPECT_EQ(ec_box->asked, 4) << "one tries, the others still do not wait";
  ec_box->failure.reset();
  world.clock->advance(Seconds(1));
  EXPECT_EQ(ask("ec").status(), 200);
  EXPECT_EQ(ask("ec").status(), 200);
}

TEST_F(RemoteKeys, a_mac_in_a_box_is_made_and_checked_there) {
  const std::string token = world.issue("mac");
  ASSERT_FALSE(token.empty());
  EXPECT_EQ(world.get("/oauth2/connect/jwk_uri").response().body.find("mac-1"), std::string::npos);
  const int asked = mac_box->asked;
  EXPECT_TRUE(world.is_active(token, "mac"));
  EXPECT_EQ(mac_box->asked, asked + 1);

  std::string forged = token;
  forged[forged.size() - 5] = forged[forged.size() - 5] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(world.is_active(forged, "mac"));
  const int before = mac_box->asked;
  EXPECT_FALSE(world.is_active(token.substr(0, token.size() - 4), "mac"));
  EXPECT_EQ(mac_box->asked, before) << "a signature of a wrong size is not worth a call";

  EXPECT_EQ(world.post("/oauth2/token/revoke", "token=" + token, "mac").status(), 200);
  EXPECT_FALSE(world.is_active(token, "mac"));
}

TEST_F(RemoteKeys, a_box_that_cannot_tell_never_makes_a_token_inactive) {
  const std::string token = world.issue("mac");
  mac_box->failure = Error{Code::kUnavailable, "hsm_gone", "the token was pulled"};
  EXPECT_EQ(world.post("/oauth2/introspect", "token=" + token, "mac").status(), 503);
  EXPECT_EQ(world.post("/oauth2/token/revoke", "token=" + token, "mac").status(), 503);
  mac_box->failure = Error{Code::kDenied, "hsm_refused", "the key may not verify"};
  EXPECT_EQ(world.post("/oauth2/introspect", "token=" + token, "mac").status(), 500);
}

}  // namespace
}  // namespace signet::oauth::test

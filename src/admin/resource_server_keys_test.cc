// The keys of resource servers and the tokens made with them, as operators write, try and see them.

#include "admin/test_resource_servers.h"
#include "base/log.h"
#include "oauth/endpoints/key_set_test_support.h"
#include "resource_servers/direct_key.h"
#include "resource_servers/key_set.h"

namespace signet::admin {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::Not;

class ResourceServerKeysTest : public ResourceServersTest {};

TEST_F(ResourceServerKeysTest, sec_144_kids_0_to_10_are_refused_in_every_spelling) {
  for (const char* kid : {"0", "1", "7", "10", "07", "+7", " 7 ", "0x7", "7.0", "1e1"}) {
    const auto answer = put_server("RS1", by_its_key(jwks(shared_key(kid))));
    EXPECT_EQ(answer.status(), 400) << kid;
    EXPECT_THAT(answer.text("detail"), HasSubstr("server's own keys")) << kid;
  }
  EXPECT_EQ(put_server("RS1", by_its_key(jwks(shared_key("11")))).status(), 201);
}

TEST_F(ResourceServerKeysTest, sec_126_a_symmetric_key_is_in_no_answer_no_event_and_no_log) {
  log::configure(log::Level::kDebug, true);
  testing::internal::CaptureStderr();
  std::vector<std::string> texts;
  texts.push_back(put_server("RS1", by_its_key(jwks(shared_key()))).response().body);
  texts.push_back(put_server("RS2", by_its_key(jwks(shared_key()), "RSA-OAEP")).response().body);
  texts.push_back(put_server("RS3", by_its_key(jwks(shared_key("7")))).response().body);
  texts.push_back(
      put_server("RS4", by_its_key(jwks(shared_key("a") + R"(,"key_ops":7)"))).response().body);
  texts.push_back(get(kPath).response().body);
  texts.push_back(get(kPath + "/RS1").response().body);
  texts.push_back(get(kPath + "/preview?default=RS1").response().body);
  texts.push_back(journal());
  log::flush();
  texts.push_back(testing::internal::GetCapturedStderr());
  for (const auto& text : texts)
    EXPECT_THAT(text, Not(HasSubstr(kMaterial)));
  EXPECT_THAT(stored("resource_server", "RS1"), HasSubstr("sealed_jwks"));
}

TEST_F(ResourceServerKeysTest, what_was_shown_may_be_sent_back) {
  put_server("RS1", by_its_key(jwks(shared_key())));
  json::Value server = shown("RS1");
  EXPECT_EQ(json::dump(server).find("\"k\""), std::string::npos);
  const auto again = put_server("RS1", json::dump(server));
  EXPECT_EQ(again.status(), 200) << again.response().body;
  const auto record = async::run_now(
      services->oauth->storage->document("resource_server", RealmName("root"), "RS1"));
  EXPECT_THAT((*record)->text, HasSubstr("SGN1."));
  EXPECT_EQ(put_server("RS2", by_its_key(jwks(shared_key("a", false)))).text("code"),
            "resource_server_key_missing");
}

TEST_F(ResourceServerKeysTest, sec_140_sec_146_a_key_that_cannot_encrypt_is_refused_in_words) {
  const auto rsa = crypto::PrivateKey::generate(crypto::KeyKind::kRsa, 2048);
  const auto public_jwk = [&](jose::Jwk key) {
    json::Object set;
    set.set("keys", json::Array{*key.with_kid("r").public_json()});
    return json::dump(set);
  };
  const jose::Jwk key = jose::Jwk::from_public(rsa->public_key());
  EXPECT_EQ(put_server("RS1", by_its_key(public_jwk(key), "RSA-OAEP-256")).status(), 201);
  const auto signing =
      put_server("RS2", by_its_key(public_jwk(key.with_use(jose::KeyUse::kSig)), "RSA-OAEP-256"));
  EXPECT_EQ(signing.status(), 400);
  EXPECT_EQ(signing.text("code"), "resource_server_trial_failed");
  EXPECT_THAT(signing.text("detail"), HasSubstr("its use is sig"));
  const auto other =
      put_server("RS2", by_its_key(public_jwk(key.with_alg("RSA-OAEP")), "RSA-OAEP-256"));
  EXPECT_EQ(other.text("code"), "resource_server_trial_failed");
  EXPECT_THAT(other.text("detail"), HasSubstr("its alg is"));
  const auto kind = put_server("RS2", by_its_key(public_jwk(key), "A128KW"));
  EXPECT_EQ(kind.text("code"), "resource_server_trial_failed");
  EXPECT_THAT(kind.text("detail"), HasSubstr("cannot do A128KW"));
  const auto secret = put_server("RS2", by_its_key(jwks(shared_key()), "A256KW"));
  EXPECT_EQ(secret.text("code"), "resource_server_trial_failed");
  json::Object with_private;
  with_private.set("keys", json::Array{jose::Jwk::from_private(*rsa).private_json()});
  EXPECT_EQ(put_server("RS2", by_its_key(json::dump(with_private), "RSA-OAEP-256")).text("code"),
            "settings_invalid");
  EXPECT_EQ(get(kPath + "/RS2").status(), 404);
}

TEST_F(ResourceServerKeysTest, keys_by_url_are_fetched_when_saving_and_their_absence_is_told) {
  oauth::test::CacheWorld publisher;
  world.services->key_sets = publisher.cache;
  const std::string by_url =
      R"({"access_token":{"encryption":"resource_server_key","key_encryption_algorithm":"A128KW",)"
      R"("jwks_uri":"https://rs.example/keys"}})";
  publisher.publish({"a"});
  const auto created = put_server("RS1", by_url);
  EXPECT_EQ(created.status(), 201) << created.response().body;
  EXPECT_EQ(created.json().find("untested"), nullptr);

  publisher.fail();
  const auto out = put_server("RS2", by_url);
  EXPECT_EQ(out.status(), 400);
  EXPECT_EQ(out.text("code"), "resource_server_trial_failed");
  const auto forced = put(kPath + "/RS2?untested=true", by_url);
  EXPECT_EQ(forced.status(), 201) << forced.response().body;
  EXPECT_TRUE(forced.flag("untested"));
  EXPECT_THAT(journal(), HasSubstr("\"untested\":true"));

  const json::Value failing(get(kPath + "/RS2").json());
  EXPECT_EQ(*failing.get("key_set")->get("reason"), json::Value("key_set_status"));
  world.put("resource_server", "root", "RS4",
            R"({"name":"RS4","access_token":{"encryption":"resource_server_key",)"
            R"("key_encryption_algorithm":"A128KW","jwks_uri":"https://nobody.example/asked"}})");
  const json::Value unread(get(kPath + "/RS4").json());
  EXPECT_EQ(json::dump(*unread.get("key_set")), R"({"state":"unread"})");

  // What came and may not be used is refused whatever one says.
  publisher.publish({"7"});
  EXPECT_EQ(put(kPath + "/RS3?untested=true", by_url).text("code"), "resource_server_trial_failed");
  publisher.publish({"a"});
  std::string other = by_url;
  other.replace(other.find("A128KW"), 6, "A256KW");
  EXPECT_EQ(put(kPath + "/RS3?untested=true", other).text("code"), "resource_server_trial_failed");
  std::string plain = by_url;
  plain.replace(plain.find("https"), 5, "http");
  EXPECT_EQ(put(kPath + "/RS3?untested=true", plain).text("code"), "resource_server_trial_failed");
}

TEST_F(ResourceServerKeysTest, one_weak_key_refuses_a_set_and_is_named_wherever_an_operator_looks) {
  const auto strong = crypto::PrivateKey::generate(crypto::KeyKind::kRsa, 2048);
  const std::string good =
      json::dump(*jose::Jwk::from_public(strong->public_key()).with_kid("good").public_json());
  const std::string with_weak = R"({"keys":[)" + good + R"(,{"kty":"RSA","kid":"old","e":"AQAB",)" +
                                R"("n":")" + base64::url_encode(Bytes(128, 0xAB)) + "\"}]}";
  const auto names_it = testing::AllOf(HasSubstr("key 2 of 2"), HasSubstr("old"),
                                       HasSubstr("an RSA key of 1024 bits"));
  const auto in_line = put_server("RS1", by_its_key(with_weak, "RSA-OAEP-256"));
  EXPECT_EQ(in_line.text("code"), "settings_invalid");
  EXPECT_THAT(in_line.text("detail"), names_it);

  std::string published = R"({"keys":[)" + good + "]}";
  const auto client = std::make_shared<oauth::test::FakeHttpClient>();
  client->answer_with([&](const auto&) { return oauth::test::response(200, published); });
  world.services->key_sets = std::make_shared<oauth::KeySetCache>(
      client, world.clock, world.random, resource_servers::parse_key_set, oauth::KeySetSettings{},
      [](Task<Done> task) { EXPECT_THAT(async::run_now(std::move(task)), signet::test::is_ok()); });
  const std::string by_url =
      R"({"access_token":{"encryption":"resource_server_key",)"
      R"("key_encryption_algorithm":"RSA-OAEP-256","jwks_uri":"https://rs.example/keys"}})";
  EXPECT_EQ(get(kPath + "/Identity%20Provider").json().find("key_set"), nullptr);
  ASSERT_EQ(put_server("RS1", by_url).status(), 201);
  const auto key_set = [this] { return *json::Value(get(kPath + "/RS1").json()).get("key_set"); };
  EXPECT_EQ(*key_set().get("state"), json::Value("fresh"));
  EXPECT_EQ(*key_set().get("keys"), json::Value(1));
  EXPECT_EQ(key_set().get("reason"), nullptr);

  published = with_weak;
  for (const char* query : {"", "?untested=true"}) {
    const auto again = put(kPath + "/RS1" + query, by_url);
    EXPECT_EQ(again.text("code"), "resource_server_trial_failed");
    EXPECT_THAT(again.text("detail"), names_it);
  }
  EXPECT_EQ(*key_set().get("state"), json::Value("fresh")) << "the set before it serves on";
  EXPECT_EQ(*key_set().get("reason"), json::Value("key_set_refused"));
  EXPECT_THAT(*key_set().get("detail")->if_string(), names_it);
  world.clock->advance(Seconds(301));
  EXPECT_EQ(*key_set().get("state"), json::Value("last_good"));
  const std::string health = get("/admin/health").response().body;
  EXPECT_THAT(health, HasSubstr(R"({"name":"key_sets","ok":false)"));
  EXPECT_THAT(health, names_it);
}

TEST_F(ResourceServerKeysTest, a_realm_that_lacks_keys_is_a_warning) {
  EXPECT_EQ(put_server("RS1").json().find("warnings")->if_array()->size(), 0U);
  const auto answer = put_server("RS1", R"({"access_token":{"signing_algorithm":"ES512"}})").json();
  const auto* warnings = answer.find("warnings")->if_array();
  ASSERT_EQ(warnings->size(), 1U);
  EXPECT_THAT(*(*warnings)[0].if_string(), HasSubstr("am.services.oauth2.stateless.signing.ES512"));
}

TEST_F(ResourceServerKeysTest, keys_for_dir_are_kept_until_no_token_can_hold_them) {
  const auto direct = [](char last) {
    return by_its_key(
        jwks(R"("kty":"oct","kid":"d","k":")" + kMaterial + kMaterial.substr(0, 20) + last + "\""),
        "dir");
  };
  const auto kept = [this] {
    std::pair<int, int> present_and_dropped;
    const auto all = async::run_now(storage->documents(
        std::string(resource_servers::kDirectKeyKind), RealmName("root"), "", 1000));
    for (const auto& document : *all) {
      const auto key = resource_servers::DirectKey::from_text(document.text);
      ++(key->until ? present_and_dropped.second : present_and_dropped.first);
    }
    return present_and_dropped;
  };
  ASSERT_EQ(put_server("RS1", direct('w')).status(), 201);
  ASSERT_EQ(put_server("RS1", direct('w')).status(), 200);
  EXPECT_EQ(kept(), std::pair(1, 0));
  ASSERT_EQ(put_server("RS1", direct('g')).status(), 200);
  EXPECT_EQ(kept(), std::pair(1, 1)) << "the same kid, and another key";
  std::string renamed = direct('g');
  renamed.insert(1, R"("name":"RS2",)");
  ASSERT_EQ(put_server("RS1", renamed).status(), 200);
  EXPECT_EQ(kept(), std::pair(1, 2));
  ASSERT_EQ(erase(kPath + "/RS2").status(), 204);
  EXPECT_EQ(kept(), std::pair(0, 3));
  world.clock->advance(resource_servers::kDirectKeyKept + world.keeper->policy().clock_skew +
                       Seconds(1));
  ASSERT_EQ(put_server("RS1", direct('w')).status(), 201);
  EXPECT_EQ(kept(), std::pair(1, 0));
}

TEST_F(ResourceServerKeysTest, more_keys_for_dir_than_can_be_told_apart_do_not_share_a_kid) {
  const std::string direct = by_its_key(
      jwks(R"("kty":"oct","kid":"d","k":")" + kMaterial + kMaterial.substr(0, 20) + "w\""), "dir");
  for (std::size_t i = 0; i < resource_servers::kMostOfOneKid; ++i)
    ASSERT_EQ(put_server("RS" + std::to_string(i), direct).status(), 201);
  const auto refused = put_server("one-more", direct);
  EXPECT_EQ(refused.status(), 409);
  EXPECT_EQ(refused.text("code"), "direct_kid_taken");
  EXPECT_EQ(put_server("RS0", direct).status(), 200) << "one of them may stay";
}

TEST_F(ResourceServerKeysTest, sec_145_a_preview_tells_what_another_default_touches) {
  put_server("RS1", by_its_key(jwks(shared_key())));
  put_policy("follows", "");
  put_policy("names", R"(,"resource_server":"RS1")");
  const auto preview = get(kPath + "/preview?default=RS1");
  ASSERT_EQ(preview.status(), 200) << preview.response().body;
  const json::Value body(preview.json());
  EXPECT_EQ(*body.get("changes_default"), json::Value(true));
  const json::Value& both = *body.get("default");
  EXPECT_EQ(*both.get("before")->get("encryption"), json::Value("as_realm"));
  EXPECT_EQ(*both.get("after")->get("encryption"), json::Value("resource_server_key"));
  EXPECT_EQ(*both.get("after")->get("key_encryption_algorithm"), json::Value("A128KW"));
  EXPECT_EQ(*both.get("after")->get("audience"), json::Value("RS1"));
  EXPECT_EQ(*body.get("clients")->get("count"), json::Value(1));
  EXPECT_THAT(json::dump(*body.get("inject_policies_by_default")), HasSubstr("follows"));
  EXPECT_EQ(*body.get("live_tokens")->get("strict"), json::Value(false));
  EXPECT_TRUE(body.get("refused")->is_null());
  EXPECT_TRUE(is_default("Identity%20Provider")) << "nothing was changed";

  const json::Value deleting(get(kPath + "/preview?delete=RS1").json());
  EXPECT_EQ(*deleting.get("refused")->get("code"), json::Value("resource_server_in_use"));
  put_server("RS2", R"({"scopes":[{"name":"going"}]})");
  world.put("client", "root", "open", R"({"client_id":"open"})");
  ASSERT_EQ(
      put("/admin/realms/root/inject-policies/asks", R"({"client_id":"open","scopes":["going"]})")
          .status(),
      201);
  const json::Value losing(get(kPath + "/preview?delete=RS2").json());
  EXPECT_TRUE(losing.get("refused")->is_null());
  EXPECT_EQ(json::dump(*losing.get("inject_policies_by_scope")->get("names")), R"(["asks"])");
  const json::Value built_in(get(kPath + "/preview?delete=Identity+Provider").json());
  EXPECT_EQ(*built_in.get("refused")->get("code"), json::Value("resource_server_is_default"));
  EXPECT_EQ(get(kPath + "/preview?default=nobody").status(), 404);
  EXPECT_EQ(get(kPath + "/preview").status(), 404);
  EXPECT_EQ(put_server("preview").status(), 201);
  EXPECT_EQ(get(kPath + "/preview").status(), 200) << "one may be called so";
}

TEST_F(ResourceServerKeysTest, tokens_follow_a_change_at_once) {
  const std::string before = world.issue("gateway");
  EXPECT_EQ(std::count(before.begin(), before.end(), '.'), 2);
  put_server("RS1", by_its_key(jwks(shared_key())));
  put_server("RS1", R"({"default":true,)" + by_its_key(jwks(shared_key())).substr(1));
  const std::string after = world.issue("gateway");
  EXPECT_EQ(std::count(after.begin(), after.end(), '.'), 4) << after;
  EXPECT_EQ(erase(kPath + "/RS1").status(), 204);
  const std::string last = world.issue("gateway");
  EXPECT_EQ(std::count(last.begin(), last.end(), '.'), 2);
}

TEST_F(ResourceServerKeysTest, a_test_token_is_issued_and_written_down) {
  put_server("RS1", by_its_key(jwks(shared_key())));
  const auto answer = post(kPath + "/RS1/test", "");
  ASSERT_EQ(answer.status(), 200) << answer.response().body;
  EXPECT_EQ(answer.text("encryption"), "resource_server_key");
  const json::Value body(answer.json());
  EXPECT_EQ(*body.get("header")->get("alg"), json::Value("A128KW"));
  EXPECT_EQ(*body.get("header")->get("kid"), json::Value("a"));
  const std::string token = answer.text("token");
  EXPECT_EQ(std::count(token.begin(), token.end(), '.'), 4);
  EXPECT_THAT(journal(),
              testing::AllOf(HasSubstr("resource_server.tested"), Not(HasSubstr(token))));
  EXPECT_EQ(post(kPath + "/nobody/test", "").status(), 404);
}

TEST_F(ResourceServerKeysTest, uses_of_this_instance_are_shown) {
  put_server("RS1", by_its_key(jwks(shared_key())));
  const auto uses = [&](const std::string& name) {
    const json::Object answer = get(kPath + "/" + name).json();
    const json::Value* found = answer.find("uses");
    return found ? json::dump(*found) : "absent";
  };
  EXPECT_EQ(uses("RS1"), R"({"instance":null,"issued":0,"last_issued":null})");
  for (int i = 0; i < 3; ++i)
    EXPECT_NE(world.issue("gateway", "&resourceServer=RS1"), "");
  const std::string when = to_rfc3339(from_unix_seconds(unix_seconds(world.clock->now())));
  const std::string three = R"({"instance":null,"issued":3,"last_issued":")" + when + "\"}";
  EXPECT_EQ(uses("RS1"), three);
  EXPECT_EQ(uses("Identity%20Provider"), "null") << "its tokens are counted by their format";
  EXPECT_THAT(get(kPath).response().body, HasSubstr("\"uses\":" + three));
  EXPECT_THAT(world.services->metrics->text(),
              HasSubstr("signet_resource_server_tokens_issued_total{encryption=\"resource_server_"
                        "key\"} 3"));
  put("/admin/realms/root/resource-servers/Identity%20Provider",
      R"({"access_token":{"encryption":"none"}})");
  EXPECT_EQ(uses("Identity%20Provider"), R"({"instance":null,"issued":0,"last_issued":null})");
}

TEST_F(ResourceServerKeysTest,
       sec_147_what_is_spoken_for_of_a_key_for_gcm_is_shown_and_saving_counts) {
  world.services->gcm_ledger =
      std::make_shared<oauth::GcmLedger>(oauth::GcmLedger::Settings{4, 4, 8});
  const std::string key = R"("kty":"oct","kid":"a","k":")" + kMaterial + "\"";
  ASSERT_EQ(put_server("RS1", by_its_key(jwks(key), "A128GCMKW")).status(), 201);
  const auto shown_uses = [&] {
    const json::Object answer = get(kPath + "/RS1").json();
    const json::Value* found = answer.find("gcm_uses");
    return found ? json::dump(*found) : "absent";
  };
  EXPECT_EQ(shown_uses(), R"([{"kid":"a","reserved":4,"most":8}])");
  for (int i = 0; i < 7; ++i)
    EXPECT_NE(world.issue("gateway", "&resourceServer=RS1"), "") << i;
  EXPECT_EQ(world.issue("gateway", "&resourceServer=RS1"), "") << "the trial was the eighth use";
  const auto refused = put_server("RS1", by_its_key(jwks(key), "A128GCMKW"));
  EXPECT_EQ(refused.text("code"), "resource_server_trial_failed");
  EXPECT_THAT(refused.text("detail"), HasSubstr("must be replaced"));
  EXPECT_EQ(put_server("RS2", by_its_key(jwks(key), "A128GCMKW")).text("code"),
            "resource_server_trial_failed")
      << "it is the same key";
  EXPECT_EQ(put_server("RS1", by_its_key(jwks(shared_key()))).status(), 200)
      << "key wrapping without GCM has no such end";
  EXPECT_EQ(shown_uses(), "absent");
}

}  // namespace
}  // namespace signet::admin

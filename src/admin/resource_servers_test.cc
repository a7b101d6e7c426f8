// Resource servers as operators write them: what is stored, what is refused, who is told.

#include "admin/test_admin.h"
#include "base/log.h"
#include "oauth/endpoints/key_set_test_support.h"
#include "storage/forwarding_storage.h"

namespace signet::admin {
namespace {

using oauth::test::FakeExchange;
using testing::HasSubstr;
using testing::Not;

const std::string kPath = "/admin/realms/root/resource-servers";
const std::string kMaterial = "Vlbwxl5hbCOLMwupPc2hDw";

/// Something happens just before the next commit.
class Interrupted : public storage::test::ForwardingStorage {
 public:
  explicit Interrupted(std::shared_ptr<storage::Storage> real) : real_(std::move(real)) {}
  Task<Done> commit(storage::Transaction transaction) override {
    if (meanwhile) std::exchange(meanwhile, nullptr)();
    return real_->commit(std::move(transaction));
  }
  std::function<void()> meanwhile;

 private:
  storage::Storage& next() override { return *real_; }
  std::shared_ptr<storage::Storage> real_;
};

std::string jwks(const std::string& members) {
  return R"({"keys":[{)" + members + "}]}";
}
std::string shared_key(const std::string& kid = "a", bool with_material = true) {
  return R"("kty":"oct","use":"enc","alg":"A128KW","kid":")" + kid + "\"" +
         (with_material ? R"(,"k":")" + kMaterial + "\"" : "");
}
std::string by_its_key(const std::string& set, const std::string& alg = "A128KW") {
  return R"({"access_token":{"encryption":"resource_server_key","key_encryption_algorithm":")" +
         alg + R"(","jwks":)" + set + "}}";
}

class ResourceServersTest : public test::AdminApiTest {
 protected:
  ResourceServersTest() {
    storage = std::make_shared<Interrupted>(world.storage);
    world.services->storage = storage;
    world.realm("root", R"(,"scopes":["own","read","write"])");
    world.client("gateway");
  }
  FakeExchange put_server(const std::string& name, const std::string& body = "{}") {
    return put(kPath + "/" + name, body);
  }
  FakeExchange erase(const std::string& path) { return call(http::Method::kDelete, path); }
  json::Value shown(const std::string& name) {
    const json::Object answer = get(kPath + "/" + name).json();
    const json::Value* server = answer.find("resource_server");
    return server ? *server : json::Value();
  }
  bool is_default(const std::string& name) {
    const json::Value server = shown(name);
    const json::Value* flag = server.get("default");
    return flag && *flag == json::Value(true);
  }
  std::vector<std::string> names() {
    std::vector<std::string> out;
    const json::Object answer = get(kPath).json();
    for (const auto& item : *answer.find("resource_servers")->if_array())
      out.push_back(*item.get("resource_server")->get("name")->if_string());
    return out;
  }
  std::string stored(const std::string& kind, const std::string& id) {
    const auto found = async::run_now(storage->document(kind, RealmName("root"), id));
    return found.ok() && *found ? (*found)->text : "";
  }
  std::string journal() { return get("/admin/audit?limit=1000").response().body; }
  FakeExchange put_policy(const std::string& name, const std::string& more) {
    return put("/admin/realms/root/inject-policies/" + name,
               R"({"client_id":"gateway")" + more + "}");
  }

  std::shared_ptr<Interrupted> storage;
};

TEST_F(ResourceServersTest, identity_provider_is_there_and_the_default_though_nobody_wrote_it) {
  EXPECT_THAT(names(), testing::ElementsAre("Identity Provider"));
  const auto answer = get(kPath + "/Identity%20Provider");
  EXPECT_EQ(answer.status(), 200);
  const json::Value server = shown("Identity%20Provider");
  EXPECT_EQ(*server.get("default"), json::Value(true));
  EXPECT_EQ(*server.get("built_in"), json::Value(true));
  EXPECT_EQ(answer.json().find("revision")->if_int(), 0);
}

TEST_F(ResourceServersTest, one_is_created_replaced_guarded_and_deleted) {
  const auto created = put_server("RS1", R"({"uri":"https://rs1.example"})");
  EXPECT_EQ(created.status(), 201) << created.response().body;
  EXPECT_EQ(put_server("RS1", R"({"description":"one"})").status(), 200);
  EXPECT_EQ(put(kPath + "/RS1", "{}", {{"If-None-Match", "*"}}).status(), 412);
  EXPECT_EQ(put(kPath + "/RS1", "{}", {{"If-Match", "\"1\""}}).text("code"), "revision_conflict");
  EXPECT_EQ(stored("resource_server_uri", "https://rs1.example"), "") << "it has no URI any more";
  EXPECT_EQ(erase(kPath + "/RS1").status(), 204);
  EXPECT_EQ(get(kPath + "/RS1").text("code"), "resource_server_unknown");
  EXPECT_EQ(erase(kPath + "/RS1").status(), 404);
  EXPECT_EQ(put("/admin/realms/nowhere/resource-servers/RS1", "{}").text("code"), "realm_unknown");
  for (const char* event :
       {"resource_server.created", "resource_server.changed", "resource_server.deleted"})
    EXPECT_THAT(journal(), HasSubstr(event));
}

TEST_F(ResourceServersTest, a_list_comes_in_pages_with_the_built_in_one_in_its_place) {
  for (const char* name : {"A", "B", "K", "Z"})
    ASSERT_EQ(put_server(name).status(), 201);
  std::vector<std::string> found;
  std::string after;
  for (int page = 0; page < 10; ++page) {
    const auto answer = get(kPath + "?limit=2&after=" + after).json();
    for (const auto& item : *answer.find("resource_servers")->if_array())
      found.push_back(*item.get("resource_server")->get("name")->if_string());
    const std::string* next = answer.find("next")->if_string();
    if (!next) break;
    after = *next == "Identity Provider" ? "Identity+Provider" : *next;
  }
  EXPECT_THAT(found, testing::ElementsAre("A", "B", "Identity Provider", "K", "Z"));
}

TEST_F(ResourceServersTest,
       there_is_one_default_and_deleting_it_gives_identity_provider_the_place) {
  put_server("RS1");
  put_server("RS2");
  EXPECT_FALSE(is_default("RS1"));
  EXPECT_EQ(put_server("RS1", R"({"default":true})").status(), 200);
  EXPECT_TRUE(is_default("RS1"));
  EXPECT_FALSE(is_default("Identity%20Provider"));
  EXPECT_EQ(put_server("RS2", R"({"default":true})").status(), 200);
  EXPECT_TRUE(is_default("RS2"));
  EXPECT_FALSE(is_default("RS1"));
  EXPECT_EQ(put_server("RS2", R"({"default":false})").status(), 200);
  EXPECT_TRUE(is_default("Identity%20Provider"));
  put_server("RS2", R"({"default":true})");
  EXPECT_EQ(erase(kPath + "/RS2").status(), 204);
  EXPECT_TRUE(is_default("Identity%20Provider"));
  EXPECT_THAT(journal(), HasSubstr("resource_server.default_changed"));
}

TEST_F(ResourceServersTest, while_default_identity_provider_is_neither_deleted_nor_renamed) {
  EXPECT_EQ(erase(kPath + "/Identity%20Provider").text("code"), "resource_server_is_default");
  EXPECT_EQ(put_server("Identity%20Provider", R"({"name":"Other"})").text("code"),
            "resource_server_is_default");
  put_server("RS1", R"({"default":true})");
  EXPECT_EQ(put_server("Identity%20Provider", R"({"name":"Front"})").status(), 200);
  EXPECT_EQ(*shown("Front").get("built_in"), json::Value(true));
  EXPECT_EQ(get(kPath + "/Identity%20Provider").status(), 404);
  EXPECT_EQ(put_server("Identity%20Provider").text("code"), "resource_server_name_reserved");
  EXPECT_EQ(erase(kPath + "/Front").status(), 204);
  EXPECT_THAT(names(), testing::ElementsAre("RS1"));
  EXPECT_EQ(put_server("Identity%20Provider").status(), 201) << "it may come back";
  EXPECT_EQ(*shown("Identity%20Provider").get("built_in"), json::Value(true));
}

TEST_F(ResourceServersTest, a_renamed_identity_provider_still_does_as_the_realm_says) {
  put_server("RS1", R"({"default":true})");
  put_server("Identity%20Provider", R"({"name":"Front"})");
  const auto stored_text = stored("resource_server", "Front");
  const auto server = resource_servers::ResourceServer::from_json(*json::parse_object(stored_text));
  ASSERT_TRUE(server.ok());
  EXPECT_EQ(server->encryption, resource_servers::Encryption::kAsRealm);
}

TEST_F(ResourceServersTest, without_default_and_identity_provider_there_is_none) {
  put_server("RS1", R"({"default":true})");
  erase(kPath + "/Identity%20Provider");
  EXPECT_EQ(erase(kPath + "/RS1").status(), 204);
  EXPECT_THAT(names(), testing::IsEmpty());
  put_server("RS2");
  EXPECT_FALSE(is_default("RS2"));
}

TEST_F(ResourceServersTest, of_two_defaults_set_at_once_the_later_one_wins_whole) {
  put_server("RS1");
  put_server("RS2");
  storage->meanwhile = [this] {
    EXPECT_EQ(put_server("RS2", R"({"default":true})").status(), 200);
  };
  EXPECT_EQ(put_server("RS1", R"({"default":true})").status(), 200);
  EXPECT_TRUE(is_default("RS1"));
  EXPECT_FALSE(is_default("RS2"));
}

TEST_F(ResourceServersTest, a_change_that_loses_every_time_says_so) {
  put_server("RS1");
  put_server("RS2");
  int turn = 0;
  std::function<void()> always = [&] {
    if (++turn > 20) return;
    const bool to_first = turn % 2 == 1;
    put_server(to_first ? "RS2" : "Identity%20Provider", R"({"default":true})");
    storage->meanwhile = always;
  };
  storage->meanwhile = always;
  const auto answer = put_server("RS1", R"({"default":true})");
  EXPECT_EQ(answer.status(), 409) << answer.response().body;
  EXPECT_EQ(answer.text("code"), "resource_server_busy");
}

TEST_F(ResourceServersTest, a_uri_names_one_resource_server) {
  EXPECT_EQ(put_server("RS1", R"({"uri":"https://api.example/"})").status(), 201);
  const auto taken = put_server("RS2", R"({"uri":"https://api.example/"})");
  EXPECT_EQ(taken.status(), 409);
  EXPECT_EQ(taken.text("code"), "resource_uri_taken");
  EXPECT_THAT(taken.text("detail"), HasSubstr("RS1"));
  EXPECT_EQ(put_server("RS1", R"({"uri":"https://api.example/","description":"again"})").status(),
            200);
  EXPECT_EQ(erase(kPath + "/RS1").status(), 204);
  EXPECT_EQ(put_server("RS2", R"({"uri":"https://api.example/"})").status(), 201);
}

TEST_F(ResourceServersTest, a_scope_is_defined_at_one_resource_server) {
  EXPECT_EQ(put_server("RS1", R"({"scopes":[{"name":"s1"},{"name":"s2"}]})").status(), 201);
  const auto taken = put_server("RS2", R"({"scopes":[{"name":"s2"}]})");
  EXPECT_EQ(taken.status(), 409);
  EXPECT_EQ(taken.text("code"), "scope_defined_elsewhere");
  EXPECT_THAT(taken.text("detail"), testing::AllOf(HasSubstr("s2"), HasSubstr("RS1")));
  EXPECT_EQ(put_server("RS1", R"({"scopes":[{"name":"s1","description":"new words"}]})").status(),
            200);
  EXPECT_THAT(stored("scope", "s1"), testing::AllOf(HasSubstr("new words"), HasSubstr("RS1")));
  EXPECT_EQ(stored("scope", "s2"), "");
  EXPECT_EQ(put_server("RS2", R"({"scopes":[{"name":"s2"}]})").status(), 201);
}

TEST_F(ResourceServersTest, a_scope_that_appears_elsewhere_meanwhile_is_not_defined_twice) {
  storage->meanwhile = [this] {
    EXPECT_EQ(put_server("RS2", R"({"scopes":[{"name":"s"}]})").status(), 201);
  };
  EXPECT_EQ(put_server("RS1", R"({"scopes":[{"name":"s"}]})").text("code"),
            "scope_defined_elsewhere");
  EXPECT_EQ(get(kPath + "/RS1").status(), 404) << "nothing of it was stored";
}

TEST_F(ResourceServersTest, a_rename_takes_uri_scopes_default_and_policies_with_it) {
  put_server("RS1", R"({"uri":"https://rs.example","default":true,"scopes":[{"name":"s"}]})");
  ASSERT_EQ(put_policy("p", R"(,"resource_server":"RS1","scopes":["s"])").status(), 201);
  const auto renamed =
      put_server("RS1", R"({"name":"RS 2","uri":"https://rs.example","scopes":[{"name":"s"}]})");
  EXPECT_EQ(renamed.status(), 200) << renamed.response().body;
  EXPECT_EQ(get(kPath + "/RS1").status(), 404);
  EXPECT_TRUE(is_default("RS%202"));
  EXPECT_THAT(stored("resource_server_uri", "https://rs.example"), HasSubstr("RS 2"));
  EXPECT_THAT(stored("scope", "s"), HasSubstr("RS 2"));
  EXPECT_THAT(stored("inject_policy", "p"), HasSubstr("RS 2"));
  EXPECT_THAT(journal(), HasSubstr("resource_server.renamed"));
  put_server("RS3");
  EXPECT_EQ(put_server("RS3", R"({"name":"RS 2"})").text("code"), "resource_server_exists");
  EXPECT_EQ(put_server("RS9", R"({"name":"RS10"})").text("code"), "resource_server_unknown");
  EXPECT_EQ(put_server("RS3", R"({"name":"Identity Provider"})").text("code"),
            "resource_server_name_reserved");
}

TEST_F(ResourceServersTest, used_by_a_policy_it_is_not_deleted_and_the_policies_are_named) {
  put_server("RS1");
  ASSERT_EQ(put_policy("first", R"(,"resource_server":"RS1")").status(), 201);
  ASSERT_EQ(put_policy("second", R"(,"resource_server":"RS1")").status(), 201);
  const auto refused = erase(kPath + "/RS1");
  EXPECT_EQ(refused.status(), 409);
  EXPECT_EQ(refused.text("code"), "resource_server_in_use");
  EXPECT_THAT(refused.text("detail"), testing::AllOf(HasSubstr("first"), HasSubstr("second")));
  for (const char* policy : {"first", "second"})
    EXPECT_EQ(erase(std::string("/admin/realms/root/inject-policies/") + policy).status(), 204);
  EXPECT_EQ(erase(kPath + "/RS1").status(), 204);
}

TEST_F(ResourceServersTest, a_policy_that_appears_while_it_is_deleted_keeps_it) {
  put_server("RS1");
  storage->meanwhile = [this] {
    EXPECT_EQ(put_policy("late", R"(,"resource_server":"RS1")").status(), 201);
  };
  EXPECT_EQ(erase(kPath + "/RS1").text("code"), "resource_server_in_use");
  put_server("RS2");
  storage->meanwhile = [this] { EXPECT_EQ(erase(kPath + "/RS2").status(), 204); };
  EXPECT_EQ(put_policy("later", R"(,"resource_server":"RS2")").text("code"),
            "resource_server_unknown");
}

TEST_F(ResourceServersTest, a_client_that_policies_name_is_not_deleted_and_they_are_named) {
  const std::string client = "/admin/realms/root/clients/gateway";
  ASSERT_EQ(put_policy("first", "").status(), 201);
  ASSERT_EQ(put_policy("second", "").status(), 201);
  world.client("other");
  const auto refused = erase(client);
  EXPECT_EQ(refused.status(), 409);
  EXPECT_EQ(refused.text("code"), "client_in_use");
  EXPECT_THAT(refused.text("detail"), testing::AllOf(HasSubstr("first"), HasSubstr("second")));
  EXPECT_EQ(erase("/admin/realms/root/clients/other").status(), 204);
  EXPECT_NE(world.issue("gateway"), "");
  ASSERT_EQ(erase("/admin/realms/root/inject-policies/first").status(), 204);
  EXPECT_THAT(erase(client).text("detail"), Not(HasSubstr("first")));
  world.client("other");
  EXPECT_EQ(put("/admin/realms/root/inject-policies/second", R"({"client_id":"other"})").status(),
            200);
  EXPECT_EQ(call(http::Method::kDelete, client, "", {{"If-Match", "\"77\""}}).status(), 412);
  EXPECT_EQ(erase(client).status(), 204) << "no policy names it any more";
  EXPECT_EQ(erase(client).status(), 404);
}

TEST_F(ResourceServersTest, a_policy_that_appears_while_its_client_is_deleted_keeps_it) {
  const std::string client = "/admin/realms/root/clients/gateway";
  storage->meanwhile = [this] { EXPECT_EQ(put_policy("late", "").status(), 201); };
  EXPECT_EQ(erase(client).text("code"), "client_in_use");
  ASSERT_EQ(erase("/admin/realms/root/inject-policies/late").status(), 204);
  storage->meanwhile = [&] { EXPECT_EQ(erase(client).status(), 204); };
  EXPECT_EQ(put_policy("later", "").text("code"), "client_unknown");
}

TEST_F(ResourceServersTest, a_client_that_changes_every_time_says_so_when_it_is_deleted) {
  const std::string client = "/admin/realms/root/clients/gateway";
  std::function<void()> again = [&] {
    world.client("gateway");
    storage->meanwhile = again;
  };
  storage->meanwhile = again;
  EXPECT_EQ(erase(client).text("code"), "client_busy");
  storage->meanwhile = nullptr;
  EXPECT_EQ(erase(client).status(), 204);
}

TEST_F(ResourceServersTest, sec_144_kids_0_to_10_are_refused_in_every_spelling) {
  for (const char* kid : {"0", "1", "7", "10", "07", "+7", " 7 ", "0x7", "7.0", "1e1"}) {
    const auto answer = put_server("RS1", by_its_key(jwks(shared_key(kid))));
    EXPECT_EQ(answer.status(), 400) << kid;
    EXPECT_THAT(answer.text("detail"), HasSubstr("server's own keys")) << kid;
  }
  EXPECT_EQ(put_server("RS1", by_its_key(jwks(shared_key("11")))).status(), 201);
}

TEST_F(ResourceServersTest, sec_126_a_symmetric_key_is_in_no_answer_no_event_and_no_log) {
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

TEST_F(ResourceServersTest, what_was_shown_may_be_sent_back) {
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

TEST_F(ResourceServersTest, sec_140_sec_146_a_key_that_cannot_encrypt_is_refused_in_words) {
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

TEST_F(ResourceServersTest, keys_by_url_are_fetched_when_saving_and_their_absence_is_told) {
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

TEST_F(ResourceServersTest, contradictions_and_unknown_members_are_refused) {
  EXPECT_EQ(put_server("RS1", R"({"scopess":[]})").text("code"), "settings_invalid");
  EXPECT_EQ(put_server("RS1", R"({"default":1})").text("code"), "settings_invalid");
  EXPECT_EQ(put_server("RS1", "nonsense").text("code"), "json_malformed");
  EXPECT_EQ(
      put_server("RS1", R"({"access_token":{"encryption":"resource_server_key"}})").text("code"),
      "resource_server_contradiction");
  EXPECT_EQ(put_server("RS1", R"({"access_token":{"sealed_jwks":"SGN1.x"}})").text("code"),
            "settings_invalid");
  EXPECT_EQ(put_server("RS1", R"({"built_in":true})").status(), 201)
      << "shown, and the server's own";
  EXPECT_EQ(*shown("RS1").get("built_in"), json::Value(false));
}

TEST_F(ResourceServersTest, a_realm_that_lacks_keys_is_a_warning) {
  EXPECT_EQ(put_server("RS1").json().find("warnings")->if_array()->size(), 0U);
  const auto answer = put_server("RS1", R"({"access_token":{"signing_algorithm":"ES512"}})").json();
  const auto* warnings = answer.find("warnings")->if_array();
  ASSERT_EQ(warnings->size(), 1U);
  EXPECT_THAT(*(*warnings)[0].if_string(), HasSubstr("am.services.oauth2.stateless.signing.ES512"));
}

TEST_F(ResourceServersTest, a_policy_that_asks_for_a_scope_that_goes_is_a_warning) {
  put_server("RS1", R"({"scopes":[{"name":"s"}]})");
  put_policy("p", R"(,"scopes":["s"])");
  const auto answer = put_server("RS1").json();
  const auto* warnings = answer.find("warnings")->if_array();
  ASSERT_EQ(warnings->size(), 1U);
  EXPECT_THAT(*(*warnings)[0].if_string(), HasSubstr("'p'"));
}

TEST_F(ResourceServersTest, sec_145_a_preview_tells_what_another_default_touches) {
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
  const json::Value built_in(get(kPath + "/preview?delete=Identity+Provider").json());
  EXPECT_EQ(*built_in.get("refused")->get("code"), json::Value("resource_server_is_default"));
  EXPECT_EQ(get(kPath + "/preview?default=nobody").status(), 404);
  EXPECT_EQ(get(kPath + "/preview").status(), 404);
  EXPECT_EQ(put_server("preview").status(), 201);
  EXPECT_EQ(get(kPath + "/preview").status(), 200) << "one may be called so";
}

TEST_F(ResourceServersTest, tokens_follow_a_change_at_once) {
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

TEST_F(ResourceServersTest, a_test_token_is_issued_and_written_down) {
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

TEST_F(ResourceServersTest, uses_of_this_instance_are_shown) {
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

TEST_F(ResourceServersTest,
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

TEST_F(ResourceServersTest, a_policy_names_what_there_is) {
  EXPECT_EQ(put("/admin/realms/root/inject-policies/p", R"({"client_id":"nobody"})").text("code"),
            "client_unknown");
  EXPECT_EQ(put_policy("p", R"(,"resource_server":"nobody")").text("code"),
            "resource_server_unknown");
  EXPECT_EQ(put_policy("p", R"(,"scopes":["nowhere"])").text("code"), "scope_undefined");
  EXPECT_EQ(put_policy("p", R"(,"scopes":["own"],"renew_before":0)").text("code"),
            "settings_invalid");
  EXPECT_EQ(put_policy("p", R"(,"name":"q")").text("code"), "name_mismatch");
  EXPECT_EQ(put_policy("p", R"(,"resource_server":"Identity Provider","scopes":["own"])").status(),
            201);
  EXPECT_EQ(put_policy("p", "").status(), 200);
  EXPECT_EQ(put("/admin/realms/root/inject-policies/p", R"({"client_id":"gateway"})",
                {{"If-None-Match", "*"}})
                .status(),
            412);
  EXPECT_THAT(get("/admin/realms/root/inject-policies").response().body, HasSubstr("gateway"));
  EXPECT_EQ(get("/admin/realms/root/inject-policies/p").status(), 200);
  EXPECT_EQ(erase("/admin/realms/root/inject-policies/p").status(), 204);
  EXPECT_EQ(get("/admin/realms/root/inject-policies/p").text("code"), "inject_policy_unknown");
  for (const char* event :
       {"inject_policy.created", "inject_policy.changed", "inject_policy.deleted"})
    EXPECT_THAT(journal(), HasSubstr(event));
}

TEST_F(ResourceServersTest, a_realm_goes_with_its_state_but_not_with_its_resource_servers) {
  put("/admin/realms/alpha", "{}");
  const std::string alpha = "/admin/realms/alpha/resource-servers/";
  put(alpha + "Identity%20Provider", R"({"uri":"https://idp.example","scopes":[{"name":"s"}]})");
  put(alpha + "RS1", R"({"default":true})");
  EXPECT_EQ(erase("/admin/realms/alpha").text("code"), "realm_not_empty");
  const std::string direct =
      jwks(R"("kty":"oct","kid":"d","k":")" + kMaterial + kMaterial.substr(0, 20) + "w\"");
  ASSERT_EQ(put(alpha + "RS3", by_its_key(direct, "dir")).status(), 201);
  EXPECT_EQ(erase(alpha + "RS3").status(), 204);
  EXPECT_EQ(erase(alpha + "RS1").status(), 204);
  EXPECT_EQ(erase("/admin/realms/alpha").status(), 204);
  const auto kept = async::run_now(storage->documents(std::string(resource_servers::kDirectKeyKind),
                                                      RealmName("alpha"), "", 10));
  EXPECT_TRUE(kept.ok() && kept->empty());
  put("/admin/realms/alpha", "{}");
  const auto again = get(alpha + "Identity%20Provider");
  EXPECT_EQ(again.json().find("revision")->if_int(), 0) << "nothing of the old one is left";
  EXPECT_EQ(put(alpha + "RS2", R"({"uri":"https://idp.example","scopes":[{"name":"s"}]})").status(),
            201);
}

}  // namespace
}  // namespace signet::admin

#include "secrets/stores/vault/kv_store.h"

#include "secrets/stores/store_contract.h"
#include "secrets/stores/vault/fake_vault.h"

namespace signet::secrets::vault {
namespace {

using Texts = std::vector<std::string>;

std::string data(int version, std::string_view value) {
  std::string body = R"({"data":{"data":{"value":)";
  json::append_string(body, value);
  return body + R"(,"note":"canary-note"},"metadata":{"version":)" + std::to_string(version) +
         R"(,"deletion_time":"","destroyed":false}}})";
}
std::string version(int number, std::string_view deleted = "", bool destroyed = false) {
  return "\"" + std::to_string(number) + R"(":{"created_time":"2023-01-0)" +
         std::to_string(number) + R"(T00:00:00.123456789Z","deletion_time":")" +
         std::string(deleted) + R"(","destroyed":)" + (destroyed ? "true" : "false") + "}";
}
std::string metadata(const Texts& versions) {
  return R"({"data":{"current_version":9,"versions":{)" + join(versions, ",") + "}}}";
}

struct KvSetting : VaultSetting {
  KvSetting() {
    auto& answers = vault->answers;
    answers["GET secret/metadata/pw"] = {200, metadata({version(1), version(2)})};
    answers["GET secret/data/pw?version=1"] = {200, data(1, "canary-old")};
    answers["GET secret/data/pw?version=2"] = {200, data(2, "canary-new")};
    answers["GET secret/data/pw"] = {200, data(2, "canary-new")};
    answers["GET secret/metadata/?list=true"] = {200, R"({"data":{"keys":["pw","deep/"]}})"};
    answers["GET secret/metadata/deep/?list=true"] = {200, R"({"data":{"keys":["er"]}})"};
    answers["GET sys/internal/ui/mounts/secret"] = {
        200, R"({"data":{"type":"kv","options":{"version":"2"}}})"};
  }
  std::shared_ptr<Store> store(std::string_view text = "{}") {
    return make_store("vault_kv", settings(text), context);
  }
  Texts fetched(const std::shared_ptr<Store>& store, std::string_view alias) {
    Texts texts;
    const auto secrets = now(store->fetch(Alias(alias)));
    EXPECT_THAT(secrets, is_ok());
    if (!secrets) return texts;
    for (const Secret& secret : *secrets)
      texts.push_back(secret.version + "=" + text_of(secret));
    return texts;
  }
};

TEST(VaultKv, passes_the_exam_of_all_stores) {
  KvSetting s;
  Exam exam;
  exam.store = s.store();
  exam.known = Alias("pw");
  exam.unknown = Alias("none");
  exam.canaries = {"canary-old", "canary-new", "canary-note", "token-0"};
  exam.breakages = {
      [&] {
        s.vault->answers["GET secret/metadata/pw"] = {200, "{}"};
      },
      [&] {
        s.vault->answers["GET secret/metadata/pw"] = {500, "oops"};
      },
      [&] {
        s.vault->instead = {503, R"({"errors":["Vault is sealed"]})"};
      },
      [&] { s.http->answer_with({}); },
  };
  pass_exam(exam);
}

TEST(VaultKv, the_newest_version_that_is_there_is_active_and_older_ones_are_valid) {
  KvSetting s;
  s.vault->answers["GET secret/data/pw?version=5"] = {200, data(5, "later deleted")};
  s.vault->answers["GET secret/metadata/pw"] = {
      200, metadata({version(1), version(2), version(3, "2023-01-03T00:00:00.1Z"),
                     version(4, "", true), version(5, "2099-01-01T00:00:00Z")})};
  EXPECT_EQ(s.fetched(s.store(), "pw"), (Texts{"5=later deleted", "2=canary-new", "1=canary-old"}));
  EXPECT_EQ(s.fetched(s.store(R"({"versions":1})"), "pw"), (Texts{"5=later deleted"}));
}

TEST(VaultKv, a_version_is_read_once_unless_the_secret_was_made_anew) {
  KvSetting s;
  const auto store = s.store();
  EXPECT_EQ(s.fetched(store, "pw").size(), 2U);
  s.vault->answers["GET secret/data/pw?version=2"] = {200, data(2, "other")};
  EXPECT_EQ(s.fetched(store, "pw"), (Texts{"2=canary-new", "1=canary-old"}));
  s.vault->answers["GET secret/metadata/pw"] = {
      200, R"({"data":{"versions":{"2":{"created_time":"2023-06-01T00:00:00Z"}}}})"};
  EXPECT_EQ(s.fetched(store, "pw"), (Texts{"2=other"}));
}

TEST(VaultKv, folder_field_and_format_are_as_set) {
  KvSetting s;
  const std::string pem = pem_of("P-256");
  s.vault->answers["GET kv/a/metadata/apps/signet/key"] = {200, metadata({version(1)})};
  s.vault->answers["GET kv/a/data/apps/signet/key?version=1"] = {200, data(1, pem)};
  const auto store =
      s.store(R"({"mount":"kv/a","path":"apps/signet","field":"value","value_format":"PEM"})");
  EXPECT_EQ(now(store->fetch(Alias("key")))->at(0).kind, SecretKind::kKeyPair);
  EXPECT_THAT(
      now(s.store(R"({"mount":"kv/a","path":"apps/signet","field":"pem"})")->fetch(Alias("key"))),
      fails("field_missing"));
  EXPECT_EQ(now(s.store()->aliases()).value(), (std::vector<Alias>{Alias("pw"), Alias("deep/er")}));
}

TEST(VaultKv, without_the_metadata_the_current_version_is_served_with_a_warning) {
  KvSetting s;
  const std::string denied = R"({"errors":["permission denied"]})";
  s.vault->answers["GET secret/metadata/pw"] = {403, denied};
  s.vault->answers["GET secret/metadata/?list=true"] = {403, denied};
  const auto store = s.store();
  EXPECT_EQ(s.fetched(store, "pw"), (Texts{"2=canary-new"}));
  ASSERT_EQ(store->warnings().size(), 1U);
  EXPECT_NE(store->warnings()[0].find("secret/metadata/pw"), std::string::npos);
  EXPECT_THAT(now(store->aliases()), fails("vault_list_denied"));
}

TEST(VaultKv, a_mount_of_another_kind_is_found_by_the_probe) {
  KvSetting s;
  EXPECT_THAT(now(s.store()->probe()), is_ok());
  for (const char* mount : {R"({"data":{"type":"kv","options":{"version":"1"}}})",
                            R"({"data":{"type":"kv","options":null}})",
                            R"({"data":{"type":"transit","options":null}})"}) {
    s.vault->answers["GET sys/internal/ui/mounts/secret"] = {200, mount};
    EXPECT_THAT(now(s.store()->probe()), fails("vault_mount_wrong")) << mount;
  }
}

TEST(VaultKv, names_that_cannot_be_are_unknown_and_never_part_of_a_path) {
  KvSetting s;
  const auto store = s.store();
  for (const char* name : {"", "/a", "a/", "a//b", "../x", "a/../b", "a b", "."})
    EXPECT_EQ(s.fetched(store, name), Texts{}) << name;
  EXPECT_TRUE(s.http->sent().empty());
  EXPECT_EQ(path_encode("a?b#c%/d"), "a%3Fb%23c%25/d");
}

using Created = SharedSlot::Created;

struct SlotSetting : VaultSetting {
  std::shared_ptr<KvSlot> slot() {
    SessionSettings session;
    session.address = std::string(FakeVault::kAddress);
    return std::make_shared<KvSlot>(std::make_shared<Session>(StoreName("s"), session, context),
                                    "secret", "cert", "pem");
  }
  Result<Created> create(int status, std::string body) {
    vault->answers["POST secret/data/cert"] = {status, std::move(body)};
    return now(slot()->create(
        std::make_shared<const SecretBytes>(SecretBytes::from_text("canary \"pem\"")), "t"));
  }
};

TEST(VaultSlot, a_value_is_written_only_where_nothing_is) {
  SlotSetting s;
  EXPECT_EQ(s.create(200, R"({"data":{"version":1}})").value(), Created::kOurs);
  EXPECT_EQ(s.vault->last_body, R"({"options":{"cas":0},"data":{"pem":"canary \"pem\""}})");
  const std::string lost =
      R"({"errors":["check-and-set parameter did not match the current version"]})";
  EXPECT_EQ(s.create(400, lost).value(), Created::kTheirs);
  EXPECT_THAT(s.create(400, R"({"errors":["no"]})"), fails("vault_request_refused"));
  EXPECT_THAT(s.create(403, R"({"errors":["permission denied"]})"), fails("vault_access_denied"));
  EXPECT_THAT(s.create(503, R"({"errors":["Vault is sealed"]})"), fails("vault_sealed"));
}

TEST(VaultSlot, under_a_policy_that_only_creates_a_lost_race_is_a_denial_and_something_there) {
  SlotSetting s;
  s.vault->answers["GET secret/data/cert"] = {
      200, R"({"data":{"data":{"pem":"theirs"},"metadata":{"version":1}}})"};
  EXPECT_EQ(s.create(403, R"({"errors":["permission denied"]})").value(), Created::kTheirs);
}

TEST(VaultSlot, nothing_deleted_and_denied_are_three_things) {
  SlotSetting s;
  const auto slot = s.slot();
  EXPECT_FALSE(now(slot->read()).value().has_value());
  auto& answer = s.vault->answers["GET secret/data/cert"];
  answer = {200, R"({"data":{"data":{"pem":"x"},"metadata":{"version":3}}})"};
  EXPECT_EQ(to_text(now(slot->read()).value()->view()), "x");
  answer = {404, R"({"data":{"data":null,"metadata":{"deletion_time":"2023-01-01T00:00:00Z"}}})"};
  EXPECT_THAT(now(slot->read()), fails("vault_secret_deleted"));
  answer = {403, R"({"errors":["permission denied"]})"};
  EXPECT_THAT(now(slot->read()), fails("vault_access_denied"));
  answer = {200, R"({"data":{"data":{"other":"x"},"metadata":{"version":3}}})"};
  EXPECT_THAT(now(slot->read()), fails("field_missing"));
}

}  // namespace
}  // namespace signet::secrets::vault

#include "secrets/stores/azure/keys_store.h"

#include "base/base64.h"
#include "crypto/digest.h"
#include "secrets/stores/azure/fake_key_vault.h"
#include "secrets/stores/store_contract.h"

namespace signet::secrets::azure {
namespace {

using jose::JwsAlg;
using net::FakeHttpClient;

crypto::PrivateKey generate(crypto::KeyKind kind) {
  return crypto::PrivateKey::generate(kind, kind == crypto::KeyKind::kRsa ? 2048 : 0).value();
}

struct KeysSetting {
  std::shared_ptr<FakeKeyVault> vault = std::make_shared<FakeKeyVault>();
  std::shared_ptr<FakeHttpClient> http = std::make_shared<FakeHttpClient>(
      [vault = vault](const net::OutboundRequest& request) { return (*vault)(request); });
  StoreContext context = test_context();

  KeysSetting() {
    context.http = http;  // no AZURE_ variables: the managed identity
    vault->keys["ec"].emplace_back("v1", generate(crypto::KeyKind::kEcP256));
  }
  std::shared_ptr<Store> store(std::string_view more = "") {
    return make_store("azure_key_vault_keys",
                      settings(R"({"vault":"https://v.vault.azure.net")" + std::string(more) + "}"),
                      context);
  }
  std::shared_ptr<Store> maker() { return store(R"(,"create_keys":true)"); }
  static Status make(Store& store, std::string_view after, std::string_view alias = "ec") {
    return now(dynamic_cast<VersionMaker&>(store).make_version(Alias(alias), std::string(after)));
  }
  std::size_t rotations() const {
    std::size_t posts = 0;
    for (const auto& request : http->sent())
      posts += request.url.find("/rotate?") == request.url.npos ? 0 : 1;
    return posts;
  }
  Secret active(std::string_view alias) {
    auto secrets = now(store()->fetch(Alias(alias)));
    EXPECT_THAT(secrets, is_ok());
    return std::move(secrets->front());
  }
};

TEST(AzureKeys, passes_the_exam_of_all_stores) {
  KeysSetting s;
  Exam exam;
  exam.store = s.store();
  exam.known = Alias("ec");
  exam.unknown = Alias("none");
  exam.canaries = {"access-token-1"};
  exam.breakages = {
      [&] {
        s.vault->instead = [](const auto&) { return FakeKeyVault::refused(403, "Forbidden"); };
      },
      [&] { s.http->answer_with({}); },
  };
  pass_exam(exam);
}

TEST(AzureKeys, versions_are_remote_keys_the_newest_one_active) {
  KeysSetting s;
  s.vault->keys["ec"].emplace_back("v2", generate(crypto::KeyKind::kEcP256));
  const auto secrets = now(s.store()->fetch(Alias("ec")));
  ASSERT_THAT(secrets, is_ok());
  ASSERT_EQ(secrets->size(), 2U);
  EXPECT_EQ(secrets->at(0).version, "v2");
  EXPECT_EQ(secrets->at(0).kind, SecretKind::kRemoteKey);
  EXPECT_TRUE(secrets->at(0).key->is_remote());
  EXPECT_EQ(secrets->at(0).key->allowed(), std::vector<JwsAlg>{JwsAlg::kEs256});
  const auto public_half = s.vault->keys["ec"].back().second.public_key();
  EXPECT_EQ(secrets->at(0).kid.str(), jose::Jwk::from_public(public_half).thumbprint());
}

TEST(AzureKeys, a_version_that_serves_nothing_here_is_a_warning_while_another_does) {
  KeysSetting s;
  s.vault->keys["ec"].emplace_back("v2", generate(crypto::KeyKind::kEcP256));
  s.vault->instead =
      [&](const net::OutboundRequest& request) -> std::optional<net::OutboundResponse> {
    if (request.url.find("/keys/ec/v2?") == request.url.npos) return std::nullopt;
    return FakeHttpClient::response(
        200, R"({"key":{"kid":"https://v.vault.azure.net/keys/ec/v2","kty":"EC","crv":"P-256K"},)"
             R"("attributes":{"enabled":true,"created":1,"updated":1}})");
  };
  const auto store = s.store();
  const auto secrets = now(store->fetch(Alias("ec")));
  ASSERT_THAT(secrets, is_ok());
  ASSERT_EQ(secrets->size(), 1U);
  EXPECT_EQ(secrets->front().version, "v1");
  EXPECT_THAT(store->warnings(), testing::ElementsAre(testing::HasSubstr("v2")));
  s.vault->keys["ec"].erase(s.vault->keys["ec"].begin());
  EXPECT_THAT(now(store->fetch(Alias("ec"))), fails("azure_key_unsupported"));
}

TEST(AzureKeys, a_digest_is_signed_and_an_answer_by_another_version_not_taken) {
  KeysSetting s;
  s.vault->keys["rsa"].emplace_back("v1", generate(crypto::KeyKind::kRsa));
  const Bytes input = to_bytes(std::string_view("header.payload"));
  struct Row {
    const char* alias;
    JwsAlg alg;
    crypto::Hash hash;
  };
  for (const Row& row : {Row{"rsa", JwsAlg::kRs256, crypto::Hash::kSha256},
                         Row{"rsa", JwsAlg::kRs384, crypto::Hash::kSha384},
                         Row{"rsa", JwsAlg::kPs512, crypto::Hash::kSha512},
                         Row{"ec", JwsAlg::kEs256, crypto::Hash::kSha256}}) {
    const crypto::PrivateKey& key = s.vault->keys[row.alias].front().second;
    const auto right = crypto::sign(key, jose::signature_scheme(row.alg), input);
    ASSERT_THAT(right, is_ok());
    s.vault->next_result = base64::url_encode(*right);
    const Secret secret = s.active(row.alias);
    const auto signature = now(secret.remote->sign(row.alg, input));
    ASSERT_THAT(signature, is_ok());
    EXPECT_EQ(*signature, *right);
    const auto body = json::parse_object(s.vault->last_operation_body).value();
    EXPECT_EQ(*body.find("alg")->if_string(), jose::name(row.alg));
    EXPECT_EQ(*body.find("value")->if_string(),
              base64::url_encode(crypto::digest(row.hash, input)));
    s.vault->instead = [&](const auto&) {
      return FakeHttpClient::response(
          200, R"({"kid":"https://v.vault.azure.net/keys/k/v2","value":")" + s.vault->next_result +
                   "\"}");
    };
    EXPECT_THAT(now(secret.remote->sign(row.alg, input)), fails("azure_answer_malformed"));
    s.vault->instead = nullptr;
  }
}

TEST(AzureKeys, what_the_vault_cannot_do_is_not_asked_of_it) {
  KeysSetting s;
  const Secret secret = s.active("ec");
  const std::size_t before = s.http->sent().size();
  EXPECT_THAT(now(secret.remote->sign(JwsAlg::kHs256, {})), fails("remote_operation_unsupported"));
  EXPECT_THAT(now(secret.remote->sign(JwsAlg::kEdDsa, {})), fails("remote_operation_unsupported"));
  EXPECT_THAT(now(secret.remote->unwrap(jose::JweAlg::kRsa15, {})),
              fails("remote_operation_unsupported"));
  EXPECT_EQ(s.http->sent().size(), before);
}

TEST(AzureKeys, an_encrypted_key_is_unwrapped) {
  KeysSetting s;
  s.vault->keys["rsa"].emplace_back("v1", generate(crypto::KeyKind::kRsa));
  const Secret secret = s.active("rsa");
  EXPECT_EQ(secret.unwraps,
            (std::vector<jose::JweAlg>{jose::JweAlg::kRsaOaep, jose::JweAlg::kRsaOaep256}));
  s.vault->next_result = base64::url_encode(Bytes(32, 5));
  const auto key = now(secret.remote->unwrap(jose::JweAlg::kRsaOaep256, Bytes(256, 9)));
  ASSERT_THAT(key, is_ok());
  EXPECT_TRUE(same_bytes(key->view(), Bytes(32, 5)));
  EXPECT_EQ(s.vault->last_operation, "unwrapkey");
  s.vault->instead = [](const auto&) { return FakeKeyVault::refused(400, "BadParameter"); };
  EXPECT_THAT(now(secret.remote->unwrap(jose::JweAlg::kRsaOaep, Bytes(256, 9))),
              fails("jwe_decrypt_failed"));
  s.vault->instead = [](const auto&) { return FakeKeyVault::refused(403, "Forbidden"); };
  EXPECT_THAT(now(secret.remote->unwrap(jose::JweAlg::kRsaOaep, Bytes(256, 9))),
              fails("azure_access_denied"));
}

TEST(AzureKeys, a_new_version_is_made_by_the_vaults_own_rotation) {
  KeysSetting s;
  const auto store = s.maker();
  EXPECT_THAT(now(store->fetch(Alias("ec"))), is_ok());
  ASSERT_THAT(KeysSetting::make(*store, "v1"), is_ok());
  const auto request = s.http->sent().back();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://v.vault.azure.net/keys/ec/rotate?api-version=7.4");
  EXPECT_EQ(request.body, "");
  const auto secrets = now(store->fetch(Alias("ec")));
  ASSERT_THAT(secrets, is_ok());
  ASSERT_EQ(secrets->size(), 2U);
  EXPECT_EQ(secrets->at(0).version, "v2");
  EXPECT_EQ(secrets->at(0).key->allowed(), std::vector<JwsAlg>{JwsAlg::kEs256});
}

TEST(AzureKeys, no_version_is_made_where_a_newer_one_is_there_already) {
  KeysSetting s;
  const auto store = s.maker();
  ASSERT_THAT(KeysSetting::make(*store, "v1"), is_ok());
  ASSERT_THAT(KeysSetting::make(*store, "v1"), is_ok());
  EXPECT_EQ(s.rotations(), 1U);
  ASSERT_THAT(KeysSetting::make(*store, "v2"), is_ok());
  EXPECT_EQ(s.rotations(), 2U);
}

TEST(AzureKeys, no_version_is_made_without_the_setting_nor_without_the_right) {
  KeysSetting s;
  const auto off = KeysSetting::make(*s.store(), "v1");
  EXPECT_THAT(off, fails("store_makes_no_keys"));
  EXPECT_THAT(off.error().detail, testing::HasSubstr("create_keys"));
  EXPECT_TRUE(s.http->sent().empty());
  const auto store = s.maker();
  s.vault->may_rotate = false;
  EXPECT_THAT(KeysSetting::make(*store, "v1"), fails("azure_access_denied"));
  EXPECT_EQ(s.vault->keys["ec"].size(), 1U);
  s.vault->may_rotate = true;
  EXPECT_THAT(KeysSetting::make(*store, "v1"), is_ok());
}

TEST(AzureKeys, no_version_is_made_where_it_would_push_out_the_one_that_signs) {
  KeysSetting s;
  const auto store = s.store(R"(,"create_keys":true,"versions":2)");
  EXPECT_THAT(KeysSetting::make(*store, "v1"), fails("store_versions_few"));
  EXPECT_TRUE(s.http->sent().empty());
  EXPECT_THAT(KeysSetting::make(*s.store(R"(,"create_keys":true,"versions":3)"), "v1"), is_ok());
}

TEST(AzureKeys, a_rotation_of_nothing_and_one_that_brought_nothing_are_told) {
  KeysSetting s;
  const auto store = s.maker();
  EXPECT_THAT(KeysSetting::make(*store, "v1", "none"), fails("alias_unknown"));
  EXPECT_THAT(KeysSetting::make(*store, "v1", "a/b"), fails("alias_unknown"));
  s.vault->instead =
      [&](const net::OutboundRequest& request) -> std::optional<net::OutboundResponse> {
    if (request.url.find("/rotate?") == request.url.npos) return std::nullopt;
    json::Object jwk = jose::Jwk::from_public(s.vault->keys["ec"].front().second.public_key())
                           .public_json()
                           .value();
    jwk.set("kid", "https://v.vault.azure.net/keys/ec/v1");
    return FakeHttpClient::response(
        200, R"({"key":)" + json::dump(jwk) + R"(,"attributes":{"enabled":true}})");
  };
  EXPECT_THAT(KeysSetting::make(*store, "v1"), fails("azure_answer_malformed"));
}

}  // namespace
}  // namespace signet::secrets::azure

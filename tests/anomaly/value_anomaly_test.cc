// F8 over what reads foreign bytes and over storage.
#include <map>

#include "anomaly/anomaly_loop.h"
#include "base/base64.h"
#include "base/log.h"
#include "base/random.h"
#include "config/server_config.h"
#include "crypto/pkcs12.h"
#include "jose/jwe.h"
#include "jose/jwt.h"
#include "keystores/pem.h"
#include "keystores/pkcs12.h"
#include "secrets/stores/encoded_value.h"
#include "storage/catalog.h"
#include "storage/test_folder.h"
#include "support/matchers.h"

namespace signet {
namespace {

using test::anomaly_loops;
using test::Ended;
using test::is_ok;
using test::Operation;

void loops(std::string name, std::function<bool()> act) {
  Operation operation;
  operation.name = std::move(name);
  operation.act = std::move(act);
  anomaly_loops(operation);
}

class ValueAnomaly : public ::testing::Test {
 protected:
  ValueAnomaly() { log::configure(log::Level::kOff, true); }
  ~ValueAnomaly() override { log::configure(log::Level::kInfo, true); }
  SystemRandom random;
};

TEST_F(ValueAnomaly, f_8_a_forged_token_never_verifies_and_a_good_one_says_what_it_said) {
  const auto key = jose::Key::local(
      jose::Jwk::from_private(*crypto::PrivateKey::generate(crypto::KeyKind::kEcP256)));
  const std::string text =
      R"({"iss":"https://a.example","exp":1700000060,"jti":"1","sub":"a-subject-that-is-not-short"})";
  const std::string token = *jose::sign_compact(key, jose::JwsAlg::kEs256, as_bytes(text));
  std::string forged = token;
  forged[forged.size() - 20] = forged[forged.size() - 20] == 'A' ? 'B' : 'A';
  const jose::KeyPtr keys[] = {key};
  jose::VerifyOptions options;
  options.keys = keys;
  jose::ClaimRules rules;
  rules.now = from_unix_seconds(1700000000);
  loops("jose_verify", [&] {
    const auto verified = jose::verify_jwt(token, options, rules);
    return verified.ok() && verified->claims.subject == "a-subject-that-is-not-short";
  });
  // The right end of this one is a refusal, whatever fails on the way.
  loops("jose_verify_forged", [&] { return !jose::verify_jwt(forged, options, rules).ok(); });
}

TEST_F(ValueAnomaly, f_8_what_is_decrypted_is_whole) {
  const auto pair = crypto::PrivateKey::generate(crypto::KeyKind::kRsa, 2048);
  const std::string plain(300, 'p');
  struct Row {
    const char* name;
    jose::KeyPtr key;
    jose::JweAlg alg;
  };
  const Row rows[] = {
      {"jwe_decrypt_rsa", jose::Key::local(jose::Jwk::from_private(*pair)), jose::JweAlg::kRsaOaep},
      {"jwe_decrypt_dir", jose::Key::local(jose::Jwk::from_symmetric(SecretBytes(Bytes(32, 9)))),
       jose::JweAlg::kDir}};
  for (const auto& row : rows) {
    const auto token = jose::encrypt_compact(
        row.key, as_bytes(plain), {row.alg, jose::JweEnc::kA128CbcHs256, {}, 1000, {}, {}, false},
        random);
    ASSERT_THAT(token, is_ok());
    const jose::KeyPtr keys[] = {row.key};
    jose::DecryptOptions options;
    options.keys = keys;
    loops(row.name, [&] {
      const auto opened = jose::decrypt_compact(*token, options);
      return opened.ok() && as_text(opened->plain.view()) == plain;
    });
  }
}

TEST_F(ValueAnomaly, f_8_what_is_read_is_what_was_written) {
  const auto pair = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256);
  const auto jwk = jose::Jwk::from_private(*pair);
  const std::string text = json::dump(jwk.private_json());
  loops("jwk_parse", [&] {
    const auto read = jose::Jwk::parse(text);
    return read.ok() && read->thumbprint() == jwk.thumbprint();
  });
  const std::string document =
      R"({"a":[1,2,{"b":"a text that is longer than the small ones"}],"c":{"d":null,"e":1.5},"f":"x"})";
  loops("json_parse", [&] {
    const auto read = json::parse(document);
    return read.ok() && json::dump(*read) == document;
  });
  loops("json_parse_duplicate", [] {
    return !json::parse(R"({"a name that is not short":1,"a name that is not short":2})").ok();
  });
}

TEST_F(ValueAnomaly, f_8_a_configuration_is_read_whole_or_refused) {
  const std::string text = R"(
data_dir: /tmp/nowhere-that-is-used
server: {public_url: "https://as.example", port: 0, loops: 1}
secret_stores:
  - name: volume
    type: filesystem
    settings: {directory: /tmp/nowhere-that-is-used/keys}
    mappings: {am.services.oauth2.stateless.signing.RSA: [first-alias, second-alias]}
realms:
  - name: root
    access_token: {format: jwt, lifetime: PT5M}
    clients: [{client_id: a-client-with-a-name, token_endpoint_auth_method: none}]
)";
  loops("config_load", [&] {
    const auto config = config::load(text, "signet.yaml", {{"SIGNET__SERVER__PORT", "9090"}});
    return config.ok() && config->server.port == 9090 && config->realms.size() == 1 &&
           config->secret_stores.size() == 1 && config->realms[0].clients.size() == 1 &&
           config->secret_stores[0].mappings[0].second.size() == 2;
  });
}

TEST_F(ValueAnomaly, f_8_key_files_are_read_whole_or_refused) {
  const auto pair = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256);
  const auto pkcs8 = pair->pkcs8();
  const std::string pem = "-----BEGIN PRIVATE KEY-----\n" + base64::encode(pkcs8.view()) +
                          "\n-----END PRIVATE KEY-----\n";
  loops("pem_read", [&] {
    const auto read = keystores::read_pem(as_bytes(pem), std::nullopt);
    return read.ok() && read->private_keys.size() == 1 &&
           read->private_keys[0].public_key() == pair->public_key();
  });
  const std::string password = "correct horse";
  const auto store = crypto::write_pkcs12(*pair, {}, "the alias of this key", as_bytes(password));
  ASSERT_THAT(store, is_ok());
  loops("pkcs12_read", [&] {
    const auto read = keystores::read_pkcs12_store(store->view(), as_bytes(password));
    return read.ok() && read->size() == 1 && (*read)[0].alias == "the alias of this key" &&
           (*read)[0].private_key.has_value();
  });
  loops("pkcs12_wrong_password",
        [&] { return !keystores::read_pkcs12_store(store->view(), as_bytes("wrong")).ok(); });
}

TEST_F(ValueAnomaly, f_8_encoded_values_are_right_or_refused) {
  const std::string plain = "a secret that is longer than the small ones";
  std::vector<secrets::EncodingKeys::Key> list;
  list.push_back({"first", SecretBytes(Bytes(32, 5))});
  const auto keys = secrets::EncodingKeys::make(std::move(list));
  ASSERT_THAT(keys, is_ok());
  const auto encoded = (*keys)->encode(as_bytes(plain), random);
  ASSERT_THAT(encoded, is_ok());
  loops("value_encode", [&] {
    const auto made = (*keys)->encode(as_bytes(plain), random);
    return made.ok() && made->starts_with("SGN1.");
  });
  loops("value_decode", [&] {
    const auto opened = (*keys)->decode(*encoded);
    return opened.ok() && as_text(opened->view()) == plain;
  });
}

class StorageAnomaly : public ValueAnomaly, public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Engines, StorageAnomaly, ::testing::Values("memory", "sqlite"),
                         [](const auto& row) { return std::string(row.param); });

TEST_P(StorageAnomaly, f_8_a_transaction_is_there_whole_or_not_at_all) {
  storage::test::TestFolder folder;
  SystemClock clock;
  const std::string engine = GetParam();
  const auto opened =
      storage::open(engine == "memory" ? "memory:" : "sqlite:" + folder.file("t.db"), clock);
  ASSERT_THAT(opened, is_ok());
  storage::Storage& storage = **opened;
  const RealmName realm("a-realm-whose-name-is-not-short");
  int round = 0;
  const auto id = [&](const char* part) { return std::string(part) + std::to_string(round); };
  const auto is_there = [&](const char* part) {
    const auto found = async::run_now(storage.document("client", realm, id(part)));
    EXPECT_THAT(found, is_ok());
    return found.ok() && found->has_value();
  };
  Operation commit;
  commit.name = engine + "_commit";
  commit.prepare = [&] { ++round; };
  commit.act = [&] {
    storage::Transaction transaction;
    for (const char* part : {"the-first-half-", "the-other-half-"}) {
      storage::PutDocument put;
      put.document = {"client", realm, id(part), "{}", 0};
      transaction.emplace_back(std::move(put));
    }
    return async::run_now(storage.commit(std::move(transaction))).ok();
  };
  commit.check = [&](Ended ended) {
    const bool first = is_there("the-first-half-"), other = is_there("the-other-half-");
    ASSERT_EQ(first, other);
    if (ended == Ended::kRight) {
      ASSERT_TRUE(first);
    }
  };
  anomaly_loops(commit);
  loops(engine + "_read", [&] {
    const auto found = async::run_now(storage.document("client", realm, id("the-first-half-")));
    return found.ok() && found->has_value() && (*found)->text == "{}";
  });
  loops(engine + "_audit_and_keys", [&] {
    return async::run_now(storage.audit(0, 10)).ok() && async::run_now(storage.keys(realm)).ok();
  });
}

}  // namespace
}  // namespace signet

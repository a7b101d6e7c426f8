// The state matrices (F34): each cell of tests/matrices is tried against a whole server.
#include <algorithm>

#include "base/text.h"
#include "oauth/endpoints/test_clients.h"
#include "resource_servers/direct_key.h"
#include "support/matrix.h"

namespace signet::oauth::test {
namespace {

using signet::test::Matrix;
using ::testing::ElementsAreArray;

constexpr const char* kGrantAndToken = "grant_type=client_credentials&token=unknown";

/// "ok", the OAuth error, or "not_found".
std::string outcome(const FakeExchange& answer) {
  if (answer.status() == 200) return "ok";
  if (answer.status() == 404) return "not_found";
  return answer.text("error");
}

std::vector<std::string> rows_of(const char* const* methods, std::size_t count) {
  std::vector<std::string> out;
  for (const auto& endpoint : kEndpoints)
    for (std::size_t i = 0; i < count; ++i)
      out.push_back(std::string(endpoint.name) + "/" + methods[i]);
  return out;
}

TEST(Matrices, sec_036_f_34_every_endpoint_takes_the_one_registered_method) {
  const Matrix matrix = Matrix::read("client_auth");
  EXPECT_THAT(matrix.rows(), ElementsAreArray(rows_of(kMethods, std::size(kMethods))))
      << "an endpoint or a method was not thought of";
  World world;
  world.realm("root");
  const KeyedClients clients;
  for (const auto& endpoint : kEndpoints) {
    for (const std::string method : kMethods) {
      const std::string row = std::string(endpoint.name) + "/" + method;
      clients.put(world, "c", method);
      for (const auto& presented : matrix.columns()) {
        const auto answer = clients.send(world, "/oauth2" + std::string(endpoint.path),
                                         kGrantAndToken, "c", presented);
        EXPECT_EQ(outcome(answer), matrix.at(row, presented)) << row << " presents " << presented;
      }
    }
  }
}

TEST(Matrices, sec_051_f_34_a_client_that_is_gone_is_gone_at_every_endpoint) {
  const Matrix matrix = Matrix::read("client_state");
  EXPECT_THAT(matrix.rows(), ElementsAreArray(rows_of(kMethods + 1, std::size(kMethods) - 1)));
  for (const auto& state : matrix.columns()) {
    World world;
    world.realm("root");
    const KeyedClients clients, others;
    for (const auto& endpoint : kEndpoints) {
      for (std::size_t i = 1; i < std::size(kMethods); ++i) {
        const std::string method = kMethods[i];
        const std::string row = std::string(endpoint.name) + "/" + method;
        const std::string path = "/oauth2" + std::string(endpoint.path);
        world.realm("root");
        clients.put(world, "c", method);
        ASSERT_EQ(outcome(clients.send(world, path, kGrantAndToken, "c", method)), "ok") << row;
        if (state == "disabled") clients.put(world, "c", method, ",\"enabled\":false");
        if (state == "secret_changed")
          clients.put(world, "c", method, "", "root", std::string(40, 'n'));
        if (state == "key_changed") others.put(world, "c", method);
        if (state == "realm_disabled") world.realm("root", ",\"enabled\":false");
        if (state == "deleted") {
          storage::Transaction transaction;
          transaction.emplace_back(
              storage::EraseDocument{"client", RealmName("root"), "c", std::nullopt});
          ASSERT_THAT(async::run_now(world.storage->commit(std::move(transaction))),
                      signet::test::is_ok());
          world.services->changes->publish({"client", RealmName("root"), "c"});
        }
        EXPECT_EQ(outcome(clients.send(world, path, kGrantAndToken, "c", method)),
                  matrix.at(row, state))
            << row << " when " << state;
      }
    }
  }
}

/// Every kind of token, made with the server's own keys where only the server could be fooled.
class Kinds {
 public:
  explicit Kinds(World& world) : world_(world) {
    world.realm("root");
    clients.put(world, "c", "private_key_jwt");
    world.client("gateway", R"(,"may_introspect":"realm")");
  }

  std::string make(const std::string& kind) {
    if (kind == "access_jwt") return issue("");
    if (kind == "access_encrypted_jwt")
      return issue(R"(,"access_token":{"format":"encrypted_jwt"})");
    if (kind == "access_opaque") return issue(R"(,"access_token":{"format":"opaque"})");
    if (kind == "access_nested_server_key") return issue_for("Sealed", R"({"name":"Sealed"})");
    if (kind == "access_nested_dir") return direct();
    if (kind.starts_with("access_nested")) return nested(kind == "access_nested_inner");
    if (kind == "private_claim") {
      const std::string inner = nested(true);
      const auto claims = base64::url_decode(split(inner, '.')[1]);
      return *json::parse_object(as_text(*claims))->find("_pvt")->if_string();
    }
    if (kind == "client_assertion") return signed_by(clients.key(), "JWT", claims());
    if (kind == "id_token") {
      auto of_server = claims();
      of_server.set("iss", "https://as.example/oauth2");
      return signed_by(server(), "JWT", of_server);
    }
    if (kind == "logout_token") return signed_by(server(), "logout+jwt", claims());
    if (kind == "request_object") return signed_by(server(), "oauth-authz-req+jwt", claims());
    if (kind == "introspection_jwt")
      return signed_by(server(), "token-introspection+jwt", claims());
    if (kind == "untyped_jwt") return signed_by(server(), "", claims());
    if (kind == "untyped_encrypted_jwt") {
      jose::EncryptOptions options{
          jose::JweAlg::kDir, jose::JweEnc::kA128CbcHs256, {}, 1000, {}, {}, false};
      return *jose::encrypt_compact(server_sealing(), as_bytes(json::dump(claims())), options,
                                    *world_.random);
    }
    if (kind == "access_jwt_in_json_form") {
      const std::string compact = make("access_jwt");
      const auto parts = split(compact, '.');
      return R"({"protected":")" + std::string(parts[0]) + R"(","payload":")" +
             std::string(parts[1]) + R"(","signature":")" + std::string(parts[2]) + "\"}";
    }
    if (kind == "signed_by_a_client") return signed_by(clients.key(), "at+jwt", claims());
    ADD_FAILURE() << "no token of kind " << kind;
    return "";
  }

  KeyedClients clients;

 private:
  std::string issue(const std::string& more) {
    world_.client("issuer", more);
    return world_.issue("issuer");
  }
  std::string issue_for(const std::string& name, const std::string& document) {
    world_.put("resource_server", "root", name, document);
    world_.client("issuer");
    return world_.issue("issuer", "&resourceServer=" + name);
  }
  // For a resource server with a key of its own: the encrypted token, or the signed one inside it.
  std::string nested(bool inner) {
    const auto key =
        jose::Key::local(jose::Jwk::from_symmetric(SecretBytes::from_text("0123456789abcdef")));
    const std::string outer =
        issue_for("Api", R"({"name":"Api","access_token":{"encryption":"resource_server_key",)"
                         R"("key_encryption_algorithm":"A128KW","jwks":{"keys":[)" +
                             json::dump(key->jwk().private_json()) + "]}}}");
    if (!inner) return outer;
    jose::DecryptOptions options;
    const std::vector<jose::KeyPtr> keys{key};
    options.keys = keys;
    return std::string(as_text(jose::decrypt_compact(outer, options)->plain.view()));
  }
  // For a resource server whose key encrypts it directly; the token does not even name it.
  std::string direct() {
    const auto key =
        jose::Jwk::from_symmetric(SecretBytes::from_text("0123456789abcdef0123456789abcdef"));
    const auto kept = resource_servers::DirectKey::seal(key, std::nullopt, world_.services->seal);
    world_.put(std::string(resource_servers::kDirectKeyKind), "root",
               resource_servers::direct_key_id(key, "Direct"), kept->to_text());
    return issue_for("Direct",
                     R"({"name":"Direct","access_token":{"encryption":"resource_server_key",)"
                     R"("key_encryption_algorithm":"dir","jwks":{"keys":[)" +
                         json::dump(key.private_json()) + "]}}}");
  }
  // The claims would do for an access token and for an assertion alike.
  json::Object claims() {
    auto out = assertion_claims(world_, "c");
    out.set("client_id", "c");
    return out;
  }
  // As the realm knows its keys: with their kid.
  jose::KeyPtr server() {
    const auto realm = async::run_now(world_.router->directory().load(RealmName("root")));
    const auto* ready = (*realm)->signer(jose::JwsAlg::kEs256);
    return ready->signer.key();
  }
  jose::KeyPtr server_sealing() {
    const auto realm = async::run_now(world_.router->directory().load(RealmName("root")));
    return (*realm)->server_encryption()->encryptor.key();
  }
  static std::string signed_by(const jose::KeyPtr& key, const std::string& typ,
                               json::Object claims) {
    if (typ != "JWT") claims.set("iss", "https://as.example/oauth2");
    json::Object header;
    if (!typ.empty()) header.set("typ", typ);
    return *jose::sign_compact(key, jose::JwsAlg::kEs256, as_bytes(json::dump(claims)), header);
  }

  World& world_;
};

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    constexpr char kHex[] = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

TEST(Matrices, sec_083_sec_061_sec_065_sec_087_f_34_each_kind_of_token_serves_its_own_use) {
  const Matrix matrix = Matrix::read("token_use");
  World world;
  Kinds kinds(world);
  for (const auto& kind : matrix.rows()) {
    const std::string token = kinds.make(kind);
    ASSERT_FALSE(token.empty()) << kind;
    const bool introspected =
        world.post("/oauth2/introspect", "token=" + escaped(token), "gateway").flag("active");
    EXPECT_EQ(introspected ? "yes" : "no", matrix.at(kind, "introspected")) << kind;

    const auto asserted = world.post(
        "/oauth2/access_token", "grant_type=client_credentials&" + assertion_form(escaped(token)));
    EXPECT_EQ(asserted.status() == 200 ? "yes" : "no", matrix.at(kind, "client_assertion")) << kind;
    if (asserted.status() != 200) {
      EXPECT_EQ(asserted.text("error"), "invalid_client") << kind;
    }

    const std::string owner = kind.starts_with("access") ? "issuer" : "gateway";
    const std::size_t denied = world.services->denied->size();
    EXPECT_EQ(world.post("/oauth2/token/revoke", "token=" + escaped(token), owner).status(), 200);
    const bool still =
        world.post("/oauth2/introspect", "token=" + escaped(token), "gateway").flag("active");
    const bool revoked = (introspected && !still) || world.services->denied->size() > denied;
    EXPECT_EQ(revoked ? "yes" : "no", matrix.at(kind, "revoked")) << kind;
  }
}

std::string id_of(std::string realm) {
  std::replace(realm.begin(), realm.end(), '/', '.');
  return "c-" + realm;
}

TEST(Matrices, sec_215_sec_130_sec_080_f_34_a_realm_knows_nothing_of_another) {
  const Matrix matrix = Matrix::read("realms");
  EXPECT_EQ(matrix.rows(), matrix.columns());
  World world;
  const KeyedClients clients;
  for (const auto& realm : matrix.rows()) {
    world.realm(realm);
    // The same ids in every realm would prove nothing, so each realm has its own beside a gateway.
    const std::string id = id_of(realm);
    clients.put(world, id, "client_secret_basic", "", realm);
    clients.put(world, "k-" + id, "private_key_jwt", "", realm);
    world.client("jwt-" + id, "", realm);
    world.client("enc-" + id, R"(,"access_token":{"format":"encrypted_jwt"})", realm);
    world.client("opq-" + id, R"(,"access_token":{"format":"opaque"})", realm);
    world.client("gateway", R"(,"may_introspect":"realm")", realm);
    world.put("resource_server", realm, "rs-" + id, "{\"name\":\"rs-" + id + "\"}");
  }
  const std::string grant = "grant_type=client_credentials";
  for (const auto& mine : matrix.rows()) {
    for (const auto& theirs : matrix.columns()) {
      SCOPED_TRACE(mine + " at " + theirs);
      const bool own = matrix.at(mine, theirs) == "own";
      const std::string id = id_of(mine);
      const std::string here = realm_path(mine), there = realm_path(theirs);
      // A client with its secret, and one with its key.
      const auto by_secret = world.post(there + "/access_token", grant, id);
      EXPECT_EQ(outcome(by_secret), own ? "ok" : "invalid_client");
      const auto by_key =
          clients.send(world, there + "/access_token", grant, "k-" + id, "private_key_jwt", mine);
      EXPECT_EQ(outcome(by_key), own ? "ok" : "invalid_client");
      // A resource server, by name; and a token that was made for it.
      const std::string name = "&resourceServer=rs-" + id;
      EXPECT_EQ(outcome(world.post(there + "/access_token", grant + name, "jwt-" + id_of(theirs))),
                own ? "ok" : "invalid_target");
      for (const char* format : {"jwt-", "enc-", "opq-", "rs-"}) {
        const bool is_nested = std::string_view(format) == "rs-";
        const std::string client = (is_nested ? "jwt-" : format) + id;
        const std::string asked = is_nested ? grant + name : grant;
        const std::string token =
            world.post(here + "/access_token", asked, client).text("access_token");
        ASSERT_FALSE(token.empty()) << format;
        EXPECT_EQ(world.post(there + "/introspect", "token=" + token, "gateway").flag("active"),
                  own)
            << format;
        EXPECT_EQ(world.post(there + "/introspect", "token=" + token, client).status() == 200, own)
            << format;
        // What another realm is asked to revoke goes on living in its own.
        const auto revoked = world.post(there + "/token/revoke", "token=" + token,
                                        own ? client : std::string("gateway"));
        EXPECT_EQ(revoked.status(), 200) << format;
        EXPECT_EQ(world.post(here + "/introspect", "token=" + token, "gateway").flag("active"),
                  !own)
            << format;
      }
      if (own) continue;
      EXPECT_NE(world.get(here + "/.well-known/openid-configuration").text("issuer"),
                world.get(there + "/.well-known/openid-configuration").text("issuer"));
    }
  }
}

TEST(Matrix, with_a_cell_that_nobody_thought_of_is_refused) {
  EXPECT_EQ(Matrix::parse(",x,y\na,1,2\n", "t").at("a", "y"), "2");
  for (const char* bad : {",x,y\na,1,\n", ",x,y\na,1\n", ",x,y\na,1,2,3\n", ",x,x\na,1,2\n",
                          ",x\na,1\na,2\n", ",x\n", ""})
    EXPECT_THROW(Matrix::parse(bad, "t"), std::runtime_error) << bad;
  EXPECT_THROW(Matrix::read("there_is_none"), std::runtime_error);
}

}  // namespace
}  // namespace signet::oauth::test

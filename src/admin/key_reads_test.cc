// sec_134: nobody reads a private key by this interface, so that no reading of one goes unnoticed.

#include "admin/test_admin.h"
#include "base/base64.h"
#include "base/text.h"

namespace signet::admin {
namespace {

using http::Method;
using oauth::test::FakeExchange;
using test::AdminApiTest;

const std::string kRoot = "/admin/realms/root";
const std::string kIds = R"("store":"memory","id":"am.services.oauth2.stateless.signing.RSA")";
const std::string kMapped =
    R"("store":"memory","secretId":"am.services.oauth2.stateless.signing.RSA")";
const std::string kShared = "Vlbwxl5hbCOLMwupPc2hDw";

struct Call {
  Method method;
  std::string path;
  std::string body;
};

/// One of each route, in an order in which each is taken.
std::vector<Call> calls(const std::string& kid) {
  const std::string with_key =
      R"({"access_token":{"encryption":"resource_server_key","key_encryption_algorithm":"A128KW",)"
      R"("jwks":{"keys":[{"kty":"oct","use":"enc","alg":"A128KW","kid":"a","k":")" +
      kShared + R"("}]}}})";
  return {
      {Method::kPut, kRoot, "{}"},
      {Method::kGet, "/admin/realms", ""},
      {Method::kGet, kRoot, ""},
      {Method::kPut, kRoot + "/clients/c1", R"({"client_id":"c1","generate_secret":true})"},
      {Method::kGet, kRoot + "/clients", ""},
      {Method::kGet, kRoot + "/clients/c1", ""},
      {Method::kPut, kRoot + "/resource-servers/RS", with_key},
      {Method::kGet, kRoot + "/resource-servers", ""},
      {Method::kGet, kRoot + "/resource-servers/RS", ""},
      {Method::kGet, kRoot + "/resource-servers/preview?default=RS", ""},
      {Method::kPost, kRoot + "/resource-servers/RS/test", ""},
      {Method::kPut, kRoot + "/inject-policies/p", R"({"client_id":"c1"})"},
      {Method::kGet, kRoot + "/inject-policies", ""},
      {Method::kGet, kRoot + "/inject-policies/p", ""},
      {Method::kGet, kRoot + "/secrets", ""},
      {Method::kPost, "/admin/secrets/rotate", "{" + kIds + R"(,"dry_run":true})"},
      {Method::kGet, "/admin/secrets/plan?step=publish&alias=rsa2&" + kid, ""},
      {Method::kPost, "/admin/secrets/plan",
       R"({"id":"am.services.oauth2.stateless.signing.RSA","step":"publish","alias":"rsa2"})"},
      {Method::kPost, "/admin/secrets/mappings/undo", "{" + kMapped + R"(,"force":true})"},
      {Method::kPut, "/admin/secrets/mappings", "{" + kMapped + R"(,"aliases":["rsa"]})"},
      {Method::kPost, "/admin/secrets/publish", "{" + kIds + R"(,"alias":"rsa2"})"},
      {Method::kPost, "/admin/secrets/activate", "{" + kIds + R"(,"alias":"rsa2","force":true})"},
      {Method::kPost, "/admin/secrets/retire", "{" + kIds + R"(,"alias":"rsa","force":true})"},
      {Method::kGet, "/admin/secrets/mappings?store=memory", ""},
      {Method::kGet, "/admin/secrets/usage?" + kid, ""},
      {Method::kPost, "/admin/secrets/compromise",
       R"({"id":"am.services.oauth2.stateless.signing.ES256","kid":"none"})"},
      {Method::kGet, "/admin/invariants", ""},
      {Method::kGet, "/admin/stores", ""},
      {Method::kGet, "/admin/instances", ""},
      {Method::kGet, "/admin/audit?limit=1000", ""},
      {Method::kGet, "/admin/health", ""},
      {Method::kGet, "/admin/sealing", ""},
      {Method::kPost, "/admin/sealing", "{}"},
      {Method::kDelete, kRoot + "/inject-policies/p", ""},
      {Method::kDelete, kRoot + "/resource-servers/RS", ""},
      {Method::kDelete, kRoot + "/clients/c1", ""},
      {Method::kDelete, kRoot, ""},
  };
}

bool is_of(const AdminRoute& route, const Call& call) {
  const std::string path = call.path.substr(0, call.path.find('?'));
  const auto wanted = split(route.pattern, '/'), found = split(path, '/');
  if (route.method != call.method || wanted.size() != found.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] != "*" && wanted[i] != found[i]) return false;
  }
  return true;
}

/// What must be in no answer, in the spellings of JWK, PEM and logs.
std::vector<std::string> spelled(ByteView secret) {
  return {base64::url_encode(secret), base64::encode(secret), hex(secret), to_upper(hex(secret))};
}

/// Members of JWK that only private keys have (RFC 7518 §6.2.2, §6.3.2, §6.4).
void expect_no_private_member(const json::Value& value, const std::string& where) {
  if (const json::Object* object = value.if_object()) {
    for (const auto& [name, inner] : *object) {
      for (const char* is_private : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
        EXPECT_NE(name, is_private) << where;
      expect_no_private_member(inner, where);
    }
  } else if (const json::Array* array = value.if_array()) {
    for (const auto& inner : *array)
      expect_no_private_member(inner, where);
  }
}

TEST_F(AdminApiTest, sec_134_no_answer_at_any_route_holds_a_private_key_or_a_symmetric_one) {
  std::vector<std::string> secrets = {kShared};
  const auto remember = [&](ByteView secret) {
    for (auto& text : spelled(secret))
      secrets.push_back(std::move(text));
  };
  add_rsa_key();
  for (const char* alias : {"rsa", "rsa2", "ec256", "ed", "hmac", "aes"}) {
    const auto found = async::run_now(world.store->fetch(Alias(alias)));
    ASSERT_THAT(found, signet::test::is_ok()) << alias;
    const jose::Jwk& jwk = found->front().key->jwk();
    if (!jwk.private_key()) {
      remember(jwk.symmetric());
    } else if (jwk.private_key()->kind() == crypto::KeyKind::kRsa) {
      const auto parts = jwk.private_key()->rsa_parts();
      for (const SecretBytes* part : {&parts.d, &parts.p, &parts.q, &parts.dp, &parts.dq})
        remember(part->view());
    } else if (jwk.private_key()->kind() == crypto::KeyKind::kEcP256) {
      remember(jwk.private_key()->ec_d().view());
    } else {
      remember(jwk.private_key()->okp_d().view());
    }
  }
  const auto all = calls("id=am.services.oauth2.stateless.signing.RSA");
  for (const auto& route : admin_routes()) {
    EXPECT_TRUE(
        std::any_of(all.begin(), all.end(), [&](const Call& one) { return is_of(route, one); }))
        << route.pattern << " is new: may its answer hold a key?";
  }
  for (const Call& one : all) {
    const FakeExchange answer = call(one.method, one.path, one.body);
    const std::string& body = answer.response().body;
    const bool is_refused = one.path == "/admin/secrets/compromise" ||  // an unknown key
                            (one.method == Method::kDelete && one.path == "/admin/realms/root");
    EXPECT_LT(answer.status(), is_refused ? 500 : 300) << one.path << ' ' << body;
    for (const auto& secret : secrets)
      EXPECT_EQ(body.find(secret), std::string::npos) << one.path;
    const auto parsed = json::parse(body);
    if (parsed.ok()) expect_no_private_member(*parsed, one.path);
  }
}

}  // namespace
}  // namespace signet::admin

// Which resource server a request selects, and which of its keys: every combination stated and
// tried.

#include "oauth/endpoints/key_set_test_support.h"
#include "oauth/endpoints/test_resource_servers.h"
#include "support/matrix.h"

namespace signet::oauth::test {
namespace {

using signet::test::Matrix;

const std::map<std::string, std::string>& selecting_requests() {
  static const std::map<std::string, std::string> all = {
      {"nothing", ""},
      {"name_RS1", "&resourceServer=RS1"},
      {"name_RS2", "&resourceServer=RS2"},
      {"name_of_built_in", "&resourceServer=Identity+Provider"},
      {"unknown_name", "&resourceServer=RS9"},
      {"name_in_other_case", "&resourceServer=rs1"},
      {"empty_name", "&resourceServer="},
      {"name_twice", "&resourceServer=RS1&resourceServer=RS1"},
      {"resource_RS2", "&resource=urn%3Ars2"},
      {"resource_RS2_twice", "&resource=urn%3Ars2&resource=urn%3Ars2"},
      {"resource_RS2_and_its_name", "&resource=urn%3Ars2&resourceServer=RS2"},
      {"resource_RS2_and_name_RS1", "&resource=urn%3Ars2&resourceServer=RS1"},
      {"resource_RS1_and_resource_RS2", "&resource=urn%3Ars1&resource=urn%3Ars2"},
      {"resource_of_the_client", "&resource=urn%3Aother"},
      {"resource_of_the_client_and_name_RS2", "&resource=urn%3Aother&resourceServer=RS2"},
      {"resource_of_the_client_and_resource_RS2", "&resource=urn%3Aother&resource=urn%3Ars2"},
      {"unknown_resource", "&resource=urn%3Ars9"},
      {"resource_RS2_with_fragment", "&resource=urn%3Ars2%23part"},
      {"resource_RS2_with_empty_fragment", "&resource=urn%3Ars2%23"},
      {"relative_resource", "&resource=rs2"},
      {"empty_resource", "&resource="}};
  return all;
}

class ResourceServerMatrix : public ResourceServers {
 protected:
  /// Whose token it is, or the error.
  std::string selected(const FakeExchange& answer) {
    if (answer.status() != 200) return answer.text("error");
    const std::string token = answer.text("access_token");
    if (tokens::shape_of(token) == tokens::Shape::kJws) return "as_realm";
    if (open(token, key1).ok()) return "RS1";
    if (open(token, key2).ok()) return "RS2";
    return world.is_active(token, "gateway") ? "server_key" : "nobody's";
  }
};

TEST_F(ResourceServerMatrix, sec_137_sec_138_f_34_what_a_request_selects_by_which_default) {
  const Matrix matrix = Matrix::read("resource_server_selection");
  ASSERT_EQ(matrix.rows().size(), selecting_requests().size());
  world.client("several", R"(,"audience":["urn:other"])");
  add("RS1", "", key1, "urn:rs1");
  add("RS2", "", key2, "urn:rs2");
  const std::map<std::string, std::pair<std::string, std::string>> states = {
      {"built_in_default", {"Identity Provider", "Identity Provider"}},
      {"RS1_default", {"RS1", "Identity Provider"}},
      {"RS1_default_without_built_in", {"RS1", ""}},
      {"no_default", {"", ""}}};
  for (const auto& column : matrix.columns()) {
    const auto& [default_name, built_in] = states.at(column);
    state(default_name, built_in);
    for (const auto& row : matrix.rows())
      EXPECT_EQ(selected(world.post("/oauth2/access_token",
                                    "grant_type=client_credentials" + selecting_requests().at(row),
                                    "several")),
                matrix.at(row, column))
          << row << " with " << column;
  }
}

TEST_F(ResourceServerMatrix, a_built_in_one_that_nobody_wrote_is_unknown_once_it_is_removed) {
  add("RS1", "", key1);
  EXPECT_EQ(selected(ask("&resourceServer=Identity+Provider")), "as_realm");
  state("RS1", "");
  EXPECT_EQ(selected(ask("&resourceServer=Identity+Provider")), "invalid_target");
  state("RS1");
  EXPECT_EQ(selected(ask("&resourceServer=Identity+Provider")), "as_realm") << "it came back";
}

TEST_F(ResourceServerMatrix, a_resource_that_is_named_twice_is_one_audience) {
  add("RS2", "", key2, "urn:rs2");
  const json::Object claims = inside(token("&resource=urn%3Ars2&resource=urn%3Ars2"), key2);
  EXPECT_EQ(json::dump(*claims.find("aud")), "\"urn:rs2\"");
}

TEST_F(ResourceServerMatrix, of_two_keys_that_fit_the_first_serves_unless_one_is_named) {
  const jose::KeyPtr other = key_of("other-key", 16, 'o');
  const auto put = [&](const std::string& more) {
    json::Object set;
    set.set("keys", json::Array{key1->jwk().private_json(), other->jwk().private_json()});
    world.put("resource_server", "root", "Two",
              R"({"name":"Two","access_token":{"encryption":"resource_server_key","jwks":)" +
                  json::dump(set) + R"(,"key_encryption_algorithm":"A128KW")" + more + "}}");
  };
  const auto kid = [&] {
    const auto header = jose::parse_jwe_header(token("&resourceServer=Two"));
    return header.ok() ? header->kid : "none";
  };
  put("");
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(kid(), "rs1-key") << "always the same one";
  put(R"(,"key_id":"other-key")");
  EXPECT_EQ(kid(), "other-key");
  put(R"(,"key_id":"gone")");
  EXPECT_EQ(ask("&resourceServer=Two").text("error"), "server_error");
}

TEST_F(ResourceServerMatrix,
       sec_140_a_key_that_goes_from_its_url_between_two_requests_ends_tokens) {
  const auto client = std::make_shared<FakeHttpClient>();
  const auto publish = [&](const std::string& text) {
    client->answer_with([text](const OutboundRequest&) { return response(200, text); });
  };
  world.services->key_sets = std::make_shared<KeySetCache>(
      client, world.clock, world.random, check_set, KeySetSettings{},
      [](Task<Done> task) { EXPECT_THAT(async::run_now(std::move(task)), signet::test::is_ok()); });
  world.put("resource_server", "root", "ByUrl",
            R"({"name":"ByUrl","uri":"urn:by-url","access_token":{"encryption":)"
            R"("resource_server_key","jwks_uri":"https://rs.example/keys",)"
            R"("key_encryption_algorithm":"A128KW"}})");
  publish(set_of({"here"}));
  const std::string before = token("&resourceServer=ByUrl");
  EXPECT_EQ(jose::parse_jwe_header(before)->kid, "here");
  // Another algorithm's key alone: it is a good set, and nothing in it fits.
  publish(R"({"keys":[{"kty":"oct","alg":"A256KW","kid":"wrong","k":")" +
          base64::url_encode(Bytes(32, 1)) + "\"}]}");
  world.clock->advance(Seconds(301));  // nobody read the set in its time
  const auto refused = ask("&resourceServer=ByUrl");
  EXPECT_EQ(refused.status(), 500);
  EXPECT_EQ(refused.text("error"), "server_error");
  EXPECT_EQ(refused.text("access_token"), "") << "neither plain nor by the key that is gone";
  EXPECT_TRUE(world.is_active(before, "gateway")) << "what was issued stays known";
  const std::size_t asked = client->sent().size();
  ask("&resourceServer=ByUrl");
  EXPECT_EQ(client->sent().size(), asked) << "the publisher is not asked for every request";
  publish(set_of({"back"}));
  world.clock->advance(Seconds(31));
  EXPECT_EQ(jose::parse_jwe_header(token("&resourceServer=ByUrl"))->kid, "back")
      << "at once after a miss, not only when the set is old";
}

TEST_F(ResourceServerMatrix, strict_mode_looks_at_the_inner_token_too) {
  add("RS1", "", key1);
  add("RS2", "", key2);
  realm_settings = R"(,"strict_resource_servers":true)";
  state("RS1");
  const std::string outer = token("");
  const std::string inner(as_text(open(outer, key1)->plain.view()));
  EXPECT_TRUE(world.is_active(inner, "gateway"));
  state("RS2");
  EXPECT_FALSE(world.is_active(inner, "gateway"));
  EXPECT_TRUE(world.post("/oauth2/introspect", "resourceServer=RS1&token=" + inner, "gateway")
                  .flag("active"));
  EXPECT_FALSE(world.post("/oauth2/introspect", "resourceServer=RS2&token=" + inner, "gateway")
                   .flag("active"));
  state("RS1");
  EXPECT_TRUE(world.is_active(inner, "gateway"));
}

}  // namespace
}  // namespace signet::oauth::test

// The first byte chooses: a request (Authorization on the first line, the form behind it), or the
// header and claims of an assertion, which is signed with the client's secret.
#include "base/text.h"
#include "check.h"
#include "fixed_key.h"
#include "input.h"
#include "oauth/client_authentication.h"

namespace {

using namespace signet;
using namespace signet::oauth;

constexpr std::int64_t kNow = 1'900'000'000;
constexpr std::string_view kIssuer = "https://as.example.com/oauth2";

const jose::KeyPtr& secret_key() {
  static const jose::KeyPtr made = fuzz::fixed_key();
  return made;
}

bool is_inside(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_request(std::string_view authorization, std::string_view body) {
  std::string scratch(body.size(), '\0');
  const auto form = http::FormView::parse(body, scratch);
  if (!form.ok() || !form->duplicate().empty()) return;
  Credentials out;
  const auto answer = read_credentials(authorization, authorization.empty() ? 0 : 1, *form, out);
  if (!answer.ok()) {
    FUZZ_CHECK(answer.error().error == OAuthError::kInvalidRequest ||
               answer.error().error == OAuthError::kInvalidClient);
    return;
  }
  const std::string_view buffer(out.buffer.data(), out.used);
  for (const std::string_view text : {out.client_id, out.secret, out.assertion}) {
    FUZZ_CHECK(is_inside(text, buffer) || is_inside(text, body) || is_inside(text, scratch));
    FUZZ_CHECK(is_utf8(text));
  }
  const bool is_assertion = form->given("client_assertion").has_value();
  const bool is_post = form->given("client_secret").has_value();
  FUZZ_CHECK((authorization.empty() ? 0 : 1) + is_assertion + is_post <= 1);
  using Kind = Credentials::Kind;
  FUZZ_CHECK((out.kind == Kind::kBasic) == !authorization.empty());
  FUZZ_CHECK((out.kind == Kind::kAssertion) == is_assertion);
  FUZZ_CHECK((out.kind == Kind::kPost) == is_post);
  const auto named = form->given("client_id");
  if (named) FUZZ_CHECK(*named == out.client_id);
}

void check_signed(std::string_view header, std::string_view claims) {
  const std::string token = fuzz::signed_by(*secret_key(), header, claims);
  Client client;
  client.id = ClientId("c");
  client.auth_method = AuthMethod::kSecretJwt;
  const AssertionRules rules{from_unix_seconds(kNow), kIssuer, "https://as.example.com/token"};
  const auto checked = check_assertion(client, token, secret_key(), rules);
  if (!checked.ok()) {
    FUZZ_CHECK(checked.error().error == OAuthError::kInvalidClient);
    return;
  }
  const auto read = jose::parse_claims(as_bytes(claims));
  FUZZ_CHECK(read.ok() && read->issuer == "c" && read->subject == "c");
  FUZZ_CHECK(!read->audience.empty());
  for (const std::string& audience : read->audience)
    FUZZ_CHECK(audience == kIssuer);
  FUZZ_CHECK(!checked->jwt_id.empty() && checked->jwt_id.size() <= 256);
  FUZZ_CHECK(rules.now < checked->expires);
  FUZZ_CHECK(*read->expires <= rules.now + Seconds(60) + Seconds(30 * 60));
  client.auth_method = AuthMethod::kPrivateKeyJwt;
  FUZZ_CHECK(!check_assertion(client, token, secret_key(), rules).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [chosen, text] = fuzz::Chosen(data, size);
  const auto [first, rest] = fuzz::cut_at_line(text);
  if (chosen & 1) {
    check_request(first, rest);
  } else {
    check_signed(first, rest);
  }
  return 0;
}

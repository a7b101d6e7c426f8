#include "oauth/client_authentication.h"

#include <cstring>

#include "base/base64.h"
#include "base/secret_bytes.h"
#include "base/text.h"
#include "http/form.h"

namespace signet::oauth {
namespace {

constexpr Seconds kMaxAssertionLife{30 * 60};

Refusal invalid_request(std::string text) {
  return Refusal(OAuthError::kInvalidRequest, std::move(text));
}

constexpr auto kStandardDigits = [] {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::int8_t, 256> digits{};
  digits.fill(-1);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    digits[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  return digits;
}();

// Decodes standard base64 (RFC 7617) into `out` without allocating; SIZE_MAX if malformed.
std::size_t decode_basic(std::string_view text, char* out, std::size_t room) {
  while (text.ends_with('='))
    text.remove_suffix(1);
  if (text.size() % 4 == 1 || text.size() * 3 / 4 > room) return SIZE_MAX;
  std::size_t size = 0;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const int digit = kStandardDigits[static_cast<unsigned char>(c)];
    if (digit < 0) return SIZE_MAX;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out[size++] = static_cast<char>(bits >> held & 0xFF);
    }
  }
  return size;
}

Answer<Done> read_basic(std::string_view header, Credentials& out) {
  const auto malformed = [] {
    return Error{Code::kInvalid, "basic_malformed", "the Basic credentials are malformed"};
  };
  if (header.size() < 6 || !equal_ignoring_case(header.substr(0, 6), "Basic "))
    return invalid_client(
        {Code::kUnsupported, "authorization_scheme", "the Authorization scheme is not Basic"});
  char* const data = out.buffer.data();
  const std::size_t size = decode_basic(trim(header.substr(6)), data, out.buffer.size());
  if (size == SIZE_MAX) return invalid_client(malformed());
  out.used = size;
  const void* colon = std::memchr(data, ':', size);
  if (!colon) return invalid_client(malformed());
  const auto id_written = static_cast<std::size_t>(static_cast<const char*>(colon) - data);
  char* const secret = data + id_written + 1;
  // RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
  const std::size_t id_size = http::unescape_into({data, id_written}, true, data);
  const std::size_t secret_size =
      http::unescape_into({secret, size - id_written - 1}, true, secret);
  if (id_size == SIZE_MAX || secret_size == SIZE_MAX) return invalid_client(malformed());
  out.kind = Credentials::Kind::kBasic;
  out.client_id = {data, id_size};
  out.secret = {secret, secret_size};
  return Done{};
}

Answer<Done> read_assertion(std::string_view assertion, std::string_view type,
                            std::optional<std::string_view> client_id, Credentials& out) {
  if (type != kJwtBearer) return invalid_request("client_assertion_type is not the JWT bearer one");
  out.kind = Credentials::Kind::kAssertion;
  out.assertion = assertion;
  if (client_id) {
    out.client_id = *client_id;
    return Done{};
  }
  // Nothing is believed here: the name only selects whose keys must verify the assertion.
  const auto first = assertion.find('.'), second = assertion.find('.', first + 1);
  if (first == assertion.npos || second == assertion.npos)
    return invalid_client(
        {Code::kInvalid, "assertion_malformed", "the assertion is not a compact JWS"});
  const auto payload = base64::url_decode(assertion.substr(first + 1, second - first - 1));
  const auto claims =
      payload.ok() ? jose::parse_claims(*payload) : Result<jose::Claims>(payload.error());
  if (!claims.ok() || claims->subject.empty() || claims->subject.size() > out.buffer.size())
    return invalid_client(
        {Code::kInvalid, "assertion_malformed", "the assertion names no subject"});
  std::memcpy(out.buffer.data(), claims->subject.data(), claims->subject.size());
  out.used = claims->subject.size();
  out.client_id = {out.buffer.data(), out.used};
  return Done{};
}

}  // namespace

Credentials::~Credentials() {
  wipe(buffer.data(), used);
}

Refusal invalid_client(Error why) {
  return Refusal(OAuthError::kInvalidClient, "client authentication failed", std::move(why));
}

Answer<Done> read_credentials(std::string_view authorization_header,
                              std::size_t authorization_headers, const http::FormView& form,
                              Credentials& out) {
  if (authorization_headers > 1) return invalid_request("more than one Authorization header");
  const auto client_id = form.given("client_id");
  const auto secret = form.given("client_secret");
  const auto assertion = form.given("client_assertion");
  const auto assertion_type = form.given("client_assertion_type");
  const int methods =
      (authorization_headers ? 1 : 0) + (secret ? 1 : 0) + (assertion || assertion_type ? 1 : 0);
  // RFC 6749 §2.3: no more than one method in a request.
  if (methods > 1) return invalid_request("more than one way of client authentication");
  if (authorization_headers) {
    TRY(read_basic(authorization_header, out));
    if (client_id && *client_id != out.client_id)
      return invalid_request("client_id differs from the authenticated client");
    return Done{};
  }
  if (assertion || assertion_type) {
    if (!assertion || !assertion_type)
      return invalid_request("client_assertion and client_assertion_type belong together");
    return read_assertion(*assertion, *assertion_type, client_id, out);
  }
  if (!client_id)
    return invalid_client({Code::kDenied, "client_missing", "the request names no client"});
  out.client_id = *client_id;
  if (secret) {
    out.kind = Credentials::Kind::kPost;
    out.secret = *secret;
  }
  return Done{};
}

Answer<Done> check_method(const Client& client, const Credentials& credentials) {
  const auto is = [&](AuthMethod method) { return client.auth_method == method; };
  bool fits = false;
  switch (credentials.kind) {
    case Credentials::Kind::kNone:
      fits = is(AuthMethod::kNone);
      break;
    case Credentials::Kind::kBasic:
      fits = is(AuthMethod::kBasic);
      break;
    case Credentials::Kind::kPost:
      fits = is(AuthMethod::kPost);
      break;
    case Credentials::Kind::kAssertion:
      fits = is(AuthMethod::kSecretJwt) || is(AuthMethod::kPrivateKeyJwt);
      break;
  }
  if (fits) return Done{};
  return invalid_client(
      {Code::kDenied, "auth_method_not_registered",
       "the client is registered for " + std::string(to_string(client.auth_method))});
}

Answer<CheckedAssertion> check_assertion(const Client& client, std::string_view assertion,
                                         const jose::KeyPtr& secret_key,
                                         const AssertionRules& rules) {
  const bool by_secret = client.auth_method == AuthMethod::kSecretJwt;
  jose::VerifyOptions verify;
  if (by_secret) {
    if (!secret_key)
      return invalid_client({Code::kConfig, "client_secret_missing", "the client has no secret"});
    verify.keys = {&secret_key, 1};
  } else {
    verify.keys = client.keys;
  }
  std::vector<jose::JwsAlg> algs;
  for (const auto alg : jose::all_jws_algs())
    if (client.auth_alg ? alg == *client.auth_alg : jose::is_mac(alg) == by_secret)
      algs.push_back(alg);
  verify.algs = algs;

  jose::ClaimRules claims;
  claims.now = rules.now;
  claims.skew = rules.skew;
  claims.issuer = client.id.str();
  claims.audience_any_of = {std::string(rules.issuer)};
  if (client.assertion_audience_endpoint) claims.audience_any_of.emplace_back(rules.token_endpoint);
  claims.audience_exclusive = true;
  claims.require_jti = true;
  claims.max_lifetime = kMaxAssertionLife;

  auto verified = jose::verify_jwt(assertion, verify, claims);
  if (!verified.ok()) return invalid_client(verified.error());
  const jose::Claims& found = verified->claims;
  if (found.subject != client.id.view())
    return invalid_client({Code::kDenied, "assertion_subject", "sub is not the client"});
  // A token of ours, or of another kind, must not pass for an assertion (RFC 8725 §3.12).
  if (!verified->header.typ.empty() && !equal_ignoring_case(verified->header.typ, "JWT") &&
      !equal_ignoring_case(verified->header.typ, "client-authentication+jwt"))
    return invalid_client(
        {Code::kDenied, "assertion_typ", "typ is not that of a client assertion"});
  if (found.jwt_id.size() > 256)
    return invalid_client({Code::kInvalid, "assertion_jti", "jti is longer than 256 characters"});
  return CheckedAssertion{found.jwt_id, *found.expires + rules.skew};
}

}  // namespace signet::oauth

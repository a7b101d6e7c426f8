#include "jose/jwt.h"

#include <algorithm>
#include <cmath>

#include "base/json_members.h"
#include "base/text.h"

namespace signet::jose {
namespace {

constexpr int kMaxEncryptedLayers = 2;
// The last second of the year 9999: more is a mistake or an attack on arithmetic.
constexpr double kLastInstant = 253402300799.0;

Error malformed_claim(std::string_view name) {
  return {Code::kInvalid, "jwt_claims_malformed", "claim " + std::string(name)};
}
Error refused(const char* reason, const char* detail) {
  return {Code::kDenied, reason, detail};
}

enum class Shape : std::uint8_t { kText, kNumber, kObject, kTexts };
struct Registered {
  std::string_view name;
  Shape shape;
};
// Registered claims (RFC 7519 §4.1 and the registry) with the one JSON type that each may have.
constexpr Registered kRegistered[] = {
    {"iss", Shape::kText},         {"sub", Shape::kText},       {"jti", Shape::kText},
    {"exp", Shape::kNumber},       {"nbf", Shape::kNumber},     {"iat", Shape::kNumber},
    {"auth_time", Shape::kNumber}, {"scope", Shape::kText},     {"client_id", Shape::kText},
    {"azp", Shape::kText},         {"nonce", Shape::kText},     {"acr", Shape::kText},
    {"sid", Shape::kText},         {"at_hash", Shape::kText},   {"c_hash", Shape::kText},
    {"s_hash", Shape::kText},      {"amr", Shape::kTexts},      {"cnf", Shape::kObject},
    {"act", Shape::kObject},       {"may_act", Shape::kObject}, {"events", Shape::kObject}};

bool is_texts(const json::Value& value) {
  const json::Array* items = value.if_array();
  return items && std::all_of(items->begin(), items->end(),
                              [](const json::Value& item) { return item.is_string(); });
}

bool has_shape(const json::Value& value, Shape shape) {
  switch (shape) {
    case Shape::kText:
      return value.is_string();
    case Shape::kNumber:
      return value.is_number();
    case Shape::kObject:
      return value.is_object();
    case Shape::kTexts:
      return is_texts(value);
  }
  return false;
}

Result<std::optional<Instant>> date(const json::Object& members, std::string_view name) {
  const json::Value* value = members.find(name);
  if (!value) return std::optional<Instant>();
  const auto number = value->if_number();
  if (!number || !std::isfinite(*number) || *number < 0 || *number > kLastInstant)
    return malformed_claim(name);
  if (const auto whole = value->if_int()) return std::optional(from_unix_seconds(*whole));
  return std::optional(Instant(Milliseconds(std::llround(*number * 1000))));
}

/// RFC 7515 §4.1.9: "application/" may be left out where no other slash follows. Media types are
/// compared without case.
bool same_media_type(std::string_view a, std::string_view b) {
  const auto shortened = [](std::string_view type) {
    constexpr std::string_view kPrefix = "application/";
    if (type.size() > kPrefix.size() &&
        equal_ignoring_case(type.substr(0, kPrefix.size()), kPrefix) &&
        type.find('/', kPrefix.size()) == std::string_view::npos) {
      type.remove_prefix(kPrefix.size());
    }
    return type;
  };
  return equal_ignoring_case(shortened(a), shortened(b));
}

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

Status check_audience(const Claims& claims, const ClaimRules& rules) {
  if (rules.audience_any_of.empty()) return Done{};
  const auto is_ours = [&](const std::string& one) { return contains(rules.audience_any_of, one); };
  const auto& audience = claims.audience;
  const bool is_meant = std::any_of(audience.begin(), audience.end(), is_ours);
  const bool is_shared = !std::all_of(audience.begin(), audience.end(), is_ours);
  if (!is_meant || (rules.audience_exclusive && is_shared))
    return refused("jwt_audience", "the token is meant for somebody else");
  return Done{};
}

Status check_times(const Claims& claims, const ClaimRules& rules) {
  if (rules.require_exp && !claims.expires) return refused("jwt_exp_missing", "exp is missing");
  if (rules.require_iat && !claims.issued_at) return refused("jwt_iat_missing", "iat is missing");
  if (claims.expires && rules.now >= *claims.expires + rules.skew)
    return refused("jwt_expired", "the token has expired");
  if (claims.not_before && *claims.not_before > rules.now + rules.skew)
    return refused("jwt_not_yet_valid", "the token is not valid yet");
  if (claims.issued_at && *claims.issued_at > rules.now + rules.skew)
    return refused("jwt_issued_in_future", "the token was issued in the future");
  if (rules.max_lifetime && claims.expires) {
    const Instant from = claims.issued_at ? *claims.issued_at : rules.now;
    if (*claims.expires - from > *rules.max_lifetime)
      return refused("jwt_lifetime", "the token lives longer than allowed");
  }
  return Done{};
}

}  // namespace

Result<Claims> parse_claims(ByteView payload, const Limits& limits) {
  auto parsed = json::parse_object(as_text(payload),
                                   {.max_bytes = limits.max_token, .max_depth = limits.max_depth});
  if (!parsed.ok()) {
    if (parsed.error().reason == std::string_view("json_duplicate_member"))
      return std::move(parsed).error();
    return Error{Code::kInvalid, "jwt_claims_malformed", "claims: " + parsed.error().detail};
  }
  Claims claims;
  claims.members = std::move(parsed).value();
  for (const Registered& claim : kRegistered) {
    const json::Value* value = claims.members.find(claim.name);
    if (value && !has_shape(*value, claim.shape)) return malformed_claim(claim.name);
  }
  claims.issuer = json::text_in(claims.members, "iss");
  claims.subject = json::text_in(claims.members, "sub");
  claims.jwt_id = json::text_in(claims.members, "jti");
  TRY(claims.expires, date(claims.members, "exp"));
  TRY(claims.not_before, date(claims.members, "nbf"));
  TRY(claims.issued_at, date(claims.members, "iat"));
  if (const json::Value* audience = claims.members.find("aud")) {
    if (const std::string* one = audience->if_string()) {
      claims.audience.push_back(*one);
    } else if (is_texts(*audience)) {
      for (const json::Value& item : *audience->if_array())
        claims.audience.push_back(*item.if_string());
    } else {
      return malformed_claim("aud");
    }
  }
  return claims;
}

Status check_claims(const JwsHeader& header, const Claims& claims, const ClaimRules& rules) {
  if (!rules.typ_any_of.empty()) {
    const bool is_known =
        std::any_of(rules.typ_any_of.begin(), rules.typ_any_of.end(),
                    [&](const std::string& typ) { return same_media_type(typ, header.typ); });
    if (!is_known) return refused("jwt_typ", "the token is of another type");
  }
  if (rules.issuer && (!claims.members.find("iss") || claims.issuer != *rules.issuer))
    return refused("jwt_issuer", "the token is by another issuer");
  TRY(check_audience(claims, rules));
  TRY(check_times(claims, rules));
  if (rules.require_jti && claims.jwt_id.empty())
    return refused("jwt_jti_missing", "jti is missing");
  return Done{};
}

Result<VerifiedJwt> verify_jwt(std::string_view token, const VerifyOptions& keys,
                               const ClaimRules& rules) {
  TRY(VerifiedJws jws, verify_compact(token, keys));
  return check_jwt(std::move(jws), keys.limits, rules);
}

Result<VerifiedJwt> check_jwt(VerifiedJws jws, const Limits& limits, const ClaimRules& rules) {
  // RFC 7797 §7: JWTs never use an unencoded payload.
  const json::Value* b64 = jws.header.members.find("b64");
  if (b64 && *b64->if_bool() == false)
    return Error{Code::kInvalid, "jwt_unencoded", "a JWT cannot have an unencoded payload"};
  TRY(Claims claims, parse_claims(jws.payload, limits));
  TRY(check_claims(jws.header, claims, rules));
  return VerifiedJwt{std::move(jws.header), std::move(claims), std::move(jws.key)};
}

Result<VerifiedJwt> verify_nested_jwt(std::string_view token, const DecryptOptions& decrypt,
                                      const VerifyOptions& keys, const ClaimRules& rules) {
  SecretBytes inner;
  for (int layer = 0; layer < kMaxEncryptedLayers; ++layer) {
    TRY(DecryptedJwe outer, decrypt_compact(token, decrypt));
    if (!same_media_type(outer.header.cty, "JWT"))
      return Error{Code::kInvalid, "jwt_not_nested", "the content is not declared to be a JWT"};
    inner = std::move(outer.plain);
    token = as_text(inner.view());
    if (std::count(token.begin(), token.end(), '.') != 4) break;
  }
  return verify_jwt(token, keys, rules);
}

}  // namespace signet::jose

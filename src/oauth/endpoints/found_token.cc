#include "oauth/endpoints/found_token.h"

#include <algorithm>

#include "base/text.h"
#include "jose/encryptor.h"

namespace signet::oauth {
namespace {

jose::ClaimRules rules_for(const RealmRuntime& realm, Instant now) {
  jose::ClaimRules rules;
  rules.now = now;
  // Our own clock wrote these times, so no leeway is owed to anybody: expired is expired.
  rules.skew = Seconds(0);
  rules.issuer = realm.issuer();
  rules.require_jti = true;
  rules.require_iat = false;
  return rules;
}

constexpr std::string_view kInvalidSignature = "jws_signature_invalid";

jose::ClaimRules access_token_rules(const RealmRuntime& realm, Instant now) {
  jose::ClaimRules rules = rules_for(realm, now);
  rules.typ_any_of = {std::string(tokens::kAccessTokenType)};
  return rules;
}

constexpr jose::JweAlg kOwnAlgs[] = {jose::JweAlg::kDir};
constexpr jose::JweEnc kOwnEncs[] = {jose::JweEnc::kA128CbcHs256};

Result<jose::DecryptedJwe> decrypt_with_own_key(const RealmRuntime& realm, std::string_view token) {
  jose::DecryptOptions decrypt;
  decrypt.keys = realm.decryption_keys();
  decrypt.algs = kOwnAlgs;
  decrypt.encs = kOwnEncs;
  return jose::decrypt_compact(token, decrypt);
}

bool is_own_key(const RealmRuntime& realm, std::string_view kid) {
  const auto keys = realm.decryption_keys();
  return std::any_of(keys.begin(), keys.end(),
                     [&](const jose::KeyPtr& key) { return key->kid() == kid; });
}

/// Whether the server's own key encrypted the token, for nobody but the server.
bool is_for_ourselves(const RealmRuntime& realm, const jose::JweHeader& header) {
  return header.alg == jose::JweAlg::kDir && is_own_key(realm, header.kid);
}

/// What an encrypted token of ours holds. What was encrypted for a resource server is only as
/// trustworthy as the signature inside.
Result<jose::DecryptedJwe> decrypt(const RealmRuntime& realm, std::string_view token, Instant now,
                                   std::span<const jose::KeyPtr> direct_keys) {
  TRY(const auto header, jose::parse_jwe_header(token));
  // A direct key of nobody may be a new one of our own.
  const bool for_ourselves =
      is_for_ourselves(realm, header) || (header.alg == jose::JweAlg::kDir && direct_keys.empty());
  TRY(auto decrypted, for_ourselves
                          ? decrypt_with_own_key(realm, token)
                          : jose::decrypt_as_issuer(token, realm.decryption_keys(), direct_keys));
  if (!for_ourselves && decrypted.header.cty != tokens::kNestedContentType)
    return Error{Code::kInvalid, "jwt_cty", "no signed token stands inside"};
  realm.count(decrypted.key.get(), secrets::KeyUse::kDecrypt, now);
  if (decrypted.header.typ != tokens::kAccessTokenType)
    return Error{Code::kInvalid, "jwt_typ", "the token is of another kind"};
  return decrypted;
}

/// Takes the private claim out and reads it.
Status read_private_claim(const RealmRuntime& realm, FoundToken& found) {
  const json::Value* claim = found.claims.members.find(tokens::kPrivateClaim);
  if (!claim) return Done{};
  const std::string* sealed = claim->if_string();
  if (!sealed) return Error{Code::kInvalid, "private_claim_malformed", "it is no text"};
  TRY(const auto plain, decrypt_with_own_key(realm, *sealed));
  if (plain.header.typ != tokens::kPrivateClaimType)
    return Error{Code::kInvalid, "private_claim_malformed", "it is of another kind"};
  TRY(const json::Object about, json::parse_object(as_text(plain.plain.view())));
  if (const json::Value* name = about.find("resource_server"); name && name->if_string())
    found.resource_server = *name->if_string();
  found.claims.members.erase(tokens::kPrivateClaim);
  return Done{};
}

Result<FoundToken> open_signed(const RealmRuntime& realm, std::string_view token, Instant now) {
  FoundToken found;
  found.shape = tokens::Shape::kJws;
  jose::VerifyOptions verify;
  verify.keys = realm.verification_keys();
  TRY(auto verified, jose::verify_jwt(token, verify, access_token_rules(realm, now)));
  realm.count(verified.key.get(), secrets::KeyUse::kVerify, now);
  found.claims = std::move(verified.claims);
  TRY(read_private_claim(realm, found));
  return found;
}

}  // namespace

std::optional<std::string> direct_kid(const RealmRuntime& realm, std::string_view token) {
  if (tokens::shape_of(token) != tokens::Shape::kJwe) return std::nullopt;
  auto header = jose::parse_jwe_header(token);
  if (!header.ok() || header->alg != jose::JweAlg::kDir || is_for_ourselves(realm, *header))
    return std::nullopt;
  return std::move(header->kid);
}

Result<FoundToken> open_self_contained(const RealmRuntime& realm, std::string_view token,
                                       Instant now, std::span<const jose::KeyPtr> direct_keys) {
  const tokens::Shape shape = tokens::shape_of(token);
  if (shape == tokens::Shape::kJws) return open_signed(realm, token, now);
  if (shape != tokens::Shape::kJwe)
    return Error{Code::kInvalid, "token_shape_unknown", "not a token of this server"};
  TRY(const auto decrypted, decrypt(realm, token, now, direct_keys));
  if (decrypted.header.cty == tokens::kNestedContentType) {
    TRY(auto found, open_signed(realm, as_text(decrypted.plain.view()), now));
    found.shape = shape;
    return found;
  }
  FoundToken found;
  found.shape = shape;
  TRY(found.claims, jose::parse_claims(decrypted.plain.view()));
  TRY(jose::check_claims({}, found.claims, rules_for(realm, now)));
  return found;
}

bool needs_box(const Result<FoundToken>& opened) {
  return !opened.ok() && opened.error().reason == std::string_view("key_is_remote");
}

Task<BoxAnswer> open_in_box(const Services& services, RealmRuntimePtr realm, std::string token,
                            Instant now, DirectKeysPtr direct_keys) {
  if (tokens::shape_of(token) == tokens::Shape::kJwe) {
    const auto keys =
        direct_keys ? std::span<const jose::KeyPtr>(*direct_keys) : std::span<const jose::KeyPtr>();
    auto decrypted = decrypt(*realm, token, now, keys);
    if (!decrypted.ok()) co_return BoxAnswer{std::move(decrypted).error()};
    token.assign(as_text(decrypted->plain.view()));
  }
  jose::VerifyOptions verify;
  verify.keys = realm->verification_keys();
  auto prepared = jose::prepare_remote_verify(token, verify);
  if (!prepared.ok()) co_return BoxAnswer{std::move(prepared).error()};
  const secrets::Secret* secret = realm->verification_secret(prepared->key.get());
  if (secret == nullptr) {
    co_return Error{Code::kInternal, "key_without_secret",
                    "no ring holds the key " + quoted(prepared->key->kid())};
  }
  const Status checked = co_await services.keeper->verify_in_box(
      *secret, prepared->alg, std::move(prepared->signing_input), std::move(prepared->signature));
  if (!checked.ok() && checked.error().reason != kInvalidSignature) co_return checked.error();
  if (!checked.ok()) co_return BoxAnswer{checked.error()};
  auto jwt = jose::check_jwt(std::move(prepared->unproven), verify.limits,
                             access_token_rules(*realm, now));
  if (!jwt.ok()) co_return BoxAnswer{std::move(jwt).error()};
  FoundToken found;
  found.shape = tokens::Shape::kJws;
  found.claims = std::move(jwt->claims);
  if (const auto read = read_private_claim(*realm, found); !read.ok())
    co_return BoxAnswer{read.error()};
  co_return BoxAnswer{std::move(found)};
}

namespace {

bool names_unknown_key(const Result<FoundToken>& opened) {
  if (opened.ok()) return false;
  const std::string_view reason = opened.error().reason;
  return reason == "jws_kid_unknown" || reason == "jwe_kid_unknown";
}

}  // namespace

const Error* unknown_key(const RealmRuntime& realm, const Result<FoundToken>& opened) {
  return names_unknown_key(opened) ? realm.unknown_keys() : nullptr;
}

bool needs_refresh(const Services& services, const RealmRuntime& realm,
                   const Result<FoundToken>& opened) {
  if (!names_unknown_key(opened)) return false;
  return services.keeper->may_refresh_for_unknown() ||
         services.keeper->rings_now(realm.settings().name) != realm.rings();
}

Task<RealmRuntimePtr> with_new_rings(const Services& services, RealmRuntimePtr realm) {
  CO_TRY(co_await services.keeper->refresh_for_unknown());
  auto rings = services.keeper->rings_now(realm->settings().name);
  if (!rings || rings == realm->rings()) co_return realm;
  co_return RealmRuntime::make(realm->facts(), std::move(rings), services.public_url,
                               services.keeper->policy());
}

Result<FoundToken> read_record(const storage::TokenRecord& record) {
  FoundToken found;
  found.shape = tokens::Shape::kOpaque;
  TRY(found.claims, jose::parse_claims(as_bytes(record.claims)));
  return found;
}

Status check_record(const RealmRuntime& realm, const storage::TokenRecord& record,
                    const FoundToken& found, Instant now) {
  if (record.realm != realm.settings().name || record.kind != "access")
    return Error{Code::kNotFound, "token_of_another_realm", "the token belongs elsewhere"};
  static const jose::JwsHeader kNoHeader{};
  return jose::check_claims(kNoHeader, found.claims, rules_for(realm, now));
}

std::string_view client_of(const FoundToken& token) {
  const json::Value* id = token.claims.members.find("client_id");
  const std::string* text = id ? id->if_string() : nullptr;
  return text ? std::string_view(*text) : std::string_view();
}

bool concerns(const Client& caller, const FoundToken& token) {
  switch (caller.introspection) {
    case Introspection::kNone:
      return false;
    case Introspection::kRealm:
      return true;
    case Introspection::kOwn:
      break;
  }
  const auto& audience = token.claims.audience;
  return client_of(token) == caller.id.view() ||
         std::find(audience.begin(), audience.end(), caller.id.view()) != audience.end();
}

}  // namespace signet::oauth

#include "oauth/endpoints/found_token.h"

#include <algorithm>

#include "base/text.h"

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

}  // namespace

Result<FoundToken> open_self_contained(const RealmRuntime& realm, std::string_view token,
                                       Instant now) {
  FoundToken found;
  found.shape = tokens::shape_of(token);
  if (found.shape == tokens::Shape::kJws) {
    jose::VerifyOptions verify;
    verify.keys = realm.verification_keys();
    TRY(auto verified, jose::verify_jwt(token, verify, access_token_rules(realm, now)));
    realm.count(verified.key.get(), secrets::KeyUse::kVerify, now);
    found.claims = std::move(verified.claims);
    return found;
  }
  if (found.shape != tokens::Shape::kJwe)
    return Error{Code::kInvalid, "token_shape_unknown", "not a token of this server"};
  static constexpr jose::JweAlg kAlgs[] = {jose::JweAlg::kDir};
  static constexpr jose::JweEnc kEncs[] = {jose::JweEnc::kA128CbcHs256};
  jose::DecryptOptions decrypt;
  decrypt.keys = realm.decryption_keys();
  decrypt.algs = kAlgs;
  decrypt.encs = kEncs;
  TRY(auto decrypted, jose::decrypt_compact(token, decrypt));
  realm.count(decrypted.key.get(), secrets::KeyUse::kDecrypt, now);
  if (decrypted.header.typ != tokens::kAccessTokenType)
    return Error{Code::kInvalid, "jwt_typ", "the token is of another kind"};
  TRY(found.claims, jose::parse_claims(decrypted.plain.view()));
  TRY(jose::check_claims({}, found.claims, rules_for(realm, now)));
  return found;
}

bool needs_box(const Result<FoundToken>& opened) {
  return !opened.ok() && opened.error().reason == std::string_view("key_is_remote");
}

Task<BoxAnswer> open_in_box(const Services& services, RealmRuntimePtr realm, std::string token,
                            Instant now) {
  jose::VerifyOptions verify;
  verify.keys = realm->verification_keys();
  auto prepared = jose::prepare_remote_verify(token, verify);
  if (!prepared.ok()) co_return BoxAnswer{std::move(prepared).error()};
  const secrets::Secret* secret = realm->verification_secret(prepared->key->kid());
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
  co_return BoxAnswer{std::move(found)};
}

bool needs_refresh(const Services& services, const RealmRuntime& realm,
                   const Result<FoundToken>& opened) {
  if (opened.ok()) return false;
  const std::string_view reason = opened.error().reason;
  if (reason != "jws_kid_unknown" && reason != "jwe_kid_unknown") return false;
  return services.keeper->may_refresh_for_unknown() ||
         services.keeper->rings_now(realm.settings().name) != realm.rings();
}

Task<RealmRuntimePtr> with_new_rings(const Services& services, RealmRuntimePtr realm) {
  CO_TRY(co_await services.keeper->refresh_for_unknown());
  auto rings = services.keeper->rings_now(realm->settings().name);
  if (!rings || rings == realm->rings()) co_return realm;
  co_return RealmRuntime::make(realm->settings(), std::move(rings), services.public_url,
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

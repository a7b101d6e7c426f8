#include "secrets/stores/shared/key_bundle.h"

#include "base/base64.h"
#include "base/json.h"
#include "base/text.h"
#include "crypto/der.h"
#include "keystores/pkcs12.h"
#include "secrets/stores/config_error.h"
#include "secrets/stores/value_format.h"

namespace signet::secrets {
namespace {

enum class Form : std::uint8_t { kUnknown, kPem, kPfx, kJson };

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

ByteView trimmed(ByteView value) {
  std::string_view text = as_text(value);
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return as_bytes(trim(text));
}

Form form_of(ByteView value) {
  if (value.empty()) return Form::kUnknown;
  if (value.front() == crypto::kDerSequence && crypto::der_is_one_element(value)) return Form::kPfx;
  const std::string_view text = as_text(trimmed(value));
  if (text.starts_with('{')) return Form::kJson;
  // OpenSSL writes "Bag Attributes" and other lines before the first block.
  if (text.find("-----BEGIN ") != text.npos && is_utf8(text)) return Form::kPem;
  return Form::kUnknown;
}

/// The bytes behind a base64 text if they are of a known form.
std::optional<SecretBytes> decoded(ByteView value) {
  auto bytes = base64::decode(as_text(trimmed(value)));
  if (!bytes || form_of(bytes->view()) == Form::kUnknown) return std::nullopt;
  return std::move(bytes).value();
}

Result<std::vector<Secret>> of_pfx(ByteView der, std::optional<ByteView> password) {
  TRY(auto entries, keystores::read_pkcs12_store(der, password.value_or(ByteView())));
  std::vector<Secret> secrets;
  std::optional<Error> unusable;
  for (keystores::Entry& entry : entries) {
    if (entry.unusable) unusable = std::move(entry.unusable);
    if (!entry.private_key) continue;
    jose::Jwk jwk = jose::Jwk::from_private(std::move(*entry.private_key));
    if (!entry.chain.empty()) jwk = jwk.with_chain(entry.chain);
    Secret secret = Secret::of_key(std::move(jwk));
    secret.certificates = std::move(entry.chain);
    secrets.push_back(std::move(secret));
  }
  if (secrets.size() == 1) return secrets;
  if (secrets.empty() && unusable) return *unusable;
  return config_error("key_bundle_ambiguous", "the PKCS#12 value holds " +
                                                  std::to_string(secrets.size()) +
                                                  " private keys where one is wanted");
}

Result<std::vector<Secret>> of_jwk(const json::Object& object) {
  TRY(jose::Jwk jwk, jose::Jwk::parse(object));
  std::optional<KeyId> chosen;
  if (!jwk.kid().empty()) chosen = KeyId(jwk.kid());
  std::vector<crypto::Certificate> chain = jwk.chain();
  std::vector<Secret> secrets;
  secrets.push_back(Secret::of_key(std::move(jwk), chosen));
  secrets.back().certificates = std::move(chain);
  return secrets;
}

bool is_password_name(std::string_view name) {
  return equal_ignoring_case(name, "password") || equal_ignoring_case(name, "pfxPassword");
}

/// What the members of a JSON object hold.
struct Members {
  std::vector<SecretBytes> pfx;
  SecretBytes pem;
  std::optional<ByteView> password;
};

void append_pem(SecretBytes& all, ByteView more) {
  SecretBytes joined(all.size() + more.size() + 1);
  std::copy(all.view().begin(), all.view().end(), joined.span().begin());
  std::copy(more.begin(), more.end(), joined.span().begin() + all.size());
  joined.span().back() = '\n';
  all = std::move(joined);
}

Members members_of(const json::Object& object) {
  Members members;
  for (const auto& [name, value] : object) {
    const std::string* text = value.if_string();
    if (!text) continue;
    if (is_password_name(name)) {
      members.password = as_bytes(*text);
      continue;
    }
    if (form_of(as_bytes(*text)) == Form::kPem) append_pem(members.pem, as_bytes(*text));
    auto bytes = decoded(as_bytes(*text));
    if (!bytes) continue;
    const Form form = form_of(bytes->view());
    if (form == Form::kPem) append_pem(members.pem, bytes->view());
    if (form == Form::kPfx) members.pfx.push_back(std::move(*bytes));
  }
  return members;
}

Result<std::vector<Secret>> of_json(ByteView value, std::optional<ByteView> password) {
  TRY(const json::Object object, json::parse_object(as_text(trimmed(value))));
  if (object.find("kty")) return of_jwk(object);
  if (const json::Value* keys = object.find("keys"); keys && keys->if_array()) {
    const json::Array& set = *keys->if_array();
    if (set.size() == 1 && set.front().if_object()) return of_jwk(*set.front().if_object());
    return config_error("key_bundle_ambiguous", "the JWK set holds " + std::to_string(set.size()) +
                                                    " keys where one is wanted");
  }
  const Members members = members_of(object);
  if (members.pfx.size() + (members.pem.empty() ? 0 : 1) > 1) {
    return config_error("key_bundle_ambiguous",
                        "the JSON value holds several keys where one is wanted");
  }
  const std::optional<ByteView> opens = members.password ? members.password : password;
  if (!members.pfx.empty()) return of_pfx(members.pfx.front().view(), opens);
  if (!members.pem.empty()) return secrets_of_pem(members.pem.view(), opens);
  return config_error("key_bundle_unknown",
                      "the JSON value is no JWK, and none of its members holds a PEM or a PFX");
}

Result<std::vector<Secret>> of_form(Form form, ByteView value, std::optional<ByteView> password) {
  if (form == Form::kPfx) return of_pfx(value, password);
  if (form == Form::kJson) return of_json(value, password);
  return secrets_of_pem(trimmed(value), password);
}

}  // namespace

bool looks_like_key_bundle(ByteView value) {
  return form_of(value) != Form::kUnknown || decoded(value).has_value();
}

Result<std::vector<Secret>> read_key_bundle(ByteView value, std::optional<ByteView> password) {
  const Form form = form_of(value);
  if (form != Form::kUnknown) return of_form(form, value, password);
  if (const auto bytes = decoded(value)) {
    return of_form(form_of(bytes->view()), bytes->view(), password);
  }
  return config_error(
      "key_bundle_unknown",
      "the value is none of PEM, PKCS#12, JWK, JSON with one of them, and base64 of them");
}

}  // namespace signet::secrets

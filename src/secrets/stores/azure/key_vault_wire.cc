#include "secrets/stores/azure/key_vault_wire.h"

#include <algorithm>
#include <tuple>

#include "base/base64.h"
#include "base/text.h"

namespace signet::secrets::azure {
namespace {

constexpr std::size_t kLongestMessage = 200;

Error malformed(std::string_view what) {
  return Error{Code::kUnavailable, "azure_answer_malformed",
               "Key Vault answered something else than " + std::string(what)};
}

const std::string* text(const json::Object& object, std::string_view name) {
  const json::Value* value = object.find(name);
  return value ? value->if_string() : nullptr;
}

std::optional<Instant> instant(const json::Object* attributes, std::string_view name) {
  const json::Value* value = attributes ? attributes->find(name) : nullptr;
  if (!value) return std::nullopt;
  constexpr std::int64_t kYear9999 = 253'402'300'799;
  const auto seconds = value->if_int();
  if (!seconds || *seconds < 0 || *seconds > kYear9999) return std::nullopt;
  return from_unix_seconds(*seconds);
}

std::string_view last_segment(std::string_view url) {
  return url.substr(url.rfind('/') + 1);
}

std::string innermost_code(const json::Object& error) {
  std::string code = text(error, "code") ? *text(error, "code") : "";
  const json::Value* inner = error.find("innererror");
  for (int depth = 0; inner && inner->if_object() && depth < 4; ++depth) {
    if (const std::string* deeper = text(*inner->if_object(), "code")) code = *deeper;
    inner = inner->get("innererror");
  }
  return code;
}

std::vector<std::string> key_operations(const json::Object& key) {
  std::vector<std::string> operations;
  const json::Value* value = key.find("key_ops");
  if (!value || !value->if_array()) return operations;
  for (const json::Value& one : *value->if_array())
    if (const std::string* name = one.if_string()) operations.push_back(*name);
  return operations;
}

std::vector<jose::JwsAlg> algorithms_of(crypto::KeyKind kind) {
  using jose::JwsAlg;
  switch (kind) {
    case crypto::KeyKind::kRsa:
      return {JwsAlg::kRs256, JwsAlg::kRs384, JwsAlg::kRs512,
              JwsAlg::kPs256, JwsAlg::kPs384, JwsAlg::kPs512};
    case crypto::KeyKind::kEcP256:
      return {JwsAlg::kEs256};
    case crypto::KeyKind::kEcP384:
      return {JwsAlg::kEs384};
    case crypto::KeyKind::kEcP521:
      return {JwsAlg::kEs512};
    default:
      return {};
  }
}

}  // namespace

Error error_of(int status, std::string_view body, std::string_view what) {
  std::string code, message;
  const auto parsed = json::parse_object(body);
  const json::Value* error = parsed ? parsed->find("error") : nullptr;
  if (error && error->if_object()) {
    code = innermost_code(*error->if_object());
    if (const std::string* told = text(*error->if_object(), "message")) message = *told;
  }
  std::string detail = std::string(what) + ": Key Vault answered " + std::to_string(status);
  if (!code.empty()) detail += " " + quoted(code);
  if (!message.empty()) detail += " " + quoted(message, kLongestMessage);
  switch (status) {
    case 401:
      return {Code::kDenied, "azure_token_refused", std::move(detail)};
    case 403:
      if (code == "ForbiddenByFirewall" || code == "ForbiddenByConnection") {
        return {Code::kDenied, "azure_firewall", std::move(detail)};
      }
      if (code.ends_with("Disabled")) {
        return {Code::kDenied, "azure_version_disabled", std::move(detail)};
      }
      return {Code::kDenied, "azure_access_denied", std::move(detail)};
    case 404:
      return {Code::kNotFound, "azure_not_found", std::move(detail)};
    case 409:
      if (code.starts_with("ObjectIsDeleted") || code.starts_with("ObjectIsBeingDeleted")) {
        return {Code::kConfig, "azure_soft_deleted",
                std::move(detail) + "; recover it, or purge it to have a new one made"};
      }
      return {Code::kConflict, "azure_conflict", std::move(detail)};
    case 429:
      return {Code::kUnavailable, "azure_throttled", std::move(detail)};
    default:
      if (status >= 500) return {Code::kUnavailable, "azure_unavailable", std::move(detail)};
      return {Code::kConfig, "azure_request_refused", std::move(detail)};
  }
}

Result<Version> parse_version(const json::Object& body, std::string_view url) {
  Version version;
  version.id = std::string(last_segment(url));
  if (!is_object_name(version.id)) return malformed("a version");
  const json::Value* value = body.find("attributes");
  const json::Object* attributes = value ? value->if_object() : nullptr;
  if (!attributes) return malformed("a version with its attributes");
  if (const json::Value* enabled = attributes->find("enabled")) {
    if (!enabled->if_bool()) return malformed("a version with its attributes");
    version.is_enabled = *enabled->if_bool();
  }
  version.not_before = instant(attributes, "nbf");
  version.not_after = instant(attributes, "exp");
  version.created = instant(attributes, "created").value_or(Instant{});
  version.updated = instant(attributes, "updated").value_or(version.created);
  return version;
}

Result<VersionPage> parse_versions(const json::Object& body) {
  VersionPage page;
  const json::Value* items = body.find("value");
  if (!items || !items->if_array()) return malformed("a list");
  for (const json::Value& item : *items->if_array()) {
    const json::Object* object = item.if_object();
    const std::string* url = object ? text(*object, "id") : nullptr;
    if (object && !url) url = text(*object, "kid");
    if (!url) return malformed("a list of versions");
    TRY(Version version, parse_version(*object, *url));
    page.versions.push_back(std::move(version));
  }
  if (const std::string* next = text(body, "nextLink")) page.next = *next;
  return page;
}

std::vector<Version> usable(std::vector<Version> versions, Instant now, std::size_t most) {
  std::erase_if(versions, [now](const Version& version) {
    return !version.is_enabled || (version.not_before && *version.not_before > now) ||
           (version.not_after && *version.not_after <= now);
  });
  // Times are whole seconds; the ID makes every instance see one order.
  std::sort(versions.begin(), versions.end(), [](const Version& a, const Version& b) {
    return std::tie(a.created, a.id) > std::tie(b.created, b.id);
  });
  if (versions.size() > most)
    versions.erase(versions.begin() + static_cast<std::ptrdiff_t>(most), versions.end());
  return versions;
}

Result<NamePage> parse_names(const json::Object& body) {
  TRY(VersionPage page, parse_versions(body));
  NamePage names;
  for (Version& version : page.versions) {
    if (version.is_enabled) names.names.push_back(std::move(version.id));
  }
  names.next = std::move(page.next);
  return names;
}

Result<SecretBundle> parse_secret(json::Object& body) {
  SecretBundle bundle;
  const json::Value* value = body.find("value");
  const std::string* secret = value ? value->if_string() : nullptr;
  const std::string* url = text(body, "id");
  if (!secret || !url) return malformed("a secret");
  bundle.value = SecretBytes::from_text(*secret);
  // The tree hands out its texts as const, but it is ours and it is not.
  wipe(const_cast<std::string&>(*secret));
  TRY(bundle.version, parse_version(body, *url));
  if (const std::string* type = text(body, "contentType")) bundle.content_type = *type;
  return bundle;
}

Result<KeyBundle> parse_key(const json::Object& body) {
  const json::Value* value = body.find("key");
  const json::Object* key = value ? value->if_object() : nullptr;
  const std::string* kid = key ? text(*key, "kid") : nullptr;
  const std::string* type = key ? text(*key, "kty") : nullptr;
  if (!kid || !type) return malformed("a key");
  TRY(Version version, parse_version(body, *kid));

  const bool is_rsa = *type == "RSA" || *type == "RSA-HSM";
  json::Object members;
  members.set("kty", is_rsa ? "RSA" : "EC");
  const std::string* curve = text(*key, "crv");
  if ((!is_rsa && *type != "EC" && *type != "EC-HSM") || (curve && *curve == "P-256K")) {
    return Error{Code::kUnsupported, "azure_key_unsupported",
                 "keys of type " + quoted(*type) + (curve ? " on " + quoted(*curve) : "") +
                     " serve nothing here"};
  }
  for (const std::string_view name : {"n", "e", "crv", "x", "y"}) {
    if (const std::string* part = text(*key, name)) members.set(name, *part);
  }
  auto parsed = jose::Jwk::parse(members);
  if (!parsed) {
    return Error{Code::kConfig, "secret_unreadable",
                 "the public half of the key cannot be used: " + parsed.error().detail};
  }
  KeyBundle bundle{std::move(*parsed), {}, {}, std::move(version)};
  const auto operations = key_operations(*key);
  const auto may = [&](std::string_view operation) {
    return std::find(operations.begin(), operations.end(), operation) != operations.end();
  };
  if (may("sign")) bundle.signs = algorithms_of(bundle.public_half.public_key()->kind());
  if (is_rsa && may("unwrapKey")) {
    bundle.unwraps = {jose::JweAlg::kRsaOaep, jose::JweAlg::kRsaOaep256};
  }
  return bundle;
}

Result<Bytes> parse_operation(const json::Object& body, std::string_view version) {
  const std::string* kid = text(body, "kid");
  const std::string* value = text(body, "value");
  if (!kid || !value) return malformed("the result of a key");
  if (last_segment(*kid) != version) return malformed("the result of the key that was asked");
  auto bytes = base64::url_decode(*value);
  if (!bytes || bytes->empty()) return malformed("the result of a key in base64url");
  return std::move(bytes).value();
}

}  // namespace signet::secrets::azure

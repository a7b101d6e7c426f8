#include "resource_servers/direct_key.h"

#include "base/json_members.h"
#include "base/text.h"

namespace signet::resource_servers {
namespace {

constexpr std::string_view kSealedJwk = "sealed_jwk", kUntil = "until";
// Of a digest of the key: enough to tell two of one resource server apart.
constexpr std::size_t kTagSize = 16;

}  // namespace

Error direct_kid_taken(std::size_t others, std::string_view kid) {
  return {Code::kConflict, "direct_kid_taken",
          "by dir " + std::to_string(others) + " other keys have the kid " + quoted(kid) +
              ", and tokens could not be told apart: give the key another kid"};
}

// Neither kids nor names of resource servers hold a line feed.
std::string direct_key_prefix(std::string_view kid) {
  std::string id(kid);
  id += '\n';
  return id;
}

std::string direct_key_id(const jose::Jwk& key, std::string_view resource_server) {
  std::string id = direct_key_prefix(key.kid());
  id += resource_server;
  id += '\n';
  id += key.thumbprint().substr(0, kTagSize);
  return id;
}

bool is_direct_key_of(std::string_view id, std::string_view kid, std::string_view resource_server) {
  const std::string prefix = direct_key_prefix(kid);
  if (!id.starts_with(prefix)) return false;
  id.remove_prefix(prefix.size());
  return id.substr(0, id.find('\n')) == resource_server;
}

json::Value* sealed_key_in(json::Object& document, Instant now) {
  const auto until = json::number_in(document, kUntil);
  const bool is_over = until && from_unix_seconds(*until) < now;
  return is_over ? nullptr : document.find(kSealedJwk);
}

Result<DirectKey> DirectKey::seal(const jose::Jwk& key, std::optional<Instant> until,
                                  const Seal& seal) {
  std::string text = json::dump(key.private_json());
  auto sealed = seal(as_bytes(text));
  wipe(text);
  if (!sealed.ok()) return std::move(sealed).error();
  return DirectKey{std::move(*sealed), until};
}

Result<DirectKey> DirectKey::from_text(std::string_view text) {
  TRY(const json::Object object, json::parse_object(text));
  DirectKey key;
  key.sealed_jwk = json::text_in(object, kSealedJwk);
  const json::Value* until = object.find(kUntil);
  if (until && until->if_int()) key.until = from_unix_seconds(*until->if_int());
  if (key.sealed_jwk.empty() || (until && !key.until))
    return Error{Code::kInternal, "direct_key_malformed", "a stored key holds no key"};
  return key;
}

std::string DirectKey::to_text() const {
  json::Object out;
  out.set(kSealedJwk, sealed_jwk);
  if (until) out.set(kUntil, unix_seconds(*until));
  return json::dump(out);
}

Result<jose::Jwk> DirectKey::open(const Unseal& unseal) const {
  TRY(const SecretBytes text, unseal(sealed_jwk));
  TRY(json::Object members, json::parse_object(as_text(text.view())));
  members.erase("key_ops");
  auto key = jose::Jwk::parse(members);
  if (json::Value* material = members.find("k"); material && material->is_string())
    wipe(const_cast<std::string&>(*material->if_string()));
  return key;
}

}  // namespace signet::resource_servers

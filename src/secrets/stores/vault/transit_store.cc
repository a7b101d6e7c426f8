#include "secrets/stores/vault/transit_store.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "secrets/stores/settings.h"

namespace signet::secrets::vault {
namespace {

constexpr std::size_t kLongestName = 128;

// One segment; Vault's own rule for names of keys.
bool is_key_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName &&
         std::all_of(name.begin(), name.end(),
                     [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
                     }) &&
         name.front() != '-' && name.front() != '.' && name.back() != '-' && name.back() != '.';
}

/// The number of a version.
std::optional<std::int64_t> count_of(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (problem != std::errc() || end != text.data() + text.size() || count < 1) return std::nullopt;
  return count;
}

}  // namespace

TransitRemoteKey::TransitRemoteKey(std::shared_ptr<Session> session, std::string mount,
                                   std::string name, std::int64_t version,
                                   std::vector<jose::JwsAlg> signs)
    : session_(std::move(session)),
      mount_(std::move(mount)),
      name_(std::move(name)),
      version_(version),
      signs_(std::move(signs)) {}

Task<Bytes> TransitRemoteKey::sign(jose::JwsAlg alg, Bytes signing_input) const {
  const auto session = session_;
  const std::int64_t version = version_;
  if (std::find(signs_.begin(), signs_.end(), alg) == signs_.end()) {
    co_return Error{Code::kUnsupported, "remote_operation_unsupported",
                    "this transit key cannot sign with " + std::string(jose::name(alg))};
  }
  std::string path = path_encode(mount_ + "/sign/" + name_);
  std::string body = transit_sign_body(alg, signing_input, version);
  CO_TRY(const json::Object answer,
         co_await session->call("POST", std::move(path), std::move(body)));
  auto signature = parse_transit_signature(answer, version);
  if (!signature) co_return session->at_store(std::move(signature).error());
  co_return std::move(*signature);
}

Task<SecretBytes> TransitRemoteKey::unwrap(jose::JweAlg alg, Bytes encrypted_key) const {
  if (alg != jose::JweAlg::kRsaOaep256) {
    co_return Error{Code::kUnsupported, "remote_operation_unsupported",
                    "of the algorithms of JWE, transit can unwrap RSA-OAEP-256 alone"};
  }
  const auto session = session_;
  std::string path = path_encode(mount_ + "/decrypt/" + name_);
  std::string body = transit_decrypt_body(encrypted_key, version_);
  CO_TRY(const net::OutboundResponse answer,
         co_await session->ask("POST", std::move(path), std::move(body)));
  // Vault says 500 for a ciphertext that does not open, and names the reason.
  const bool is_bad_input =
      answer.status == 400 || (answer.status == 500 && complains_of(answer.body, "decrypt"));
  if (is_bad_input) {
    co_return Error{Code::kDenied, "jwe_decrypt_failed", "Vault could not unwrap the key"};
  }
  if (answer.status != 200) {
    co_return session->at_store(error_of(answer.status, answer.body, "unwrapping a key"));
  }
  auto parsed = json::parse_object(answer.body);
  if (!parsed) {
    Error malformed{Code::kUnavailable, "vault_answer_malformed", "the answer is no JSON object"};
    co_return session->at_store(std::move(malformed));
  }
  co_return parse_transit_plaintext(*parsed);
}

TransitStore::TransitStore(StoreName name, TransitSettings settings, StoreContext context)
    : name_(std::move(name)),
      settings_(std::move(settings)),
      context_(std::move(context)),
      session_(std::make_shared<Session>(name_, settings_.session, context_)) {}

Task<std::vector<Secret>> TransitStore::fetch(Alias alias) {
  if (!is_key_name(alias.view())) co_return Secrets();
  auto body = co_await session_->call("GET", path_encode(settings_.mount) + "/keys/" + alias.str());
  if (!body && body.error().code == Code::kNotFound) co_return Secrets();
  if (!body) co_return std::move(body).error();
  auto key = parse_transit_key(*body, settings_.most_versions);
  if (!key) {
    Error error = std::move(key).error();
    error.detail = "key " + quoted(alias.view()) + ": " + error.detail;
    co_return session_->at_store(std::move(error));
  }
  Secrets all;
  for (const TransitVersion& version : key->versions) {
    auto remote = std::make_shared<const TransitRemoteKey>(session_, settings_.mount, alias.str(),
                                                           version.number, key->signs);
    Secret secret = Secret::of_remote_key(version.public_half, key->signs, std::move(remote));
    secret.unwraps = key->unwraps;
    secret.alias = alias;
    secret.store = name_;
    secret.version = std::to_string(version.number);
    all.push_back(std::move(secret));
  }
  co_return all;
}

Task<std::vector<Alias>> TransitStore::aliases() {
  auto body = co_await session_->call("GET", path_encode(settings_.mount) + "/keys?list=true");
  std::vector<Alias> aliases;
  if (!body && body.error().code == Code::kNotFound) co_return aliases;
  if (!body && body.error().code == Code::kDenied) {
    co_return Error{Code::kUnsupported, "vault_list_denied", std::move(body).error().detail};
  }
  if (!body) co_return std::move(body).error();
  auto names = parse_names(*body);
  if (!names) co_return session_->at_store(std::move(names).error());
  for (const std::string& name : *names)
    aliases.emplace_back(name);
  co_return aliases;
}

Task<std::string> TransitStore::fingerprint() {
  co_return std::string();
}

Task<Done> TransitStore::probe() {
  CO_TRY(co_await session_->look_up_self());
  co_return co_await session_->check_mount(settings_.mount, "transit");
}

Status TransitStore::may_make_versions() const {
  return check_served_versions(name_, settings_.most_versions);
}

Task<Done> TransitStore::make_version(Alias alias, std::string after) {
  CO_TRY(may_make_versions());
  const auto last = count_of(after);
  if (!last) {
    Error odd{Code::kInvalid, "version_invalid", quoted(after) + " is no version of a transit key"};
    co_return session_->at_store(std::move(odd));
  }
  CO_TRY(const Secrets before, co_await fetch(alias));
  if (before.empty()) {
    Error unknown{Code::kNotFound, "alias_unknown",
                  "there is no transit key " + quoted(alias.view())};
    co_return session_->at_store(std::move(unknown));
  }
  const auto newest = count_of(before.front().version);
  if (newest && *newest > *last) co_return Done{};
  std::string path = path_encode(settings_.mount) + "/keys/" + alias.str() + "/rotate";
  std::string body = "{}";
  CO_TRY(co_await session_->call("POST", std::move(path), std::move(body)));
  co_return Done{};
}

StoreType transit_store_type() {
  StoreType type;
  type.name = "vault_transit";
  type.ordering = Ordering::kByStore;
  type.summary = "Keys that stay in the transit engine of Vault or OpenBao, and work there.";
  const SettingNames own = {
      {"mount", "where the engine is mounted; default transit"},
      {"versions", "how many versions of a key are served at most; default 5"},
  };
  type.settings = joined({session_settings(), own});
  type.make = [](StoreName name, const json::Object& settings,
                 StoreContext context) -> Result<std::shared_ptr<Store>> {
    const StoreType self = transit_store_type();
    SettingsReader reader(name, settings, self.settings);
    TransitSettings mine;
    mine.session = read_session(reader, context.environment);
    mine.mount = reader.text("mount", mine.mount);
    mine.most_versions = reader.version_count();
    if (!is_path(mine.mount)) reader.complain("'mount' is no path");
    TRY(reader.done());
    return std::shared_ptr<Store>(
        std::make_shared<TransitStore>(std::move(name), std::move(mine), std::move(context)));
  };
  return type;
}

}  // namespace signet::secrets::vault

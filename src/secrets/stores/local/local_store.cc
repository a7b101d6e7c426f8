#include "secrets/stores/local/local_store.h"

#include <algorithm>
#include <future>

#include "base/log.h"
#include "base/text.h"
#include "secrets/stores/on_pool.h"
#include "secrets/stores/settings.h"
#include "secrets/stores/value_format.h"

namespace signet::secrets {
namespace {

// Certificates and public keys may lie in clear, and what is no key yet, since somebody may be
// writing it.
bool is_secret_pem(ByteView pem) {
  const auto secrets = secrets_of_pem(pem, std::nullopt);
  return secrets && std::any_of(secrets->begin(), secrets->end(), [](const Secret& secret) {
           return secret.kind != SecretKind::kPublicKey && secret.kind != SecretKind::kCertificates;
         });
}

}  // namespace

LocalStore::LocalStore(StoreName name, LocalSettings settings, StoreContext context)
    : name_(std::move(name)),
      settings_(std::move(settings)),
      context_(std::move(context)),
      folder_(settings_.directory, context_.random, context_.encoding_keys) {}

Error LocalStore::named(Error error) const {
  error.detail = "store " + quoted(name_.view()) + ": " + error.detail;
  return error;
}

Status LocalStore::prepare() const {
  Status done = folder_.prepare([this] { return make_first_keys(); });
  if (done) return done;
  return named(std::move(done).error());
}

// One thread for each key: two RSA keys take most of the time, and a start waits for them once.
Result<KeyTexts> LocalStore::make_first_keys() const {
  const Instant now = context_.clock->now();
  std::vector<std::future<Result<SecretBytes>>> made;
  for (const auto& [alias, spec] : settings_.first_keys) {
    made.push_back(std::async(std::launch::async, [this, now, spec = spec] {
      return make_key_pem(spec, settings_.terms, now, *context_.random);
    }));
  }
  KeyTexts keys;
  for (std::size_t i = 0; i < made.size(); ++i) {
    TRY(SecretBytes pem, made[i].get());
    keys.emplace_back(settings_.first_keys[i].first, std::move(pem));
  }
  log::info("local_keys_made",
            {{"store", name_.str()}, {"directory", settings_.directory}, {"keys", keys.size()}});
  return keys;
}

Result<std::vector<Secret>> LocalStore::read(const Alias& alias) const {
  if (!check_local_alias(alias.view())) return std::vector<Secret>();
  const auto pem = folder_.read(alias.str());
  if (!pem) return named(pem.error());
  if (!*pem) return std::vector<Secret>();
  auto secrets = secrets_of_pem((*pem)->view(), std::nullopt);
  if (!secrets) {
    Error error = std::move(secrets).error();
    error.detail =
        "store " + quoted(name_.view()) + ", key " + quoted(alias.view()) + ": " + error.detail;
    return error;
  }
  for (Secret& secret : *secrets) {
    secret.alias = alias;
    secret.store = name_;
  }
  return secrets;
}

Task<std::vector<Secret>> LocalStore::fetch(Alias alias) {
  auto work = [self = shared_from_this(), alias]() -> Result<std::vector<Secret>> {
    TRY(self->prepare());
    return self->read(alias);
  };
  co_return co_await on_pool<std::vector<Secret>>(context_.pool, std::move(work));
}

Task<std::vector<Alias>> LocalStore::aliases() {
  auto work = [self = shared_from_this()]() -> Result<std::vector<Alias>> {
    TRY(self->prepare());
    TRY(const auto names, self->folder_.aliases());
    std::vector<Alias> aliases;
    for (const std::string& name : names)
      aliases.emplace_back(name);
    return aliases;
  };
  co_return co_await on_pool<std::vector<Alias>>(context_.pool, std::move(work));
}

Task<std::string> LocalStore::fingerprint() {
  auto work = [self = shared_from_this()]() -> Result<std::string> {
    TRY(self->prepare());
    return self->folder_.fingerprint();
  };
  co_return co_await on_pool<std::string>(context_.pool, std::move(work));
}

Task<Done> LocalStore::probe() {
  auto work = [self = shared_from_this()]() -> Result<Done> {
    TRY(self->prepare());
    TRY(const auto lost, self->folder_.lost());
    if (lost.empty()) return Done{};
    return Error{Code::kConfig, "local_keys_lost",
                 "store " + quoted(self->name_.view()) + " had keys that are gone: " +
                     join(lost, ", ") + "; restore them from a back-up"};
  };
  co_return co_await on_pool<Done>(context_.pool, std::move(work));
}

Task<Secret> LocalStore::make_key(Alias alias, crypto::KeyKind kind, std::size_t bits) {
  const KeySpec spec{KeySpec::Type::kKeyPair, kind, bits};
  co_return co_await make(std::move(alias), spec);
}

Task<Secret> LocalStore::make_like(Alias alias, Secret model) {
  const jose::Jwk* jwk = model.key ? &model.key->jwk() : nullptr;
  const bool is_symmetric = jwk != nullptr && jwk->is_symmetric() && !jwk->is_hidden();
  if (!is_symmetric) co_return co_await KeyMaker::make_like(std::move(alias), std::move(model));
  KeySpec spec;
  const bool encrypts = jwk->use() == jose::KeyUse::kEnc;
  spec.type = encrypts ? KeySpec::Type::kAes : KeySpec::Type::kHmac;
  spec.bits = jwk->symmetric_size() * 8;
  co_return co_await make(std::move(alias), spec);
}

Task<Secret> LocalStore::make(Alias alias, KeySpec spec) {
  auto work = [self = shared_from_this(), alias, spec]() -> Result<Secret> {
    TRY(check_local_alias(alias.view()));
    TRY(self->prepare());
    TRY(const SecretBytes pem, make_key_pem(spec, self->settings_.terms,
                                            self->context_.clock->now(), *self->context_.random));
    TRY(self->folder_.add(alias.str(), pem));
    TRY(auto secrets, self->read(alias));
    if (secrets.empty()) {
      return Error{Code::kUnavailable, "local_keys_lost",
                   "the key " + quoted(alias.view()) + " was deleted as soon as it was made"};
    }
    return std::move(secrets.front());
  };
  co_return co_await on_pool<Secret>(context_.pool, std::move(work));
}

Task<std::vector<SealedKey>> LocalStore::sealed() {
  auto work = [self = shared_from_this()]() -> Result<std::vector<SealedKey>> {
    // A folder that went away holds keys all the same.
    if (self->folder_.was_ready()) TRY(self->prepare());
    auto keys = self->folder_.sealed(is_secret_pem);
    if (keys) return keys;
    return self->named(std::move(keys).error());
  };
  co_return co_await on_pool<std::vector<SealedKey>>(context_.pool, std::move(work));
}

Task<std::size_t> LocalStore::renew_sealed() {
  auto work = [self = shared_from_this()]() -> Result<std::size_t> {
    TRY(self->prepare());
    auto renewed = self->folder_.renew(is_secret_pem);
    if (renewed) return renewed;
    return self->named(std::move(renewed).error());
  };
  co_return co_await on_pool<std::size_t>(context_.pool, std::move(work));
}

namespace {

KeySpec read_spec(SettingsReader& reader, std::string_view text) {
  const auto spec = parse_key_spec(text);
  if (spec) return *spec;
  reader.complain(spec.error().detail);
  return {};
}

std::vector<std::pair<std::string, KeySpec>> read_first_keys(SettingsReader& reader,
                                                             const json::Object& settings) {
  std::vector<std::pair<std::string, KeySpec>> keys;
  const KeySpec otherwise = read_spec(reader, reader.text("key", "RSA-2048"));
  const json::Value* aliases = settings.find("aliases");
  if (!aliases || aliases->is_null()) {
    for (const auto& [alias, spec] : default_keys())
      keys.emplace_back(std::string(alias), spec);
    return keys;
  }
  if (const json::Object* with_kinds = aliases->if_object()) {
    for (const auto& [alias, kind] : *with_kinds) {
      const std::string* text = kind.if_string();
      if (!text) reader.complain("the kind of key of " + quoted(alias) + " must be a text");
      keys.emplace_back(alias, text ? read_spec(reader, *text) : otherwise);
    }
  } else if (const json::Array* names = aliases->if_array()) {
    for (const json::Value& name : *names) {
      const std::string* text = name.if_string();
      if (!text) reader.complain("'aliases' must hold texts");
      if (text) keys.emplace_back(*text, otherwise);
    }
  } else {
    reader.complain("'aliases' must be a list of aliases, or a map from alias to kind of key");
  }
  if (keys.empty()) reader.complain("'aliases' must not be empty");
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Status usable = check_local_alias(keys[i].first);
    if (!usable) reader.complain(usable.error().detail);
    for (std::size_t j = 0; j < i; ++j) {
      if (keys[j].first == keys[i].first) {
        reader.complain("the alias " + quoted(keys[i].first) + " is there twice");
      }
    }
  }
  return keys;
}

}  // namespace

StoreType local_store_type() {
  StoreType type;
  type.name = "local_certificate";
  type.ordering = Ordering::kByMapping;
  type.summary =
      "A folder of this machine, in which the server makes its own keys and certificates, sealed.";
  type.settings = {
      {"directory", "the folder; made with mode 0700 if it is not there; required"},
      {"key", "the kind of key for aliases without one of their own; default RSA-2048"},
      {"aliases",
       "what is made in an empty folder: a list of aliases, or a map from alias to kind of "
       "key; default: one for every default alias of the secret IDs"},
      {"common_name", "the name in the certificates; default Signet"},
      {"validity_days", "how long a new certificate is valid; default 3650"},
  };
  type.make = [](StoreName name, const json::Object& settings,
                 StoreContext context) -> Result<std::shared_ptr<Store>> {
    constexpr std::int64_t kMostDays = 36'500;
    const StoreType self = local_store_type();
    SettingsReader reader(name, settings, self.settings);
    LocalSettings mine;
    mine.directory = reader.required_text("directory");
    mine.terms.common_name = reader.text("common_name", mine.terms.common_name);
    mine.terms.validity_days =
        static_cast<int>(reader.number("validity_days", mine.terms.validity_days, 1, kMostDays));
    mine.first_keys = read_first_keys(reader, settings);
    if (mine.terms.common_name.empty() || mine.terms.common_name.size() > 64) {
      reader.complain("'common_name' must have 1 to 64 characters");
    }
    TRY(reader.done());
    return std::shared_ptr<Store>(
        std::make_shared<LocalStore>(std::move(name), std::move(mine), std::move(context)));
  };
  return type;
}

}  // namespace signet::secrets

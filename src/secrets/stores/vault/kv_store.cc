#include "secrets/stores/vault/kv_store.h"

#include "base/text.h"
#include "secrets/stores/pem_password.h"
#include "secrets/stores/settings.h"

namespace signet::secrets::vault {
namespace {

constexpr std::size_t kMostNames = 1'000;
constexpr int kDeepest = 8;

}  // namespace

KvStore::KvStore(StoreName name, KvSettings settings, StoreContext context)
    : name_(std::move(name)),
      settings_(std::move(settings)),
      context_(std::move(context)),
      session_(std::make_shared<Session>(name_, settings_.session, context_)) {}

std::string KvStore::path(std::string_view kind, const Alias& alias) const {
  std::string path = settings_.mount + "/" + std::string(kind) + "/";
  if (!settings_.folder.empty()) path += settings_.folder + "/";
  return path_encode(path + alias.str());
}

Task<std::vector<Secret>> KvStore::fetch(Alias alias) {
  if (!is_path(alias.view())) co_return Secrets();
  auto metadata = co_await session_->call("GET", path("metadata", alias));
  if (!metadata && metadata.error().code == Code::kNotFound) co_return Secrets();
  if (!metadata && metadata.error().code == Code::kDenied) co_return co_await fetch_current(alias);
  if (!metadata) co_return std::move(metadata).error();
  auto versions = parse_kv_metadata(*metadata, context_.clock->now(), settings_.most_versions);
  if (!versions) co_return session_->at_store(std::move(versions).error());

  std::vector<std::int64_t> numbers;
  std::vector<std::string> stamps;
  for (const KvVersion& version : *versions) {
    numbers.push_back(version.number);
    // A secret that was deleted for good and made anew begins with 1 again.
    stamps.push_back(std::to_string(version.number) + ' ' + version.created);
  }
  VersionCache::Read read = [this, alias, numbers](std::size_t at) {
    return read_listed(alias, numbers[at]);
  };
  co_return co_await versions_.all(alias.str(), std::move(stamps), std::move(read));
}

Task<std::vector<Secret>> KvStore::fetch_current(Alias alias) {
  auto read = co_await read_version(alias, std::nullopt);
  if (!read && read.error().code == Code::kNotFound) co_return Secrets();
  if (!read) co_return std::move(read).error();
  std::vector<std::string> warning(
      1, "store " + quoted(name_.view()) + ": the versions of " + quoted(alias.view()) +
             " cannot be told apart (the capability \"read\" on " + path("metadata", alias) +
             " is missing), so only the current one is served: at a rotation the one before it "
             "stops verifying at once");
  versions_.warnings().set(alias.str(), std::move(warning));
  co_return read;
}

Task<std::vector<Secret>> KvStore::read_version(Alias alias, std::optional<std::int64_t> version) {
  std::string query;
  if (version) query = "?version=" + std::to_string(*version);
  CO_TRY(json::Object body, co_await session_->call("GET", path("data", alias) + query));
  auto value = parse_kv_data(body, settings_.field);
  if (!value) {
    Error error = std::move(value).error();
    error.detail = "secret " + quoted(alias.view()) + ": " + error.detail;
    co_return session_->at_store(std::move(error));
  }
  auto shared = std::make_shared<const KvValue>(std::move(*value));
  ReadWithPassword read = [self = shared_from_this(), shared,
                           alias](std::optional<ByteView> password) -> Result<Secrets> {
    auto decoded = read_value(self->settings_.format, shared->value.view(),
                              self->context_.encoding_keys.get(), password);
    if (!decoded) {
      Error error = std::move(decoded).error();
      error.detail = "store " + quoted(self->name_.view()) + ", secret " + quoted(alias.view()) +
                     " version " + std::to_string(shared->version) + ": " + error.detail;
      return error;
    }
    for (Secret& secret : decoded->secrets) {
      secret.alias = alias;
      secret.store = self->name_;
      secret.version = std::to_string(shared->version);
    }
    return std::move(decoded->secrets);
  };
  co_return co_await read_with_pem_password(context_, SecretId(), std::move(read));
}

Task<std::optional<std::vector<Secret>>> KvStore::read_listed(Alias alias, std::int64_t version) {
  auto read = co_await read_version(alias, version);
  if (!read && read.error().code == Code::kNotFound) co_return std::optional<Secrets>();
  if (!read) co_return std::move(read).error();
  co_return std::optional<Secrets>(std::move(*read));
}

Task<Done> KvStore::list(std::string folder, int depth, std::shared_ptr<std::vector<Alias>> all) {
  std::string path = settings_.mount + "/metadata/";
  if (!settings_.folder.empty()) path += settings_.folder + "/";
  path += folder;
  auto body = co_await session_->call("GET", path_encode(path) + "?list=true");
  if (!body && body.error().code == Code::kNotFound) co_return Done{};  // an empty folder
  if (!body && body.error().code == Code::kDenied) {
    co_return Error{Code::kUnsupported, "vault_list_denied", std::move(body).error().detail};
  }
  if (!body) co_return std::move(body).error();
  CO_TRY(const auto names, parse_names(*body));
  for (const std::string& name : names) {
    if (all->size() >= kMostNames) {
      co_return Error{Code::kUnsupported, "vault_too_many_names",
                      "the mount holds more than a thousand secrets"};
    }
    if (!name.ends_with('/')) {
      all->emplace_back(folder + name);
    } else if (depth < kDeepest) {
      CO_TRY(co_await list(folder + name, depth + 1, all));
    }
  }
  co_return Done{};
}

Task<std::vector<Alias>> KvStore::aliases() {
  auto all = std::make_shared<std::vector<Alias>>();
  CO_TRY(co_await list(std::string(), 0, all));
  co_return *all;
}

Task<std::string> KvStore::fingerprint() {
  co_return std::string();
}

Task<Done> KvStore::probe() {
  CO_TRY(co_await session_->look_up_self());
  co_return co_await session_->check_mount(settings_.mount, "kv");
}

StoreType kv_store_type() {
  StoreType type;
  type.name = "vault_kv";
  type.ordering = Ordering::kByStore;
  type.summary = "Secrets of a KV engine (version 2) of HashiCorp Vault or OpenBao, with versions.";
  const SettingNames own = {
      {"mount", "where the engine is mounted; default secret"},
      {"path", "the folder in it that aliases are looked for in; default none"},
      {"field", "the field of a secret that is read; default value"},
      {"value_format", "how the field is written, e.g. PEM; default PLAIN"},
      {"versions", "how many versions of a secret are served at most; default 5"},
  };
  type.settings = joined({session_settings(), own});
  type.make = [](StoreName name, const json::Object& settings,
                 StoreContext context) -> Result<std::shared_ptr<Store>> {
    const StoreType self = kv_store_type();
    SettingsReader reader(name, settings, self.settings);
    KvSettings mine;
    mine.session = read_session(reader, context.environment);
    mine.mount = reader.text("mount", mine.mount);
    mine.folder = reader.text("path");
    mine.field = reader.text("field", mine.field);
    mine.most_versions = reader.version_count();
    if (!is_path(mine.mount)) reader.complain("'mount' is no path");
    if (!mine.folder.empty() && !is_path(mine.folder)) reader.complain("'path' is no path");
    mine.format = reader.value_format("value_format", ValueFormat::kPlain);
    TRY(reader.done());
    return std::shared_ptr<Store>(
        std::make_shared<KvStore>(std::move(name), std::move(mine), std::move(context)));
  };
  return type;
}

}  // namespace signet::secrets::vault

#include "secrets/stores/environment/environment_store.h"

#include <algorithm>

#include "base/text.h"
#include "secrets/stores/config_error.h"
#include "secrets/stores/pem_password.h"
#include "secrets/stores/settings.h"

namespace signet::secrets {

std::string environment_name(const SecretId& id) {
  std::string name = to_upper(id.str());
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

namespace {

/// Why a variable is not in the format of a store; nothing if it may be. Never tells the value.
std::optional<Error> why_not_in(ValueFormat format, const SecretId& id, std::string_view value) {
  if (Status serves = check_format_serves(format, id); !serves.ok())
    return std::move(serves).error();
  const bool is_text = format == ValueFormat::kPlain;
  const bool has_block = value.find("-----BEGIN ") != std::string_view::npos;
  if (is_text || has_block == (format == ValueFormat::kPem)) return std::nullopt;
  return config_error("value_not_in_format",
                      "the value of " + id.str() + (has_block ? " holds a PEM" : " holds no PEM") +
                          ", and the format of the store is " + std::string(to_string(format)));
}

bool can_take(const OtherEnvironment& other, const SecretId& id, std::string_view value) {
  const SecretIdRow* row = find_row(id);
  if (other.is_of_realm && row != nullptr && row->scope == Scope::kGlobal) return false;
  return !needs_google_kms(other.format) && !why_not_in(other.format, id, value);
}

}  // namespace

EnvironmentStore::EnvironmentStore(StoreName name, ValueFormat format, StoreContext context)
    : name_(std::move(name)), format_(format), context_(std::move(context)) {}

Task<std::vector<Secret>> EnvironmentStore::fetch(Alias alias) {
  CO_TRY(const SecretId id, SecretId::parse(alias.view()));
  const auto found = context_.environment.find(environment_name(id));
  if (found == context_.environment.end() || found->second.empty()) co_return std::vector<Secret>();
  const std::string& value = found->second;
  if (auto why = why_not_in(format_, id, value)) {
    const std::string where = "store " + quoted(name_.view()) + ", variable " + found->first;
    const auto& others = context_.other_environments;
    const bool is_of_another =
        std::any_of(others.begin(), others.end(),
                    [&](const OtherEnvironment& other) { return can_take(other, id, value); });
    if (!is_of_another) {
      why->detail = where + ": " + why->detail + "; no other environment store can take it";
      co_return std::move(*why);
    }
    warnings_.set(id.str(), {where + " is left to other stores: " + why->detail});
    co_return std::vector<Secret>();
  }
  note_user(found->first, id);
  ReadWithPassword read = [self = shared_from_this(), id](std::optional<ByteView> password) {
    return self->read(id, password);
  };
  co_return co_await read_with_pem_password(context_, id, std::move(read));
}

// IDs that differ only in case meet in one variable. The second one to come is told about.
void EnvironmentStore::note_user(const std::string& variable, const SecretId& id) {
  const std::lock_guard lock(mutex_);
  const auto [user, is_first] = first_users_.emplace(variable, id);
  if (is_first || user->second == id) return;
  warnings_.set("collision " + id.str(),
                {"store " + quoted(name_.view()) + ": the variable " + variable +
                 " serves two secret IDs, " + user->second.str() + " and " + id.str()});
}

Result<std::vector<Secret>> EnvironmentStore::read(const SecretId& id,
                                                   std::optional<ByteView> pem_password) {
  const std::string variable = environment_name(id);
  const std::string& value = context_.environment.at(variable);
  auto read = read_value(format_, as_bytes(value), id, context_.encoding_keys.get(), pem_password);
  if (!read) {
    Error error = std::move(read).error();
    error.detail = "store " + quoted(name_.view()) + ", variable " + variable + ": " + error.detail;
    return error;
  }
  for (std::string& warning : read->warnings)
    warning = "store " + quoted(name_.view()) + ", variable " + variable + ": " + warning;
  warnings_.set(id.str(), std::move(read->warnings));
  for (Secret& secret : read->secrets) {
    secret.alias = Alias(id.str());
    secret.store = name_;
  }
  return std::move(read->secrets);
}

Task<std::vector<Alias>> EnvironmentStore::aliases() {
  std::vector<Alias> aliases;
  for (const SecretIdRow& row : registry()) {
    const auto id = SecretId::parse(row.name);
    if (!id) continue;
    const auto found = context_.environment.find(environment_name(*id));
    if (found != context_.environment.end() && !found->second.empty()) {
      aliases.emplace_back(id->str());
    }
  }
  co_return aliases;
}

Task<std::string> EnvironmentStore::fingerprint() {
  co_return std::string("as at start");
}

Task<Done> EnvironmentStore::probe() {
  co_return Done{};
}

Result<ValueFormat> environment_format(const StoreName& name, const json::Object& settings) {
  const StoreType type = environment_store_type();
  SettingsReader reader(name, settings, type.settings);
  const ValueFormat format = reader.value_format("format", ValueFormat::kBase64);
  TRY(reader.done());
  return format;
}

StoreType environment_store_type() {
  StoreType type;
  type.name = kEnvironmentType;
  type.ordering = Ordering::kSelfNaming;
  type.summary =
      "Environment variables, named by their secret IDs in upper case with _ for a period.";
  type.settings = {{"format", "how every value is written, e.g. ENCRYPTED_PLAIN; default BASE64"}};
  type.make = [](StoreName name, const json::Object& settings,
                 StoreContext context) -> Result<std::shared_ptr<Store>> {
    TRY(const ValueFormat format, environment_format(name, settings));
    return std::shared_ptr<Store>(
        std::make_shared<EnvironmentStore>(std::move(name), format, std::move(context)));
  };
  return type;
}

}  // namespace signet::secrets

#include "secrets/stores/environment/environment_store.h"

#include <algorithm>

#include "base/text.h"
#include "secrets/stores/pem_password.h"
#include "secrets/stores/settings.h"

namespace signet::secrets {

std::string environment_name(const SecretId& id) {
  std::string name = to_upper(id.str());
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

namespace {

/// Why a variable is not in the format of the store; nothing if it may be. All environment stores
/// see the same variables, so what is not for this one must not stand in the way of the others.
std::optional<std::string> why_not_ours(ValueFormat format, const SecretId& id,
                                        std::string_view value) {
  if (const Status serves = check_format_serves(format, id); !serves.ok())
    return serves.error().detail;
  const bool is_text = format == ValueFormat::kPlain;
  const bool has_block = value.find("-----BEGIN ") != std::string_view::npos;
  if (is_text || has_block == (format == ValueFormat::kPem)) return std::nullopt;
  return has_block ? "it holds a PEM, and the format is " + std::string(to_string(format))
                   : "it holds no PEM";
}

}  // namespace

EnvironmentStore::EnvironmentStore(StoreName name, ValueFormat format, StoreContext context)
    : name_(std::move(name)), format_(format), context_(std::move(context)) {}

Task<std::vector<Secret>> EnvironmentStore::fetch(Alias alias) {
  CO_TRY(const SecretId id, SecretId::parse(alias.view()));
  const auto found = context_.environment.find(environment_name(id));
  if (found == context_.environment.end() || found->second.empty()) co_return std::vector<Secret>();
  if (const auto why = why_not_ours(format_, id, found->second)) {
    warnings_.set(id.str(), {"store " + quoted(name_.view()) + ", variable " + found->first +
                             " is left to other stores: " + *why});
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

StoreType environment_store_type() {
  StoreType type;
  type.name = "environment";
  type.ordering = Ordering::kSelfNaming;
  type.summary =
      "Environment variables, named by their secret IDs in upper case with _ for a period.";
  type.settings = {{"format", "how every value is written, e.g. ENCRYPTED_PLAIN; default BASE64"}};
  type.make = [](StoreName name, const json::Object& settings,
                 StoreContext context) -> Result<std::shared_ptr<Store>> {
    const StoreType self = environment_store_type();
    SettingsReader reader(name, settings, self.settings);
    const ValueFormat format = reader.value_format("format", ValueFormat::kBase64);
    TRY(reader.done());
    return std::shared_ptr<Store>(
        std::make_shared<EnvironmentStore>(std::move(name), format, std::move(context)));
  };
  return type;
}

}  // namespace signet::secrets

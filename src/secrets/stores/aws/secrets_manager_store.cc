#include "secrets/stores/aws/secrets_manager_store.h"

#include "base/text.h"
#include "crypto/digest.h"
#include "secrets/stores/aws/store_types.h"
#include "secrets/stores/on_pool.h"
#include "secrets/stores/pem_password.h"
#include "secrets/stores/shared/key_bundle.h"

namespace signet::secrets::aws {
namespace {

// A name that nobody uses: asking for it shows that AWS answers and knows who asks.
constexpr const char* kProbedName = "signet/is-there-anybody";
constexpr std::size_t kMostReadings = 1024;

bool is_denied(const Error& error) {
  return std::string_view(error.reason) == "aws_access_denied";
}

}  // namespace

SecretsManagerStore::SecretsManagerStore(StoreName name, SecretsManagerSettings settings,
                                         AccessPtr access)
    : name_(std::move(name)),
      settings_(std::move(settings)),
      access_(access),
      client_(std::make_shared<Client>(kSecretsManager, std::move(access))) {}

Error SecretsManagerStore::told(const Alias& alias, Error error) const {
  if (error.code == Code::kInvalid) error.code = Code::kConfig;  // the value, not a caller
  error.detail = "store " + quoted(name_.view()) + ", AWS Secrets Manager " +
                 quoted(alias.view(), 256) + ": " + error.detail;
  if (is_denied(error)) {
    error.detail +=
        "; missing is the right secretsmanager:GetSecretValue, or, under a policy for "
        "\"<name>-*\", "
        "the secret";
  }
  return error;
}

Task<std::vector<Secret>> SecretsManagerStore::fetch(Alias alias) {
  CO_TRY(const ReadingPtr reading, co_await current(std::move(alias)));
  co_return reading->secrets;
}

Task<SecretsManagerStore::ReadingPtr> SecretsManagerStore::current(Alias alias) {
  {
    const std::lock_guard lock(mutex_);
    const Instant now = access_->context.clock->now();
    const auto found = readings_.find(alias);
    if (found != readings_.end() && now >= found->second->read_at &&
        now - found->second->read_at < settings_.reread) {
      co_return found->second;
    }
  }
  auto read_now = co_await read(alias);
  if (!read_now) co_return told(alias, std::move(read_now).error());
  const std::lock_guard lock(mutex_);
  if (readings_.size() < kMostReadings || readings_.contains(alias)) readings_[alias] = *read_now;
  co_return read_now;
}

Task<SecretsManagerStore::ReadingPtr> SecretsManagerStore::read(Alias alias) {
  auto reading = std::make_shared<Reading>();
  std::vector<std::string> warnings;
  reading->read_at = access_->context.clock->now();
  CO_TRY(auto active, co_await get_secret(client_, alias.str(), "AWSCURRENT"));
  if (active) {
    reading->stamp = active->id;
    CO_TRY(reading->secrets, co_await secrets_of(std::move(*active)));
    auto previous = co_await get_secret(client_, alias.str(), "AWSPREVIOUS");
    if (!previous && !is_denied(previous.error())) co_return std::move(previous).error();
    if (!previous) {
      warnings.push_back(told(alias, std::move(previous).error()).detail +
                         " (of its version AWSPREVIOUS, which is left out)");
    } else if (*previous) {
      reading->stamp += "/" + (*previous)->id;
      auto older = co_await secrets_of(std::move(**previous));
      if (!older && is_transient(older.error().code)) co_return std::move(older).error();
      if (!older) {
        warnings.push_back(told(alias, std::move(older).error()).detail +
                           " (of its version AWSPREVIOUS, which is left out)");
      } else {
        for (Secret& secret : *older)
          reading->secrets.push_back(std::move(secret));
      }
    }
  }
  for (Secret& secret : reading->secrets) {
    secret.alias = alias;
    secret.store = name_;
  }
  warnings_.set(alias.str(), std::move(warnings));
  co_return ReadingPtr(std::move(reading));
}

Task<std::vector<Secret>> SecretsManagerStore::secrets_of(SecretVersion version) {
  std::shared_ptr<const SecretBytes> password;
  if (settings_.value_password) {
    CO_TRY(password, co_await find_password(access_->context.password, *settings_.value_password));
  }
  auto value = std::make_shared<const SecretBytes>(std::move(version.value));
  auto work = [self = shared_from_this(), value, password] {
    std::optional<ByteView> opens;
    if (password) opens = password->view();
    return self->parse(value->view(), opens);
  };
  CO_TRY(auto secrets,
         co_await on_pool<std::vector<Secret>>(access_->context.pool, std::move(work)));
  for (Secret& secret : secrets)
    secret.version = version.id;
  co_return secrets;
}

Result<std::vector<Secret>> SecretsManagerStore::parse(ByteView value,
                                                       std::optional<ByteView> password) const {
  if (!settings_.format && looks_like_key_bundle(value)) {
    auto secrets = read_key_bundle(value, password);
    // A text that only begins like JSON, or JSON about something else, is a text.
    const std::string_view why = secrets ? "" : secrets.error().reason;
    if (why != "key_bundle_unknown" && !why.starts_with("json_")) return secrets;
  }
  TRY(ReadValue read, read_value(settings_.format.value_or(ValueFormat::kPlain), value,
                                 access_->context.encoding_keys.get(), password));
  return std::move(read.secrets);
}

Task<std::vector<Alias>> SecretsManagerStore::aliases() {
  co_return Error{
      Code::kUnsupported, "aliases_unsupported",
      "store " + quoted(name_.view()) +
          ": AWS Secrets Manager is not asked for a list, which needs a right of its own"};
}

Task<std::string> SecretsManagerStore::fingerprint() {
  std::vector<Alias> known;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [alias, reading] : readings_)
      known.push_back(alias);
  }
  std::string all;
  for (const Alias& alias : known) {
    CO_TRY(const ReadingPtr reading, co_await current(alias));
    all += alias.str() + "=" + reading->stamp + "\n";
  }
  co_return all.empty() ? all : hex(crypto::sha256(as_bytes(all)));
}

Task<Done> SecretsManagerStore::probe() {
  auto answer = co_await get_secret(client_, kProbedName, "AWSCURRENT");
  if (answer || is_denied(answer.error())) co_return Done{};
  Error error = std::move(answer).error();
  error.detail = "store " + quoted(name_.view()) + ": " + error.detail;
  co_return error;
}

namespace {

SettingNames secrets_manager_settings() {
  SettingNames names = {
      {"format",
       "how every value is written, e.g. PEM or BASE64_HMAC_KEY; default: a key in any "
       "usual form, else a text"},
      {"reread_seconds", "how often AWS is asked whether a secret changed; default 30"},
      {"value_password",
       "the secret ID of the password of PFX and PEM values, held by another store; default none"},
  };
  const SettingNames more = access_settings();
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

}  // namespace

StoreType secrets_manager_store_type() {
  StoreType type;
  type.name = "aws_secrets_manager";
  type.ordering = Ordering::kByStore;
  type.summary = "Secrets in AWS Secrets Manager, with their current and previous versions.";
  type.settings = secrets_manager_settings();
  type.make = [](StoreName name, const json::Object& settings,
                 StoreContext context) -> Result<std::shared_ptr<Store>> {
    constexpr std::int64_t kDay = 86'400;
    const SettingNames known = secrets_manager_settings();
    SettingsReader reader(name, settings, known);
    SecretsManagerSettings mine;
    if (const std::string text = reader.text("format"); !text.empty()) {
      const auto format = parse_value_format(text);
      if (format) mine.format = *format;
      if (!format) reader.complain(format.error().detail);
    }
    mine.reread = Seconds(reader.number("reread_seconds", mine.reread.count(), 1, kDay));
    mine.value_password = reader.password_id("value_password");
    const AccessSettings access_settings = read_access_settings(reader);
    TRY(reader.done());
    auto access =
        std::make_shared<const Access>(Access{access_settings, std::move(context), async::pause});
    return std::shared_ptr<Store>(
        std::make_shared<SecretsManagerStore>(std::move(name), std::move(mine), std::move(access)));
  };
  return type;
}

}  // namespace signet::secrets::aws

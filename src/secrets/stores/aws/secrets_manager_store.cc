#include "secrets/stores/aws/secrets_manager_store.h"

#include "base/text.h"
#include "secrets/stores/aws/store_types.h"
#include "secrets/stores/on_pool.h"
#include "secrets/stores/pem_password.h"
#include "secrets/stores/shared/key_bundle.h"

namespace signet::secrets::aws {
namespace {

// A name that nobody uses: asking for it shows that AWS answers and knows who asks.
constexpr const char* kProbedName = "signet/is-there-anybody";

bool is_denied(const Error& error) {
  return error.is("aws_access_denied");
}

}  // namespace

SecretsManagerStore::SecretsManagerStore(StoreName name, SecretsManagerSettings settings,
                                         AccessPtr access)
    : RereadStore(std::move(name), "AWS Secrets Manager", settings.reread, access),
      settings_(std::move(settings)),
      client_(std::make_shared<Client>(kSecretsManager, std::move(access))) {}

Error SecretsManagerStore::told(const Alias& alias, Error error) const {
  if (error.code == Code::kInvalid) error.code = Code::kConfig;  // the value, not a caller
  error.detail = "store " + quoted(name().view()) + ", AWS Secrets Manager " +
                 quoted(alias.view(), 256) + ": " + error.detail;
  if (is_denied(error)) {
    error.detail +=
        "; missing is the right secretsmanager:GetSecretValue, or, under a policy for "
        "\"<name>-*\", "
        "the secret";
  }
  return error;
}

Task<SecretsManagerStore::Reading> SecretsManagerStore::read(Alias alias) {
  Reading reading;
  CO_TRY(auto active, co_await get_secret(client_, alias.str(), "AWSCURRENT"));
  if (active) {
    reading.stamp = active->id;
    CO_TRY(reading.secrets, co_await secrets_of(std::move(*active)));
    auto previous = co_await get_secret(client_, alias.str(), "AWSPREVIOUS");
    if (!previous && !is_denied(previous.error())) co_return std::move(previous).error();
    if (!previous) {
      reading.warnings.push_back(told(alias, std::move(previous).error()).detail +
                                 " (of its version AWSPREVIOUS, which is left out)");
    } else if (*previous) {
      reading.stamp += "/" + (*previous)->id;
      auto older = co_await secrets_of(std::move(**previous));
      if (!older && is_transient(older.error().code)) co_return std::move(older).error();
      if (!older) {
        reading.warnings.push_back(told(alias, std::move(older).error()).detail +
                                   " (of its version AWSPREVIOUS, which is left out)");
      } else {
        for (Secret& secret : *older)
          reading.secrets.push_back(std::move(secret));
      }
    }
  }
  co_return reading;
}

Task<std::vector<Secret>> SecretsManagerStore::secrets_of(SecretVersion version) {
  std::shared_ptr<const SecretBytes> password;
  if (settings_.value_password) {
    CO_TRY(password, co_await find_password(access().context.password, *settings_.value_password));
  }
  auto value = std::make_shared<const SecretBytes>(std::move(version.value));
  auto work = [self = shared_from_this(), value, password] {
    std::optional<ByteView> opens;
    if (password) opens = password->view();
    return self->parse(value->view(), opens);
  };
  CO_TRY(auto secrets,
         co_await on_pool<std::vector<Secret>>(access().context.pool, std::move(work)));
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
                                 access().context.encoding_keys.get(), password));
  return std::move(read.secrets);
}

Task<Done> SecretsManagerStore::probe() {
  auto answer = co_await get_secret(client_, kProbedName, "AWSCURRENT");
  if (answer || is_denied(answer.error())) co_return Done{};
  co_return in_this_store(std::move(answer).error());
}

namespace {

SettingNames secrets_manager_settings() {
  const SettingNames own = {
      {"format",
       "how every value is written, e.g. PEM or BASE64_HMAC_KEY; default: a key in any "
       "usual form, else a text"},
      {"reread_seconds", "how often AWS is asked whether a secret changed; default 30"},
      {"value_password",
       "the secret ID of the password of PFX and PEM values, held by another store; default none"},
  };
  return joined({own, access_settings()});
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
    if (!reader.text("format").empty())
      mine.format = reader.value_format("format", ValueFormat::kPlain);
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

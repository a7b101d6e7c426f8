#include "secrets/stores/azure/certificate_slot.h"

#include "base/log.h"
#include "base/text.h"
#include "secrets/stores/azure/key_vault_store.h"
#include "secrets/stores/azure/value.h"
#include "secrets/stores/settings.h"
#include "secrets/stores/shared/shared_certificate.h"

namespace signet::secrets::azure {
namespace {

constexpr int kMostLooks = 5;
constexpr Seconds kSettling{2};
// Both the vault's times are cut to whole seconds.
constexpr Seconds kRounding{1};

Result<std::string> import_body(const SecretBytes& pem) {
  TRY(const auto secrets, secrets_of_pem(pem.view(), std::nullopt));
  const crypto::PublicKey& key = *secrets.front().key->jwk().public_key();
  json::Object properties;
  properties.set("exportable", true);
  properties.set("reuse_key", false);
  if (key.kind() == crypto::KeyKind::kRsa) {
    properties.set("kty", "RSA");
    properties.set("key_size", static_cast<std::int64_t>(key.bits()));
  } else if (key.kind() == crypto::KeyKind::kEcP256 || key.kind() == crypto::KeyKind::kEcP384 ||
             key.kind() == crypto::KeyKind::kEcP521) {
    properties.set("kty", "EC");
    properties.set("crv", crypto::to_string(key.kind()));
  } else {
    return Error{Code::kUnsupported, "azure_key_unsupported",
                 "Key Vault imports no certificates with a key of kind " +
                     std::string(crypto::to_string(key.kind()))};
  }
  json::Object issuer, secret;
  issuer.set("name", "Unknown");
  secret.set("contentType", kPemType);
  json::Object policy;
  policy.set("key_props", std::move(properties));
  policy.set("secret_props", std::move(secret));
  policy.set("issuer", std::move(issuer));
  std::string body;
  // One growth: a string that grows leaves copies of the key behind.
  body.reserve(pem.size() * 2 + 512);
  json::ObjectWriter writer(body);
  writer.add("value", as_text(pem.view())).add("policy", json::Value(std::move(policy)));
  writer.end();
  return body;
}

}  // namespace

CertificateSlot::CertificateSlot(std::shared_ptr<KeyVault> vault, std::string name,
                                 Seconds settling, std::shared_ptr<Clock> clock, async::Pause pause)
    : vault_(std::move(vault)),
      name_(std::move(name)),
      settling_(settling),
      clock_(std::move(clock)),
      pause_(std::move(pause)) {}

std::string CertificateSlot::describe() const {
  return "Azure Key Vault certificate " + quoted(name_) + " in " + vault_->address().origin;
}

Task<std::optional<CertificateSlot::Found>> CertificateSlot::look() {
  auto answer = co_await vault_->get("/secrets/" + name_);
  if (!answer && answer.error().code == Code::kNotFound) co_return std::optional<Found>();
  if (!answer) co_return std::move(answer).error();
  CO_TRY(SecretBundle bundle, parse_secret(answer->body));
  const Instant now = answer->date.value_or(clock_->now());
  const auto age = std::chrono::floor<Seconds>(now - bundle.version.created);
  std::optional<Found> found(Found{std::move(bundle), age});
  co_return std::move(found);
}

Task<std::optional<SecretBytes>> CertificateSlot::read() {
  for (int looks = 0; looks < kMostLooks; ++looks) {
    CO_TRY(auto found, co_await look());
    if (!found) co_return std::optional<SecretBytes>();
    const Seconds left = settling_ + kRounding - found->age;
    if (settling_ == Seconds(0) || left <= Seconds(0)) {
      co_return std::optional<SecretBytes>(std::move(found->bundle.value));
    }
    CO_TRY(co_await pause_(std::min(left, settling_ + kRounding)));
  }
  co_return Error{Code::kUnavailable, "azure_certificate_settling",
                  describe() + " is replaced again and again"};
}

Task<SharedSlot::Created> CertificateSlot::create(std::shared_ptr<const SecretBytes> value,
                                                  std::string) {
  CO_TRY(std::string body, import_body(*value));
  // Once more: another one may have been quicker while the key was made.
  const Instant seen_at = clock_->now();
  CO_TRY(const auto before, co_await look());
  if (before) co_return Created::kTheirs;
  const Milliseconds timeout = settling_ > Seconds(0) ? settling_ : kSettling;
  auto imported =
      co_await vault_->post("/certificates/" + name_ + "/import", std::move(body), timeout);
  if (!imported && imported.error().code == Code::kConflict) co_return Created::kTheirs;
  if (!imported) co_return std::move(imported).error();
  if (clock_->now() - seen_at > timeout) {
    log::warn("azure_import_slow",
              {{"place", describe()}, {"ms", (clock_->now() - seen_at).count()}});
  }
  const json::Value* url = imported->body.find("sid");
  if (!url || !url->if_string()) {
    co_return Error{Code::kUnavailable, "azure_answer_malformed",
                    describe() + ": the import did not say which version it made"};
  }
  const std::string version = url->if_string()->substr(url->if_string()->rfind('/') + 1);
  if (settling_ > Seconds(0)) {
    CO_TRY(co_await pause_(settling_ + kRounding));
  }
  CO_TRY(const auto after, co_await look());
  co_return after && after->bundle.version.id == version ? Created::kOurs : Created::kTheirs;
}

StoreType certificate_store_type() {
  StoreType type;
  type.name = "azure_key_vault_certificate";
  type.ordering = Ordering::kByMapping;
  type.summary =
      "One signing certificate in an Azure Key Vault that the first instance makes and all share.";
  const SettingNames own = {
      {"certificate_url",
       "the certificate, e.g. https://myvault.vault.azure.net/certificates/signet; required"},
      {"vault_domain",
       "the domain that vaults lie under in another cloud; default: Azure's own domains"},
      {"settling_seconds",
       "how long a new version must have been the current one before it is used; default 2"},
  };
  type.settings = joined({own, credential_settings(), shared_certificate_settings()});
  type.make = [](StoreName name, const json::Object& settings,
                 StoreContext context) -> Result<std::shared_ptr<Store>> {
    constexpr std::int64_t kLongestSettling = 60;
    const StoreType self = certificate_store_type();
    SettingsReader reader(name, settings, self.settings);
    const std::string url = reader.required_text("certificate_url");
    const std::string domain = reader.text("vault_domain");
    const Seconds settling(
        reader.number("settling_seconds", kSettling.count(), 0, kLongestSettling));
    CredentialSettings credential = read_credential(reader, context.environment);
    SharedCertificateSettings shared = read_shared_certificate_settings(reader);
    auto address = parse_certificate_url(url, domain);
    if (!address && !url.empty()) {
      reader.complain("'certificate_url': " + address.error().detail);
    }
    TRY(reader.done());
    auto vault = std::make_shared<KeyVault>(name, address->vault, std::move(credential), context);
    auto slot =
        std::make_shared<CertificateSlot>(std::move(vault), address->name, settling, context.clock);
    return make_shared_certificate_store(std::move(name), std::move(shared), std::move(slot),
                                         std::move(context));
  };
  return type;
}

}  // namespace signet::secrets::azure

#include "secrets/stores/google/secret_manager_store.h"

#include <algorithm>

#include "base/base64.h"
#include "base/text.h"
#include "secrets/stores/google/google_answer.h"
#include "secrets/stores/pem_password.h"

namespace signet::secrets::google {
namespace {

constexpr std::size_t kMostVersions = 16;

/// Between the list and the reading a version may have been disabled or destroyed.
bool is_gone(const Error& error) {
  return error.is("google_failed_precondition") || error.is("google_not_found");
}

/// Serving an older version instead would hide these.
bool fails_the_whole_fetch(const Error& error) {
  return is_transient(error.code) || error.is("pem_password_missing");
}

/// A JWK may name itself; everything else is named by where it lies.
bool names_itself(const Secret& secret) {
  return secret.kid != Secret::of_key(secret.key->jwk()).kid;
}

Secret with_kid(Secret secret, const std::string& kid) {
  secret.kid = KeyId(kid);
  secret.key = jose::Key::local(secret.key->jwk().with_kid(kid));
  return secret;
}

std::string where(const std::string& secret, std::uint64_t version) {
  return "secret " + quoted(secret) + ", version " + std::to_string(version) + ": ";
}

/// How the plain bytes of a GOOGLE_KMS_* value are read.
ValueFormat inner_format(ValueFormat format) {
  switch (format) {
    case ValueFormat::kGoogleKmsEncrypted:
      return ValueFormat::kPlain;
    case ValueFormat::kGoogleKmsEncryptedHmacKey:
      return ValueFormat::kBase64HmacKey;
    case ValueFormat::kGoogleKmsEncryptedPem:
      return ValueFormat::kPem;
    default:
      return format;
  }
}

}  // namespace

SecretManagerStore::SecretManagerStore(StoreName name, SecretManagerSettings settings,
                                       std::shared_ptr<SecretManagerClient> client,
                                       std::shared_ptr<KmsClient> kms, StoreContext context)
    : GoogleStore(std::move(name), "the secrets of the project", std::move(context)),
      settings_(std::move(settings)),
      client_(std::move(client)),
      kms_(std::move(kms)) {}

Status SecretManagerStore::check_name(std::string_view alias) const {
  if (is_secret_name(alias)) return Done{};
  return Error{Code::kConfig, "google_name_invalid",
               quoted(alias) +
                   " is no name of a secret: letters, digits, '-' and '_', 255 at most, without "
                   "the project"};
}

Task<std::vector<std::string>> SecretManagerStore::names() {
  return client_->secrets();
}

Task<Done> SecretManagerStore::knock() {
  return client_->knock();
}

Task<std::vector<Secret>> SecretManagerStore::fetch_all(std::string secret) {
  CO_TRY(Found found, co_await find(secret));
  if (kms_) {
    CO_TRY(found, co_await decrypt_all(secret, std::move(found)));
  }
  auto shared = std::make_shared<const Found>(std::move(found));
  const auto keep_alive = std::static_pointer_cast<SecretManagerStore>(shared_from_this());
  ReadWithPassword read = [self = keep_alive, secret, shared](std::optional<ByteView> password) {
    return self->read(secret, *shared, password);
  };
  // Which ID this is for is not known; the password itself is looked up in the stores before this
  // one, so it cannot be asked for in a circle.
  static const SecretId any = SecretId::literal("google.secret");
  co_return co_await read_with_pem_password(context_, any, std::move(read));
}

Task<SecretManagerStore::Found> SecretManagerStore::find(std::string secret) {
  auto newest = co_await client_->access(secret, "latest");
  if (!newest && newest.error().is("google_not_found")) {
    const std::lock_guard lock(mutex_);
    listings_.erase(secret);
    co_return Found();
  }
  const bool is_disabled = !newest && newest.error().is("google_failed_precondition");
  if (!newest && !is_disabled) co_return std::move(newest).error();
  std::optional<std::uint64_t> number;
  if (newest) number = newest->number;

  CO_TRY(Listing known, co_await listing(secret, number));
  Found found;
  if (known.is_denied && is_disabled) {
    co_return Error{Code::kConfig, "google_newest_disabled",
                    "the newest version of secret " + quoted(secret) +
                        " is disabled or destroyed, and this identity may not list the others: "
                        "enable it, add a new one, or give the right "
                        "secretmanager.versions.list"};
  }
  if (known.is_denied) {
    found.warnings.push_back(
        "secret " + quoted(secret) +
        ": without the right secretmanager.versions.list only the newest version "
        "is served");
  }
  if (number &&
      std::find(known.numbers.begin(), known.numbers.end(), *number) == known.numbers.end()) {
    known.numbers.push_back(*number);  // it was just read, whatever the list says
    std::sort(known.numbers.rbegin(), known.numbers.rend());
  }
  if (known.numbers.size() > kMostVersions) {
    found.warnings.push_back(
        "secret " + quoted(secret) + " has " + std::to_string(known.numbers.size()) +
        " enabled versions; only the newest " + std::to_string(kMostVersions) + " are served");
    known.numbers.resize(kMostVersions);
  }
  for (const std::uint64_t wanted : known.numbers) {
    if (number && wanted == *number) {
      found.versions.push_back(*newest);
      continue;
    }
    auto version = co_await client_->access(secret, std::to_string(wanted));
    if (!version && is_gone(version.error())) continue;
    if (!version) co_return std::move(version).error();
    found.versions.push_back(std::move(version).value());
  }
  co_return found;
}

void SecretManagerStore::forget_cached() {
  const std::lock_guard lock(mutex_);
  ++epoch_;
}

Task<SecretManagerStore::Listing> SecretManagerStore::listing(std::string secret,
                                                              std::optional<std::uint64_t> newest) {
  Listing fresh;
  fresh.at = context_.clock->now();
  {
    const std::lock_guard lock(mutex_);
    fresh.epoch = epoch_;
    const auto found = listings_.find(secret);
    if (found != listings_.end() && found->second.epoch == epoch_ &&
        fresh.at < found->second.at + settings_.expiry) {
      const Listing& known = found->second;
      const bool is_current =
          known.is_denied || !newest ||
          std::find(known.numbers.begin(), known.numbers.end(), *newest) != known.numbers.end();
      if (is_current) co_return known;
    }
  }
  auto numbers = co_await client_->enabled_versions(secret);
  if (numbers) {
    fresh.numbers = std::move(numbers).value();
  } else if (numbers.error().is("google_denied")) {
    fresh.is_denied = true;
  } else {
    co_return std::move(numbers).error();
  }
  const std::lock_guard lock(mutex_);
  listings_[secret] = fresh;
  co_return fresh;
}

Task<SecretManagerStore::Found> SecretManagerStore::decrypt_all(std::string secret, Found found) {
  std::vector<SecretVersion> versions;
  versions.swap(found.versions);
  for (SecretVersion& version : versions) {
    auto plain = co_await decrypted(version);
    if (plain) {
      version.data = std::make_shared<const SecretBytes>(std::move(plain).value());
      found.versions.push_back(std::move(version));
      continue;
    }
    Error error = std::move(plain).error();
    if (is_transient(error.code)) co_return error;
    error.detail = where(secret, version.number) + error.detail;
    found.warnings.push_back(error.detail);
    if (!found.failure) found.failure = std::move(error);
  }
  co_return found;
}

Task<SecretBytes> SecretManagerStore::decrypted(SecretVersion version) {
  const auto ciphertext = base64::decode(as_text(version.data->view()));
  if (!ciphertext) co_return Error{Code::kConfig, "value_not_base64", "the value is not base64"};
  Bytes bytes = to_bytes(ciphertext->view());
  const bool is_asymmetric = settings_.kms_key.find("/cryptoKeyVersions/") != std::string::npos;
  Result<SecretBytes> plain;
  if (is_asymmetric) {
    plain = co_await kms_->asymmetric_decrypt(settings_.kms_key, std::move(bytes));
  } else {
    plain = co_await kms_->decrypt(settings_.kms_key, std::move(bytes));
  }
  if (plain && settings_.format == ValueFormat::kGoogleKmsEncryptedHmacKey) {
    std::string text = base64::encode(plain->view());
    plain = SecretBytes::from_text(text);
    wipe(text);
  }
  co_return plain;
}

Result<ReadValue> SecretManagerStore::read_version(const std::string& secret,
                                                   const SecretVersion& version,
                                                   std::optional<ByteView> pem_password) const {
  if (version.data->empty()) return Error{Code::kConfig, "value_empty", "the value is empty"};
  TRY(ReadValue value, read_value(inner_format(settings_.format), version.data->view(),
                                  context_.encoding_keys.get(), pem_password));
  const std::string number = std::to_string(version.number);
  for (Secret& entry : value.secrets) {
    entry.version = number;
    if (!entry.key || value.secrets.size() > 1 || names_itself(entry)) continue;
    entry = with_kid(std::move(entry),
                     settings_.short_kid ? number : "secrets/" + secret + "/versions/" + number);
  }
  return value;
}

Result<std::vector<Secret>> SecretManagerStore::read(const std::string& secret, const Found& found,
                                                     std::optional<ByteView> pem_password) {
  std::vector<Secret> secrets;
  std::vector<std::string> warnings = found.warnings;
  std::optional<Error> failure = found.failure;
  for (const SecretVersion& version : found.versions) {
    auto value = read_version(secret, version, pem_password);
    if (!value) {
      Error error = std::move(value).error();
      error.detail = where(secret, version.number) + error.detail;
      if (fails_the_whole_fetch(error)) return error;
      warnings.push_back(error.detail);
      if (!failure) failure = std::move(error);
      continue;
    }
    for (const std::string& warning : value->warnings)
      warnings.push_back(where(secret, version.number) + warning);
    for (Secret& entry : value->secrets)
      secrets.push_back(std::move(entry));
  }
  warn(secret, std::move(warnings));
  if (secrets.empty() && failure) return *failure;
  return secrets;
}

}  // namespace signet::secrets::google

#include "secrets/stores/keystore/keystore_store.h"

#include "base/text.h"
#include "jose/jwk.h"
#include "keystores/pkcs12.h"
#include "secrets/stores/on_pool.h"
#include "secrets/stores/pem_password.h"
#include "secrets/stores/settings.h"

namespace signet::secrets {
namespace {

constexpr std::size_t kMostBytes = 4 * 1024 * 1024;

std::pair<std::string, std::string> split_path(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == path.npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

Error type_unsupported(std::string_view type) {
  return Error{Code::kUnsupported, "keystore_type_unsupported",
               "keystores of type " + std::string(type) +
                   " are not supported yet; convert it with keytool -importkeystore "
                   "-deststoretype PKCS12"};
}

Status check_is_pkcs12(ByteView file) {
  if (file.size() < 4) return Done{};
  const std::string magic = hex(file.first(4));
  if (magic == "feedfeed") return type_unsupported("JKS");
  if (magic == "cececece") return type_unsupported("JCEKS");
  return Done{};
}

Result<Secret> to_secret(keystores::Entry entry) {
  if (entry.unusable) return *entry.unusable;
  if (entry.private_key) {
    jose::Jwk jwk = jose::Jwk::from_private(std::move(*entry.private_key));
    if (!entry.chain.empty()) jwk = jwk.with_chain(entry.chain);
    Secret secret = Secret::of_key(std::move(jwk));
    secret.certificates = std::move(entry.chain);
    return secret;
  }
  if (entry.secret_key && !entry.secret_key->empty()) {
    return Secret::of_key(jose::Jwk::from_symmetric(std::move(*entry.secret_key)));
  }
  if (!entry.chain.empty()) return Secret::of_certificates(std::move(entry.chain));
  return Error{Code::kConfig, "secret_unreadable", "the entry holds nothing"};
}

}  // namespace

KeystoreStore::KeystoreStore(StoreName name, KeystoreSettings settings, StoreContext context)
    : name_(std::move(name)), settings_(std::move(settings)), context_(std::move(context)) {
  settings_.rules.max_bytes = kMostBytes;
}

Task<std::vector<Secret>> KeystoreStore::fetch(Alias alias) {
  CO_TRY(const ContentsPtr found, co_await contents());
  const auto entry = found->entries.find(to_lower(alias.view()));
  if (entry == found->entries.end()) co_return std::vector<Secret>();
  if (!entry->second) co_return entry->second.error();
  Secret secret = *entry->second;
  secret.alias = alias;
  std::vector<Secret> secrets;
  secrets.push_back(std::move(secret));
  co_return secrets;
}

Task<std::vector<Alias>> KeystoreStore::aliases() {
  CO_TRY(const ContentsPtr found, co_await contents());
  std::vector<Alias> aliases;
  for (const auto& [alias, entry] : found->entries)
    aliases.emplace_back(alias);
  co_return aliases;
}

Task<std::string> KeystoreStore::fingerprint() {
  auto work = [self = shared_from_this()] { return self->stamp(); };
  co_return co_await on_pool<std::string>(context_.pool, std::move(work));
}

Task<Done> KeystoreStore::probe() {
  CO_TRY(const ContentsPtr found, co_await contents());
  co_return Done{};
}

Result<std::string> KeystoreStore::stamp() const {
  const auto [directory, file] = split_path(settings_.file);
  return read_consistently(
      directory, [&, &file = file](const Folder& folder) -> Result<std::string> {
        TRY(const auto stamp, folder.stamp(file));
        if (!stamp) {
          return Error{Code::kConfig, "keystore_missing",
                       "store " + quoted(name_.view()) + ": there is no file " +
                           quoted(settings_.file, 256)};
        }
        std::string text;
        stamp->append_to(text);
        return text;
      });
}

Task<KeystoreStore::ContentsPtr> KeystoreStore::contents() {
  CO_TRY(const std::string now, co_await fingerprint());
  {
    const std::lock_guard lock(mutex_);
    if (last_ && last_->stamp == now) co_return last_;
  }
  CO_TRY(const std::shared_ptr<const SecretBytes> secret, co_await password());
  auto work = [self = shared_from_this(), secret] { return self->load(secret->view()); };
  co_return co_await on_pool<ContentsPtr>(context_.pool, std::move(work));
}

Task<std::shared_ptr<const SecretBytes>> KeystoreStore::password() {
  std::shared_ptr<const SecretBytes> store_password = std::make_shared<SecretBytes>();
  if (settings_.store_password) {
    CO_TRY(store_password, co_await find_password(context_.password, *settings_.store_password));
  }
  if (settings_.entry_password) {
    CO_TRY(const std::shared_ptr<const SecretBytes> entry_password,
           co_await find_password(context_.password, *settings_.entry_password));
    if (!constant_time_equal(entry_password->view(), store_password->view())) {
      co_return Error{Code::kConfig, "keystore_entry_password_differs",
                      "store " + quoted(name_.view()) +
                          ": in PKCS#12 storePassword and keyEntryPassword must be equal"};
    }
  }
  co_return store_password;
}

Result<KeystoreStore::ContentsPtr> KeystoreStore::load(ByteView password) {
  const auto [directory, file] = split_path(settings_.file);
  // The stamp is taken before the bytes: if the file changes between, it is read once more later.
  TRY(std::string before, stamp());
  TRY(const auto bytes, read_consistently(directory, [&, &file = file](const Folder& folder) {
        return folder.read(file, settings_.rules);
      }));
  if (!bytes) {
    return Error{
        Code::kConfig, "keystore_missing",
        "store " + quoted(name_.view()) + ": there is no file " + quoted(settings_.file, 256)};
  }
  TRY(check_is_pkcs12(bytes->view()));
  auto entries = keystores::read_pkcs12_store(bytes->view(), password);
  if (!entries) {
    Error error = std::move(entries).error();
    error.detail = "store " + quoted(name_.view()) + ", keystore " + quoted(settings_.file, 256) +
                   ": " + error.detail;
    return error;
  }
  auto contents = std::make_shared<Contents>();
  contents->stamp = std::move(before);
  std::vector<std::string> skipped;
  for (keystores::Entry& entry : *entries) {
    std::string alias = to_lower(entry.alias);
    Result<Secret> secret = to_secret(std::move(entry));
    if (secret) {
      secret->alias = Alias(alias);
      secret->store = name_;
    } else {
      Error error = std::move(secret).error();
      error.detail =
          "store " + quoted(name_.view()) + ", entry " + quoted(alias) + ": " + error.detail;
      skipped.push_back(error.detail);
      secret = std::move(error);
    }
    contents->entries.insert_or_assign(std::move(alias), std::move(secret));
  }
  warnings_.set("entries", std::move(skipped));
  const std::lock_guard lock(mutex_);
  last_ = contents;
  return ContentsPtr(std::move(contents));
}

namespace {

std::optional<SecretId> read_password_id(SettingsReader& reader, std::string_view setting) {
  const std::string text = reader.text(setting);
  if (text.empty()) return std::nullopt;
  auto id = SecretId::parse(text);
  if (id) return std::move(id).value();
  // Not quoted: somebody may have put the password itself here.
  reader.complain(quoted(setting) +
                  " must be a secret ID (letters, digits, inner periods), under "
                  "which another store holds the password; never the password itself");
  return std::nullopt;
}

}  // namespace

StoreType keystore_store_type() {
  StoreType type;
  type.name = "keystore";
  type.ordering = Ordering::kByMapping;
  type.summary = "A keystore file (PKCS#12) whose aliases are mapped to secret IDs.";
  type.settings = {
      {"file", "the keystore; required"},
      {"storetype", "PKCS12 (default); others are not supported yet"},
      {"storePassword",
       "the secret ID of its password, held by another store; default no password"},
      {"keyEntryPassword", "the secret ID of its entries' password; in PKCS12 it must be the same"},
      {"group_readable", "read a file that its group may read; default false"},
      {"unsafe_permissions", "read a file of any permissions; default false"},
  };
  type.make = [](StoreName name, const json::Object& settings,
                 StoreContext context) -> Result<std::shared_ptr<Store>> {
    const StoreType self = keystore_store_type();
    SettingsReader reader(name, settings, self.settings);
    KeystoreSettings mine;
    mine.file = reader.required_text("file");
    mine.store_password = read_password_id(reader, "storePassword");
    mine.entry_password = read_password_id(reader, "keyEntryPassword");
    mine.rules = reader.file_rules();
    const std::string storetype = reader.text("storetype", "PKCS12");
    TRY(reader.done());
    if (!equal_ignoring_case(storetype, "PKCS12")) {
      const bool is_known = equal_ignoring_case(storetype, "JKS") ||
                            equal_ignoring_case(storetype, "JCEKS") ||
                            equal_ignoring_case(storetype, "PKCS11");
      return type_unsupported(is_known ? to_upper(storetype) : quoted(storetype));
    }
    return std::shared_ptr<Store>(
        std::make_shared<KeystoreStore>(std::move(name), std::move(mine), std::move(context)));
  };
  return type;
}

}  // namespace signet::secrets

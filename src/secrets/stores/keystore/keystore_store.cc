#include "secrets/stores/keystore/keystore_store.h"

#include "base/text.h"
#include "jose/jwk.h"
#include "keystores/jks.h"
#include "keystores/pkcs12.h"
#include "secrets/stores/local/key_spec.h"
#include "secrets/stores/on_pool.h"
#include "secrets/stores/pem_password.h"
#include "secrets/stores/settings.h"

namespace signet::secrets {
namespace {

constexpr std::size_t kMostBytes = 4 * 1024 * 1024;

bool same_password(const std::shared_ptr<const SecretBytes>& a,
                   const std::shared_ptr<const SecretBytes>& b) {
  return a && b ? constant_time_equal(a->view(), b->view()) : !a && !b;
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

std::vector<Mapping> KeystoreStore::default_mappings() const {
  return secrets::default_mappings();
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
  return read_consistently(directory,
                           [&, &file = file](const Folder& folder) -> Result<std::string> {
                             TRY(const auto stamp, folder.stamp(file));
                             if (!stamp) return missing();
                             std::string text;
                             stamp->append_to(text);
                             return text;
                           });
}

Task<KeystoreStore::ContentsPtr> KeystoreStore::contents() {
  CO_TRY(const std::string now, co_await fingerprint());
  {
    const std::lock_guard lock(mutex_);
    // Another password may open what this one did not.
    if (last_ && last_->stamp == now && !last_->has_locked) co_return last_;
  }
  CO_TRY(Passwords secrets, co_await passwords());
  auto work = [self = shared_from_this(), secrets = std::move(secrets)] {
    return self->load(secrets);
  };
  co_return co_await on_pool<ContentsPtr>(context_.pool, std::move(work));
}

Task<KeystoreStore::Passwords> KeystoreStore::passwords() {
  Passwords found;
  if (settings_.store_password) {
    CO_TRY(found.store, co_await find_password(context_.password, *settings_.store_password));
  }
  if (settings_.entry_password) {
    CO_TRY(found.entry, co_await find_password(context_.password, *settings_.entry_password));
  }
  co_return found;
}

bool KeystoreStore::Passwords::operator==(const Passwords& other) const {
  return same_password(store, other.store) && same_password(entry, other.entry);
}

Error KeystoreStore::missing() const {
  return Error{
      Code::kConfig, "keystore_missing",
      "store " + quoted(name_.view()) + ": there is no file " + quoted(settings_.file, 256)};
}

Result<KeystoreStore::ContentsPtr> KeystoreStore::load(const Passwords& passwords) {
  const std::lock_guard one_at_a_time(loading_);
  // The stamp is taken before the bytes: if the file changes between, it is read once more later.
  TRY(std::string before, stamp());
  {
    const std::lock_guard lock(mutex_);
    const bool is_same = last_ && last_->stamp == before;
    if (is_same && (!last_->has_locked || last_->passwords == passwords)) return last_;
    if (failure_ && failure_->stamp == before && failure_->passwords == passwords) {
      return failure_->error;
    }
  }
  auto contents = read(passwords, before);
  const std::lock_guard lock(mutex_);
  failure_.reset();
  if (contents) {
    last_ = *contents;
  } else if (!is_transient(contents.error().code)) {
    failure_ = Failure{std::move(before), passwords, contents.error()};
  }
  return contents;
}

Result<std::vector<keystores::Entry>> KeystoreStore::open(ByteView file,
                                                          const Passwords& passwords) const {
  using keystores::FileType;
  const auto type = keystores::file_type_of(file);
  if (!type) {
    return Error{Code::kConfig, "keystore_malformed", "it is neither PKCS12 nor JKS nor JCEKS"};
  }
  if (settings_.type && settings_.type != type) {
    return Error{Code::kConfig, "keystore_type_differs",
                 "it is of the type " + std::string(to_string(*type)) + ", and 'storetype' says " +
                     std::string(to_string(*settings_.type))};
  }
  if (type == FileType::kPkcs12) {
    const ByteView password = passwords.store ? passwords.store->view() : ByteView();
    if (passwords.entry && !constant_time_equal(passwords.entry->view(), password)) {
      return Error{Code::kConfig, "keystore_entry_password_differs",
                   "in PKCS12 storePassword and keyEntryPassword must be equal"};
    }
    return keystores::read_pkcs12_store(file, password);
  }
  keystores::JksOptions options;
  if (passwords.store) options.store_password = passwords.store->view();
  if (passwords.entry) options.key_password = passwords.entry->view();
  return keystores::read_jks(file, options);
}

Result<KeystoreStore::ContentsPtr> KeystoreStore::read(const Passwords& passwords,
                                                       std::string stamp) {
  const auto [directory, file] = split_path(settings_.file);
  TRY(const auto bytes, read_consistently(directory, [&, &file = file](const Folder& folder) {
        return folder.read(file, settings_.rules);
      }));
  if (!bytes) return missing();
  auto entries = open(bytes->view(), passwords);
  if (!entries) {
    Error error = std::move(entries).error();
    if (error.code != Code::kUnsupported) error.code = Code::kConfig;
    error.detail = "store " + quoted(name_.view()) + ", keystore " + quoted(settings_.file, 256) +
                   ": " + error.detail;
    return error;
  }
  auto contents = std::make_shared<Contents>();
  contents->stamp = std::move(stamp);
  contents->passwords = passwords;
  std::vector<std::string> skipped;
  if (!passwords.store && keystores::file_type_of(bytes->view()) != keystores::FileType::kPkcs12) {
    skipped.push_back("store " + quoted(name_.view()) +
                      ": without a 'storePassword' the integrity of the keystore is not checked");
  }
  for (keystores::Entry& entry : *entries) {
    std::string alias = to_lower(entry.alias);
    Result<Secret> secret = to_secret(std::move(entry));
    if (secret) {
      secret->alias = Alias(alias);
      secret->store = name_;
    } else {
      Error error = std::move(secret).error();
      if (error.code != Code::kUnsupported) error.code = Code::kConfig;
      error.detail =
          "store " + quoted(name_.view()) + ", entry " + quoted(alias) + ": " + error.detail;
      skipped.push_back(error.detail);
      contents->has_locked |= error.is("key_password_wrong") || error.is("key_password_missing");
      secret = std::move(error);
    }
    contents->entries.insert_or_assign(std::move(alias), std::move(secret));
  }
  warnings_.set("entries", std::move(skipped));
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
  type.summary = "A keystore file (PKCS#12, JKS, JCEKS) whose aliases are mapped to secret IDs.";
  type.settings = {
      {"file", "the keystore; required"},
      {"storetype", "PKCS12, JKS or JCEKS; default what the file is"},
      {"storePassword",
       "the secret ID of its password, held by another store; default no password"},
      {"keyEntryPassword",
       "the secret ID of its entries' password; default the store's; in PKCS12 it must be the "
       "same"},
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
    const std::string storetype = reader.text("storetype");
    mine.type = keystores::parse_file_type(storetype);
    TRY(reader.done());
    if (!storetype.empty() && !mine.type) {
      return Error{Code::kUnsupported, "keystore_type_unsupported",
                   "store " + quoted(name.view()) + ": keystores of the type " + quoted(storetype) +
                       " are not read; known are PKCS12, JKS and JCEKS; keys in tokens are for a " +
                       "store of their own kind"};
    }
    return std::shared_ptr<Store>(
        std::make_shared<KeystoreStore>(std::move(name), std::move(mine), std::move(context)));
  };
  return type;
}

}  // namespace signet::secrets

#include "secrets/stores/filesystem/filesystem_store.h"

#include <set>

#include "base/log.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "secrets/stores/on_pool.h"
#include "secrets/stores/pem_password.h"
#include "secrets/stores/settings.h"

namespace signet::secrets {
namespace {

// These are about how the folder was set up or cannot be told yet: serving an older version instead
// would hide them.
bool fails_the_whole_fetch(const Error& error) {
  const std::string_view reason = error.reason;
  return is_transient(error.code) || reason == "secret_file_permissions" ||
         reason == "secret_file_escapes" || reason == "pem_password_missing";
}

}  // namespace

FilesystemStore::FilesystemStore(StoreName name, FilesystemSettings settings, StoreContext context)
    : name_(std::move(name)),
      settings_(std::move(settings)),
      names_(settings_.suffix, settings_.version_suffix),
      context_(std::move(context)) {}

Task<std::vector<Secret>> FilesystemStore::fetch(Alias alias) {
  CO_TRY(const SecretId id, SecretId::parse(alias.view()));
  ReadWithPassword read = [self = shared_from_this(), id](std::optional<ByteView> password) {
    return self->read(id, password);
  };
  co_return co_await read_with_pem_password(context_, id, std::move(read));
}

Result<std::vector<Secret>> FilesystemStore::read(const SecretId& id,
                                                  std::optional<ByteView> pem_password) {
  std::vector<std::string> warnings;
  auto secrets = read_consistently(settings_.directory, [&](const Folder& folder) {
    warnings.clear();
    return read_from(folder, id, pem_password, warnings);
  });
  warnings_.set(id.str(), std::move(warnings));
  return secrets;
}

Result<std::vector<Secret>> FilesystemStore::read_from(const Folder& folder, const SecretId& id,
                                                       std::optional<ByteView> pem_password,
                                                       std::vector<std::string>& warnings) const {
  TRY(const auto names, folder.names());
  std::vector<Secret> secrets;
  std::optional<Error> failure;
  for (const VersionFile& file : names_.versions(id, names)) {
    auto value = read_file(folder, id, file.name, pem_password);
    if (!value) {
      Error error = std::move(value).error();
      error.detail = "store " + quoted(name_.view()) + ", file " + quoted(file.name, 128) + ": " +
                     error.detail;
      if (fails_the_whole_fetch(error)) return error;
      warnings.push_back(error.detail);
      if (!failure) failure = std::move(error);
      continue;
    }
    for (const std::string& warning : value->warnings) {
      warnings.push_back("store " + quoted(name_.view()) + ", file " + quoted(file.name, 128) +
                         ": " + warning);
    }
    for (Secret& secret : value->secrets) {
      secret.alias = Alias(id.str());
      secret.store = name_;
      secret.version = file.version;
      secrets.push_back(std::move(secret));
    }
  }
  if (secrets.empty() && failure) return *failure;
  return secrets;
}

Result<ReadValue> FilesystemStore::read_file(const Folder& folder, const SecretId& id,
                                             const std::string& name,
                                             std::optional<ByteView> pem_password) const {
  TRY(auto content, folder.read(name, settings_.rules));
  if (!content) return ReadValue{};
  if (content->empty()) {
    return Error{Code::kConfig, "value_empty", "the file is empty"};
  }
  return read_value(settings_.format, content->view(), id, context_.encoding_keys.get(),
                    pem_password);
}

Task<std::vector<Alias>> FilesystemStore::aliases() {
  auto work = [self = shared_from_this()] {
    return read_consistently(self->settings_.directory,
                             [&](const Folder& folder) { return self->list(folder); });
  };
  co_return co_await on_pool<std::vector<Alias>>(context_.pool, std::move(work));
}

// Such a file would else be passed over without a word, and its secret be missing.
void FilesystemStore::warn_of_names(const std::vector<std::string>& names) {
  constexpr std::size_t kMostNamed = 20;
  std::vector<std::string> sentences;
  for (const std::string& name : names) {
    if (!names_.is_misnamed(name) || sentences.size() == kMostNamed) continue;
    sentences.push_back("store " + quoted(name_.view()) + ", file " + quoted(name, 128) +
                        ": is not read: its name is no secret ID, which is letters, digits and "
                        "single inner periods, at most 255");
  }
  // No secret ID is empty.
  warnings_.set("", std::move(sentences));
}

Result<std::vector<Alias>> FilesystemStore::list(const Folder& folder) {
  TRY(const auto names, folder.names());
  warn_of_names(names);
  std::set<SecretId> ids;
  for (const std::string& name : names) {
    if (auto id = names_.id_of(name)) ids.insert(std::move(*id));
  }
  std::vector<Alias> aliases;
  for (const SecretId& id : ids)
    aliases.emplace_back(id.str());
  return aliases;
}

Task<std::string> FilesystemStore::fingerprint() {
  auto work = [self = shared_from_this()] {
    return read_consistently(self->settings_.directory,
                             [&](const Folder& folder) { return self->stamp(folder); });
  };
  co_return co_await on_pool<std::string>(context_.pool, std::move(work));
}

Result<std::string> FilesystemStore::stamp(const Folder& folder) {
  TRY(const auto names, folder.names());
  warn_of_names(names);
  std::string all;
  for (const std::string& name : names) {
    if (!names_.id_of(name)) continue;
    auto stamp = folder.stamp(name);
    all += name;
    all += '/';
    if (stamp && *stamp) {
      (*stamp)->append_to(all);
    } else {
      all += stamp ? "gone" : stamp.error().reason;
    }
  }
  return hex(crypto::sha256(as_bytes(all)));
}

Task<Done> FilesystemStore::probe() {
  auto work = [self = shared_from_this()] {
    return read_consistently(self->settings_.directory,
                             [&](const Folder& folder) { return self->check(folder); });
  };
  auto checked = co_await on_pool<Done>(context_.pool, std::move(work));
  if (checked && settings_.rules.unsafe_permissions) {
    log::warn("store_permissions_unchecked",
              {{"store", name_.str()}, {"directory", settings_.directory}});
  }
  co_return checked;
}

Result<Done> FilesystemStore::check(const Folder& folder) {
  TRY(const auto names, folder.names());
  warn_of_names(names);
  for (const std::string& name : names) {
    if (!names_.id_of(name)) continue;
    TRY(const auto stamp, folder.stamp(name));
    if (stamp) {
      TRY(check_permissions(*stamp, name, settings_.rules));
    }
  }
  return Done{};
}

StoreType filesystem_store_type() {
  StoreType type;
  type.name = "filesystem";
  type.ordering = Ordering::kSelfNaming;
  type.summary = "A folder with one file per secret, named by its secret ID.";
  type.settings = {
      {"directory", "the folder; required"},
      {"format", "how every file of the store is written, e.g. PEM; default PLAIN"},
      {"suffix", "what follows the secret ID in a file name, e.g. .pem; default none"},
      {"versionSuffix", "what stands before a version number, e.g. .v; default none: no versions"},
      {"group_readable", "read files that their group may read; default false"},
      {"unsafe_permissions", "read files of any permissions, with a warning; default false"},
  };
  type.make = [](StoreName name, const json::Object& settings,
                 StoreContext context) -> Result<std::shared_ptr<Store>> {
    const StoreType self = filesystem_store_type();
    SettingsReader reader(name, settings, self.settings);
    FilesystemSettings mine;
    mine.directory = reader.required_text("directory");
    mine.suffix = reader.text("suffix");
    mine.version_suffix = reader.text("versionSuffix");
    mine.rules = reader.file_rules();
    mine.format = reader.value_format("format", ValueFormat::kPlain);
    for (const std::string& part : {mine.suffix, mine.version_suffix}) {
      if (part.find('/') != part.npos || part.find('\0') != part.npos) {
        reader.complain("suffixes must not hold a slash");
      }
    }
    if (!mine.version_suffix.empty() && mine.version_suffix.back() >= '0' &&
        mine.version_suffix.back() <= '9') {
      reader.complain("'versionSuffix' must not end with a digit");
    }
    TRY(reader.done());
    return std::shared_ptr<Store>(
        std::make_shared<FilesystemStore>(std::move(name), std::move(mine), std::move(context)));
  };
  return type;
}

}  // namespace signet::secrets

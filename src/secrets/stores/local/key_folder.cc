#include "secrets/stores/local/key_folder.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>

#include "base/text.h"
#include "crypto/digest.h"
#include "secrets/stores/local/key_spec.h"

namespace signet::secrets {
namespace {

constexpr const char* kRecord = ".initialised";
constexpr const char* kLock = ".lock";
constexpr const char* kMaking = ".making";
constexpr const char* kReady = ".ready";
constexpr std::string_view kTemporary = ".tmp-";
constexpr std::string_view kSealed = ".sealed";
constexpr std::string_view kClear = ".pem";
constexpr std::string_view kRecordHead =
    "# The keys of this folder. It names them so that their loss is noticed.\n"
    "# After deleting a key on purpose, delete its line too.\n";

Error unwritable(const std::string& what) {
  return system_error(Code::kConfig, "local_directory_unwritable", what);
}

bool is_key_file(std::string_view name, std::string_view suffix) {
  return name.size() > suffix.size() && name.ends_with(suffix) && name.front() != '.';
}

bool is_key(std::string_view name) {
  return is_key_file(name, kSealed) || is_key_file(name, kClear);
}

std::string sealed_file(const std::string& alias) {
  return std::string(alias).append(kSealed);
}

std::string clear_file(const std::string& alias) {
  return std::string(alias).append(kClear);
}

std::string alias_of(const std::string& file) {
  return file.substr(0, file.size() - (file.ends_with(kSealed) ? kSealed : kClear).size());
}

std::set<std::string> aliases_in(const std::vector<std::string>& names) {
  std::set<std::string> aliases;
  for (const std::string& name : names) {
    if (is_key(name)) aliases.insert(alias_of(name));
  }
  return aliases;
}

// Whether the key has a file. The sealed one is there before the other one goes, so whoever finds
// neither looks for it once more; a list of the folder may miss both.
Result<bool> has_file(const Folder& folder, const std::string& alias) {
  for (const std::string& name : {sealed_file(alias), clear_file(alias), sealed_file(alias)}) {
    TRY(const auto stamp, folder.stamp(name));
    if (stamp) return true;
  }
  return false;
}

std::string record_of(const std::set<std::string>& aliases) {
  std::string text(kRecordHead);
  for (const std::string& alias : aliases)
    text.append(alias).append("\n");
  return text;
}

// Between processes and between stores of one process; freed when the descriptor closes.
Result<Fd> lock(const Folder& folder) {
  Fd file(::openat(folder.fd(), kLock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) return unwritable(quoted(folder.path(), 256));
  int locked = -1;
  do {
    locked = ::flock(file.get(), LOCK_EX);
  } while (locked != 0 && errno == EINTR);
  if (locked != 0) return unwritable(quoted(folder.path(), 256));
  return file;
}

Status write_all(int fd, ByteView bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return unwritable(quoted(name, 128));
    bytes = bytes.subspan(static_cast<std::size_t>(wrote));
  }
  if (::fsync(fd) != 0) return unwritable(quoted(name, 128));
  return Done{};
}

Status create_file(int folder, const std::string& name, ByteView bytes) {
  const Fd file(
      ::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) return unwritable(quoted(name, 128));
  return write_all(file.get(), bytes, name);
}

// Gives a file its name if nobody has that name. link() where the file system knows no such rename.
bool rename_new(int from, const char* old_name, int to, const char* new_name) {
  if (::renameat2(from, old_name, to, new_name, RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  if (::linkat(from, old_name, to, new_name, 0) != 0) return false;
  ::unlinkat(from, old_name, 0);
  return true;
}

Status remove_folder(const Folder& outer, const char* name) {
  const Fd inner(::openat(outer.fd(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!inner.is_open()) return Done{};
  TRY(const Folder folder, Folder::open(outer.path() + "/" + name));
  TRY(const auto names, folder.names());
  for (const std::string& file : names)
    ::unlinkat(inner.get(), file.c_str(), 0);
  if (::unlinkat(outer.fd(), name, AT_REMOVEDIR) != 0) return unwritable(quoted(name));
  return Done{};
}

struct Found {
  bool record = false, ready = false, keys = false, foreign = false;
  bool unfinished = false;  ///< a file that is being written, or was when its process was killed
};

Found look(const std::vector<std::string>& names) {
  Found found;
  for (const std::string& name : names) {
    if (name == kRecord) {
      found.record = true;
    } else if (name == kReady) {
      found.ready = true;
    } else if (name.starts_with(kTemporary)) {
      found.unfinished = true;
    } else if (is_key(name)) {
      found.keys = true;
    } else if (name.front() != '.' && name != "lost+found") {
      found.foreign = true;
    }
  }
  return found;
}

}  // namespace

KeyFolder::KeyFolder(std::string path, std::shared_ptr<Random> random,
                     std::shared_ptr<const EncodingKeys> keys)
    : path_(std::move(path)), random_(std::move(random)), keys_(std::move(keys)) {}

Result<std::string> KeyFolder::seal(const SecretBytes& pem) const {
  if (keys_) return keys_->encode(pem.view(), *random_);
  return Error{Code::kConfig, "encoding_key_missing",
               "there is no encryption key to seal the keys of " + quoted(path_, 256) +
                   " with, and none is written in clear"};
}

Result<SecretBytes> KeyFolder::open(const std::string& alias, const SecretBytes& text) const {
  const std::string file = sealed_file(alias);
  Error error{Code::kConfig, "encoded_value_damaged", "it is not what signet encode writes"};
  // Older forms, which nothing authenticates, are not opened here.
  if (!keys_) {
    error = {Code::kConfig, "encoding_key_missing", "there is no encryption key to open it with"};
  } else if (EncodingKeys::key_id_of(as_text(text.view()))) {
    auto pem = keys_->decode(as_text(text.view()));
    if (pem) return pem;
    error = std::move(pem).error();
  }
  error.detail = "the file " + quoted(file) + " in " + quoted(path_, 256) + ": " + error.detail +
                 "; no new key takes its place";
  return error;
}

// A folder that held the keys of this process and does not any more was lost, or its volume is
// away.
Status KeyFolder::prepare(const std::function<Result<KeyTexts>()>& make_first) const {
  if (!was_ready_) {
    TRY(make_ready(make_first));
    was_ready_ = true;
    return Done{};
  }
  const Error lost{Code::kConfig, "local_keys_lost",
                   quoted(path_, 256) +
                       " held the keys of this server and is gone or empty: no new ones are made "
                       "while it runs; bring the folder back, or restore it from a back-up"};
  if (::access(path_.c_str(), F_OK) != 0 && errno == ENOENT) return lost;
  return make_ready([&lost]() -> Result<KeyTexts> { return lost; });
}

Status KeyFolder::make_ready(const std::function<Result<KeyTexts>()>& make_first) const {
  if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST) return unwritable(quoted(path_, 256));
  TRY(const Folder folder, Folder::open(path_));
  TRY(const FileStamp own, folder.own_stamp());
  if ((own.mode & 022U) != 0) {
    return Error{Code::kConfig, "local_directory_permissions",
                 "others than the owner may write in " + quoted(path_, 256) + "; chmod 700 it"};
  }
  TRY(const auto before, folder.names());
  if (const Found found = look(before); found.record && !found.ready && !found.unfinished)
    return Done{};

  TRY(const Fd held, lock(folder));
  TRY(const auto names, folder.names());
  const Found found = look(names);
  // Whoever writes holds the lock, so nobody will finish these: half a private key, perhaps.
  for (const std::string& name : names) {
    if (name.starts_with(kTemporary)) ::unlinkat(folder.fd(), name.c_str(), 0);
  }
  if (found.ready) return finish_set(folder);
  if (found.record) return Done{};
  if (found.keys) return write_record(folder);
  if (found.foreign) {
    return Error{Code::kConfig, "local_directory_foreign",
                 quoted(path_, 256) +
                     " is not empty and holds no keys: keys are made in an empty "
                     "folder only"};
  }
  TRY(remove_folder(folder, kMaking));
  TRY(KeyTexts keys, make_first());
  TRY(make_set(folder, std::move(keys)));
  return finish_set(folder);
}

Status KeyFolder::make_set(const Folder& folder, KeyTexts keys) const {
  if (::mkdirat(folder.fd(), kMaking, 0700) != 0) return unwritable(quoted(path_, 256));
  const Fd making(::openat(folder.fd(), kMaking, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!making.is_open()) return unwritable(quoted(path_, 256));
  for (const auto& [alias, pem] : keys) {
    TRY(const std::string text, seal(pem));
    TRY(create_file(making.get(), sealed_file(alias), as_bytes(text)));
  }
  if (::fsync(making.get()) != 0 || ::renameat(folder.fd(), kMaking, folder.fd(), kReady) != 0 ||
      ::fsync(folder.fd()) != 0) {
    return unwritable(quoted(path_, 256));
  }
  return Done{};
}

Status KeyFolder::finish_set(const Folder& folder) const {
  const Fd ready(::openat(folder.fd(), kReady, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!ready.is_open()) return unwritable(quoted(path_, 256));
  TRY(const Folder inner, Folder::open(path_ + "/" + kReady));
  TRY(const auto names, inner.names());
  for (const std::string& name : names) {
    if (!is_key(name)) continue;
    // A name that is taken was moved up before the process was stopped.
    if (!rename_new(ready.get(), name.c_str(), folder.fd(), name.c_str()) && errno != EEXIST) {
      return unwritable(quoted(name));
    }
  }
  if (::fsync(folder.fd()) != 0) return unwritable(quoted(path_, 256));
  TRY(write_record(folder));
  return remove_folder(folder, kReady);
}

Status KeyFolder::write(const Folder& folder, const std::string& name, ByteView bytes,
                        bool may_replace) const {
  std::array<std::uint8_t, 8> nonce{};
  random_->fill(nonce);
  const std::string temporary = std::string(kTemporary) + hex(nonce);
  Status written = create_file(folder.fd(), temporary, bytes);
  if (written) {
    const bool named =
        may_replace ? ::renameat(folder.fd(), temporary.c_str(), folder.fd(), name.c_str()) == 0
                    : rename_new(folder.fd(), temporary.c_str(), folder.fd(), name.c_str());
    if (!named && errno == EEXIST) {
      written = Error{Code::kConflict, "alias_exists", quoted(name) + " exists already"};
    } else if (!named) {
      written = unwritable(quoted(name));
    } else if (::fsync(folder.fd()) != 0) {
      return unwritable(quoted(path_, 256));
    }
  }
  if (!written) ::unlinkat(folder.fd(), temporary.c_str(), 0);
  return written;
}

Status KeyFolder::write_record(const Folder& folder) const {
  TRY(const auto names, folder.names());
  const std::string text = record_of(aliases_in(names));
  return write(folder, kRecord, as_bytes(text), true);
}

Status KeyFolder::add(const std::string& alias, const SecretBytes& pem) const {
  TRY(const std::string sealed, seal(pem));
  TRY(const Folder folder, Folder::open(path_));
  TRY(const Fd held, lock(folder));
  TRY(const auto known, recorded(folder));
  TRY(const bool is_there, has_file(folder, alias));
  std::set<std::string> aliases(known.begin(), known.end());
  if (!aliases.insert(alias).second || is_there) {
    return Error{Code::kConflict, "alias_exists", "the alias " + quoted(alias) + " exists already"};
  }
  TRY(write(folder, sealed_file(alias), as_bytes(sealed), false));
  const std::string text = record_of(aliases);
  return write(folder, kRecord, as_bytes(text), true);
}

Result<std::vector<std::string>> KeyFolder::recorded(const Folder& folder) const {
  std::vector<std::string> aliases;
  TRY(const auto text, folder.read(kRecord, FileRules{}));
  if (!text) return aliases;
  for (const std::string_view line : split(as_text(text->view()), '\n')) {
    const std::string_view alias = trim(line);
    if (!alias.empty() && alias.front() != '#') aliases.emplace_back(alias);
  }
  return aliases;
}

Result<std::optional<SecretBytes>> KeyFolder::read(const std::string& alias) const {
  TRY(const Folder folder, Folder::open(path_));
  TRY(auto sealed, folder.read(sealed_file(alias), FileRules{}));
  TRY(auto clear, folder.read(clear_file(alias), FileRules{}));
  // A renewal came between: the sealed file is there before the other one goes.
  if (!sealed && !clear) {
    TRY(sealed, folder.read(sealed_file(alias), FileRules{}));
  }
  if (sealed) {
    TRY(auto pem, open(alias, *sealed));
    if (!clear || same_bytes(clear->view(), pem.view())) return std::optional(std::move(pem));
    return Error{Code::kConfig, "local_key_ambiguous",
                 "in " + quoted(path_, 256) + " are the files " + quoted(sealed_file(alias)) +
                     " and " + quoted(clear_file(alias)) +
                     " with different keys: take away the one that is not to be used"};
  }
  if (clear) return clear;
  TRY(const auto known, recorded(folder));
  if (std::find(known.begin(), known.end(), alias) == known.end()) return clear;
  return Error{
      Code::kConfig, "local_keys_lost",
      "the key " + quoted(alias) + " was in " + quoted(path_, 256) +
          " and is gone; no new one is made: restore it from a back-up, or, if it was deleted "
          "on purpose, delete its line in " +
          kRecord};
}

Result<std::vector<std::string>> KeyFolder::aliases() const {
  TRY(const Folder folder, Folder::open(path_));
  TRY(const auto names, folder.names());
  TRY(const auto known, recorded(folder));
  std::set<std::string> aliases = aliases_in(names);
  for (const std::string& alias : known) {
    if (aliases.contains(alias)) continue;
    TRY(const bool is_there, has_file(folder, alias));
    if (is_there) aliases.insert(alias);
  }
  return std::vector<std::string>(aliases.begin(), aliases.end());
}

Result<std::vector<std::string>> KeyFolder::lost() const {
  TRY(const Folder folder, Folder::open(path_));
  TRY(const auto known, recorded(folder));
  std::vector<std::string> lost;
  for (const std::string& alias : known) {
    TRY(const bool is_there, has_file(folder, alias));
    if (!is_there) lost.push_back(alias);
  }
  return lost;
}

Result<std::vector<SealedKey>> KeyFolder::sealed(const IsSecret& is_secret) const {
  std::vector<SealedKey> out;
  if (::access(path_.c_str(), F_OK) != 0 && errno == ENOENT) return out;
  // A set that was made and not moved up yet counts: the next start uses it.
  for (const std::string& path : {path_, path_ + "/" + kReady}) {
    if (path != path_ && ::access(path.c_str(), F_OK) != 0) continue;
    TRY(const Folder folder, Folder::open(path));
    TRY(const auto names, folder.names());
    for (const std::string& name : names) {
      if (!is_key(name)) continue;
      SealedKey key;
      key.alias = Alias(alias_of(name));
      key.in_clear = name.ends_with(kClear);
      if (!check_local_alias(key.alias.view())) continue;  // nobody asks for it
      TRY(const auto text, folder.read(name, FileRules{}));
      if (!text || (key.in_clear && !is_secret(text->view()))) continue;
      if (!key.in_clear) key.key_id = EncodingKeys::key_id_of(as_text(text->view())).value_or("");
      out.push_back(std::move(key));
    }
  }
  return out;
}

Result<std::size_t> KeyFolder::renew(const IsSecret& is_secret) const {
  TRY(const auto all, aliases());
  std::size_t renewed = 0;
  for (const std::string& alias : all) {
    if (!check_local_alias(alias)) continue;
    TRY(const bool is_written, renew_one(alias, is_secret));
    renewed += is_written ? 1 : 0;
  }
  return renewed;
}

// The lock is held for one file at a time: whoever starts meanwhile waits for no more than that.
Result<bool> KeyFolder::renew_one(const std::string& alias, const IsSecret& is_secret) const {
  TRY(const Folder folder, Folder::open(path_));
  TRY(const Fd held, lock(folder));
  TRY(const auto sealed, folder.read(sealed_file(alias), FileRules{}));
  TRY(const auto clear, folder.read(clear_file(alias), FileRules{}));
  if (!sealed) {
    if (!clear || !is_secret(clear->view())) return false;
    return seal_file(folder, alias, *clear);
  }
  const auto pem = open(alias, *sealed);
  // Two that differ are somebody's to decide about.
  if (!pem || (clear && !same_bytes(clear->view(), pem->view()))) return false;
  if (keys_->is_stale(as_text(sealed->view()))) return seal_file(folder, alias, *pem);
  if (!clear) return false;
  TRY(remove_clear(folder, alias, *pem));
  return true;
}

// In this order: the new form is durable before the one in clear goes.
Result<bool> KeyFolder::seal_file(const Folder& folder, const std::string& alias,
                                  const SecretBytes& pem) const {
  struct stat info {};
  const bool has_clear =
      ::fstatat(folder.fd(), clear_file(alias).c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
  // Behind a link, or under a second name, the key would stay in clear.
  if (has_clear && (!S_ISREG(info.st_mode) || info.st_nlink != 1)) return false;
  TRY(const std::string text, seal(pem));
  TRY(write(folder, sealed_file(alias), as_bytes(text), true));
  TRY(remove_clear(folder, alias, pem));
  return true;
}

// Nothing but what is sealed now: somebody may have put another key there meanwhile.
Status KeyFolder::remove_clear(const Folder& folder, const std::string& alias,
                               const SecretBytes& pem) const {
  const std::string file = clear_file(alias);
  TRY(const auto clear, folder.read(file, FileRules{}));
  if (!clear || !same_bytes(clear->view(), pem.view())) return Done{};
  if (::unlinkat(folder.fd(), file.c_str(), 0) != 0 || ::fsync(folder.fd()) != 0) {
    return unwritable(quoted(file));
  }
  return Done{};
}

Result<std::string> KeyFolder::fingerprint() const {
  TRY(const Folder folder, Folder::open(path_));
  TRY(const auto names, folder.names());
  std::string all;
  for (const std::string& name : names) {
    if (!is_key(name) && name != kRecord) continue;
    const auto stamp = folder.stamp(name);
    all += name + "/";
    if (stamp && *stamp) (*stamp)->append_to(all);
  }
  return hex(crypto::sha256(as_bytes(all)));
}

}  // namespace signet::secrets

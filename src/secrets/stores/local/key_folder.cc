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

#include "base/text.h"
#include "crypto/digest.h"

namespace signet::secrets {
namespace {

constexpr const char* kRecord = ".initialised";
constexpr const char* kLock = ".lock";
constexpr const char* kMaking = ".making";
constexpr const char* kReady = ".ready";
constexpr std::string_view kTemporary = ".tmp-";
constexpr std::string_view kSuffix = ".pem";
constexpr std::string_view kRecordHead =
    "# The keys of this folder. It names them so that their loss is noticed.\n"
    "# After deleting a key on purpose, delete its line too.\n";

Error unwritable(const std::string& what) {
  return system_error(Code::kConfig, "local_directory_unwritable", what);
}

bool is_key(std::string_view name) {
  return name.size() > kSuffix.size() && name.ends_with(kSuffix) && name.front() != '.';
}

std::string file_name(const std::string& alias) {
  return alias + std::string(kSuffix);
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

KeyFolder::KeyFolder(std::string path, std::shared_ptr<Random> random)
    : path_(std::move(path)), random_(std::move(random)) {}

// A folder that held the keys of this process and does not any more was lost, or its volume is
// away.
Status KeyFolder::prepare(const std::function<Result<KeyFiles>()>& make_first) const {
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
  return make_ready([&lost]() -> Result<KeyFiles> { return lost; });
}

Status KeyFolder::make_ready(const std::function<Result<KeyFiles>()>& make_first) const {
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
  TRY(KeyFiles files, make_first());
  TRY(make_set(folder, std::move(files)));
  return finish_set(folder);
}

Status KeyFolder::make_set(const Folder& folder, KeyFiles files) const {
  if (::mkdirat(folder.fd(), kMaking, 0700) != 0) return unwritable(quoted(path_, 256));
  const Fd making(::openat(folder.fd(), kMaking, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!making.is_open()) return unwritable(quoted(path_, 256));
  for (const auto& [alias, pem] : files) {
    TRY(create_file(making.get(), file_name(alias), pem.view()));
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
  std::string text(kRecordHead);
  for (const std::string& name : names) {
    if (is_key(name)) text += name.substr(0, name.size() - kSuffix.size()) + "\n";
  }
  return write(folder, kRecord, as_bytes(text), true);
}

Status KeyFolder::add(const std::string& alias, const SecretBytes& pem) const {
  TRY(const Folder folder, Folder::open(path_));
  TRY(const Fd held, lock(folder));
  TRY(const auto known, recorded(folder));
  TRY(const auto names, folder.names());
  const bool is_known = std::find(known.begin(), known.end(), alias) != known.end();
  if (is_known || std::find(names.begin(), names.end(), file_name(alias)) != names.end()) {
    return Error{Code::kConflict, "alias_exists", "the alias " + quoted(alias) + " exists already"};
  }
  TRY(write(folder, file_name(alias), pem.view(), false));
  std::string text(kRecordHead);
  for (const std::string& one : known)
    text += one + "\n";
  text += alias + "\n";
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
  TRY(auto pem, folder.read(file_name(alias), FileRules{}));
  if (pem) return pem;
  TRY(const auto known, recorded(folder));
  if (std::find(known.begin(), known.end(), alias) == known.end()) return pem;
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
  std::vector<std::string> aliases;
  for (const std::string& name : names) {
    if (is_key(name)) aliases.push_back(name.substr(0, name.size() - kSuffix.size()));
  }
  return aliases;
}

Result<std::vector<std::string>> KeyFolder::lost() const {
  TRY(const Folder folder, Folder::open(path_));
  TRY(const auto names, folder.names());
  TRY(const auto known, recorded(folder));
  std::vector<std::string> lost;
  for (const std::string& alias : known) {
    if (std::find(names.begin(), names.end(), file_name(alias)) == names.end())
      lost.push_back(alias);
  }
  return lost;
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

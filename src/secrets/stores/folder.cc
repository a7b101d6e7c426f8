#include "secrets/stores/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>
#include <system_error>

#include "base/text.h"

namespace signet::secrets {
namespace {

constexpr const char* kVolumeLink = "..data";

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

Result<FileStamp> stamp_of(int fd, const std::string& name) {
  struct stat s {};
  if (::fstat(fd, &s) != 0) {
    return system_error(Code::kConfig, "secret_unreadable", quoted(name));
  }
  return FileStamp{s.st_dev,
                   s.st_ino,
                   static_cast<std::uint64_t>(s.st_size),
                   nanoseconds(s.st_mtim),
                   nanoseconds(s.st_ctim),
                   s.st_mode};
}

// Opens below `folder` and nowhere else, whatever links there are. Where the kernel or a sandbox
// has no openat2, links are refused altogether.
int open_beneath(int folder, const char* name, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  constexpr int kAttempts = 100;  // EAGAIN: a rename nearby made the kernel give up
  int fd = -1;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    fd = static_cast<int>(::syscall(SYS_openat2, folder, name, &how, sizeof how));
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) break;
  }
  if (fd < 0 && (errno == ENOSYS || errno == EPERM) &&
      std::string_view(name).find('/') == std::string_view::npos) {
    fd = ::openat(folder, name, flags | O_NOFOLLOW | O_CLOEXEC);
  }
  return fd;
}

Error open_failure(const std::string& name) {
  if (errno == EXDEV || errno == ELOOP) {
    return Error{Code::kConfig, "secret_file_escapes",
                 quoted(name, 128) + " is a link that leads out of the store's folder"};
  }
  return system_error(Code::kConfig, "secret_unreadable", quoted(name, 128));
}

}  // namespace

std::pair<std::string, std::string> split_path(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == path.npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

Error system_error(Code code, const char* reason, const std::string& what) {
  return Error{code, reason, what + ": " + std::generic_category().message(errno)};
}

Fd& Fd::operator=(Fd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

void FileStamp::append_to(std::string& out) const {
  for (const std::uint64_t part :
       {device, inode, size, static_cast<std::uint64_t>(modified_ns),
        static_cast<std::uint64_t>(changed_ns), static_cast<std::uint64_t>(mode)}) {
    out += std::to_string(part);
    out += ':';
  }
}

Status check_permissions(const FileStamp& stamp, const std::string& name, const FileRules& rules) {
  if (rules.unsafe_permissions) return Done{};
  const std::uint32_t forbidden = rules.group_readable ? 027U : 077U;
  if ((stamp.mode & forbidden) == 0) return Done{};
  constexpr char kOctal[] = "01234567";
  const std::string mode{'0', kOctal[stamp.mode >> 6 & 7], kOctal[stamp.mode >> 3 & 7],
                         kOctal[stamp.mode & 7]};
  std::string detail = quoted(name, 128) + " has mode " + mode +
                       ": others than its owner may read or write it; chmod 600 it";
  if (!rules.group_readable) {
    detail += ", or, where the server reads it through its group, chmod 440 and set group_readable";
  }
  // Kubernetes says 0644 unless told, and chmod does nothing to such a volume.
  detail += "; of a Kubernetes volume set defaultMode: 0400";
  detail += rules.group_readable
                ? " or 0440 in the pod"
                : " in the pod, or 0440 with fsGroup there and group_readable here";
  return Error{Code::kConfig, "secret_file_permissions", std::move(detail)};
}

Result<Folder> Folder::open(const std::string& path) {
  Folder folder;
  folder.path_ = path;
  Fd outer(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!outer.is_open()) {
    return system_error(Code::kConfig, "store_directory_missing", quoted(path, 256));
  }
  Fd inner(open_beneath(outer.get(), kVolumeLink, O_RDONLY | O_DIRECTORY));
  if (!inner.is_open() && errno != ENOENT) return open_failure(kVolumeLink);
  folder.folder_ = inner.is_open() ? std::move(inner) : std::move(outer);
  return folder;
}

Result<std::vector<std::string>> Folder::names() const {
  // A descriptor of its own, so that reading the list moves nobody else's position.
  const int fd = ::openat(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> list(fd >= 0 ? ::fdopendir(fd) : nullptr, &::closedir);
  if (!list) {
    const Error error = system_error(Code::kConfig, "secret_unreadable", quoted(path_, 256));
    if (fd >= 0) ::close(fd);
    return error;
  }
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(list.get());
    // Half a list would be keys that are not there any more.
    if (entry == nullptr && errno != 0)
      return system_error(Code::kConfig, "secret_unreadable", quoted(path_, 256));
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<Fd> Folder::open_file(const std::string& name) const {
  // Without O_NONBLOCK a FIFO put in place of a secret would hang the thread.
  const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
  Fd file(open_beneath(folder_.get(), name.c_str(), flags));
  if (!file.is_open() && errno != ENOENT) return open_failure(name);
  return file;
}

Result<std::optional<FileStamp>> Folder::stamp(const std::string& name) const {
  TRY(const Fd file, open_file(name));
  if (!file.is_open()) return std::optional<FileStamp>();
  TRY(const FileStamp stamp, stamp_of(file.get(), name));
  return std::optional<FileStamp>(stamp);
}

Result<FileStamp> Folder::own_stamp() const {
  return stamp_of(folder_.get(), path_);
}

Result<std::optional<SecretBytes>> Folder::read(const std::string& name,
                                                const FileRules& rules) const {
  TRY(const Fd file, open_file(name));
  if (!file.is_open()) return std::optional<SecretBytes>();
  TRY(FileStamp before, stamp_of(file.get(), name));
  if (!S_ISREG(before.mode)) {
    return Error{Code::kConfig, "secret_file_not_regular", quoted(name, 128) + " is not a file"};
  }
  TRY(check_permissions(before, name, rules));
  constexpr int kAttempts = 50;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (before.size > rules.max_bytes) {
      return Error{
          Code::kConfig, "secret_file_too_large",
          quoted(name, 128) + " has more than " + std::to_string(rules.max_bytes) + " bytes"};
    }
    SecretBytes bytes(before.size);
    std::size_t have = 0;
    while (have < bytes.size()) {
      const ssize_t got = ::pread(file.get(), bytes.span().data() + have, bytes.size() - have,
                                  static_cast<off_t>(have));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return system_error(Code::kConfig, "secret_unreadable", quoted(name, 128));
      if (got == 0) break;
      have += static_cast<std::size_t>(got);
    }
    TRY(const FileStamp after, stamp_of(file.get(), name));
    const bool torn = have != bytes.size() || after.size != before.size ||
                      after.modified_ns != before.modified_ns;
    if (!torn) return std::optional<SecretBytes>(std::move(bytes));
    before = after;
  }
  return Error{Code::kUnavailable, "secret_file_changing",
               quoted(name, 128) + " was written again and again while it was read"};
}

bool Folder::is_current() const {
  const auto now = Folder::open(path_);
  if (!now) return false;
  const auto mine = own_stamp();
  const auto theirs = now->own_stamp();
  return mine && theirs && mine->device == theirs->device && mine->inode == theirs->inode;
}

}  // namespace signet::secrets

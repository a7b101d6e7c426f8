#pragma once
// One folder with secrets in it, opened once: what is read through one Folder is of one moment
// where the folder is a Kubernetes volume, and never leaves the folder.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret_bytes.h"

namespace signet::secrets {

/// A file descriptor with an owner.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  Fd(const Fd&) = delete;
  ~Fd();
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// Which files may be read.
struct FileRules {
  bool group_readable = false;      ///< also files that their group may read
  bool unsafe_permissions = false;  ///< any permissions
  std::size_t max_bytes = 256 * 1024;
};

/// What of a file changes when its content or its permissions may have.
struct FileStamp {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t modified_ns = 0, changed_ns = 0;
  std::uint32_t mode = 0;
  void append_to(std::string& out) const;
};

/// Owner alone may read; nobody else may write. kConfig "secret_file_permissions" with the remedy.
Status check_permissions(const FileStamp& stamp, const std::string& name, const FileRules& rules);

/// Not shared between threads. Where the folder holds the link "..data" of a Kubernetes volume, the
/// folder is what the link named at open(): a swap during the reading is then not seen.
class Folder {
 public:
  /// kConfig "store_directory_missing", "secret_file_escapes" (..data leads out).
  static Result<Folder> open(const std::string& path);

  /// Names of everything but "." and "..", sorted.
  Result<std::vector<std::string>> names() const;
  /// The whole file, or nothing where there is none. All kConfig but the last:
  /// "secret_file_escapes" (a link out of the folder), "secret_file_not_regular",
  /// "secret_file_permissions", "secret_file_too_large", "secret_unreadable";
  /// kUnavailable "secret_file_changing" where a writer does not let it be read in one piece.
  Result<std::optional<SecretBytes>> read(const std::string& name, const FileRules& rules) const;
  Result<std::optional<FileStamp>> stamp(const std::string& name) const;
  /// The folder itself.
  Result<FileStamp> own_stamp() const;
  /// False once the "..data" link names another folder: what was read may lack deleted files.
  bool is_current() const;

  int fd() const { return folder_.get(); }
  const std::string& path() const { return path_; }

 private:
  Result<Fd> open_file(const std::string& name) const;
  std::string path_;
  Fd folder_;
};

/// Runs `read(folder)` over one state of the folder: again, a bounded number of times, while a
/// volume is being swapped under it. kUnavailable "store_directory_changing".
template <class Read>
auto read_consistently(const std::string& path, const Read& read)
    -> decltype(read(std::declval<const Folder&>())) {
  constexpr int kAttempts = 200;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    TRY(const Folder folder, Folder::open(path));
    auto result = read(folder);
    if (folder.is_current()) return result;
  }
  return Error{Code::kUnavailable, "store_directory_changing",
               "the volume changed again and again while it was read"};
}

/// A file's folder and its name there; "." for a name alone.
std::pair<std::string, std::string> split_path(const std::string& path);

/// An Error of the last system call, from errno.
Error system_error(Code code, const char* reason, const std::string& what);

}  // namespace signet::secrets

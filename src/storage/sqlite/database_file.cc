#include "storage/sqlite/database_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/text.h"

namespace signet::storage::sqlite {
namespace {

constexpr mode_t kOwnerOnly = 0600;

Error failed(const std::string& path, const char* doing) {
  return {Code::kConfig, "storage_open_failed",
          quoted(path, 256) + ": " + doing + ": " + std::strerror(errno)};
}

Status sync_folder_of(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failed(folder, "open the folder");
  const int synced = ::fsync(fd);
  ::close(fd);
  if (synced != 0) return failed(folder, "sync the folder");
  return Done{};
}

}  // namespace

Status prepare_database_file(const std::string& path) {
  // An existing file is not opened here: closing it would drop the locks that SQLite, in another
  // connection of this process, holds on it (POSIX locks belong to the process).
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly);
  if (fd >= 0) {
    ::close(fd);
    return sync_folder_of(path);
  }
  if (errno != EEXIST) return failed(path, "create");
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return failed(path, "look at");
  if (!S_ISREG(info.st_mode)) {
    errno = EINVAL;
    return failed(path, "is not a file");
  }
  if ((info.st_mode & 077) != 0 && ::chmod(path.c_str(), kOwnerOnly) != 0) {
    return failed(path, "narrow the mode");
  }
  return Done{};
}

}  // namespace signet::storage::sqlite

#pragma once
// A disk that fails on demand, for tests only: an SQLite VFS over the system's one.

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace signet::storage::sqlite::test {

/// One thing that was done to a file, or a mark between such things.
struct DiskStep {
  enum class Kind : std::uint8_t { kWrite, kTruncate, kSync, kRemove, kMark };
  Kind kind;
  std::string path;
  std::int64_t at = 0;  ///< offset of a write, size after a truncation, number of a mark
  Bytes data{};
};

class Faults {
 public:
  static constexpr const char* kVfs = "signet-faults";

  /// Registers the VFS with the first call. One disk for the whole test program.
  static Faults& disk() {
    static Faults faults;
    return faults;
  }

  /// The `nth` change from now on (write, sync, truncate, open, delete; 1 is the next) answers
  /// `code`; with `for_good` every later one too. A failed write leaves half of its bytes behind.
  void fail(std::int64_t nth, int code, bool for_good) {
    std::lock_guard hold(mutex_);
    countdown_ = nth;
    code_ = code;
    for_good_ = for_good;
    hit_ = false;
  }
  /// Every read of a file fails from now on.
  void fail_reads(bool on) {
    std::lock_guard hold(mutex_);
    fail_reads_ = on;
  }
  void heal() {
    fail(0, SQLITE_OK, false);
    fail_reads(false);
  }
  bool hit() const {
    std::lock_guard hold(mutex_);
    return hit_;
  }
  std::int64_t syncs() const {
    std::lock_guard hold(mutex_);
    return syncs_;
  }
  /// What a power cut now would leave of the files: each as it was at its last sync.
  void write_surviving_files(const std::filesystem::path& folder) const {
    std::lock_guard hold(mutex_);
    for (const auto& [path, content] : durable_) {
      std::ofstream out(folder / std::filesystem::path(path).filename(), std::ios::binary);
      out.write(reinterpret_cast<const char*>(content.data()),
                static_cast<std::streamsize>(content.size()));
    }
  }

  /// Keeps all steps from now on, in their order over all files.
  void record() {
    std::lock_guard hold(mutex_);
    is_recording_ = true;
    steps_.clear();
  }
  void mark(std::int64_t number) { note({DiskStep::Kind::kMark, "", number, {}}); }
  std::vector<DiskStep> recorded() {
    std::lock_guard hold(mutex_);
    is_recording_ = false;
    return std::move(steps_);
  }

 private:
  struct File {
    sqlite3_file base;
    sqlite3_file* real;
    const char* path;
  };

  Faults() {
    system_ = sqlite3_vfs_find(nullptr);
    vfs_ = *system_;
    vfs_.pNext = nullptr;
    vfs_.zName = kVfs;
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + system_->szOsFile;
    vfs_.xOpen = open;
    vfs_.xDelete = remove;
    fill_methods();
    sqlite3_vfs_register(&vfs_, 0);
  }

  int next_change() {
    std::lock_guard hold(mutex_);
    if (countdown_ == 0) return SQLITE_OK;
    if (countdown_ > 1) {
      --countdown_;
      return SQLITE_OK;
    }
    hit_ = true;
    if (!for_good_) countdown_ = 0;
    return code_;
  }

  void note(DiskStep step) {
    std::lock_guard hold(mutex_);
    if (is_recording_) steps_.push_back(std::move(step));
  }
  static std::string path_of(sqlite3_file* file) {
    const char* path = reinterpret_cast<File*>(file)->path;
    return path != nullptr ? path : "";
  }
  static sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real; }

  static int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out) {
    auto* self = reinterpret_cast<File*>(file);
    self->base.pMethods = nullptr;
    self->real = reinterpret_cast<sqlite3_file*>(self + 1);
    self->path = name;
    if (disk().next_change() != SQLITE_OK) return SQLITE_CANTOPEN;
    const int code = disk().system_->xOpen(disk().system_, name, self->real, flags, out);
    if (self->real->pMethods) self->base.pMethods = &disk().methods_;
    return code;
  }
  static int remove(sqlite3_vfs*, const char* path, int sync_folder) {
    if (disk().next_change() != SQLITE_OK) return SQLITE_IOERR_DELETE;
    disk().note({DiskStep::Kind::kRemove, path, 0, {}});
    std::lock_guard hold(disk().mutex_);
    disk().durable_.erase(path);
    return disk().system_->xDelete(disk().system_, path, sync_folder);
  }
  static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
    const int code = disk().next_change();
    if (code == SQLITE_OK) {
      const auto* bytes = static_cast<const std::uint8_t*>(data);
      disk().note({DiskStep::Kind::kWrite, path_of(file), at, Bytes(bytes, bytes + size)});
      return real(file)->pMethods->xWrite(real(file), data, size, at);
    }
    real(file)->pMethods->xWrite(real(file), data, size / 2, at);
    return (code & 0xff) == SQLITE_IOERR ? SQLITE_IOERR_WRITE : code;
  }
  // The real disk is not made to wait: what survives is what this disk kept.
  static int sync(sqlite3_file* file, int) {
    if (disk().next_change() != SQLITE_OK) return SQLITE_IOERR_FSYNC;
    disk().keep(file);
    disk().note({DiskStep::Kind::kSync, path_of(file), 0, {}});
    return SQLITE_OK;
  }
  void keep(sqlite3_file* file) {
    sqlite3_int64 size = 0;
    real(file)->pMethods->xFileSize(real(file), &size);
    Bytes content(static_cast<std::size_t>(size));
    real(file)->pMethods->xRead(real(file), content.data(), static_cast<int>(size), 0);
    std::lock_guard hold(mutex_);
    ++syncs_;
    if (const char* path = reinterpret_cast<File*>(file)->path) durable_[path] = std::move(content);
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    if (disk().next_change() != SQLITE_OK) return SQLITE_IOERR_TRUNCATE;
    disk().note({DiskStep::Kind::kTruncate, path_of(file), size, {}});
    return real(file)->pMethods->xTruncate(real(file), size);
  }
  static int read(sqlite3_file* file, void* data, int size, sqlite3_int64 at) {
    {
      std::lock_guard hold(disk().mutex_);
      if (disk().fail_reads_) return SQLITE_IOERR_READ;
    }
    return real(file)->pMethods->xRead(real(file), data, size, at);
  }

  // What never fails here is handed on.
  void fill_methods() {
    using F = sqlite3_file*;
    methods_ = {};
    methods_.iVersion = 2;
    methods_.xClose = [](F f) { return real(f)->pMethods->xClose(real(f)); };
    methods_.xRead = read;
    methods_.xWrite = write;
    methods_.xTruncate = truncate;
    methods_.xSync = sync;
    methods_.xFileSize = [](F f, sqlite3_int64* size) {
      return real(f)->pMethods->xFileSize(real(f), size);
    };
    methods_.xLock = [](F f, int lock) { return real(f)->pMethods->xLock(real(f), lock); };
    methods_.xUnlock = [](F f, int lock) { return real(f)->pMethods->xUnlock(real(f), lock); };
    methods_.xCheckReservedLock = [](F f, int* out) {
      return real(f)->pMethods->xCheckReservedLock(real(f), out);
    };
    methods_.xFileControl = [](F f, int op, void* arg) {
      return real(f)->pMethods->xFileControl(real(f), op, arg);
    };
    methods_.xSectorSize = [](F f) { return real(f)->pMethods->xSectorSize(real(f)); };
    methods_.xDeviceCharacteristics = [](F f) {
      return real(f)->pMethods->xDeviceCharacteristics(real(f));
    };
    methods_.xShmMap = [](F f, int page, int size, int extend, void volatile** out) {
      return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
    };
    methods_.xShmLock = [](F f, int offset, int n, int flags) {
      return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
    };
    methods_.xShmBarrier = [](F f) { real(f)->pMethods->xShmBarrier(real(f)); };
    methods_.xShmUnmap = [](F f, int remove) {
      return real(f)->pMethods->xShmUnmap(real(f), remove);
    };
  }

  sqlite3_vfs* system_;
  sqlite3_vfs vfs_;
  sqlite3_io_methods methods_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::int64_t countdown_ = 0, syncs_ = 0;
  int code_ = SQLITE_OK;
  bool for_good_ = false, hit_ = false, fail_reads_ = false;
  std::map<std::string, Bytes> durable_;
  bool is_recording_ = false;
  std::vector<DiskStep> steps_;
};

}  // namespace signet::storage::sqlite::test

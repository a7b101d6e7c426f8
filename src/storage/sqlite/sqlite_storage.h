#pragma once

#include "storage/sqlite/group_commit.h"
#include "storage/storage.h"

namespace signet::storage::sqlite {

struct Options {
  std::string vfs;  ///< empty: the system's; tests fail the disk by it
  GroupCommit::Limits limits;
};

/// The engine for one machine: a file in WAL mode. Several processes may open it. The file is made
/// with mode 0600, and an existing one is narrowed to it. kConfig "storage_open_failed",
/// "storage_too_new"; else what the disk answers. `clock` must outlive the storage.
Result<std::shared_ptr<Storage>> open(const std::string& path, const Clock& clock,
                                      const Options& options = {});

}  // namespace signet::storage::sqlite

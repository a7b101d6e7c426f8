#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "async/task.h"
#include "base/clock.h"
#include "secrets/keeper/kinds.h"
#include "storage/storage.h"

namespace signet::secrets {

/// A right that one instance of a cluster has at a time, for a while: a document with its holder,
/// changed by compare-and-swap only. Whether a holder's time is over is judged by our own monotone
/// clock from the moment at which its document was seen to change, so clocks need not agree. The
/// holder counts from before it wrote, and so is over before anybody else may begin.
class Lease {
 public:
  /// `holder` is this instance's random id. `lasts`: how long a lease holds without being renewed;
  /// all instances should use the same.
  Lease(std::shared_ptr<storage::Storage> storage, std::shared_ptr<Clock> clock, std::string name,
        std::string holder, Seconds lasts);

  /// Takes the lease, or renews it; false: another one has it. After an error it is not known
  /// whether it was renewed; is_held() goes by the last renewal that is known.
  Task<bool> acquire();
  /// Whether it is certainly ours at this moment.
  bool is_held() const;
  /// Gives it up at once, so that another need not wait.
  Task<Done> release();

 private:
  struct Content {
    std::string holder;
    Seconds lasts{};
  };
  static Content read(const storage::Document& document);
  storage::Transaction write(std::string holder, std::int64_t expected) const;
  /// Whether the holder of this revision did not renew it for all of its time.
  bool is_over(std::int64_t revision, Seconds lasts);

  const std::shared_ptr<storage::Storage> storage_;
  const std::shared_ptr<Clock> clock_;
  const std::string name_, holder_;
  const Seconds lasts_;
  mutable std::mutex mutex_;
  std::int64_t seen_revision_ = 0;
  Milliseconds seen_at_{};
  std::optional<Milliseconds> held_until_;
};

}  // namespace signet::secrets

#pragma once

#include <mutex>
#include <optional>

#include "base/clock.h"

namespace signet {

/// Notices when somebody sets the clock, by its monotone twin, which nobody sets. Any thread.
class ClockWatch {
 public:
  /// `tolerated`: how far the two may come apart, at once or little by little. `clock` must outlive
  /// this.
  explicit ClockWatch(const Clock& clock, Milliseconds tolerated = Seconds(30));

  struct Step {
    Milliseconds by;  ///< negative: back
    Instant seen;     ///< by the clock as it is now
  };
  /// The step that happened since the last look at one; nothing if there was none.
  std::optional<Step> look();
  /// The last one that was looked at.
  std::optional<Step> last() const;

 private:
  const Clock& clock_;
  const Milliseconds tolerated_;
  mutable std::mutex mutex_;
  Milliseconds apart_;
  std::optional<Step> last_;
};

}  // namespace signet

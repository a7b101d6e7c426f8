#pragma once

#include <atomic>
#include <map>
#include <mutex>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "base/strong.h"

namespace signet::secrets {

/// Leaves a box alone that has stopped answering, so that requests fail at once instead of waiting,
/// and the box is not hammered when it comes back. After three failures in a row a key is paused
/// for 250 ms; then one call may try, and while tries fail the pause doubles, up to 30 s, each
/// time a quarter more or less by chance. Any answer ends it. `now` is that of the monotone clock:
/// a pause is as long as it is, whoever sets the other one. Shared by all threads; costs one load
/// while nothing fails.
class BoxPauses {
 public:
  /// kUnavailable "box_paused" with the last failure. `limit`: how long a try may take.
  Status may_ask(const KeyId& kid, Milliseconds now, Milliseconds limit);
  void answered(const KeyId& kid);
  void failed(const KeyId& kid, const Error& error, Milliseconds now);

 private:
  struct Trouble {
    int failures = 0;
    Milliseconds pause{0};
    Milliseconds until{};      ///< of the pause
    Milliseconds try_until{};  ///< of the one call that tries
    std::string last;
  };
  std::atomic<std::size_t> count_{0};
  std::mutex mutex_;
  std::map<KeyId, Trouble> troubles_;
  SystemRandom random_;
};

}  // namespace signet::secrets

#pragma once
// When a service asks for peace, or fails again and again, it is left alone for a while: requests
// of Signet then fail at once instead of waiting, and the service can recover.

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

namespace signet::secrets {

/// By the monotone clock: a wall clock that is set back would make it longer. Shared by all
/// threads.
class QuietPeriod {
 public:
  QuietPeriod(std::shared_ptr<Clock> clock, std::shared_ptr<Random> random);

  /// How long the service is still to be left alone; zero: ask it.
  Milliseconds left() const;
  /// The same as a failure, kUnavailable `reason`; `whom` for people: "the vault".
  Status check(const char* reason, const std::string& whom) const;

  void succeeded();
  /// The service could not be reached or failed. From the third time in a row on it is left alone,
  /// twice as long each time, half a second to thirty, with jitter. What fails while it is left
  /// alone began before, beside what counted already.
  void failed();
  /// The service asked for it: `retry_after` is the header of that name in seconds, kept to five
  /// minutes; where it is none, as failed() from the first time on.
  void asked(std::string_view retry_after);

 private:
  void be_quiet(Milliseconds length);
  Milliseconds delay_after(std::uint32_t failures);

  std::shared_ptr<Clock> clock_;
  std::shared_ptr<Random> random_;
  std::atomic<std::uint32_t> failures_{0};
  std::atomic<std::int64_t> until_ms_{0};  ///< of the monotone clock
};

}  // namespace signet::secrets

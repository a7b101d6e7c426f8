#pragma once
// The life of one URL's key set: what may be used when, and when it is read again. Nothing here
// waits or fetches.

#include <atomic>
#include <memory>
#include <mutex>

#include "async/task.h"
#include "base/bytes.h"
#include "oauth/endpoints/key_set_cache.h"

namespace signet::oauth {

/// The duty to end a reading that was begun. One that is dropped ends it as "key_set_stopped", so
/// that nobody waits for ever.
class KeySetCache::Landing {
 public:
  explicit Landing(SourcePtr source) : source_(std::move(source)) {}
  Landing(Landing&&) noexcept = default;
  Landing& operator=(Landing&&) = delete;
  ~Landing();

  Source& source() const { return *source_; }
  /// The source, which has to be landed now.
  SourcePtr take() { return std::move(source_); }

 private:
  SourcePtr source_;
};

class KeySetCache::Source : public std::enable_shared_from_this<KeySetCache::Source> {
 public:
  using Waiter = async::OneShot<RemoteKeySetPtr>;

  explicit Source(std::string url);

  const std::string& url() const { return url_; }

  /// Whether set() may be used, if it is one, and nothing is to be done.
  bool is_settled(Instant at) const { return at < decide_at_.load(std::memory_order_acquire); }
  RemoteKeySetPtr set() const { return set_.load(std::memory_order_acquire); }

  struct Decision {
    RemoteKeySetPtr set;            ///< may be used now; null: none may
    std::optional<Landing> begins;  ///< a reading, which is due
  };
  /// Where is_settled() says no. `can_retry`: whether there is room for one more reading of what
  /// failed before.
  Decision decide(Instant at, bool can_retry);

  struct Join {
    std::optional<Result<RemoteKeySetPtr>> ready;  ///< no need to wait
    std::optional<Landing> begins;
  };
  /// Adds `waiter` to those of a reading, unless the answer is known.
  Join join(Wish wish, Instant at, Seconds min_age, bool can_retry, const Waiter& waiter);

  /// The failure of the last reading, if it failed.
  std::optional<Error> error() const;

  /// What the last reading that succeeded gave.
  struct Reading {
    RemoteKeySetPtr set;
    KeySetValidators validators;
    Bytes digest;  ///< of the text
  };
  Reading known() const;

  /// Ends a reading: keeps what it gave and wakes who waits for it. `refresh_in`: when it is due
  /// again if it succeeded; `retry_in`, for a number of failures in a row, if it failed.
  void land(Result<Reading> reading, Instant at, Milliseconds refresh_in,
            const std::function<Milliseconds(unsigned failures)>& retry_in);
  /// Ends a reading that came to nothing, and tells those who wait for it why.
  void give_up(const Error& error);

  SourceStatus status(Instant at, Milliseconds wanted_within) const;

 private:
  bool is_usable(const RemoteKeySetPtr& set, Instant at) const;
  RemoteKeySetPtr usable(Instant at);
  void keep(Reading reading, Instant refresh_at);
  void keep(Error error, Instant at, Instant retry_at);
  Error remembered() const;
  void plan();
  std::vector<Waiter> end_reading();

  const std::string url_, shown_;
  std::atomic<RemoteKeySetPtr> set_;
  std::atomic<Instant> decide_at_{Instant::max()};

  mutable std::mutex mutex_;
  bool is_reading_ = false;
  std::vector<Waiter> waiting_;
  KeySetValidators validators_;
  Bytes digest_;
  Instant refresh_at_{};
  unsigned failures_ = 0;  ///< in a row
  std::optional<Error> error_;
  Instant retry_at_{};
  std::optional<Instant> last_attempt_;
};

}  // namespace signet::oauth

#pragma once
// The key sets that others publish by URL: read, checked, kept fresh, and kept serving for a while
// where their publisher is out.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "jose/key.h"
#include "oauth/endpoints/key_set_fetch.h"
#include "secrets/keeper/store_meter.h"

namespace signet::oauth {

/// A JWKS that somebody else publishes, as it was last read. Immutable. Where a later reading finds
/// the same text the keys stay the same objects, with all that was prepared in them.
struct RemoteKeySet {
  std::vector<jose::KeyPtr> keys;  ///< never empty; may hold secrets (oct)
  Instant fetched;
  Instant fresh_until;   ///< asked again ahead of it
  Instant usable_until;  ///< it serves until then while fetching fails
};
using RemoteKeySetPtr = std::shared_ptr<const RemoteKeySet>;

/// Reads a set and says whether its keys may be used. Pure. Reasons that begin with "json_", and
/// "jwks_malformed", mean that it is none ("key_set_malformed"); any other refuses what it holds
/// ("key_set_refused").
using KeySetCheck = std::function<Result<std::vector<jose::Jwk>>(std::string_view text)>;

/// Shared by all threads. Fetches on a thread of its own, so that neither a slow publisher nor a
/// large set holds up a request for anything else. Outlives every call of load() and the like.
class KeySetCache {
 public:
  using Settings = KeySetSettings;
  /// Runs a task that nobody waits for.
  using Background = std::function<void(Task<Done>)>;

  /// One URL. Shared, thread-safe; keep it instead of looking it up again.
  class Source;
  using SourcePtr = std::shared_ptr<Source>;

  /// `background`: for tests, which hold it; empty: a thread of the cache's own.
  KeySetCache(std::shared_ptr<net::HttpClient> http, std::shared_ptr<Clock> clock,
              std::shared_ptr<Random> random, KeySetCheck check, Settings settings,
              Background background = {});
  ~KeySetCache();
  KeySetCache(const KeySetCache&) = delete;
  KeySetCache& operator=(const KeySetCache&) = delete;

  /// What can be said of a URL without asking it: "key_set_url_invalid".
  Status check_url(std::string_view url) const;

  /// Finds or makes; asks nobody. Never null: a URL that cannot be asked fails in load(). Beyond
  /// Settings::max_sets those that nobody keeps are forgotten, and new ones are not shared.
  SourcePtr source(std::string_view url);

  /// Without waiting: the set that may be used at `at`, or null: load() it. Begins to read the set
  /// again where that is due: ahead of its age, and after failures as the back-off allows. Two
  /// atomic loads where nothing is due.
  RemoteKeySetPtr now(Source& source, Instant at);

  /// The set that may be used; where there is none, waits for one reading together with all others
  /// who wait for the same URL, Settings::timeout at most. A failure is remembered until the
  /// back-off ends and told at once until then. Reasons: those of fetch_key_set(),
  /// "key_set_malformed", "key_set_refused" (also of a set with symmetric keys that did not come by
  /// https) and "key_set_stopped".
  Task<RemoteKeySetPtr> load(SourcePtr source);

  /// For a caller whom no key of the set fits, as after a rotation: waits for one reading if the
  /// last one is longer ago than Settings::min_age, and gives what may be used then: perhaps the
  /// same set.
  Task<RemoteKeySetPtr> refresh_after_miss(SourcePtr source);

  /// For operators who save or test a URL: reads it now, whatever is known or remembered. A failure
  /// is told even where the last good set serves on.
  Task<RemoteKeySetPtr> reload(SourcePtr source);

  /// One URL as it stands.
  struct SourceStatus {
    std::string url;  ///< without its query; what cannot be a URL is shown as "(invalid)"
    std::size_t keys = 0;
    std::optional<Instant> fetched, fresh_until, usable_until;  ///< of the set, where there is one
    std::optional<Instant> last_attempt, next_attempt;          ///< the latter after a failure
    unsigned failures = 0;                                      ///< in a row
    std::optional<Error> error;                                 ///< of the last attempt
    bool is_serving_last_good = false;  ///< past its age, because fetching fails
    bool is_out = false;                ///< nothing may be used, because fetching fails
    /// Asked for lately: what fails and nobody wants worries nobody.
    bool is_wanted = false;
  };
  std::vector<SourceStatus> status() const;
  /// That of one URL; nothing where nobody asked for it here.
  std::optional<SourceStatus> status(std::string_view url) const;
  std::size_t size() const;
  /// Readings since start, by the code of their failure.
  const secrets::StoreMeter& meter() const;

  /// Ends what is under way with "key_set_stopped" and begins nothing more. The HTTP client is let
  /// go; if somebody else keeps it, what is under way is waited for.
  void stop();

 private:
  struct State;
  class Landing;
  class Flight;
  enum class Wish : std::uint8_t { kAnySet, kAfterMiss, kNewReading };
  static Task<Done> fly(Flight flight);
  void begin(Landing landing);
  Task<RemoteKeySetPtr> wait(SourcePtr source, Wish wish);
  const std::shared_ptr<State> state_;
  const Background background_;
};

}  // namespace signet::oauth

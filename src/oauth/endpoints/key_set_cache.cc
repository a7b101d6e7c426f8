#include "oauth/endpoints/key_set_cache.h"

#include <algorithm>
#include <chrono>
#include <unordered_map>

#include "async/task_thread.h"
#include "base/backoff.h"
#include "base/shared_slot.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "http/form.h"
#include "oauth/endpoints/key_set_source.h"

namespace signet::oauth {
namespace {

/// What fails and is wanted is asked after `retry_most` at the latest; one that was not for so many
/// times of it, nobody wants.
constexpr int kRetriesOfTheWanted = 10;
constexpr Seconds kBetweenSweeps{10};

Error refused_by(const Error& error) {
  const std::string_view reason = error.reason;
  const bool is_malformed = reason.starts_with("json_") || reason == "jwks_malformed";
  return {Code::kConfig, is_malformed ? "key_set_malformed" : "key_set_refused",
          std::string(reason) + ": " + error.detail};
}

// What came in the clear is no secret any more. A URL with https leads nowhere else.
Status check_secrets(const std::vector<jose::Jwk>& keys, const std::string& url) {
  const auto uri = http::parse_http_uri(url);
  if (uri.ok() && uri->scheme == "https") return Done{};
  for (const auto& key : keys) {
    if (!key.is_symmetric()) continue;
    return Error{Code::kInvalid, "key_set_secret_in_clear",
                 "the symmetric key " + quoted(key.kid()) +
                     " came by plain http: make another one and give it inline or by https"};
  }
  return Done{};
}

Task<net::OutboundResponse> no_answer() {
  co_return Error{Code::kUnavailable, "key_set_stopped", "the server is ending"};
}

}  // namespace

struct KeySetCache::State {
  SharedSlot<net::HttpClient> http;
  std::shared_ptr<Clock> clock;
  std::shared_ptr<Random> random;
  KeySetCheck check;
  Settings settings;

  secrets::StoreMeter meter;
  std::atomic<std::size_t> retries{0};  ///< under way
  async::TaskThread thread;

  mutable std::mutex mutex;
  std::unordered_map<std::string, SourcePtr> sources;
  Instant swept{};

  // The client is not held while its answer is awaited, so that stop() can end it.
  Task<net::OutboundResponse> send(net::OutboundRequest request) {
    const auto client = http.load();
    return client ? client->send(std::move(request)) : no_answer();
  }
  bool can_retry() const { return retries.load() < settings.max_retries; }
  void make_room();
  Result<Source::Reading> read(const std::string& url, Source::Reading known,
                               KeySetAnswer answer) const;
  void land(Landing landing, Result<Source::Reading> reading);
};

/// One reading that is under way.
class KeySetCache::Flight {
 public:
  Flight(std::shared_ptr<State> state, Landing landing)
      : state_(std::move(state)),
        landing_(std::move(landing)),
        is_retry_(landing_.source().error().has_value()) {
    if (is_retry_) ++state_->retries;
  }
  Flight(Flight&&) noexcept = default;
  Flight& operator=(Flight&&) = delete;
  ~Flight() {
    if (state_ && is_retry_) --state_->retries;
  }

  const std::shared_ptr<State>& state() const { return state_; }
  Source& source() const { return landing_.source(); }
  Landing take_landing() { return std::move(landing_); }

 private:
  std::shared_ptr<State> state_;
  Landing landing_;
  bool is_retry_;
};

Result<KeySetCache::Source::Reading> KeySetCache::State::read(const std::string& url,
                                                              Source::Reading known,
                                                              KeySetAnswer answer) const {
  auto set = std::make_shared<RemoteKeySet>();
  const std::string& text = answer.answer.body;
  Bytes digest = answer.is_unchanged ? std::move(known.digest)
                                     : crypto::digest(crypto::Hash::kSha256, as_bytes(text));
  if (known.set && (answer.is_unchanged || digest == known.digest)) {
    set->keys = known.set->keys;
  } else {
    auto checked = check(text);
    if (!checked.ok()) return refused_by(checked.error());
    if (const Status secrets = check_secrets(*checked, url); !secrets.ok())
      return refused_by(secrets.error());
    for (jose::Jwk& key : *checked)
      set->keys.push_back(jose::Key::local(std::move(key)));
  }
  if (set->keys.empty())
    return Error{Code::kConfig, "key_set_refused", "the set holds no key that can be used"};
  set->fetched = clock->now();
  set->fresh_until = set->fetched + key_set_age(settings, answer.freshness);
  set->usable_until = set->fresh_until + settings.last_good;
  return Source::Reading{std::move(set), std::move(answer.validators), std::move(digest)};
}

void KeySetCache::State::land(Landing landing, Result<Source::Reading> reading) {
  Milliseconds refresh_in{};
  if (reading.ok()) {
    const Milliseconds age = reading->set->fresh_until - reading->set->fetched;
    refresh_in = backoff_delay(1, age * 9 / 10, age, random.get());
  }
  const auto retry_in = [this](unsigned failures) {
    return backoff_delay(failures, settings.retry_first, settings.retry_most, random.get());
  };
  const SourcePtr source = landing.take();
  source->land(std::move(reading), clock->now(), refresh_in, retry_in);
}

Task<Done> KeySetCache::fly(Flight flight) {
  const std::shared_ptr<State> state = flight.state();
  const auto start = std::chrono::steady_clock::now();
  Source::Reading known = flight.source().known();
  const SendRequest send = [&state](net::OutboundRequest request) {
    return state->send(std::move(request));
  };
  Task<KeySetAnswer> fetching =
      fetch_key_set(send, state->clock, state->settings, flight.source().url(), known.validators);
  Result<KeySetAnswer> answer = co_await std::move(fetching);
  const bool is_stopped = !answer.ok() && answer.error().is("key_set_stopped");
  if (is_stopped) co_return Done{};  // the landing tells those who wait
  auto reading =
      answer.ok() ? state->read(flight.source().url(), std::move(known), std::move(answer).value())
                  : Result<Source::Reading>(std::move(answer).error());
  std::optional<Code> failure;
  if (!reading.ok()) failure = reading.error().code;
  state->meter.count(failure, std::chrono::steady_clock::now() - start);
  state->land(flight.take_landing(), std::move(reading));
  co_return Done{};
}

KeySetCache::KeySetCache(std::shared_ptr<net::HttpClient> http, std::shared_ptr<Clock> clock,
                         std::shared_ptr<Random> random, KeySetCheck check, Settings settings,
                         Background background)
    : state_(std::make_shared<State>()), background_(std::move(background)) {
  state_->http.store(std::move(http));
  state_->clock = std::move(clock);
  state_->random = std::move(random);
  state_->check = std::move(check);
  state_->settings = settings;
}

KeySetCache::~KeySetCache() {
  stop();
}

void KeySetCache::stop() {
  state_->http.store(nullptr);
  state_->thread.stop();
}

Status KeySetCache::check_url(std::string_view url) const {
  return check_key_set_url(url, state_->settings.allow_http);
}

void KeySetCache::begin(Landing landing) {
  Task<Done> task = fly(Flight(state_, std::move(landing)));
  if (background_) {
    background_(std::move(task));
  } else {
    state_->thread.start(std::move(task));
  }
}

// First those whose set nobody could use without asking anew, then all that nobody keeps.
void KeySetCache::State::make_room() {
  const Instant at = clock->now();
  if (at < swept + kBetweenSweeps) return;
  swept = at;
  std::erase_if(sources, [&](const auto& entry) {
    const auto set = entry.second->set();
    return entry.second.use_count() == 1 && (!set || at >= set->fresh_until);
  });
  if (sources.size() < settings.max_sets) return;
  std::erase_if(sources, [](const auto& entry) { return entry.second.use_count() == 1; });
}

KeySetCache::SourcePtr KeySetCache::source(std::string_view url) {
  std::string key(url);
  std::lock_guard hold(state_->mutex);
  auto& sources = state_->sources;
  if (const auto found = sources.find(key); found != sources.end()) return found->second;
  if (sources.size() >= state_->settings.max_sets) state_->make_room();
  auto made = std::make_shared<Source>(key);
  if (sources.size() < state_->settings.max_sets) sources.emplace(std::move(key), made);
  return made;
}

RemoteKeySetPtr KeySetCache::now(Source& source, Instant at) {
  if (source.is_settled(at)) return source.set();
  Source::Decision decision = source.decide(at, state_->can_retry());
  if (decision.begins) begin(std::move(*decision.begins));
  return std::move(decision.set);
}

Task<RemoteKeySetPtr> KeySetCache::wait(SourcePtr source, Wish wish) {
  const Source::Waiter waiter;
  Source::Join joined = source->join(wish, state_->clock->now(), state_->settings.min_age,
                                     state_->can_retry(), waiter);
  if (joined.ready) co_return std::move(*joined.ready);
  if (joined.begins) begin(std::move(*joined.begins));
  Source::Waiter waiting = waiter;
  co_return co_await waiting.wait();
}

Task<RemoteKeySetPtr> KeySetCache::load(SourcePtr source) {
  co_return co_await wait(std::move(source), Wish::kAnySet);
}

Task<RemoteKeySetPtr> KeySetCache::refresh_after_miss(SourcePtr source) {
  co_return co_await wait(std::move(source), Wish::kAfterMiss);
}

Task<RemoteKeySetPtr> KeySetCache::reload(SourcePtr source) {
  Result<RemoteKeySetPtr> outcome = co_await wait(source, Wish::kNewReading);
  std::optional<Error> error = source->error();
  if (outcome.ok() && error) co_return std::move(*error);
  co_return outcome;
}

std::vector<KeySetCache::SourceStatus> KeySetCache::status() const {
  const Instant at = state_->clock->now();
  std::vector<SourceStatus> out;
  std::lock_guard hold(state_->mutex);
  out.reserve(state_->sources.size());
  for (const auto& [url, source] : state_->sources)
    out.push_back(source->status(at, state_->settings.retry_most * kRetriesOfTheWanted));
  return out;
}

std::optional<KeySetCache::SourceStatus> KeySetCache::status(std::string_view url) const {
  const Instant at = state_->clock->now();
  std::lock_guard hold(state_->mutex);
  const auto found = state_->sources.find(std::string(url));
  if (found == state_->sources.end()) return std::nullopt;
  return found->second->status(at, state_->settings.retry_most * kRetriesOfTheWanted);
}

std::size_t KeySetCache::size() const {
  std::lock_guard hold(state_->mutex);
  return state_->sources.size();
}

const secrets::StoreMeter& KeySetCache::meter() const {
  return state_->meter;
}

}  // namespace signet::oauth

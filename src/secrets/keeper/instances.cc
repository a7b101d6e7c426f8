#include "secrets/keeper/instances.h"

#include <algorithm>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "storage/document_pages.h"

namespace signet::secrets {
namespace {

constexpr int kIntervalsToDeath = 3;
/// Before anybody holds this instance for dead, it holds itself for unheard.
constexpr int kIntervalsToSilence = kIntervalsToDeath - 1;
constexpr int kIntervalsToBurial = 60;
constexpr std::int64_t kLatestClock = kLastUnixSecond * 1000;
/// Beyond what any configuration allows; a broken document must not keep keys waiting for ever.
constexpr std::int64_t kLongestCacheLife = std::int64_t{30} * 86400;

std::string text_in(const json::Value& object, std::string_view name) {
  const json::Value* value = object.get(name);
  return value != nullptr && value->if_string() != nullptr ? *value->if_string() : std::string();
}

std::int64_t number_in(const json::Value& object, std::string_view name, std::int64_t fallback) {
  const json::Value* value = object.get(name);
  return value != nullptr ? value->if_int().value_or(fallback) : fallback;
}

}  // namespace

Instances::Instances(std::shared_ptr<storage::Storage> storage, std::shared_ptr<Clock> clock,
                     InstanceInfo self, Seconds interval, Seconds cache_life)
    : storage_(std::move(storage)),
      clock_(std::move(clock)),
      watch_(*clock_),
      self_(std::move(self)),
      interval_(interval),
      cache_life_(cache_life) {}

std::string Instances::text(Milliseconds now) const {
  json::Array prepared;
  for (const auto& [key, since] : prepared_) {
    json::Object one;
    one.set("realm", key.realm.view());
    one.set("secret_id", key.id.str());
    one.set("kid", key.kid.view());
    one.set("seconds", std::int64_t{std::chrono::floor<Seconds>(now - since).count()});
    prepared.emplace_back(std::move(one));
  }
  json::Object out;
  out.set("started", unix_seconds(self_.started));
  out.set("version", self_.version);
  out.set("address", self_.address);
  out.set("interval", std::int64_t{interval_.count()});
  out.set("cache_life", std::int64_t{announced_life(now).count()});
  out.set("clock", std::int64_t{clock_->now().time_since_epoch().count()});
  out.set("prepared", std::move(prepared));
  if (!self_.sealing_keys.empty()) {
    json::Array ids(self_.sealing_keys.begin(), self_.sealing_keys.end());
    out.set("sealing_keys", std::move(ids));
  }
  if (has_left_) out.set("left", true);
  return json::dump(json::Value(std::move(out)));
}

std::optional<Instances::Peer> Instances::read(const storage::Document& document) {
  const auto parsed = json::parse(document.text);
  if (!parsed.ok() || !parsed->is_object()) return std::nullopt;
  Peer peer;
  peer.info.id = document.id;
  peer.info.version = text_in(*parsed, "version");
  peer.info.address = text_in(*parsed, "address");
  peer.info.started = from_unix_seconds(number_in(*parsed, "started", 0));
  peer.interval = Seconds(std::clamp<std::int64_t>(number_in(*parsed, "interval", 10), 1, 3600));
  peer.revision = document.revision;
  // Absent from what an older version writes, as the next one.
  peer.cache_life =
      Seconds(std::clamp<std::int64_t>(number_in(*parsed, "cache_life", 0), 0, kLongestCacheLife));
  if (const auto clock = number_in(*parsed, "clock", 0); clock > 0 && clock < kLatestClock)
    peer.written_at = Instant(Milliseconds(clock));
  const json::Value* left = parsed->get("left");
  peer.has_left = left != nullptr && left->if_bool() != nullptr && *left->if_bool();
  const json::Value* sealing = parsed->get("sealing_keys");
  if (sealing != nullptr && sealing->if_array() != nullptr) {
    for (const auto& id : *sealing->if_array()) {
      if (id.if_string() != nullptr) peer.info.sealing_keys.push_back(*id.if_string());
    }
  }
  const json::Value* list = parsed->get("prepared");
  if (list == nullptr || list->if_array() == nullptr) return peer;
  for (const auto& item : *list->if_array()) {
    auto id = SecretId::parse(text_in(item, "secret_id"));
    if (!id.ok()) continue;  // of a newer version; what is not understood counts as not published
    peer.prepared[{RealmName(text_in(item, "realm")), std::move(id).value(),
                   KeyId(text_in(item, "kid"))}] =
        Seconds(std::clamp<std::int64_t>(number_in(item, "seconds", 0), 0, kLastUnixSecond));
  }
  return peer;
}

bool Instances::is_live(const Peer& peer, Milliseconds now) const {
  return !peer.has_left && now - peer.seen_at < life_after_word(peer);
}

Milliseconds Instances::life_after_word(const Peer& peer) const {
  return kIntervalsToDeath * std::max(peer.interval, interval_);
}

Task<Done> Instances::report(std::set<PreparedKey> prepared) {
  if (is_alone()) co_return Done{};
  bool has_changed = false;
  {
    std::lock_guard hold(mutex_);
    const Milliseconds now = clock_->monotone();
    has_changed |= std::erase_if(prepared_, [&](const auto& pair) {
                     return !prepared.contains(pair.first);
                   }) > 0;
    for (const auto& key : prepared)
      has_changed |= prepared_.emplace(key, now).second;
  }
  co_return co_await write(has_changed);
}

Task<Done> Instances::report_more(std::set<PreparedKey> prepared) {
  if (is_alone()) co_return Done{};
  bool has_changed = false;
  {
    std::lock_guard hold(mutex_);
    for (const auto& key : prepared)
      has_changed |= prepared_.emplace(key, clock_->monotone()).second;
  }
  co_return co_await write(has_changed);
}

Task<Done> Instances::beat() {
  if (is_alone()) co_return Done{};
  co_return co_await write(false);
}

// A document of our own id is of a life before this one. It is about to be written over, and with
// it all that says how long copies from that life may be kept.
Task<Done> Instances::recall() {
  {
    std::lock_guard hold(mutex_);
    if (has_recalled_) co_return Done{};
  }
  CO_TRY(const std::optional<storage::Document> document,
         co_await storage_->document(kInstanceKind, RealmName(), self_.id));
  std::lock_guard hold(mutex_);
  has_recalled_ = true;
  if (document) former_ = read(*document);
  if (!former_) co_return Done{};
  former_->has_left = true;  // or it would not be us who starts
  former_->seen_at = clock_->monotone();
  co_return Done{};
}

Seconds Instances::announced_life(Milliseconds now) const {
  const bool lives_on = former_ && now - former_->seen_at < former_->cache_life;
  return lives_on ? life_of_copies(*former_) : cache_life_;
}

Task<Done> Instances::write(bool is_forced) {
  CO_TRY(const Gate::Pass pass, co_await gate_.enter());
  CO_TRY(co_await recall());
  storage::PutDocument put;
  const Milliseconds now = clock_->monotone();
  const Told told{now, clock_->now()};
  {
    std::lock_guard hold(mutex_);
    // A little early is better than a beat that is left out.
    const bool is_due = !written_at_ || now - *written_at_ >= Milliseconds(interval_) * 9 / 10;
    if (has_left_ || (!is_forced && !is_due)) co_return Done{};
    put.document.kind = kInstanceKind;
    put.document.id = self_.id;
    put.document.text = text(now);
    written_at_.reset();  // until it is durable; what fails is tried again with the next beat
  }
  storage::Transaction transaction;
  transaction.emplace_back(std::move(put));
  CO_TRY(co_await storage_->commit(std::move(transaction)));
  std::lock_guard hold(mutex_);
  written_at_ = now;
  // When it became durable is not known, so the silence before it is counted until this moment.
  if (!told_ || is_silent()) ++term_;
  told_ = told;
  co_return Done{};
}

Milliseconds Instances::silent_for() const {
  return std::max(clock_->monotone() - told_->at, clock_->now() - told_->by_wall_clock);
}

bool Instances::is_silent() const {
  return silent_for() >= kIntervalsToSilence * Milliseconds(interval_);
}

bool Instances::copies_may_be_kept() const {
  if (is_alone()) return true;
  std::lock_guard hold(mutex_);
  return told_ && !has_left_ && !is_silent() && lined_up_in_ == term_;
}

std::string Instances::why_no_copies() const {
  if (is_alone()) return {};
  std::lock_guard hold(mutex_);
  if (!told_) return "this instance could not tell the others yet that it lives";
  if (has_left_) return "this instance is ending";
  if (is_silent()) {
    return "this instance could not tell the others that it lives for " +
           std::to_string(std::chrono::floor<Seconds>(silent_for()).count()) + " seconds";
  }
  if (lined_up_in_ != term_)
    return "this instance did not read yet what the others did while they could not hear of it";
  return {};
}

std::uint64_t Instances::term() const {
  std::lock_guard hold(mutex_);
  return term_;
}

void Instances::lined_up(std::uint64_t term) {
  std::lock_guard hold(mutex_);
  lined_up_in_ = std::max(lined_up_in_, term);
}

void Instances::look_at_clock() {
  const auto step = watch_.look();
  if (!step) return;
  log::error("clock_stepped", {{"seconds", std::chrono::floor<Seconds>(step->by).count()}});
  std::lock_guard hold(mutex_);
  was_set_forward_ = was_set_forward_ || step->by > Milliseconds(0);
}

ClockDifference Instances::compare_clocks(const Peer& peer, const Peer* before,
                                          std::optional<Milliseconds> since_last_look) const {
  if (!peer.written_at) return {};
  const std::optional<Milliseconds> since = before != nullptr ? since_last_look : std::nullopt;
  const ClockDifference found(*peer.written_at, clock_->now(), since);
  const ClockDifference known = before != nullptr ? before->clock_ahead : ClockDifference();
  const ClockDifference ahead = known.then(found);
  if (ahead.is_apart() && !known.is_apart() && !peer.has_left) {
    log::error("clocks_apart",
               {{"instance", peer.info.id},
                {"address", peer.info.address},
                {"ahead_seconds", std::chrono::floor<Seconds>(ahead.certain()).count()}});
  }
  return ahead;
}

Task<Done> Instances::observe() {
  look_at_clock();
  if (is_alone()) co_return Done{};
  const Milliseconds look_began = clock_->monotone();
  auto found = co_await storage::all_documents(storage_, kInstanceKind, RealmName());
  storage::Transaction burial;
  {
    std::lock_guard hold(mutex_);
    if (!found.ok()) {
      unread_ = found.error();
      co_return std::move(found).error();
    }
    unread_.reset();
    const Milliseconds now = clock_->monotone();
    // While nothing could be read nobody was seen to be silent: each look counts as an interval at
    // most.
    const Milliseconds unseen =
        observed_at_ ? std::max(now - *observed_at_ - Milliseconds(interval_), Milliseconds(0))
                     : Milliseconds(0);
    observed_at_ = now;
    const auto since_last_look =
        looked_at_ ? std::optional(now - *looked_at_) : std::optional<Milliseconds>();
    looked_at_ = look_began;
    std::map<std::string, Peer> peers;
    for (const auto& document : *found) {
      if (document.id == self_.id) continue;
      const auto known = peers_.find(document.id);
      if (known != peers_.end() && known->second.revision == document.revision) {
        Peer& peer = peers[document.id] = known->second;
        if (!peer.has_left) peer.seen_at += unseen;
        const Seconds long_dead = std::max(kIntervalsToBurial * std::max(peer.interval, interval_),
                                           2 * life_of_copies(peer));
        if (now - peer.seen_at < long_dead) continue;
        burial.emplace_back(
            storage::EraseDocument{kInstanceKind, RealmName(), document.id, document.revision});
        continue;
      }
      // A document that cannot be read is an instance that publishes nothing that we know of.
      Peer peer = read(document).value_or(Peer{});
      peer.info.id = document.id;
      peer.revision = document.revision;
      peer.seen_at = now;
      peer.clock_ahead =
          compare_clocks(peer, known != peers_.end() ? &known->second : nullptr, since_last_look);
      peers[document.id] = std::move(peer);
    }
    peers_ = std::move(peers);
  }
  for (auto& change : burial) {
    storage::Transaction one;
    one.push_back(std::move(change));
    const auto erased = co_await storage_->commit(std::move(one));
    if (!erased.ok() && erased.error().code != Code::kConflict)
      log::failure("instance_unerased", erased.error());
  }
  co_return Done{};
}

Task<Done> Instances::leave() {
  if (is_alone()) co_return Done{};
  CO_TRY(const Gate::Pass pass, co_await gate_.enter());
  storage::PutDocument put;
  put.document.kind = kInstanceKind;
  put.document.id = self_.id;
  {
    std::lock_guard hold(mutex_);
    has_left_ = true;
    put.document.text = text(clock_->monotone());
  }
  storage::Transaction transaction;
  transaction.emplace_back(std::move(put));
  co_return co_await storage_->commit(std::move(transaction));
}

Milliseconds Instances::ahead_of_slowest() const {
  Milliseconds ahead{0};
  std::lock_guard hold(mutex_);
  for (const auto& [id, peer] : peers_) {
    if (!peer.has_left && is_live(peer, clock_->monotone()))
      ahead = std::max(ahead, -peer.clock_ahead.certain());
  }
  return ahead;
}

std::vector<InstanceStatus> Instances::all() const {
  std::vector<InstanceStatus> out;
  if (is_alone()) return out;
  std::lock_guard hold(mutex_);
  InstanceStatus self;
  self.info = self_;
  self.is_self = true;
  for (const auto& [key, since] : prepared_)
    self.prepared.insert(key);
  out.push_back(std::move(self));
  for (const auto& [id, peer] : peers_) {
    if (peer.has_left) continue;
    InstanceStatus status;
    status.info = peer.info;
    status.is_live = is_live(peer, clock_->monotone());
    status.clock_ahead = peer.clock_ahead.certain();
    for (const auto& [key, since] : peer.prepared)
      status.prepared.insert(key);
    out.push_back(std::move(status));
  }
  return out;
}

}  // namespace signet::secrets

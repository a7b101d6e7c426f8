// What it costs to find a key ring, and to start with many: with the allocations and locks of each
// lookup as the counters "allocs" and "locks". Run: build/bench/bin/bench_rings

#include <benchmark/benchmark.h>
#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "base/log.h"
#include "secrets/keeper/keeper.h"
#include "secrets/stores/memory/memory_store.h"
#include "storage/memory/memory_storage.h"
#include "support/counted_new.h"

namespace {
std::atomic<std::size_t> locks{0};

template <class Function>
Function* next_symbol(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}
}  // namespace

// In front of the C library's own, so that every lock of this program is counted.
extern "C" int pthread_mutex_lock(pthread_mutex_t* mutex) {
  static auto* const real = next_symbol<int(pthread_mutex_t*)>("pthread_mutex_lock");
  locks.fetch_add(1, std::memory_order_relaxed);
  return real(mutex);
}
extern "C" int pthread_rwlock_rdlock(pthread_rwlock_t* lock) {
  static auto* const real = next_symbol<int(pthread_rwlock_t*)>("pthread_rwlock_rdlock");
  locks.fetch_add(1, std::memory_order_relaxed);
  return real(lock);
}
extern "C" int pthread_rwlock_wrlock(pthread_rwlock_t* lock) {
  static auto* const real = next_symbol<int(pthread_rwlock_t*)>("pthread_rwlock_wrlock");
  locks.fetch_add(1, std::memory_order_relaxed);
  return real(lock);
}

namespace {

using namespace signet;           // NOLINT: a program, no header
using namespace signet::secrets;  // NOLINT
using signet::test::allocations;

constexpr std::size_t kIds = 30;

/// A key for each of thirty IDs that a realm may map.
const std::vector<std::pair<SecretId, Secret>>& keys() {
  static const auto made = [] {
    std::vector<Secret> kinds;
    for (const auto kind :
         {crypto::KeyKind::kRsa, crypto::KeyKind::kEcP256, crypto::KeyKind::kEcP384,
          crypto::KeyKind::kEcP521, crypto::KeyKind::kEd25519}) {
      auto key = crypto::PrivateKey::generate(kind, kind == crypto::KeyKind::kRsa ? 2048 : 0);
      kinds.push_back(Secret::of_key(jose::Jwk::from_private(std::move(key).value())));
    }
    for (const std::size_t size : {64, 32}) {
      SecretBytes bytes(size);
      SystemRandom().fill(bytes.span());
      kinds.push_back(Secret::of_key(jose::Jwk::from_symmetric(std::move(bytes))));
    }
    std::vector<SecretId> ids;
    for (const auto& row : registry()) {
      if (row.scope == Scope::kRealm && !is_template(row))
        ids.push_back(SecretId::literal(row.name));
    }
    // What is left of thirty are the key pairs of SAML partners.
    for (int partner = 1; partner <= 4; ++partner) {
      for (const char* use : {".signing", ".encryption"}) {
        ids.push_back(SecretId::parse("am.applications.federation.entity.providers.saml2.partner" +
                                      std::to_string(partner) + use)
                          .value());
      }
    }
    std::vector<std::pair<SecretId, Secret>> out;
    for (const SecretId& id : ids) {
      for (const auto& secret : kinds) {
        if (out.size() == kIds || !check_fits(id, secret).ok()) continue;
        out.emplace_back(id, secret);
        break;
      }
    }
    return out;
  }();
  return made;
}

/// Ends the run: a measurement of keys that are not there would say nothing.
[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "bench_rings: %s\n", why.c_str());
  std::exit(2);
}

/// A server's keys: each realm has a store of its own with thirty mapped IDs.
class Installation {
 public:
  explicit Installation(std::size_t realms) {
    log::configure(log::Level::kOff, true);
    for (std::size_t i = 0; i < realms; ++i) {
      names.emplace_back("realm" + std::to_string(i));
      auto store = std::make_shared<MemoryStore>(StoreName("own"));
      ConfiguredStore configured{store, names.back(), {}};
      for (const auto& [id, secret] : keys()) {
        const Alias alias(id.str());
        std::vector<Secret> held;
        held.push_back(secret);
        store->put(alias, std::move(held));
        configured.mappings.push_back(Mapping{id, {alias}});
      }
      stores_.push_back(std::move(configured));
    }
  }
  void stop() { keeper.reset(); }
  void start() {
    keeper = std::make_unique<Keeper>(storage_, clock_, KeeperOptions{});
    const auto done = async::run_now(keeper->configure(stores_));
    if (!done.ok()) give_up(done.error().reason + (": " + done.error().detail));
  }
  void resolve_all() {
    for (const auto& name : names) {
      const auto rings = async::run_now(keeper->rings(name));
      if (!rings.ok()) give_up(rings.error().reason + (": " + rings.error().detail));
      const std::size_t found = (*rings)->all().size();
      if (found < kIds) give_up(std::to_string(found) + " rings in realm " + name.str());
    }
  }

  std::vector<RealmName> names;
  std::unique_ptr<Keeper> keeper;

 private:
  std::shared_ptr<SystemClock> clock_ = std::make_shared<SystemClock>();
  std::shared_ptr<storage::Storage> storage_ = storage::memory::open(*clock_);
  std::vector<ConfiguredStore> stores_;
};

/// Started and resolved, with a life that was remembered before; made once for each size.
Installation& installation(std::size_t realms) {
  static std::map<std::size_t, std::unique_ptr<Installation>> made;
  auto& one = made[realms];
  if (!one) {
    one = std::make_unique<Installation>(realms);
    one->start();
    one->resolve_all();
  }
  return *one;
}

const Secret* find(const Keeper& keeper, const RealmName& realm, const SecretId& id) {
  const RealmRingsPtr rings = keeper.rings_now(realm);
  const LiveRing* ring = rings ? rings->find(id) : nullptr;
  return ring != nullptr ? &ring->ring->active() : nullptr;
}

void count(benchmark::State& state, std::size_t allocated, std::size_t locked) {
  const auto each = benchmark::Counter::kAvgIterations;
  state.counters["allocs"] = benchmark::Counter(static_cast<double>(allocations - allocated), each);
  state.counters["locks"] = benchmark::Counter(static_cast<double>(locks - locked), each);
}

/// One ring among those of so many realms.
void lookup(benchmark::State& state) {
  const auto realms = static_cast<std::size_t>(state.range(0));
  const Installation& all = installation(realms);
  const RealmName& realm = all.names[realms / 2];
  const SecretId& id = keys()[kIds / 2].first;
  const std::size_t allocated = allocations, locked = locks;
  for (auto _ : state) {
    const Secret* secret = find(*all.keeper, realm, id);
    if (secret == nullptr) state.SkipWithError("no ring");
    benchmark::DoNotOptimize(secret);
  }
  count(state, allocated, locked);
}

/// Any ring of any realm: most of it is waiting for memory.
void lookup_of_any(benchmark::State& state) {
  const auto realms = static_cast<std::size_t>(state.range(0));
  const Installation& all = installation(realms);
  const std::size_t allocated = allocations, locked = locks;
  std::size_t next = 1;
  for (auto _ : state) {
    next = next * 6364136223846793005u + 1442695040888963407u;
    benchmark::DoNotOptimize(
        find(*all.keeper, all.names[(next >> 33) % realms], keys()[(next >> 20) % kIds].first));
  }
  count(state, allocated, locked);
}

/// A start over what storage remembers; the first realm is ready.
void start(benchmark::State& state) {
  Installation& all = installation(static_cast<std::size_t>(state.range(0)));
  all.stop();
  for (auto _ : state) {
    all.start();
    benchmark::DoNotOptimize(async::run_now(all.keeper->rings(all.names.front())));
  }
  all.resolve_all();
}

/// The same, and every realm was asked for.
void start_and_resolve_all(benchmark::State& state) {
  Installation& all = installation(static_cast<std::size_t>(state.range(0)));
  all.stop();
  for (auto _ : state) {
    all.start();
    all.resolve_all();
  }
}

void refresh(benchmark::State& state) {
  Installation& all = installation(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state)
    benchmark::DoNotOptimize(async::run_now(all.keeper->refresh_due()));
}

BENCHMARK(lookup)->Arg(1)->Arg(10'000)->Repetitions(5)->ReportAggregatesOnly();
BENCHMARK(lookup_of_any)->Arg(1)->Arg(10'000);
BENCHMARK(start)->Arg(1)->Arg(10'000)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK(start_and_resolve_all)
    ->Arg(1)
    ->Arg(1'000)
    ->Arg(10'000)
    ->Iterations(1)
    ->Unit(benchmark::kSecond);
BENCHMARK(refresh)->Arg(1)->Arg(1'000)->Arg(10'000)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace

BENCHMARK_MAIN();

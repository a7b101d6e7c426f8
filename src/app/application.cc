#include "app/application.h"

#include <algorithm>
#include <thread>

#include "admin/admin_api.h"
#include "admin/cryptoperiods.h"
#include "admin/sealed_keys.h"
#include "admin/sealed_storage.h"
#include "admin/sealing_keys.h"
#include "app/configured_realms.h"
#include "app/data_dir.h"
#include "app/demo_client.h"
#include "app/follower.h"
#include "app/keeping.h"
#include "app/key_set_metrics.h"
#include "app/listeners.h"
#include "app/master_key.h"
#include "app/outbound.h"
#include "app/server_metrics.h"
#include "app/storage_options.h"
#include "app/store_metrics.h"
#include "app/stores.h"
#include "app/unknown_ids.h"
#include "app/unsafe_switches.h"
#include "app/upkeep.h"
#include "base/log.h"
#include "base/worker.h"
#include "crypto/digest.h"
#include "net/http_server.h"
#include "oauth/endpoints/router.h"
#include "resource_servers/key_set.h"
#include "secrets/keeper/rotation_runner.h"
#include "storage/catalog.h"

namespace signet::app {

struct Application::State {
  explicit State(Options given) : options(std::move(given)) {}

  Options options;
  std::shared_ptr<storage::Storage> storage;
  std::shared_ptr<const secrets::EncodingKeys> encoding;
  std::shared_ptr<secrets::Keeper> keeper;
  std::shared_ptr<secrets::RotationRunner> rotation;
  std::shared_ptr<secrets::CryptoperiodWatch> cryptoperiods;
  std::shared_ptr<oauth::Services> services;
  std::unique_ptr<oauth::Router> router;
  std::shared_ptr<admin::AdminServices> admin_services;
  std::unique_ptr<admin::AdminApi> admin_api;
  std::unique_ptr<net::Server> server, management;
  std::atomic<bool> running{false};
  std::atomic<bool> has_keys{false};  ///< once everything that is mapped was read, it stays true

  std::unique_ptr<Upkeep> upkeep;
  std::unique_ptr<Follower> follower;
  std::atomic<bool> stopping{false};

  bool is_ready();
  std::vector<std::string> waits_for() const;
  Status open();
  Result<Started> listen();
  Status fill(const std::string& demo_secret);
};

Application::Application(Options options) : state_(std::make_unique<State>(std::move(options))) {}
Application::~Application() {
  stop(Milliseconds(0));
}

// A store that fails later serves its last good secrets; one that was not read yet has none, and an
// instance without them would refuse what its neighbours issue.
bool Application::State::is_ready() {
  if (!running) return false;
  if (!has_keys && keeper->unread().empty()) has_keys = true;
  return has_keys;
}

std::vector<std::string> Application::State::waits_for() const {
  if (!running) return {"starting or stopping"};
  constexpr std::size_t kMostIds = 20;
  // One line for each failure: a store that is out keeps everything waiting that it serves.
  std::vector<std::pair<std::string, std::string>> failures;
  const auto unread = keeper->unread();
  for (std::size_t i = 0; i < unread.size() && i < kMostIds; ++i) {
    const auto& id = unread[i];
    const std::string name = id.id.str() + (id.realm.empty() ? "" : " in realm " + id.realm.str());
    std::string why = std::string(id.why.reason) + ": " + id.why.detail;
    const auto found = std::find_if(failures.begin(), failures.end(),
                                    [&](const auto& failure) { return failure.second == why; });
    if (found != failures.end()) {
      found->first += ", " + name;
    } else {
      failures.emplace_back(name, std::move(why));
    }
  }
  std::vector<std::string> out;
  for (const auto& [names, why] : failures)
    out.push_back(names + ": " + why);
  if (unread.size() > kMostIds)
    out.push_back(std::to_string(unread.size() - kMostIds) + " more secret IDs");
  return out;
}

// Storage, sealing keys, stores, rings.
Status Application::State::open() {
  const auto& config = options.config;
  for (const auto& warning : config.warnings)
    log::warn("configuration_unwise",
              {{"setting", warning.path.empty() ? warning.place.source : warning.path},
               {"what", warning.what},
               {"remedy", warning.remedy}});
  TRY(make_data_dir(config.data_dir));
  TRY(const bool has_data, holds_data(config.data_dir));
  TRY(encoding, load_encoding_keys(config, options.environment, has_data, *options.random));
  secrets::StoreContext context;
  context.pool = std::make_shared<async::BlockingPool>("secret-stores", 4, 1000);
  context.clock = options.clock;
  context.random = options.random;
  context.encoding_keys = encoding;
  context.environment = options.environment;
  TRY(context.http, make_outbound(config, options.environment));
  TRY(auto made, make_stores(config, context));
  tell_unknown_ids(made);
  tell_unknown_ids(config.keys);
  TRY(auto storage_options, storage_options_of(config, made));
  auto opened = storage::open(config.storage_url, *options.clock, std::move(storage_options));
  if (!opened.ok())
    return config::at_setting(config.places, "storage.url", std::move(opened).error());
  storage = std::move(*opened);
  auto opens = async::run_now(admin::check_sealing_keys(
      storage, encoding, config.lost_encryption_keys, options.clock->now()));
  if (opens.ok())
    opens =
        async::run_now(admin::check_sealed_keys(made.infos, encoding, config.lost_encryption_keys));
  if (!opens.ok()) {
    if (!opens.error().is("encryption_key_needed")) return std::move(opens).error();
    return config::at_setting(config.places, "encryption_keys", std::move(opens).error());
  }
  storage = admin::registering_sealing_keys(std::move(storage), encoding, options.clock);

  secrets::KeeperOptions keeping = keeper_options(config, options.random);
  keeping.instance = new_instance(config, options.version, *options.clock, *options.random);
  for (const auto& key : encoding->keys())
    keeping.instance.sealing_keys.push_back(key.id);
  keeper = std::make_shared<secrets::Keeper>(storage, options.clock, keeping);
  TRY(auto rules, rotation_rules(config.keys));
  TRY(auto periods, app::cryptoperiods(config.keys));
  // Realms with stores of their own are read now, so that an instance is ready for them too.
  std::vector<RealmName> expected;
  for (const auto& store : made.stores) {
    if (!store.realm.empty()) expected.push_back(store.realm);
  }
  TRY(async::run_now(keeper->configure(std::move(made.stores), std::move(expected))));
  rotation = std::make_shared<secrets::RotationRunner>(
      keeper, storage, options.clock, std::move(rules), keeping.instance.id, config.keys.refresh);
  rotation->tell_impossible();
  cryptoperiods =
      std::make_shared<secrets::CryptoperiodWatch>(keeper, options.clock, std::move(periods));

  services = std::make_shared<oauth::Services>();
  services->clock = options.clock;
  services->random = options.random;
  services->storage = storage;
  services->keeper = keeper;
  services->hashing = std::make_shared<async::BlockingPool>("password-hashing", 1, 32);
  services->denied = std::make_shared<oauth::DenyList>();
  services->changes = std::make_shared<oauth::ChangeFeed>();
  services->metrics = std::make_shared<net::Metrics>();
  services->counters = oauth::Counters::in(*services->metrics);
  services->cached_clients = config.cached_clients;
  services->cached_resource_servers = config.cached_resource_servers;
  services->limits = std::make_shared<oauth::RequestLimits>(config.max_requests_per_second);
  TRY(services->key_sets, make_key_sets(config, options.environment, options.clock, options.random,
                                        resource_servers::parse_key_set));
  services->unseal = [keys = encoding](std::string_view sealed) { return keys->decode(sealed); };
  services->seal = [keys = encoding, random = options.random](ByteView secret) {
    return keys->encode(secret, *random);
  };

  admin_services = std::make_shared<admin::AdminServices>();
  admin_services->stores = std::move(made.infos);
  admin_services->oauth = services;
  admin_services->seal = services->seal;
  admin_services->encoding = encoding;
  admin_services->rotation = rotation;
  admin_services->cryptoperiods = cryptoperiods;
  admin_services->is_ready = [this] { return is_ready(); };
  admin_services->waits_for = [this] { return waits_for(); };
  TRY(const std::string token, secret_text(config.data_dir + "/admin.token", *options.random));
  admin_services->token_hash = crypto::digest(crypto::Hash::kSha256, as_bytes(token));
  return Done{};
}

// Binds both listeners; nothing is answered before the loops run.
Result<Application::Started> Application::State::listen() {
  const auto& config = options.config;
  const std::size_t loops =
      config.server.loops ? config.server.loops : loops_for(std::thread::hardware_concurrency());
  server = std::make_unique<net::Server>(loops);
  management = std::make_unique<net::Server>(1);

  net::ListenOptions open = public_listener(config);
  open.handler = [this](net::Exchange& exchange) { router->handle(exchange); };
  const auto bound = [&config](Result<std::uint16_t> at, const std::string& group) {
    if (at.ok()) return at;
    const bool is_tls = at.error().is("tls_config_invalid") || at.error().is("tls_key_encrypted");
    return Result<std::uint16_t>(config::at_setting(
        config.places, group + (is_tls ? ".tls" : ".port"), std::move(at).error()));
  };
  TRY(const std::uint16_t port, bound(server->listen(std::move(open)), "server"));

  net::ListenOptions own = management_listener(config);
  own.handler = [this](net::Exchange& exchange) { admin_api->handle(exchange); };
  TRY(const std::uint16_t management_port, bound(management->listen(std::move(own)), "management"));

  Started started;
  started.public_url = config.server.public_url;
  if (config.server.port == 0 && started.public_url.ends_with(":0"))
    started.public_url.replace(started.public_url.size() - 1, 1, std::to_string(port));
  started.management_url =
      "http://" + host_in_url(config.management.address) + ":" + std::to_string(management_port);

  services->public_url = started.public_url;
  router = std::make_unique<oauth::Router>(services, loops);
  admin_services->directory = &router->directory();
  admin_api = std::make_unique<admin::AdminApi>(admin_services);
  // Readiness is looked at after each refresh, before an outage that comes later.
  Upkeep::Parts keeping{services, rotation, config.keys.refresh, [this] {
                          static_cast<void>(is_ready());
                          cryptoperiods->look();
                        }};
  upkeep = std::make_unique<Upkeep>(std::move(keeping));
  Follower::Parts following{services, &router->directory(), config.keys.refresh,
                            [this] { upkeep->note_changed_keys(); }};
  follower = std::make_unique<Follower>(std::move(following));
  TRY(follower->prepare());
  return started;
}

// What the configuration declares and was never stored.
Status Application::State::fill(const std::string& demo_secret) {
  TRY(put_configured_realms(*admin_services, options.config));
  TRY(put_configured_realm(*admin_services, root_realm(demo_secret), {}, "root"));
  // The first request finds the root realm's keys ready.
  TRY(async::run_now(router->directory().load(RealmName("root"))));
  cryptoperiods->look();
  return Done{};
}

Result<Application::Started> Application::start() {
  State& s = *state_;
  TRY(s.open());
  TRY(Started started, s.listen());
  DemoSecret demo;
  if (s.options.demo) {
    TRY(demo, demo_secret(s.options.config.data_dir, *s.options.random));
  }
  TRY(s.fill(demo.text));
  if (s.options.demo) {
    TRY(const bool is_there, keep_demo_secret(*s.admin_services, demo));
    if (is_there) started.demo_secret = demo.text;
  }
  auto& metrics = *s.services->metrics;
  export_server(metrics, *s.server, s.services->denied);
  metrics.gauge("signet_secret_stores_failing", "Secret stores that cannot be reached.", {},
                [this] {
                  double failing = 0;
                  for (const auto& health : state_->keeper->health())
                    failing += health.ok ? 0 : 1;
                  return failing;
                });
  metrics.gauge("signet_ready", "1 where this instance serves, as /health/ready says.", {},
                [this] { return state_->is_ready() ? 1.0 : 0.0; });
  export_clocks(metrics, s.keeper);
  export_store_calls(metrics, s.keeper);
  export_key_sets(metrics, s.services->key_sets);
  tell_unsafe_switches(s.options.config, metrics);
  export_rotation(metrics, s.rotation);
  export_purge(metrics, *s.upkeep);
  admin::export_cryptoperiods(metrics, s.cryptoperiods, s.options.clock);
  s.server->start();
  s.management->start();
  s.follower->start();
  s.upkeep->start();
  s.running = true;
  if (!s.is_ready()) started.waits_for = s.waits_for();
  return started;
}

void Application::reload() {
  if (const auto reloaded = state_->server->reload_tls(); !reloaded.ok())
    log::failure("tls_reload_failed", reloaded.error());
  if (const auto refreshed = async::run_now(state_->keeper->refresh()); !refreshed.ok())
    log::failure("refresh_failed", refreshed.error());
  state_->rotation->tell_impossible();
}

void Application::stop(Milliseconds deadline) {
  State& s = *state_;
  s.running = false;
  if (s.stopping.exchange(true)) return;
  if (s.upkeep) s.upkeep->ask_to_stop();
  // Of one deadline for both the second gets what is left, and enough for what is nearly done.
  const auto end = std::chrono::steady_clock::now() + deadline;
  if (s.server) s.server->stop(deadline);
  const auto rest = std::chrono::floor<Milliseconds>(end - std::chrono::steady_clock::now());
  constexpr Milliseconds kLeast{200}, kMost{1000};
  if (s.management) s.management->stop(std::min(deadline, std::clamp(rest, kLeast, kMost)));
  if (s.services && s.services->key_sets) s.services->key_sets->stop();
  if (s.follower) s.follower->stop();
  if (s.upkeep) s.upkeep->stop_all_but_rotation();
  if (!s.keeper) return;
  flush_usage(*s.keeper);
  if (const auto left = async::run_now(s.keeper->leave()); !left.ok())
    log::failure("instance_unreported", left.error());
  // Last of all: it may be waiting for a box, longer than there is time.
  if (s.upkeep) s.upkeep->stop();
  if (s.rotation) {
    if (const auto stopped = async::run_now(s.rotation->stop()); !stopped.ok())
      log::failure("rotation_lease_kept", stopped.error());
  }
}

}  // namespace signet::app

#include "app/application.h"

#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <thread>

#include "admin/admin_api.h"
#include "admin/inject_policy_change.h"
#include "admin/resource_server_change.h"
#include "app/follower.h"
#include "app/key_set_metrics.h"
#include "app/master_key.h"
#include "app/outbound.h"
#include "app/storage_options.h"
#include "app/store_metrics.h"
#include "app/stores.h"
#include "app/unsafe_switches.h"
#include "base/base64.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "net/http_server.h"
#include "oauth/client_secret.h"
#include "oauth/endpoints/router.h"
#include "resource_servers/key_set.h"
#include "secrets/keeper/rotation_runner.h"
#include "storage/catalog.h"

namespace signet::app {
namespace {

namespace fs = std::filesystem;

net::ServerLimits limits_of(const config::LimitsConfig& configured) {
  net::ServerLimits limits;
  limits.max_head = configured.header_bytes;
  limits.max_body = configured.body_bytes;
  limits.max_connections = configured.connections;
  limits.head_timeout = configured.header_timeout;
  limits.body_timeout = configured.body_timeout;
  limits.idle_timeout = configured.idle_timeout;
  return limits;
}

std::string host_in_url(const std::string& address) {
  if (address == "0.0.0.0" || address == "::") return "localhost";
  return address.find(':') == address.npos ? address : "[" + address + "]";
}

Status make_data_dir(const std::string& path) {
  std::error_code ec;
  fs::create_directories(path, ec);
  if (ec)
    return Error{Code::kConfig, "data_dir_unusable",
                 signet::quoted(path, 256) + ": " + ec.message()};
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && (info.st_mode & S_IRWXO)) ::chmod(path.c_str(), 0700);
  return Done{};
}

/// How often the uses of keys are written down.
constexpr Seconds kUsageFlush{60};

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

secrets::InstanceInfo new_instance(const Application::Options& options) {
  Bytes id(16);
  options.random->fill(id);
  secrets::InstanceInfo instance;
  instance.id = hex(id);
  instance.version = options.version;
  instance.address = host_name() + ":" + std::to_string(options.config.server.port);
  instance.started = options.clock->now();
  return instance;
}

Result<std::vector<secrets::RotationRule>> rotation_rules(const config::KeysConfig& keys) {
  std::vector<secrets::RotationRule> rules;
  for (const auto& configured : keys.rotation) {
    secrets::RotationRule rule;
    TRY(rule.id, secrets::SecretId::parse(configured.id));
    rule.realm = RealmName(configured.realm);
    rule.store = StoreName(configured.store);
    rule.every = configured.every;
    rule.publish_ahead = configured.publish_ahead;
    rule.keep = configured.keep;
    rules.push_back(std::move(rule));
  }
  return rules;
}

/// The text of a secret file that is made at the first start (the admin token, the demo secret).
Result<std::string> secret_text(const std::string& path, Random& random) {
  std::error_code ec;
  if (!fs::exists(path, ec)) {
    std::string made = oauth::make_client_secret(random);
    const Status written = write_new_secret_file(path, as_bytes(made));
    if (!written.ok() && written.error().code != Code::kConflict) return written.error();
  }
  TRY(const SecretBytes content, read_secret_file(path));
  return std::string(trim(as_text(content.view())));
}

}  // namespace

struct Application::State {
  explicit State(Options given) : options(std::move(given)) {}

  Options options;
  std::shared_ptr<storage::Storage> storage;
  std::shared_ptr<const secrets::EncodingKeys> encoding;
  std::shared_ptr<secrets::Keeper> keeper;
  std::shared_ptr<secrets::RotationRunner> rotation;
  std::shared_ptr<ClockWatch> clock_watch;
  std::shared_ptr<oauth::Services> services;
  std::unique_ptr<oauth::Router> router;
  std::shared_ptr<admin::AdminServices> admin_services;
  std::unique_ptr<admin::AdminApi> admin_api;
  std::unique_ptr<net::Server> server, management;
  std::atomic<bool> running{false};
  std::atomic<bool> has_keys{false};  ///< once everything that is mapped was read, it stays true

  std::unique_ptr<Follower> follower;
  std::thread maintenance, heart;
  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false, keys_changed = false;
  Instant next_flush{};  ///< of the maintenance thread

  bool is_ready();
  std::vector<std::string> waits_for() const;
  Status open();
  Result<Started> listen();
  Status fill(const Started& started);
  Status put_configured_realm(const config::RealmConfig& realm);
  Result<bool> is_stored(std::string_view kind, const RealmName& realm,
                         const json::Object& document, std::string_view id);
  void maintain();
  void sweep();
  void note_changed_keys();
  void beat();
  void flush_usage() const;
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
  std::vector<std::string> out;
  if (!running) return {"starting or stopping"};
  constexpr std::size_t kMostLines = 20;
  const auto unread = keeper->unread();
  for (const auto& id : unread) {
    if (out.size() == kMostLines) {
      out.push_back("and " + std::to_string(unread.size() - kMostLines) + " more");
      break;
    }
    out.push_back(id.id.str() + (id.realm.empty() ? "" : " in realm " + id.realm.str()) + ": " +
                  id.why.reason + ": " + id.why.detail);
  }
  return out;
}

// Storage, sealing keys, stores, rings.
Status Application::State::open() {
  const auto& config = options.config;
  for (const auto& warning : config.warnings)
    log::warn("configuration_unwise",
              {{"setting", warning.path}, {"what", warning.what}, {"remedy", warning.remedy}});
  TRY(make_data_dir(config.data_dir));
  const bool has_data =
      fs::exists(config.data_dir + "/signet.db") || fs::exists(config.data_dir + "/keys");
  TRY(encoding, load_encoding_keys(config, options.environment, has_data, *options.random));
  secrets::StoreContext context;
  context.pool = std::make_shared<async::BlockingPool>("secret-stores", 4, 1000);
  context.clock = options.clock;
  context.random = options.random;
  context.encoding_keys = encoding;
  context.environment = options.environment;
  TRY(context.http, make_outbound(config, options.environment));
  TRY(auto made, make_stores(config, context));
  TRY(auto storage_options, storage_options_of(config, made));
  TRY(storage, storage::open(config.storage_url, *options.clock, std::move(storage_options)));

  secrets::KeeperOptions keeping;
  keeping.policy.publish_ahead = config.keys.publish_ahead;
  keeping.policy.clock_skew = config.keys.clock_skew;
  keeping.refresh_every = config.keys.refresh;
  // A horizon is raised a step ahead, which is how much longer than needed a key may have to stay.
  keeping.horizon_step = std::min(keeping.horizon_step, keeping.policy.publish_ahead);
  keeping.lease = config.keys.lease;
  keeping.store_timeout = keeping.box_timeout = config.keys.store_timeout;
  keeping.random = options.random;
  keeping.instance = new_instance(options);
  keeper = std::make_shared<secrets::Keeper>(storage, options.clock, keeping);
  TRY(auto rules, rotation_rules(config.keys));
  // Realms with stores of their own are read now, so that an instance is ready for them too.
  std::vector<RealmName> expected;
  for (const auto& store : made.stores) {
    if (!store.realm.empty()) expected.push_back(store.realm);
  }
  TRY(async::run_now(keeper->configure(std::move(made.stores), std::move(expected))));
  rotation = std::make_shared<secrets::RotationRunner>(
      keeper, storage, options.clock, std::move(rules), keeping.instance.id, config.keys.refresh);

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

  admin_services = std::make_shared<admin::AdminServices>();
  admin_services->stores = std::move(made.infos);
  admin_services->oauth = services;
  admin_services->seal = [keys = encoding, random = options.random](ByteView secret) {
    return keys->encode(secret, *random);
  };
  admin_services->rotation = rotation;
  clock_watch = std::make_shared<ClockWatch>(*options.clock);
  admin_services->clock_watch = clock_watch;
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
      config.server.loops ? config.server.loops : std::max(1U, std::thread::hardware_concurrency());
  server = std::make_unique<net::Server>(loops);
  management = std::make_unique<net::Server>(1);

  net::ListenOptions open;
  open.name = "public";
  open.address = config.server.address;
  open.port = config.server.port;
  open.shares_port = config.server.shares_port;
  open.limits = limits_of(config.server.limits);
  open.cors_origins = config.server.cors_origins;
  open.hsts = config.server.hsts;
  if (config.server.tls)
    open.tls = net::TlsOptions{config.server.tls->certificate, config.server.tls->private_key,
                               config.server.tls->request_client_certificate, true};
  open.handler = [this](net::Exchange& exchange) { router->handle(exchange); };
  TRY(const std::uint16_t port, server->listen(std::move(open)));

  net::ListenOptions own;
  own.name = "management";
  own.address = config.management.address;
  own.port = config.management.port;
  own.limits = limits_of(config.server.limits);
  own.limits.max_body = std::max<std::size_t>(own.limits.max_body, 1 << 20);
  own.handler = [this](net::Exchange& exchange) { admin_api->handle(exchange); };
  TRY(const std::uint16_t management_port, management->listen(std::move(own)));

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
  Follower::Parts following{services, &router->directory(), config.keys.refresh,
                            [this] { note_changed_keys(); }};
  follower = std::make_unique<Follower>(std::move(following));
  TRY(follower->prepare());
  return started;
}

namespace {

// The built-in resource server is there and the default unless an operator decides otherwise.
bool says_nothing(const json::Object& resource_server) {
  json::Object rest = resource_server;
  const json::Value* name = rest.find("name");
  if (!name || *name != json::Value(resource_servers::kIdentityProvider)) return false;
  rest.erase("name");
  rest.erase("default");
  return rest.empty();
}

}  // namespace

Status Application::State::put_configured_realm(const config::RealmConfig& realm) {
  const RealmName name(realm.name);
  TRY(const auto existing, async::run_now(storage->document("realm", RealmName(), realm.name)));
  // Another instance that starts now may be quicker.
  const auto unless_there = [](auto put) -> Status {
    if (put.ok() || std::string_view(put.error().reason) == "revision_conflict") return Done{};
    return std::move(put).error();
  };
  if (!existing) {
    TRY(unless_there(
        async::run_now(admin::put_realm(*admin_services, realm.document, 0, "configuration"))));
  }
  for (const auto& document : realm.resource_servers) {
    TRY(const bool is_known, is_stored(resource_servers::kKind, name, document, "name"));
    if (is_known || says_nothing(document)) continue;
    admin::ResourceServerPut put;
    put.document = document;
    put.expected = 0;
    put.trial = admin::Trial::kInlineOnly;
    put.actor = "configuration";
    TRY(unless_there(
        async::run_now(admin::put_resource_server(*admin_services, name, std::move(put)))));
  }
  for (const auto& client : realm.clients) {
    TRY(const bool is_known, is_stored("client", name, client, "client_id"));
    if (is_known) continue;
    TRY(unless_there(
        async::run_now(admin::put_client(*admin_services, name, client, 0, "configuration"))));
  }
  for (const auto& policy : realm.inject_policies) {
    TRY(const bool is_known, is_stored(resource_servers::kPolicyKind, name, policy, "name"));
    if (is_known) continue;
    TRY(unless_there(async::run_now(
        admin::put_inject_policy(*admin_services, name, policy, 0, "configuration"))));
  }
  return Done{};
}

Result<bool> Application::State::is_stored(std::string_view kind, const RealmName& realm,
                                           const json::Object& document, std::string_view id) {
  const json::Value* value = document.find(id);
  if (!value || !value->if_string()) {
    std::string detail = "a ";
    detail += kind;
    detail += " of realm " + realm.str() + " has no ";
    detail += id;
    return Error{Code::kConfig, "settings_invalid", std::move(detail)};
  }
  TRY(const auto known,
      async::run_now(storage->document(std::string(kind), realm, *value->if_string())));
  return known.has_value();
}

// What the configuration declares and the storage does not have yet; never over what is there.
Status Application::State::fill(const Started& started) {
  for (const auto& realm : options.config.realms)
    TRY(put_configured_realm(realm));
  config::RealmConfig root;
  root.name = "root";
  root.document.set("name", "root");
  if (options.demo) {
    json::Object client;
    client.set("client_id", "demo");
    client.set("name", "Demo client");
    client.set("secret", started.demo_secret);
    client.set("scopes", json::Array{"read", "write"});
    client.set("default_scopes", json::Array{"read"});
    root.clients.push_back(std::move(client));
  }
  TRY(put_configured_realm(root));
  // The first request finds the root realm's keys ready.
  TRY(async::run_now(router->directory().load(RealmName("root"))));
  return Done{};
}

Result<Application::Started> Application::start() {
  State& s = *state_;
  TRY(s.open());
  TRY(Started started, s.listen());
  if (s.options.demo) {
    TRY(started.demo_secret,
        secret_text(s.options.config.data_dir + "/demo-client.secret", *s.options.random));
  }
  TRY(s.fill(started));
  auto& metrics = *s.services->metrics;
  metrics.gauge("signet_requests_total", "Requests answered on the public listener.", {},
                [this] { return static_cast<double>(state_->server->stats(0).requests_total); });
  metrics.gauge("signet_bad_requests_total", "Requests refused before routing.", {}, [this] {
    return static_cast<double>(state_->server->stats(0).bad_requests_total);
  });
  metrics.gauge("signet_connections_open", "Open connections of the public listener.", {},
                [this] { return static_cast<double>(state_->server->stats(0).connections_open); });
  metrics.gauge("signet_denied_tokens", "Revoked tokens that are not expired yet.", {},
                [this] { return static_cast<double>(state_->services->denied->size()); });
  metrics.gauge("signet_secret_stores_failing", "Secret stores that cannot be reached.", {},
                [this] {
                  double failing = 0;
                  for (const auto& health : state_->keeper->health())
                    failing += health.ok ? 0 : 1;
                  return failing;
                });
  metrics.gauge("signet_ready", "1 where this instance serves, as /health/ready says.", {},
                [this] { return state_->is_ready() ? 1.0 : 0.0; });
  metrics.gauge("signet_clock_step_seconds", "The last step of the clock that was noticed.", {},
                [this] {
                  const auto step = state_->clock_watch->last();
                  return step ? static_cast<double>(step->by.count()) / 1000 : 0.0;
                });
  export_store_calls(metrics, s.keeper);
  export_key_sets(metrics, s.services->key_sets);
  tell_unsafe_switches(s.options.config, metrics);
  metrics.gauge("signet_rotation_steps_total", "Steps of automatic rotation done here.", {},
                [this] { return static_cast<double>(state_->rotation->steps()); });
  metrics.gauge("signet_rotation_failures_total", "Steps of automatic rotation that failed here.",
                {}, [this] { return static_cast<double>(state_->rotation->failures()); });
  metrics.gauge("signet_rotation_failing", "Schedules whose last step failed.", {}, [this] {
    double failing = 0;
    for (const auto& status : state_->rotation->status())
      failing += status.memory.failures > 0 ? 1 : 0;
    return failing;
  });
  s.server->start();
  s.management->start();
  s.follower->start();
  s.maintenance = std::thread([this] { state_->maintain(); });
  s.heart = std::thread([this] { state_->beat(); });
  s.running = true;
  if (!s.is_ready()) started.waits_for = s.waits_for();
  return started;
}

// Keeps rings fresh and sweeps out what expired. One thread; nothing on the request path waits for
// it.
void Application::State::maintain() {
  const auto every = std::chrono::milliseconds(options.config.keys.refresh);
  auto due = std::chrono::steady_clock::now() + every;
  std::unique_lock hold(mutex);
  for (;;) {
    wake.wait_until(hold, due, [this] { return stopping || keys_changed; });
    if (stopping) return;
    keys_changed = false;
    hold.unlock();
    if (const auto refreshed = async::run_now(keeper->refresh_due()); !refreshed.ok())
      log::failure("refresh_failed", refreshed.error());
    static_cast<void>(is_ready());  // before an outage that comes later
    if (const auto step = clock_watch->look())
      log::error("clock_stepped", {{"seconds", std::chrono::floor<Seconds>(step->by).count()}});
    if (const auto rotated = async::run_now(rotation->run()); !rotated.ok())
      log::failure("rotation_failed", rotated.error());
    if (std::chrono::steady_clock::now() >= due) {
      sweep();
      due = std::chrono::steady_clock::now() + every;
    }
    hold.lock();
  }
}

void Application::State::note_changed_keys() {
  {
    std::lock_guard hold(mutex);
    keys_changed = true;
  }
  wake.notify_all();
}

void Application::State::sweep() {
  const Instant now = options.clock->now();
  services->denied->forget_expired(now);
  storage::Transaction purge;
  purge.emplace_back(storage::Purge{now});
  if (!async::run_now(storage->ping()).ok()) {
    // A disk that refused is tried with something to write, so that health recovers without
    // traffic.
    Bytes probe(32);
    options.random->fill(probe);
    purge.emplace_back(storage::UseOnce{RealmName(), std::move(probe), now});
  }
  if (const auto purged = async::run_now(storage->commit(std::move(purge))); !purged.ok())
    log::failure("purge_failed", purged.error());
  if (now >= next_flush) {
    next_flush = now + kUsageFlush;
    flush_usage();
  }
}

// Tells the other instances that this one lives. A thread of its own: maintenance may wait for slow
// stores, and must not look dead meanwhile.
void Application::State::beat() {
  const auto every = std::chrono::milliseconds(options.config.keys.refresh);
  std::unique_lock hold(mutex);
  while (!wake.wait_for(hold, every, [this] { return stopping; })) {
    hold.unlock();
    if (const auto told = async::run_now(keeper->beat()); !told.ok())
      log::failure("instance_unreported", told.error());
    hold.lock();
  }
}

void Application::State::flush_usage() const {
  if (const auto flushed = async::run_now(keeper->flush_usage()); !flushed.ok())
    log::failure("usage_unwritten", flushed.error());
}

void Application::reload() {
  if (const auto reloaded = state_->server->reload_tls(); !reloaded.ok())
    log::failure("tls_reload_failed", reloaded.error());
  if (const auto refreshed = async::run_now(state_->keeper->refresh()); !refreshed.ok())
    log::failure("refresh_failed", refreshed.error());
}

void Application::stop(Milliseconds deadline) {
  State& s = *state_;
  s.running = false;
  {
    std::lock_guard hold(s.mutex);
    if (s.stopping) return;
    s.stopping = true;
  }
  s.wake.notify_all();
  if (s.server) s.server->stop(deadline);
  if (s.management) s.management->stop(std::min(deadline, Milliseconds(1000)));
  if (s.services && s.services->key_sets) s.services->key_sets->stop();
  if (s.follower) s.follower->stop();
  if (s.maintenance.joinable()) s.maintenance.join();
  if (s.heart.joinable()) s.heart.join();
  if (!s.keeper) return;
  s.flush_usage();
  if (s.rotation) {
    if (const auto stopped = async::run_now(s.rotation->stop()); !stopped.ok())
      log::failure("rotation_lease_kept", stopped.error());
  }
  if (const auto left = async::run_now(s.keeper->leave()); !left.ok())
    log::failure("instance_unreported", left.error());
}

}  // namespace signet::app

#include "oauth/endpoints/router.h"

#include "base/log.h"
#include "http/cache.h"
#include "oauth/endpoints/inject_endpoint.h"
#include "oauth/endpoints/introspect_endpoint.h"
#include "oauth/endpoints/token_endpoint.h"

namespace signet::oauth {

// What lies behind the last part of a path, and by which method it is asked for.
struct Router::Route {
  std::string_view endpoint;
  enum class By : std::uint8_t { kGet, kPost, kAny } by;
  bool is_limited;  ///< by oauth.max_requests_per_second
  enum class Kind : std::uint8_t {
    kToken,
    kIntrospect,
    kRevoke,
    kInject,
    kJwks,
    kRelyingPartyJwks,
    kMetadata
  } kind;
};

namespace {

using By = Router::Route::By;
using Kind = Router::Route::Kind;
constexpr Router::Route kRoutes[] = {
    {"access_token", By::kPost, true, Kind::kToken},
    {"introspect", By::kPost, true, Kind::kIntrospect},
    {"token/revoke", By::kPost, true, Kind::kRevoke},
    {"inject/", By::kAny, true, Kind::kInject},  // and a policy, and whatever a gateway adds
    {"connect/jwk_uri", By::kGet, false, Kind::kJwks},
    {"connect/rp/jwk_uri", By::kGet, false, Kind::kRelyingPartyJwks},
    {".well-known/openid-configuration", By::kGet, false, Kind::kMetadata},
};

const Router::Route* find_route(std::string_view endpoint) {
  for (const auto& route : kRoutes) {
    if (route.endpoint.ends_with('/') ? endpoint.starts_with(route.endpoint)
                                      : endpoint == route.endpoint)
      return &route;
  }
  return nullptr;
}

bool is_right_method(By by, http::Method method) {
  if (by == By::kAny) return true;
  if (by == By::kPost) return method == http::Method::kPost;
  return method == http::Method::kGet || method == http::Method::kHead;
}

/// The NAME of ".../inject/NAME" and ".../inject/NAME/anything"; empty where the path has none.
std::string policy_of(std::string_view path) {
  const auto parsed = realms::parse_realm_path(path);
  if (!parsed) return {};
  const std::string_view rest = parsed->endpoint.substr(parsed->endpoint.find('/') + 1);
  return std::string(rest.substr(0, rest.find('/')));
}

void answer_problem(http::Response& response, int status, std::string_view title) {
  response.reset();
  response.status = status;
  response.content_type("application/problem+json");
  json::ObjectWriter w(response.body);
  w.add("title", title).add("status", status);
  w.end();
}

/// RFC 8414 §3.1: the well-known part goes between host and path: "/.well-known/NAME/oauth2...".
std::optional<std::string> unfold_well_known(std::string_view path) {
  for (const std::string_view prefix : {std::string_view("/.well-known/oauth-authorization-server"),
                                        std::string_view("/.well-known/openid-configuration")}) {
    if (!path.starts_with(prefix)) continue;
    const std::string_view rest = path.substr(prefix.size());
    if (!rest.empty() && rest.front() != '/') continue;
    return std::string(rest.empty() ? "/oauth2" : rest) + "/.well-known/openid-configuration";
  }
  return std::nullopt;
}

/// Up to a tenth less, so that verifiers that started together do not come back together.
Seconds with_jitter(Seconds most, Random& random) {
  std::uint8_t byte = 0;
  random.fill({&byte, 1});
  return most - most * byte / 2560;
}

/// With a `max_age` of nothing no copy is used without asking again.
void serve_document(const ReadyDocument& document, Seconds max_age, std::string_view content_type,
                    net::Exchange& exchange) {
  http::Response& response = exchange.response();
  response.add("ETag", document.etag);
  std::string cache = "public, max-age=";
  json::append_number(cache, max_age.count());
  if (max_age == Seconds(0)) cache += ", must-revalidate";
  response.add("Cache-Control", cache);
  response.add("Access-Control-Allow-Origin", "*");
  if (http::etag_matches(exchange.request().header("If-None-Match"), document.etag)) {
    response.status = 304;
    return;
  }
  response.content_type(content_type);
  response.body = document.body;
}

}  // namespace

Router::Router(std::shared_ptr<const Services> services, std::size_t workers)
    : services_(std::move(services)),
      limit_(services_->limits->over_all()),
      directory_(*services_),
      workers_(workers) {}
Router::~Router() = default;

WorkerState& Router::worker() {
  // A slot belongs to one thread, so making and using it takes no lock. There are enough for all
  // loops; one that starts when pools have taken too many is found by its id.
  const std::size_t index = worker_index();
  auto& slot = index < kMaxWorkers ? worker_states_[index] : slot_by_id();
  if (!slot) slot = std::make_unique<WorkerState>(*services_, workers_);
  return *slot;
}

std::unique_ptr<WorkerState>& Router::slot_by_id() {
  std::lock_guard hold(mutex_);
  return others_[std::this_thread::get_id()];
}

void Router::handle(net::Exchange& exchange) {
  const http::Request& request = exchange.request();
  std::optional<std::string> unfolded;
  std::string_view path = request.path;
  if (path.starts_with("/.well-known/")) {
    unfolded = unfold_well_known(path);
    if (unfolded) path = *unfolded;
  }
  const auto found = realms::parse_realm_path(path);
  const Route* route = found ? find_route(found->endpoint) : nullptr;
  if (unfolded && route && route->kind != Kind::kMetadata) route = nullptr;
  if (!route) return answer_problem(exchange.response(), 404, "Not Found");
  if (!is_right_method(route->by, request.method)) {
    answer_problem(exchange.response(), 405, "Method Not Allowed");
    return exchange.response().add("Allow", route->by == By::kPost ? "POST" : "GET, HEAD");
  }
  if (limit_ && route->is_limited && !limit_->take(*services_->clock)) [[unlikely]]
    return refuse_too_many(exchange);
  std::string& name = worker().scratch();
  found->name(name);
  RealmRuntimePtr realm = directory_.now(worker(), name);
  if (!realm) return exchange.wait_for(load_and_serve(*route, RealmName(name), exchange));
  if (auto task = serve(*route, std::move(realm), exchange)) exchange.wait_for(std::move(*task));
}

void Router::refuse_too_many(net::Exchange& exchange) const {
  services_->counters.refused->add();
  services_->counters.over_limit->add();
  answer_refusal(exchange.response(), too_many_requests());
  if (services_->limits->may_log(*services_->clock))
    log::warn("too_many_requests", {{"request_id", exchange.request().request_id},
                                    {"max_requests_per_second", limit_->per_second()}});
}

Task<Done> Router::load_and_serve(const Route& route, RealmName name, net::Exchange& exchange) {
  auto realm = co_await directory_.load(std::move(name));
  if (!realm.ok()) {
    if (realm.error().code == Code::kNotFound) {
      answer_problem(exchange.response(), 404, "Not Found");
      co_return Done{};
    }
    log::failure("realm_not_loaded", realm.error(),
                 {{"request_id", exchange.request().request_id}});
    co_return realm.error();
  }
  if (auto task = serve(route, std::move(*realm), exchange)) co_return co_await std::move(*task);
  co_return Done{};
}

// A set that lacks keys would be cached by verifiers, which would refuse good tokens; saying "not
// now" is not.
void Router::serve_keys(const PublishedSet& keys, bool may_serve, const RealmRuntime& realm,
                        net::Exchange& exchange) const {
  if (!may_serve || !keys.is_whole) {
    answer_problem(exchange.response(), 503, "No Keys");
    return exchange.response().add("Retry-After", "1");
  }
  // Asked first, so that the rings are no older than the answer. Where the others may have gone on
  // without this instance, the set serves on, but every use of it is a new question.
  const bool may_be_kept = services_->keeper->copies_may_be_kept() &&
                           realm.rings() == services_->keeper->rings_now(realm.settings().name);
  const bool is_cacheable = may_be_kept && keys.is_cacheable(services_->clock->now());
  const Seconds max_age =
      is_cacheable ? with_jitter(realm.jwks_max_age(), *services_->random) : Seconds(0);
  serve_document(keys.document, max_age, "application/jwk-set+json", exchange);
}

std::optional<Task<Done>> Router::serve(const Route& route, RealmRuntimePtr realm,
                                        net::Exchange& exchange) {
  switch (route.kind) {
    case Kind::kToken:
      return ClientCall::run(std::make_unique<TokenCall>(*services_, worker(), std::move(realm)),
                             exchange);
    case Kind::kIntrospect:
      return ClientCall::run(
          std::make_unique<IntrospectCall>(*services_, worker(), std::move(realm)), exchange);
    case Kind::kRevoke:
      return ClientCall::run(std::make_unique<RevokeCall>(*services_, worker(), std::move(realm)),
                             exchange);
    case Kind::kInject:
      return ClientCall::run(std::make_unique<InjectCall>(*services_, worker(), std::move(realm),
                                                          policy_of(exchange.request().path)),
                             exchange);
    case Kind::kJwks:
      serve_keys(realm->provider_keys(), realm->provider_keys().since.has_value(), *realm,
                 exchange);
      return std::nullopt;
    // A realm that is nobody's relying party has no such keys, and that is no fault.
    case Kind::kRelyingPartyJwks:
      serve_keys(realm->relying_party_keys(), true, *realm, exchange);
      return std::nullopt;
    case Kind::kMetadata:
      serve_document(realm->metadata(), with_jitter(realm->jwks_max_age(), *services_->random),
                     "application/json", exchange);
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace signet::oauth

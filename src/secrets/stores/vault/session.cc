#include "secrets/stores/vault/session.h"

#include "base/text.h"
#include "secrets/stores/folder.h"
#include "secrets/stores/on_pool.h"
#include "secrets/stores/pem_password.h"

namespace signet::secrets::vault {
namespace {

constexpr Milliseconds kTimeout{4'000};
constexpr int kForbidden = 403;
constexpr int kTooMany = 429;

using Method = SessionSettings::Method;

bool is_good(int status) {
  return status >= 200 && status <= 299;
}

// The path for people: without the query.
std::string words_for(std::string_view method, std::string_view path) {
  return std::string(method) + " /v1/" + std::string(path.substr(0, path.find('?')));
}

Result<std::shared_ptr<const SecretBytes>> read_secret_file(const std::string& path) {
  const auto [directory, name] = split_path(path);
  FileRules rules;
  rules.unsafe_permissions = true;  // written by an agent or a platform, by their rules
  auto file = read_consistently(
      directory, [&, &name = name](const Folder& folder) { return folder.read(name, rules); });
  if (!file) {
    return Error{Code::kConfig, "vault_credential_unreadable", std::move(file).error().detail};
  }
  const std::string_view text = *file ? trim(as_text((*file)->view())) : std::string_view();
  if (text.empty()) {
    return Error{Code::kConfig, "vault_credential_unreadable",
                 "there is nothing in " + quoted(path, 256)};
  }
  return std::make_shared<const SecretBytes>(SecretBytes::from_text(text));
}

Error refused(const Error& answer) {
  return Error{Code::kDenied, "vault_login_refused", answer.detail};
}

bool is_refusal(const Error& error) {
  return error.code == Code::kDenied || error.code == Code::kConfig ||
         error.code == Code::kNotFound;
}

}  // namespace

Session::Session(StoreName store, SessionSettings settings, StoreContext context)
    : store_(std::move(store)),
      settings_(std::move(settings)),
      context_(std::move(context)),
      quiet_(context_.clock, context_.random) {}

Error Session::at_store(Error error) const {
  error.detail = "store " + quoted(store_.view()) + ", " + settings_.address + ": " + error.detail;
  return error;
}

Task<json::Object> Session::call(std::string method, std::string path, std::string body) {
  const std::string what = words_for(method, path);
  CO_TRY(const net::OutboundResponse answer,
         co_await ask(std::move(method), std::move(path), std::move(body)));
  if (!is_good(answer.status)) co_return at_store(error_of(answer.status, answer.body, what));
  if (answer.body.empty()) co_return json::Object();
  auto parsed = json::parse_object(answer.body);
  if (parsed) co_return std::move(*parsed);
  Error malformed{Code::kUnavailable, "vault_answer_malformed",
                  what + ": the answer is no JSON object"};
  co_return at_store(std::move(malformed));
}

Task<net::OutboundResponse> Session::ask(std::string method, std::string path, std::string body) {
  auto known = co_await token();
  if (!known) co_return at_store(std::move(known).error());
  auto answer = co_await send(method, path, body, *known);
  if (answer && answer->status == kForbidden) {
    // The policy, or a token that has ended or was revoked: Vault says 403 for both.
    auto alive = co_await look_up(*known);
    if (!alive && is_refusal(alive.error())) {
      forget(*known);
      auto next = co_await token();
      if (!next) {
        wipe(body);
        co_return at_store(std::move(next).error());
      }
      answer = co_await send(method, path, body, *next);
    }
  }
  wipe(body);
  if (!answer) co_return at_store(std::move(answer).error());
  co_return answer;
}

Task<net::OutboundResponse> Session::send(std::string method, std::string path, std::string body,
                                          Token token) {
  if (!context_.http) {
    co_return Error{Code::kConfig, "outbound_missing", "this program sends no requests to others"};
  }
  CO_TRY(quiet_.check("vault_throttled", "Vault"));
  net::OutboundRequest request;
  request.url = settings_.address + "/v1/" + path;
  request.timeout = kTimeout;
  request.headers.emplace_back("X-Vault-Request", "true");
  if (!settings_.vault_namespace.empty()) {
    request.headers.emplace_back("X-Vault-Namespace", settings_.vault_namespace);
  }
  if (token) request.headers.emplace_back("X-Vault-Token", std::string(as_text(token->view())));
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.method = std::move(method);
  request.body = std::move(body);
  auto answer = co_await context_.http->send(std::move(request));
  if (!answer) {
    if (is_transient(answer.error().code)) quiet_.failed();
  } else if (answer->status == kTooMany) {
    quiet_.asked(answer->header("Retry-After"));
  } else if (answer->status == 502 || answer->status == 503) {
    quiet_.failed();
  } else {
    quiet_.succeeded();  // 500 is also Vault's answer to a ciphertext that does not open
  }
  co_return answer;
}

std::optional<Session::Held> Session::held() const {
  const std::lock_guard lock(mutex_);
  return held_;
}

void Session::forget(const Token& dead) {
  const std::lock_guard lock(mutex_);
  if (held_ && held_->lease.token == dead) held_.reset();
}

Session::Token Session::hold(Lease lease, std::optional<Seconds> granted) {
  const Milliseconds now = context_.clock->monotone();
  Held next;
  next.granted = granted.value_or(lease.lasts);
  next.ends_at = lease.lasts > Seconds(0) ? now + lease.lasts : Milliseconds::max();
  next.renew_at = lease.lasts > Seconds(0) ? now + lease.lasts * 2 / 3 : Milliseconds::max();
  next.lease = std::move(lease);
  const std::lock_guard lock(mutex_);
  held_ = std::move(next);
  return held_->lease.token;
}

Task<Session::Token> Session::token() {
  const auto known = held();
  if (known && context_.clock->monotone() < known->renew_at) co_return known->lease.token;
  std::function<Task<Token>()> work = [self = shared_from_this()] { return self->fresh_token(); };
  co_return co_await logins_.run(std::move(work));
}

Task<Session::Token> Session::fresh_token() {
  const auto known = held();
  const Milliseconds now = context_.clock->monotone();
  if (known && now < known->renew_at) co_return known->lease.token;
  const bool is_alive = known && now < known->ends_at;
  if (is_alive && known->lease.is_renewable) {
    auto answer = co_await send("POST", "auth/token/renew-self", "{}", known->lease.token);
    auto body = json::parse_object(answer && is_good(answer->status) ? answer->body : "");
    auto renewed = body ? parse_login(*body) : Result<Lease>();
    // At the end of its longest life, renewals give less and less: then a login is due.
    const bool is_worth_it = renewed && renewed->lasts * 3 > known->granted;
    if (is_worth_it) co_return hold(std::move(*renewed), known->granted);
  }
  auto fresh = co_await log_in();
  if (fresh) co_return hold(std::move(*fresh), std::nullopt);
  if (is_alive && is_transient(fresh.error().code)) co_return known->lease.token;
  co_return std::move(fresh).error();
}

Task<Lease> Session::look_up(Token token) {
  CO_TRY(const net::OutboundResponse answer,
         co_await send("GET", "auth/token/lookup-self", std::string(), token));
  if (!is_good(answer.status)) {
    co_return error_of(answer.status, answer.body, "looking up the token");
  }
  auto body = json::parse_object(answer.body);
  if (!body) {
    co_return Error{Code::kUnavailable, "vault_answer_malformed",
                    "looking up the token: the answer is no JSON object"};
  }
  co_return parse_lookup(*body, token);
}

Task<Lease> Session::log_in_at(std::string path, std::string body) {
  CO_TRY(const net::OutboundResponse answer, co_await send("POST", path, std::move(body), nullptr));
  if (!is_good(answer.status)) {
    Error error = error_of(answer.status, answer.body, "login at " + path);
    // Vault 1.13 says 500 for a secret_id that it does not know.
    const bool is_unknown = complains_of(answer.body, "invalid secret id");
    if (is_refusal(error) || is_unknown) co_return refused(error);
    co_return error;
  }
  auto parsed = json::parse_object(answer.body);
  if (!parsed) {
    co_return Error{Code::kUnavailable, "vault_answer_malformed",
                    "login at " + path + ": the answer is no JSON object"};
  }
  co_return parse_login(*parsed);
}

Task<Lease> Session::log_in() {
  CO_TRY(const auto proof, co_await secret());
  const std::string path = "auth/" + path_encode(settings_.auth_mount) + "/login";
  std::string body;
  body.reserve(proof->size() + settings_.role.size() + 64);  // no copies of the secret behind it
  json::ObjectWriter writer(body);
  switch (settings_.method) {
    case Method::kToken:
    case Method::kTokenFile: {
      auto known = co_await look_up(proof);
      if (!known && is_refusal(known.error())) co_return refused(known.error());
      co_return known;
    }
    case Method::kAppRole:
      writer.add("role_id", settings_.role).add("secret_id", as_text(proof->view()));
      break;
    case Method::kKubernetes:
      writer.add("role", settings_.role).add("jwt", as_text(proof->view()));
      break;
  }
  writer.end();
  co_return co_await log_in_at(path, std::move(body));
}

// Files are read anew each time: agents and platforms replace them.
Task<std::shared_ptr<const SecretBytes>> Session::secret() {
  using Found = std::shared_ptr<const SecretBytes>;
  if (!settings_.file.empty()) {
    auto work = [file = settings_.file] { return read_secret_file(file); };
    co_return co_await on_pool<Found>(context_.pool, std::move(work));
  }
  if (settings_.secret) co_return co_await find_password(context_.password, *settings_.secret);
  const auto found = context_.environment.find("VAULT_TOKEN");
  if (settings_.method == Method::kToken && found != context_.environment.end()) {
    co_return std::make_shared<const SecretBytes>(SecretBytes::from_text(found->second));
  }
  co_return Error{Code::kConfig, "vault_credential_unreadable", "VAULT_TOKEN is not set"};
}

Task<Done> Session::look_up_self() {
  auto answer = co_await call("GET", "auth/token/lookup-self");
  if (!answer) co_return std::move(answer).error();
  co_return Done{};
}

Task<Done> Session::check_mount(std::string mount, std::string type) {
  auto answer = co_await call("GET", "sys/internal/ui/mounts/" + path_encode(mount));
  if (!answer && !is_transient(answer.error().code)) co_return Done{};
  if (!answer) co_return std::move(answer).error();
  const json::Value* data = answer->find("data");
  const json::Value* found = data ? data->get("type") : nullptr;
  const json::Value* options = data ? data->get("options") : nullptr;
  const json::Value* version = options ? options->get("version") : nullptr;
  const bool is_type = found && found->if_string() && *found->if_string() == type;
  const bool is_version =
      type != "kv" || (version && version->if_string() && *version->if_string() == "2");
  if (is_type && is_version) co_return Done{};
  const Error wrong{Code::kConfig, "vault_mount_wrong",
                    "the mount " + quoted(mount) + " is no " + type +
                        (type == "kv" ? " of version 2" : " engine")};
  co_return at_store(wrong);
}

}  // namespace signet::secrets::vault

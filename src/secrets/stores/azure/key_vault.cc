#include "secrets/stores/azure/key_vault.h"

#include "base/text.h"
#include "http/freshness.h"

namespace signet::secrets::azure {
namespace {

constexpr int kMostPages = 40;
constexpr int kUnauthorised = 401;
constexpr int kTooMany = 429;

// What was asked, for people: the path without the query.
std::string words_for(std::string_view method, std::string_view path) {
  return std::string(method) + " " + std::string(path.substr(0, path.find('?')));
}

}  // namespace

bool is_gone(const Error& error) {
  return error.code == Code::kNotFound || error.is("azure_version_disabled");
}

void set_windows(std::vector<Secret>& secrets, const std::vector<Version>& versions) {
  for (Secret& secret : secrets) {
    for (const Version& version : versions) {
      if (version.id != secret.version) continue;
      secret.not_before = version.not_before;
      secret.not_after = version.not_after;
    }
  }
}

KeyVault::KeyVault(StoreName store, VaultAddress vault, CredentialSettings credential,
                   StoreContext context)
    : store_(std::move(store)),
      vault_(std::move(vault)),
      context_(std::move(context)),
      credential_(std::move(credential), context_),
      quiet_(context_.clock, context_.random) {}

Error KeyVault::at_store(Error error) const {
  error.detail = "store " + quoted(store_.view()) + ", " + vault_.origin + ": " + error.detail;
  return error;
}

Task<VaultAnswer> KeyVault::get(std::string path, std::string query) {
  std::string url = vault_.origin + path + "?" + std::string(kApiVersion);
  if (!query.empty()) url += "&" + query;
  std::string what = words_for("GET", path);
  co_return co_await call("GET", std::move(url), std::move(what), std::string(), kTimeout);
}

Task<VaultAnswer> KeyVault::post(std::string path, std::string body, Milliseconds timeout) {
  std::string url = vault_.origin + path + "?" + std::string(kApiVersion);
  std::string what = words_for("POST", path);
  co_return co_await call("POST", std::move(url), std::move(what), std::move(body), timeout);
}

Task<VaultAnswer> KeyVault::call(std::string method, std::string url, std::string what,
                                 std::string body, Milliseconds timeout) {
  if (!context_.http) {
    const Error missing{Code::kConfig, "outbound_missing",
                        "this program sends no requests to others"};
    co_return at_store(missing);
  }
  if (Status quiet = quiet_.check("azure_throttled", "the vault"); !quiet)
    co_return at_store(std::move(quiet).error());
  auto answer = co_await send(std::move(method), std::move(url), std::move(body), timeout);
  if (!answer) co_return at_store(std::move(answer).error());
  if (answer->status < 200 || answer->status > 299) {
    co_return at_store(error_of(answer->status, answer->body, what));
  }
  auto parsed = json::parse_object(answer->body);
  if (!parsed) {
    Error malformed{Code::kUnavailable, "azure_answer_malformed",
                    what + ": the answer is no JSON object"};
    co_return at_store(std::move(malformed));
  }
  VaultAnswer out;
  out.body = std::move(*parsed);
  out.date = http::parse_http_date(answer->header("Date"));
  co_return out;
}

Task<net::OutboundResponse> KeyVault::send_once(net::OutboundRequest request) {
  auto answer = co_await context_.http->send(std::move(request));
  if (!answer) {
    if (is_transient(answer.error().code)) quiet_.failed();
    co_return answer;
  }
  const bool asks_for_peace = answer->status == kTooMany ||
                              (answer->status >= 500 && !answer->header("Retry-After").empty());
  if (asks_for_peace) {
    quiet_.asked(answer->header("Retry-After"));
  } else if (answer->status >= 500) {
    quiet_.failed();
  } else {
    quiet_.succeeded();
  }
  co_return answer;
}

Status KeyVault::check(const net::OutboundResponse& unauthorised) const {
  TRY(const Challenge challenge, parse_challenge(unauthorised.header("WWW-Authenticate")));
  return check_challenge(challenge, vault_, credential_.tenant());
}

Task<Done> KeyVault::know_challenge() {
  if (is_challenge_known_.load(std::memory_order_acquire)) co_return Done{};
  net::OutboundRequest request;
  request.url = vault_.origin + "/secrets?" + std::string(kApiVersion) + "&maxresults=1";
  request.timeout = kTimeout;
  CO_TRY(const net::OutboundResponse answer, co_await send_once(std::move(request)));
  if (answer.status != kUnauthorised) {
    if (answer.status >= 400) co_return error_of(answer.status, answer.body, "GET /secrets");
    co_return Error{Code::kConfig, "azure_challenge_invalid",
                    "it answered " + std::to_string(answer.status) +
                        " to a request without a token: this is no Key Vault"};
  }
  CO_TRY(check(answer));
  is_challenge_known_.store(true, std::memory_order_release);
  co_return Done{};
}

Task<net::OutboundResponse> KeyVault::send(std::string method, std::string url, std::string body,
                                           Milliseconds timeout) {
  CO_TRY(co_await know_challenge());
  constexpr int kTries = 2;
  for (int tries = 1;; ++tries) {
    CO_TRY(const Credential::Token token, co_await credential_.token(vault_.resource));
    net::OutboundRequest request;
    request.method = method;
    request.url = url;
    request.timeout = timeout;
    request.headers.emplace_back("Authorization", "Bearer " + std::string(as_text(token->view())));
    if (method == "POST") request.headers.emplace_back("Content-Type", "application/json");
    request.body = body;
    auto answer = co_await send_once(std::move(request));
    const bool is_refused = answer && answer->status == kUnauthorised && tries < kTries;
    if (!is_refused) {
      wipe(body);
      co_return answer;
    }
    credential_.forget(token);
    CO_TRY(check(*answer));
  }
}

// The link is the vault's word; the token goes to the vault alone.
Result<std::string> KeyVault::next_page(const std::string& link) const {
  if (link.starts_with(vault_.origin + "/")) return link;
  return at_store(Error{Code::kConfig, "azure_challenge_foreign",
                        "the next page of a list is said to be elsewhere: " + quoted(link, 200) +
                            "; no token was sent"});
}

Task<std::vector<Version>> KeyVault::versions(std::string collection, std::string name) {
  std::vector<Version> all;
  const std::string path = "/" + collection + "/" + name + "/versions";
  auto answer = co_await get(path, "maxresults=25");
  for (int page = 0; page < kMostPages; ++page) {
    if (!answer && answer.error().code == Code::kNotFound) co_return all;
    if (!answer) co_return std::move(answer).error();
    auto parsed = parse_versions(answer->body);
    if (!parsed) co_return at_store(std::move(parsed).error());
    for (Version& version : parsed->versions)
      all.push_back(std::move(version));
    if (parsed->next.empty()) co_return all;
    CO_TRY(std::string next, next_page(parsed->next));
    answer = co_await call("GET", std::move(next), words_for("GET", path), std::string(), kTimeout);
  }
  const Error endless{Code::kConfig, "azure_too_many_versions",
                      path + " has more than a thousand versions"};
  co_return at_store(endless);
}

Task<std::vector<Alias>> KeyVault::names(std::string collection) {
  std::vector<Alias> all;
  const std::string path = "/" + collection;
  auto answer = co_await get(path, "maxresults=25");
  for (int page = 0; page < kMostPages; ++page) {
    if (!answer) co_return std::move(answer).error();
    auto parsed = parse_names(answer->body);
    if (!parsed) co_return at_store(std::move(parsed).error());
    for (const std::string& name : parsed->names)
      all.emplace_back(name);
    if (parsed->next.empty()) co_return all;
    CO_TRY(std::string next, next_page(parsed->next));
    answer = co_await call("GET", std::move(next), words_for("GET", path), std::string(), kTimeout);
  }
  const Error endless{Code::kUnsupported, "azure_too_many_names",
                      "the vault holds more than a thousand objects"};
  co_return at_store(endless);
}

}  // namespace signet::secrets::azure

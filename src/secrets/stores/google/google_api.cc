#include "secrets/stores/google/google_api.h"

#include "base/text.h"
#include "http/form.h"
#include "secrets/stores/google/google_answer.h"

namespace signet::secrets::google {
namespace {

constexpr Milliseconds kTimeout{5'000};

/// A busy or slow service is not helped by the same call at once.
bool is_worth_another_try(const Error& error) {
  return error.code == Code::kUnavailable && !error.is("google_quota") && !error.is("pool_full");
}

}  // namespace

GoogleApi::GoogleApi(std::string endpoint, CredentialSettings credentials, StoreContext context)
    : endpoint_(std::move(endpoint)),
      http_(context.http),
      tokens_(std::make_shared<AccessTokens>(std::move(credentials), std::move(context))) {}

Task<json::Object> GoogleApi::call(Call call) {
  const auto keep = shared_from_this();
  const Repeat repeat = call.repeat;
  const auto shared = std::make_shared<const Call>(std::move(call));
  Result<json::Object> answer = co_await attempt(shared);
  const bool is_stale_token = !answer && answer.error().is("google_unauthenticated");
  const bool is_lost = !answer && is_worth_another_try(answer.error());
  if (is_stale_token || (is_lost && repeat == Repeat::kHarmless)) {
    answer = co_await attempt(shared);
  }
  co_return answer;
}

Task<json::Object> GoogleApi::attempt(std::shared_ptr<const Call> call) {
  if (!http_) {
    co_return Error{Code::kConfig, "google_http_missing", "there is no way out of this process"};
  }
  CO_TRY(const AccessTokens::Token token, co_await tokens_->get());
  net::OutboundRequest request;
  request.method = call->method;
  request.url = endpoint_ + call->path;
  request.timeout = kTimeout;
  request.headers.emplace_back("Authorization", "Bearer " + to_text(token->view()));
  request.headers.emplace_back("Accept", "application/json");
  if (!call->body.empty()) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = call->body;
  }
  auto response = co_await http_->send(std::move(request));
  if (!response) {
    Error error = std::move(response).error();
    error.detail = call->what + ": " + error.detail;
    co_return error;
  }
  if (response->status == 401) tokens_->reject(token);
  co_return read_answer(std::move(response).value(), call->what);
}

Task<std::vector<json::Object>> GoogleApi::list(std::string path, std::string member,
                                                std::string what) {
  std::vector<json::Object> all;
  std::string page;
  for (int i = 0; i < kMostPages; ++i) {
    Call asked;
    asked.path = path + (page.empty() ? "" : "&pageToken=" + http::form_encode(page));
    asked.what = what;
    CO_TRY(json::Object answer, co_await call(std::move(asked)));
    if (json::Value* entries = answer.find(member)) {
      if (!entries->if_array()) co_return malformed(what, member);
      for (json::Value& entry : *entries->if_array()) {
        if (!entry.if_object()) co_return malformed(what, member);
        all.push_back(std::move(*entry.if_object()));
      }
    }
    const json::Value* next = answer.find("nextPageToken");
    page = next && next->if_string() ? *next->if_string() : std::string();
    if (page.empty()) co_return all;
  }
  co_return Error{Code::kUnavailable, "google_answer_malformed", what + ": the list does not end"};
}

Task<std::vector<std::string>> GoogleApi::list_names(std::string path, std::string member,
                                                     std::string what) {
  CO_TRY(const auto entries, co_await list(std::move(path), std::move(member), what));
  std::vector<std::string> names;
  for (const json::Object& entry : entries) {
    CO_TRY(const std::string name, text_member(entry, "name", what));
    names.push_back(name.substr(name.rfind('/') + 1));
  }
  co_return names;
}

std::string read_endpoint(SettingsReader& reader, std::string_view setting,
                          const std::string& host) {
  std::string endpoint = reader.text(setting, "https://" + host);
  while (endpoint.ends_with('/'))
    endpoint.pop_back();
  const Status usable = check_url(endpoint, setting);
  if (!usable) reader.complain(usable.error().detail);
  const auto uri = http::parse_http_uri(endpoint);
  if (uri && (!uri->path.empty() || uri->has_query)) {
    reader.complain(quoted(setting) + " must be scheme, host and port alone");
  }
  return endpoint;
}

}  // namespace signet::secrets::google

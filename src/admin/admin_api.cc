#include "admin/admin_api.h"

#include <algorithm>

#include "admin/handlers.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "http/form.h"
#include "http/form_view.h"

namespace signet::admin {
namespace {

using http::Method;

struct Route {
  Method method;
  std::string_view pattern;  ///< "*" stands for one segment
  AdminHandler handler;
};

constexpr Route kRoutes[] = {
    {Method::kGet, "/admin/health", get_health},
    {Method::kGet, "/admin/stores", list_stores},
    {Method::kGet, "/admin/instances", list_instances},
    {Method::kGet, "/admin/audit", list_audit},
    {Method::kGet, "/admin/sealing", show_sealing},
    {Method::kPost, "/admin/sealing", renew_sealing},
    {Method::kGet, "/admin/realms", list_realms},
    {Method::kGet, "/admin/realms/*", get_realm},
    {Method::kPut, "/admin/realms/*", replace_realm},
    {Method::kDelete, "/admin/realms/*", delete_realm},
    {Method::kGet, "/admin/realms/*/clients", list_clients},
    {Method::kGet, "/admin/realms/*/clients/*", get_client},
    {Method::kPut, "/admin/realms/*/clients/*", replace_client},
    {Method::kDelete, "/admin/realms/*/clients/*", delete_client},
    {Method::kGet, "/admin/realms/*/resource-servers", list_resource_servers},
    {Method::kGet, "/admin/realms/*/resource-servers/preview", preview_resource_servers},
    {Method::kGet, "/admin/realms/*/resource-servers/*", get_resource_server},
    {Method::kPut, "/admin/realms/*/resource-servers/*", replace_resource_server},
    {Method::kDelete, "/admin/realms/*/resource-servers/*", delete_resource_server},
    {Method::kPost, "/admin/realms/*/resource-servers/*/test", test_resource_server},
    {Method::kGet, "/admin/realms/*/inject-policies", list_inject_policies},
    {Method::kGet, "/admin/realms/*/inject-policies/*", get_inject_policy},
    {Method::kPut, "/admin/realms/*/inject-policies/*", replace_inject_policy},
    {Method::kDelete, "/admin/realms/*/inject-policies/*", delete_inject_policy},
    {Method::kGet, "/admin/realms/*/secrets", list_secrets},
    {Method::kPost, "/admin/secrets/publish", publish_secret},
    {Method::kPost, "/admin/secrets/activate", activate_secret},
    {Method::kPost, "/admin/secrets/retire", retire_secret},
    {Method::kPost, "/admin/secrets/rotate", rotate_secret},
    {Method::kPost, "/admin/secrets/compromise", compromise_secret},
    {Method::kGet, "/admin/secrets/usage", show_usage},
    {Method::kGet, "/admin/secrets/plan", show_plan},
    {Method::kPost, "/admin/secrets/plan", apply_plan},
    {Method::kGet, "/admin/secrets/mappings", list_mappings},
    {Method::kGet, "/admin/invariants", check_invariants},
    {Method::kPut, "/admin/secrets/mappings", replace_mapping},
    {Method::kPost, "/admin/secrets/mappings/undo", undo_mapping},
};

bool matches(std::string_view pattern, std::string_view path,
             std::vector<std::string>* parameters) {
  const auto wanted = split(pattern, '/'), found = split(path, '/');
  if (wanted.size() != found.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == "*") {
      const auto decoded = http::percent_decode(found[i]);
      if (!decoded.ok() || decoded->empty()) return false;
      parameters->push_back(*decoded);
    } else if (wanted[i] != found[i]) {
      return false;
    }
  }
  return true;
}

int status_of(const Error& error) {
  switch (error.code) {
    case Code::kInvalid:
    case Code::kConfig:
    case Code::kUnsupported:
      return 400;
    case Code::kNotFound:
      return 404;
    case Code::kConflict:
    case Code::kExpired:
      return 409;
    case Code::kDenied:
      return 403;
    case Code::kUnavailable:
    case Code::kTimeout:
      return 503;
    case Code::kInternal:
      return 500;
  }
  return 500;
}

// Operators may read the reason and the detail: this listener is theirs alone.
void answer_problem(http::Response& response, int status, std::string_view code,
                    std::string_view detail) {
  response.reset();
  response.status = status;
  response.content_type("application/problem+json");
  json::ObjectWriter w(response.body);
  w.add("title", http::reason_phrase(status))
      .add("status", status)
      .add("code", code)
      .add("detail", detail);
  w.end();
}

void answer_text(http::Response& response, int status, std::string_view type,
                 std::string_view text) {
  response.status = status;
  response.content_type(type);
  response.body = text;
}

bool is_admin(const AdminServices& services, const http::Request& request) {
  const auto token = http::authorization(request.header("Authorization"), "Bearer");
  if (!token || token->empty() || request.count("Authorization") != 1) return false;
  const auto hash = crypto::sha256(as_bytes(*token));
  return constant_time_equal(hash, services.token_hash);
}

// A question that is not understood must not be answered as if it were another one.
Status check_query(std::string_view query) {
  std::string scratch(query.size(), '\0');
  const auto form = http::FormView::parse(query, scratch);
  if (!form.ok() || !form->duplicate().empty())
    return Error{Code::kInvalid, "query_malformed",
                 "the query is not well-formed, or a parameter occurs twice"};
  const auto limit = form->find("limit");
  const bool is_number =
      !limit || (!limit->empty() && limit->find_first_not_of("0123456789") == limit->npos);
  if (is_number) return Done{};
  return Error{Code::kInvalid, "query_malformed", "limit must be a whole number from 1 to 1000"};
}

// What was meant to guard a change must not be taken for no guard at all.
Status check_conditions(const http::Request& request) {
  const auto is_given = [&](std::string_view name) { return request.count(name) > 0; };
  const auto is_once = [&](std::string_view name) {
    return request.count(name) <= 1 && (!is_given(name) || !trim(request.header(name)).empty());
  };
  const bool is_read = request.method == Method::kGet || request.method == Method::kHead;
  const bool is_guard =
      is_read || !is_given("If-None-Match") || trim(request.header("If-None-Match")) == "*";
  if (is_once("If-Match") && is_once("If-None-Match") && is_guard) return Done{};
  return Error{Code::kInvalid, "if_match_malformed",
               "If-Match must be one revision, and If-None-Match the asterisk"};
}

Task<Done> answer(const AdminServices& services, AdminHandler handler, AdminRequest request,
                  net::Exchange& exchange) {
  auto reply = co_await handler(services, std::move(request));
  http::Response& response = exchange.response();
  if (!reply.ok()) {
    const Error& error = reply.error();
    const bool lost = error.is("revision_conflict");
    answer_problem(response, lost ? 412 : status_of(error), error.reason, error.detail);
    log::failure("admin_refused", error, {{"request_id", exchange.request().request_id}});
    co_return Done{};
  }
  response.status = reply->status;
  if (reply->status != 204) {
    response.content_type("application/json");
    response.body = json::dump(std::move(reply->body));
  }
  co_return Done{};
}

}  // namespace

std::vector<AdminRoute> admin_routes() {
  std::vector<AdminRoute> out;
  for (const auto& route : kRoutes)
    out.push_back({route.method, route.pattern});
  return out;
}

void AdminApi::handle(net::Exchange& exchange) {
  const http::Request& request = exchange.request();
  http::Response& response = exchange.response();
  const bool is_get = request.method == Method::kGet || request.method == Method::kHead;
  if (is_get && request.path == "/health/live")
    return answer_text(response, 200, "text/plain", "live\n");
  if (is_get && request.path == "/health/ready") {
    if (services_->is_ready()) return answer_text(response, 200, "text/plain", "ready\n");
    std::string why = "not ready\n";
    if (services_->waits_for) {
      for (const auto& line : services_->waits_for())
        why += line + "\n";
    }
    return answer_text(response, 503, "text/plain", why);
  }
  if (is_get && request.path == "/metrics")
    return answer_text(response, 200, "text/plain; version=0.0.4",
                       services_->oauth->metrics->text());
  if (!is_admin(*services_, request)) {
    answer_problem(response, 401, "admin_token_wrong",
                   "send the admin token as Authorization: Bearer");
    return response.add("WWW-Authenticate", "Bearer realm=\"signet-admin\"");
  }
  if (const auto asked = check_query(request.query); !asked.ok())
    return answer_problem(response, status_of(asked.error()), asked.error().reason,
                          asked.error().detail);
  if (const auto guarded = check_conditions(request); !guarded.ok())
    return answer_problem(response, status_of(guarded.error()), guarded.error().reason,
                          guarded.error().detail);
  bool path_known = false;
  for (const auto& route : kRoutes) {
    AdminRequest admin;
    if (!matches(route.pattern, request.path, &admin.parameters)) continue;
    path_known = true;
    if (route.method != request.method) continue;
    admin.query = request.query;
    admin.body = request.body;
    admin.if_match = request.header("If-Match");
    admin.if_none_match = request.header("If-None-Match");
    admin.actor = "admin@" + std::string(request.peer);
    return exchange.wait_for(answer(*services_, route.handler, std::move(admin), exchange));
  }
  answer_problem(response, path_known ? 405 : 404, path_known ? "method_unknown" : "path_unknown",
                 quoted(request.path, 128));
}

Result<std::optional<std::int64_t>> expected_revision(const AdminRequest& request) {
  if (trim(request.if_none_match) == "*") return std::optional<std::int64_t>(0);
  if (request.if_match.empty()) return std::optional<std::int64_t>();
  std::string_view text = trim(request.if_match);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  // Fifteen digits are more than any revision has.
  const bool is_number =
      !text.empty() && text.size() <= 15 && text.find_first_not_of("0123456789") == text.npos;
  if (!is_number)
    return Error{Code::kInvalid, "if_match_malformed", "If-Match must be a revision, as \"7\""};
  return std::optional<std::int64_t>(std::stoll(std::string(text)));
}

std::string query_value(const AdminRequest& request, std::string_view name, std::string fallback) {
  std::string scratch(request.query.size(), '\0');
  const auto form = http::FormView::parse(request.query, scratch);
  const auto value = form.ok() && form->duplicate().empty() ? form->find(name) : std::nullopt;
  return value ? std::string(*value) : fallback;
}

std::int64_t query_number(const AdminRequest& request, std::string_view name,
                          std::int64_t fallback) {
  const std::string text = query_value(request, name, "");
  if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != text.npos)
    return fallback;
  return std::stoll(text);
}

json::Value time_or_null(const std::optional<Instant>& at) {
  return at ? json::Value(to_rfc3339(*at)) : json::Value();
}

json::Value known_time(Instant at) {
  return at > Instant{} ? json::Value(to_rfc3339(at)) : json::Value();
}

void add_verdict(json::Object& out, std::string_view name, const Status& verdict) {
  const bool is_so = verdict.ok();
  out.set(name, is_so);
  out.set("reason", is_so ? json::Value() : json::Value(verdict.error().reason));
  out.set("detail", is_so ? json::Value() : json::Value(verdict.error().detail));
}

PageAsked page_asked(const AdminRequest& request) {
  const auto limit = std::clamp<std::int64_t>(query_number(request, "limit", 100), 1, 1000);
  return {static_cast<std::size_t>(limit), query_value(request, "after", "")};
}

AdminReply list_reply(std::string name, json::Array items, const PageAsked& asked,
                      const std::vector<storage::Document>& found) {
  AdminReply reply;
  reply.body.set(std::move(name), std::move(items));
  reply.body.set("next",
                 found.size() == asked.limit ? json::Value(found.back().id) : json::Value());
  return reply;
}

}  // namespace signet::admin

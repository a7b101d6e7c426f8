#include "cli/admin_client.h"

#include <mutex>
#include <set>

#include "base/base64.h"
#include "base/text.h"
#include "http/form.h"

namespace signet::cli {
namespace {

// Reasons are literals everywhere else; those that a server sends are kept for as long as the
// program runs, which is one command.
const char* interned(const std::string& reason) {
  static std::mutex mutex;
  static std::set<std::string> reasons;
  const std::lock_guard lock(mutex);
  return reasons.insert(reason).first->c_str();
}

Code code_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return Code::kDenied;
    case 404:
      return Code::kNotFound;
    case 409:
    case 412:
      return Code::kConflict;
    case 502:
    case 503:
      return Code::kUnavailable;
    default:
      return status >= 500 ? Code::kInternal : Code::kInvalid;
  }
}

Error problem_of(const net::LocalResponse& response) {
  const auto body = json::parse(response.body);
  std::string reason = body.ok() ? text_of(*body, "code") : "";
  std::string detail = body.ok() ? text_of(*body, "detail") : "";
  if (reason.empty()) reason = "admin_refused";
  if (detail.empty() && body.ok()) detail = text_of(*body, "title");
  if (detail.empty()) detail = "the server answered " + std::to_string(response.status);
  return {code_of(response.status), interned(printable(reason)), std::move(detail)};
}

}  // namespace

Result<AdminClient> AdminClient::make(const Context& context) {
  std::string url = context.globals.url, token_file = context.globals.token_file;
  if (url.empty() || token_file.empty()) {
    TRY(const auto config, context.load_config());
    if (url.empty()) {
      const std::string& address = config.management.address;
      const bool is_any = address == "0.0.0.0" || address == "::";
      const bool is_v6 = address.find(':') != std::string::npos;
      url = "http://" +
            (is_any  ? "127.0.0.1"
             : is_v6 ? '[' + address + ']'
                     : address) +
            ':' + std::to_string(config.management.port);
    }
    if (token_file.empty()) token_file = config.data_dir + "/admin.token";
  }
  while (url.ends_with('/'))
    url.pop_back();
  if (!net::is_loopback_url(url) && !context.globals.unsafe_plain_http) {
    return Error{
        Code::kDenied, "unsafe_plain_http",
        quoted_url(url) +
            " is not on this machine: the administrator's token would travel readable; use "
            "a tunnel to 127.0.0.1, or --unsafe-plain-http"};
  }
  TRY(const std::string token, context.read(token_file, 4096));
  const std::string trimmed(trim(token));
  if (trimmed.empty() || trimmed.find_first_of(" \t\r\n") != std::string::npos) {
    return Error{Code::kConfig, "admin_token_missing",
                 signet::quoted(token_file, 200) + " holds no token"};
  }
  return AdminClient(context, std::move(url), trimmed);
}

Result<net::LocalResponse> AdminClient::raw(const std::string& path, bool with_token) const {
  net::LocalRequest request;
  request.url = url_ + path;
  if (with_token) request.headers = {{"Authorization", "Bearer " + token_}};
  return context_->world.call(request);
}

Result<json::Value> AdminClient::send(const char* method, const std::string& path,
                                      const json::Value* body, net::LocalHeaders headers) const {
  net::LocalRequest request;
  request.method = method;
  request.url = url_ + path;
  request.headers = std::move(headers);
  request.headers.emplace_back("Authorization", "Bearer " + token_);
  request.timeout = timeout_;
  if (body) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = json::dump(*body);
  }
  auto response = context_->world.call(request);
  wipe(request.body);  // it may hold a client's secret
  if (!response.ok()) return std::move(response).error();
  if (response->status >= 400) return problem_of(*response);
  if (response->body.empty()) return json::Value();
  return json::parse(response->body, {.max_bytes = kMaxInput, .max_depth = 32});
}

AdminClient AdminClient::patient() const {
  AdminClient out = *this;
  out.timeout_ = std::chrono::minutes(10);
  return out;
}

Result<json::Value> AdminClient::get(const std::string& path) const {
  return send("GET", path, nullptr, {});
}
Result<json::Value> AdminClient::put(const std::string& path, const json::Value& body,
                                     net::LocalHeaders conditions) const {
  return send("PUT", path, &body, std::move(conditions));
}
Result<json::Value> AdminClient::post(const std::string& path, const json::Value& body) const {
  return send("POST", path, &body, {});
}
Status AdminClient::remove(const std::string& path) const {
  TRY(send("DELETE", path, nullptr, {}));
  return Done{};
}

std::string path_segment(const std::string& name) {
  std::string out;
  for (const char c : http::form_encode(name)) {
    if (c == '+') {
      out += "%20";  // in a path '+' is itself
    } else {
      out += c;
    }
  }
  return out;
}
std::string realm_path(const std::string& realm) {
  // A nested realm's slash is written as '~', which no realm's name may hold. Nothing else of what
  // an operator wrote may end the segment: DELETE of "/admin/realms/x?/clients/y" is one of x.
  std::vector<std::string> parts;
  for (const std::string_view part : split(realm, '/'))
    parts.push_back(path_segment(std::string(part)));
  return "/admin/realms/" + join(parts, "~");
}
std::string client_path(const std::string& realm, const std::string& id) {
  // What a path cannot hold without a second reading, and what would be taken for this form.
  const bool fits = !id.starts_with('~') && id != "." && id != ".." &&
                    id.find_first_of("/\\;%") == std::string::npos;
  return realm_path(realm) + "/clients/" +
         (fits ? path_segment(id) : '~' + base64::url_encode(as_bytes(id)));
}
std::string resource_server_path(const std::string& realm, const std::string& name) {
  return realm_path(realm) + "/resource-servers/" + path_segment(name);
}
std::string inject_policy_path(const std::string& realm, const std::string& name) {
  return realm_path(realm) + "/inject-policies/" + path_segment(name);
}

net::LocalHeaders AdminClient::condition_of(const json::Value& answer) {
  return {{"If-Match", '"' + text_of(answer, "revision") + '"'}};
}

Result<net::LocalHeaders> AdminClient::condition_for(const std::string& path) const {
  const auto before = get(path);
  if (before.ok()) return condition_of(*before);
  if (before.error().code != Code::kNotFound) return before.error();
  return net::LocalHeaders{{"If-None-Match", "*"}};
}

Result<json::Array> AdminClient::all(const std::string& path, std::string_view member) const {
  json::Array items;
  std::string after;
  do {
    std::string page = path + "?limit=100";
    if (!after.empty()) page += "&after=" + http::form_encode(after);
    TRY(const json::Value answer, get(page));
    for (const auto& item : list_of(answer, member))
      items.push_back(item);
    after = text_of(answer, "next");
  } while (!after.empty());
  return items;
}

std::string text_of(const json::Value& value, std::string_view member) {
  const json::Value* found = value.get(member);
  if (!found || found->is_null()) return {};
  if (const std::string* text = found->if_string()) return *text;
  return json::dump(*found);
}

const json::Array& list_of(const json::Value& value, std::string_view member) {
  static const json::Array kEmpty;
  const json::Value* found = value.get(member);
  return found && found->is_array() ? *found->if_array() : kEmpty;
}

std::string texts_of(const json::Value& value, std::string_view member) {
  std::vector<std::string> texts;
  for (const auto& item : list_of(value, member)) {
    texts.push_back(item.is_string() ? *item.if_string() : json::dump(item));
  }
  return join(texts, ", ");
}

std::string cryptoperiod_in_words(const json::Value& key) {
  const std::string period = text_of(key, "cryptoperiod");
  if (period == "ending") return "its cryptoperiod ends on " + text_of(key, "cryptoperiod_end");
  if (period == "over") return "its cryptoperiod ended on " + text_of(key, "cryptoperiod_end");
  return {};
}

}  // namespace signet::cli

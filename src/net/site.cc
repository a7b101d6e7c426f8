#include "net/site.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace signet::net {
namespace {

constexpr int kFirstStatus = 100, kLastStatus = 599;
constexpr std::string_view kAllowOrigin = "Access-Control-Allow-Origin";

std::string status_line_of(int status) {
  return "HTTP/1.1 " + std::to_string(status) + " " + std::string(http::reason_phrase(status)) +
         "\r\n";
}

const std::string& status_line(int status) {
  static const auto lines = [] {
    std::array<std::string, kLastStatus - kFirstStatus + 1> made;
    for (int s = kFirstStatus; s <= kLastStatus; ++s) {
      made[static_cast<std::size_t>(s - kFirstStatus)] = status_line_of(s);
    }
    return made;
  }();
  const int known = status < kFirstStatus || status > kLastStatus ? 500 : status;
  return lines[static_cast<std::size_t>(known - kFirstStatus)];
}

}  // namespace

Site::Site(ListenOptions o) : options(std::move(o)) {
  constant_lines = "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n";
  if (options.hsts) {
    constant_lines += "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n";
  }
  const auto& origins = options.cors_origins;
  any_origin = origins.size() == 1 && origins.front() == "*";
}

std::string_view Site::allowed_origin(std::string_view origin) const {
  if (origin.empty()) return {};
  if (any_origin) return "*";
  const auto& origins = options.cors_origins;
  const auto found = std::find(origins.begin(), origins.end(), origin);
  return found == origins.end() || origin == "*" ? std::string_view{} : std::string_view(*found);
}

bool Site::answers_preflight(const http::Request& request, http::Response& response) const {
  if (request.method != http::Method::kOptions || options.cors_origins.empty() ||
      request.header("Origin").empty() || request.header("Access-Control-Request-Method").empty()) {
    return false;
  }
  // Browsers send none (Fetch, "CORS-preflight fetch"). A gateway that asks whether it may pass a
  // preflight on does, and would take our 204 for consent.
  if (!request.header("Authorization").empty()) return false;
  if (allowed_origin(request.header("Origin")).empty()) {
    make_plain(response, 403);
    return true;
  }
  response.status = 204;
  response.add("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE, PATCH");
  response.add("Access-Control-Allow-Headers",
               "Authorization, Content-Type, Accept, DPoP, If-Match, If-None-Match, X-Request-Id");
  response.add("Access-Control-Max-Age", "600");
  return true;
}

void append_head(std::string& out, const Site& site, const http::Response& response,
                 const ResponseFrame& frame) {
  out += status_line(response.status);
  out += frame.date_line;
  out += site.constant_lines;
  const bool plain = response.header_lines().empty();
  if (plain || response.header("Content-Security-Policy").empty()) {
    out += "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";
  }
  if (plain || response.header("Cache-Control").empty()) out += "Cache-Control: no-store\r\n";
  out += response.header_lines();
  // What a handler shares with everybody needs no second opinion: a browser refuses two.
  if (!site.options.cors_origins.empty() && response.header(kAllowOrigin).empty()) {
    if (!site.any_origin) out += "Vary: Origin\r\n";
    const std::string_view allowed = site.allowed_origin(frame.origin);
    if (!allowed.empty()) {
      out.append(kAllowOrigin).append(": ").append(allowed);
      out +=
          "\r\nAccess-Control-Expose-Headers: DPoP-Nonce, ETag, WWW-Authenticate, X-Request-Id\r\n";
    }
  }
  out.append("X-Request-Id: ").append(frame.request_id);
  if (has_body(response.status)) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, response.body.size()).ptr;
    out.append("\r\nContent-Length: ").append(digits, static_cast<std::size_t>(end - digits));
  }
  out += !frame.keep_alive ? "\r\nConnection: close\r\n\r\n"
         : frame.is_http10 ? "\r\nConnection: keep-alive\r\n\r\n"
                           : "\r\n\r\n";
}

void make_plain(http::Response& response, int status) {
  response.reset();
  response.status = status;
  response.content_type("text/plain");
  response.body.append(http::reason_phrase(status)).append("\n");
}

}  // namespace signet::net

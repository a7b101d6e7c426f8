// What libcurl is told before a transfer starts.

#include <algorithm>

#include "base/text.h"
#include "net/curl_transfer.h"

namespace signet::net {
namespace {

/// A kept connection that was idle for longer is not used again: many servers close theirs after a
/// minute, and a request on a connection that is just being closed is lost.
constexpr long kMaxIdleSeconds = 30;
constexpr long kCaCacheSeconds = 600;

std::string url_of(const http::HttpUri& uri, const std::string& origin) {
  return origin + (uri.path.empty() ? "/" : uri.path) + (uri.has_query ? "?" + uri.query : "");
}

bool has_header(const HeaderList& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const auto& pair) { return equal_ignoring_case(pair.first, name); });
}

bool is_idempotent(const std::string& method) {
  return method != "POST" && method != "PATCH";
}

}  // namespace

Status CurlTransfer::prepare() {
  easy_ = ::curl_easy_init();
  const bool is_ready = easy_ != nullptr && set(CURLOPT_PRIVATE, static_cast<void*>(this)) &&
                        set(CURLOPT_ERRORBUFFER, curl_says_) && set(CURLOPT_NOSIGNAL, 1L) &&
                        // A look-up that hangs must not hold up the thread when its request ends.
                        set(CURLOPT_QUICK_EXIT, 1L) &&
                        set(CURLOPT_PROTOCOLS_STR, uri_.scheme.c_str()) &&
                        set(CURLOPT_FOLLOWLOCATION, 0L) &&
                        set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED)) &&
                        set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) && set(CURLOPT_PATH_AS_IS, 1L) &&
                        set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1)) &&
                        set(CURLOPT_MAXAGE_CONN, kMaxIdleSeconds) &&
                        set(CURLOPT_URL, url_of(uri_, origin_).c_str()) &&
                        set(CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header) &&
                        set(CURLOPT_HEADERDATA, static_cast<void*>(this)) &&
                        set(CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body) &&
                        set(CURLOPT_WRITEDATA, static_cast<void*>(this)) &&
                        set(CURLOPT_OPENSOCKETFUNCTION, &CurlTransfer::on_socket) &&
                        set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this)) && set_way() &&
                        set_body() && set_headers();
  if (is_ready) return Done{};
  return Error{Code::kInternal, "outbound_library", "libcurl refuses the settings of a request"};
}

bool CurlTransfer::set_way() {
  const HttpClientSettings& settings = *way_.settings;
  const long tls = long{CURL_SSLVERSION_TLSv1_2} | long{CURL_SSLVERSION_MAX_DEFAULT};
  bool is_set =
      set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings.connect_timeout.count())) &&
      set(CURLOPT_SSLVERSION, tls) && set(CURLOPT_SSL_VERIFYPEER, 1L) &&
      set(CURLOPT_SSL_VERIFYHOST, 2L) && set(CURLOPT_CA_CACHE_TIMEOUT, kCaCacheSeconds) &&
      // Set, though empty, so that libcurl never looks into the process's environment.
      set(CURLOPT_NOPROXY, "") && set(CURLOPT_PROXY, way_.proxy ? way_.proxy->url.c_str() : "");
  if (!settings.ca_file.empty()) {
    is_set = is_set && set(CURLOPT_CAINFO, settings.ca_file.c_str()) &&
             set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  if (!is_set || way_.proxy == nullptr) return is_set;
  is_set = set(CURLOPT_PROXY_SSLVERSION, tls) && set(CURLOPT_PROXY_SSL_VERIFYPEER, 1L) &&
           set(CURLOPT_PROXY_SSL_VERIFYHOST, 2L) && set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) &&
           // Our headers are the target's and no business of the proxy.
           set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  if (!settings.ca_file.empty()) {
    is_set = is_set && set(CURLOPT_PROXY_CAINFO, settings.ca_file.c_str()) &&
             set(CURLOPT_PROXY_CAPATH, static_cast<const char*>(nullptr));
  }
  if (!way_.proxy->user.empty()) {
    is_set = is_set && set(CURLOPT_PROXYAUTH, static_cast<long>(CURLAUTH_BASIC)) &&
             set(CURLOPT_PROXYUSERNAME, way_.proxy->user.c_str()) &&
             set(CURLOPT_PROXYPASSWORD, way_.proxy->password.c_str());
  }
  return is_set;
}

bool CurlTransfer::set_body() {
  const std::string& method = request_.method;
  if (method == "HEAD") return set(CURLOPT_NOBODY, 1L);
  const bool has_body = !request_.body.empty();
  if (!has_body && method != "POST" && method != "PUT" && method != "PATCH")
    return method == "GET" ? set(CURLOPT_HTTPGET, 1L) : set(CURLOPT_CUSTOMREQUEST, method.c_str());
  bool is_set = set(CURLOPT_POST, 1L) && set(CURLOPT_CUSTOMREQUEST, method.c_str()) &&
                set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  if (has_body) {
    // A body from a function that cannot go back: libcurl then has no way to send it twice on its
    // own account, when a kept connection ends without an answer.
    return is_set && set(CURLOPT_READFUNCTION, &CurlTransfer::on_read) &&
           set(CURLOPT_READDATA, static_cast<void*>(this));
  }
  is_set = is_set && set(CURLOPT_POSTFIELDS, "");
  return is_set && (is_idempotent(method) || set(CURLOPT_FRESH_CONNECT, 1L));
}

bool CurlTransfer::add_header(const std::string& line) {
  curl_slist* longer = ::curl_slist_append(headers_, line.c_str());
  if (longer == nullptr) return false;
  headers_ = longer;
  return true;
}

bool CurlTransfer::set_headers() {
  for (const auto& [name, value] : request_.headers) {
    // To libcurl "Name:" takes a header away and "Name;" sends an empty one.
    const std::string_view text = trim(value);
    std::string line = name + (text.empty() ? ";" : ": ");
    line.append(text);
    const bool is_added = add_header(line);
    wipe(line);
    if (!is_added) return false;
  }
  if (!add_header("Expect:")) return false;
  if (!has_header(request_.headers, "Content-Type") && !add_header("Content-Type:")) return false;
  if (!has_header(request_.headers, "User-Agent") && !add_header("User-Agent: signet"))
    return false;
  return set(CURLOPT_HTTPHEADER, headers_);
}

}  // namespace signet::net

#include "net/curl_transfer.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "http/address.h"
#include "http/grammar.h"

namespace signet::net {
namespace {

constexpr std::size_t kMaxHeadBytes = 64 * 1024;
constexpr std::size_t kMaxHeadLines = 200;
constexpr Milliseconds kMaxTimeout{24 * 3600 * 1000};
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

Bytes bytes_of(const curl_sockaddr& address) {
  const auto* base = reinterpret_cast<const std::uint8_t*>(&address.addr);
  if (address.family == AF_INET && address.addrlen >= sizeof(sockaddr_in)) {
    Bytes bytes(4);
    std::memcpy(bytes.data(), base + offsetof(sockaddr_in, sin_addr), bytes.size());
    return bytes;
  }
  if (address.family == AF_INET6 && address.addrlen >= sizeof(sockaddr_in6)) {
    Bytes bytes(16);
    std::memcpy(bytes.data(), base + offsetof(sockaddr_in6, sin6_addr), bytes.size());
    return bytes;
  }
  return {};
}

// Larger, without leaving a copy behind.
void grow(std::string& text, std::size_t capacity) {
  if (capacity <= text.capacity()) return;
  std::string larger;
  larger.reserve(capacity);
  larger.append(text);
  text.swap(larger);
  wipe(larger);
}

}  // namespace

CurlTransfer::CurlTransfer(OutboundRequest request, http::HttpUri uri, Way way,
                           async::OneShot<OutboundResponse> promise)
    : request_(std::move(request)),
      uri_(std::move(uri)),
      way_(way),
      origin_(uri_.scheme + "://" + uri_.host + ":" + std::to_string(uri_.port)),
      deadline_(std::chrono::steady_clock::now() + std::min(request_.timeout, kMaxTimeout)),
      promise_(std::move(promise)) {}

CurlTransfer::~CurlTransfer() {
  if (easy_ != nullptr) ::curl_easy_cleanup(easy_);
  ::curl_slist_free_all(headers_);
  for (auto& [name, value] : request_.headers)
    wipe(value);
}

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
  const long tls = CURL_SSLVERSION_TLSv1_2 | CURL_SSLVERSION_MAX_DEFAULT;
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

std::size_t CurlTransfer::on_header(char* data, std::size_t size, std::size_t count,
                                    void* self) noexcept {
  try {
    const std::string_view line(data, size * count);
    return static_cast<CurlTransfer*>(self)->take_header(line) ? line.size() : 0;
  } catch (...) {
    return 0;
  }
}

bool CurlTransfer::take_header(std::string_view line) {
  head_bytes_ += line.size();
  if (head_bytes_ > kMaxHeadBytes || ++head_lines_ > kMaxHeadLines) {
    fault_ = too_large("headers");
    return false;
  }
  if (has_head_) return true;  // trailers tell nothing that anybody asked for
  while (line.ends_with('\n') || line.ends_with('\r'))
    line.remove_suffix(1);
  if (line.empty()) {
    has_head_ = response_.status >= 200;  // 1xx: the real answer follows
    return true;
  }
  if (line.starts_with("HTTP/")) {
    long status = 0;
    ::curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    response_.headers.clear();
    return true;
  }
  const std::size_t colon = line.find(':');
  const bool is_good = colon != std::string_view::npos && http::is_token(line.substr(0, colon)) &&
                       std::none_of(line.begin(), line.end(), [](char c) {
                         return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7F;
                       });
  if (!is_good) {
    fault_ = error(Code::kUnavailable, "outbound_broken", "a header of the answer is malformed");
    return false;
  }
  response_.headers.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
  return true;
}

std::size_t CurlTransfer::on_body(char* data, std::size_t size, std::size_t count,
                                  void* self) noexcept {
  try {
    const std::string_view bytes(data, size * count);
    return static_cast<CurlTransfer*>(self)->take_body(bytes) ? bytes.size() : 0;
  } catch (...) {
    return 0;
  }
}

bool CurlTransfer::take_body(std::string_view bytes) {
  std::string& body = response_.body;
  if (bytes.size() > request_.max_body - body.size()) {
    fault_ = too_large("body");
    return false;
  }
  const std::size_t needed = body.size() + bytes.size();
  if (needed > body.capacity()) {
    curl_off_t announced = 0;
    ::curl_easy_getinfo(easy_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    const std::size_t expected = announced > 0 ? static_cast<std::size_t>(announced) : 0;
    grow(body, std::max(needed, std::min(request_.max_body, std::max(expected, 2 * needed))));
  }
  body.append(bytes);
  return true;
}

std::size_t CurlTransfer::on_read(char* out, std::size_t size, std::size_t count,
                                  void* self) noexcept {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::string& body = transfer.request_.body;
  const std::size_t given = std::min(size * count, body.size() - transfer.sent_);
  std::memcpy(out, body.data() + transfer.sent_, given);
  transfer.sent_ += given;
  return given;
}

curl_socket_t CurlTransfer::on_socket(void* self, curlsocktype purpose,
                                      curl_sockaddr* address) noexcept {
  try {
    auto& transfer = *static_cast<CurlTransfer*>(self);
    if (purpose != CURLSOCKTYPE_IPCXN) return CURL_SOCKET_BAD;
    if (transfer.way_.only_public && !http::is_public_address(bytes_of(*address))) {
      ++transfer.denied_;
      return CURL_SOCKET_BAD;
    }
    ++transfer.tried_;
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  } catch (...) {
    return CURL_SOCKET_BAD;
  }
}

Error CurlTransfer::error(Code code, const char* reason, const std::string& what) const {
  return {code, reason, origin_ + ": " + what};
}

Error CurlTransfer::too_large(const char* what) const {
  return error(Code::kInvalid, "outbound_too_large",
               std::string("the ") + what + " of the answer are more than the limit");
}

Error CurlTransfer::timed_out() const {
  return error(Code::kTimeout, "outbound_timeout",
               "no answer within " + std::to_string(request_.timeout.count()) + " ms");
}

Error CurlTransfer::stopped() const {
  return error(Code::kUnavailable, "outbound_stopped", "the HTTP client was stopped");
}

Error CurlTransfer::unconnected() const {
  if (denied_ > 0 && tried_ == 0)
    return error(Code::kDenied, "outbound_address_denied", "the address is not a public one");
  long number = 0;
  ::curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &number);
  const std::string where = way_.proxy ? "the proxy " + way_.proxy->url : "it";
  const std::string why =
      number != 0 ? std::string(": ") + std::strerror(static_cast<int>(number)) : "";
  return error(Code::kUnavailable, "outbound_unreachable", "cannot connect to " + where + why);
}

Result<OutboundResponse> CurlTransfer::outcome(CURLcode code) {
  if (fault_) return *fault_;
  const auto unreachable = [&](const std::string& what) {
    return error(Code::kUnavailable, "outbound_unreachable", what);
  };
  const auto broken = [&] {
    return error(Code::kUnavailable, "outbound_broken", ::curl_easy_strerror(code));
  };
  long tunnel = 0;
  switch (code) {
    case CURLE_OK:
      if (!has_head_) return broken();
      return std::move(response_);
    case CURLE_URL_MALFORMAT:
      return error(Code::kInvalid, "outbound_url_invalid", "libcurl cannot read the URL");
    case CURLE_COULDNT_RESOLVE_HOST:
      return unreachable("the name cannot be resolved");
    case CURLE_COULDNT_RESOLVE_PROXY:
      return unreachable("the proxy's name cannot be resolved");
    case CURLE_COULDNT_CONNECT:
      return unconnected();
    case CURLE_OPERATION_TIMEDOUT:
      return error(
          Code::kTimeout, "outbound_timeout",
          "no connection within " + std::to_string(way_.settings->connect_timeout.count()) + " ms");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
      return unreachable("TLS: " +
                         quoted(curl_says_[0] ? curl_says_ : ::curl_easy_strerror(code), 200));
    case CURLE_OUT_OF_MEMORY:
      return error(Code::kInternal, "outbound_library", "no memory");
    default:
      ::curl_easy_getinfo(easy_, CURLINFO_HTTP_CONNECTCODE, &tunnel);
      if (tunnel >= 300)
        return unreachable("the proxy refuses the tunnel: " + std::to_string(tunnel));
      return broken();
  }
}

}  // namespace signet::net

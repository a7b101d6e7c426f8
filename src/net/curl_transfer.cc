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

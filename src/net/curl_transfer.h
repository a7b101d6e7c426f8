#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "http/form.h"
#include "http/proxy_rules.h"
#include "net/http_client.h"

namespace signet::net {

/// One request on its way through libcurl. After it was handed over only the loop's thread touches
/// it.
class CurlTransfer {
 public:
  /// How it goes out. What is pointed to outlives the transfer.
  struct Way {
    const HttpClientSettings* settings = nullptr;
    const http::Proxy* proxy = nullptr;  ///< null: straight
    bool only_public = false;            ///< refuse addresses that are not
  };

  CurlTransfer(OutboundRequest request, http::HttpUri uri, Way way,
               async::OneShot<OutboundResponse> promise);
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  /// scheme://host:port
  const std::string& origin() const { return origin_; }
  std::chrono::steady_clock::time_point deadline() const { return deadline_; }

  /// Makes the handle. kInternal "outbound_library" where libcurl refuses a setting.
  Status prepare();
  /// Null before prepare().
  CURL* handle() const { return easy_; }
  /// What it came to, after libcurl said `code`.
  Result<OutboundResponse> outcome(CURLcode code);
  Error timed_out() const;
  Error stopped() const;
  /// Gives the result to who waits; once.
  void finish(Result<OutboundResponse> result) { promise_.complete(std::move(result)); }

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count,
                               void* self) noexcept;
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static std::size_t on_read(char* out, std::size_t size, std::size_t count, void* self) noexcept;
  static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* address) noexcept;

  bool take_header(std::string_view line);
  bool take_body(std::string_view bytes);
  bool add_header(const std::string& line);
  bool set_headers();
  bool set_body();
  bool set_way();
  template <class Value>
  bool set(CURLoption option, Value value) {
    return ::curl_easy_setopt(easy_, option, value) == CURLE_OK;
  }

  Error error(Code code, const char* reason, const std::string& what) const;
  Error too_large(const char* what) const;
  Error unconnected() const;

  OutboundRequest request_;
  const http::HttpUri uri_;
  const Way way_;
  const std::string origin_;
  const std::chrono::steady_clock::time_point deadline_;
  async::OneShot<OutboundResponse> promise_;

  CURL* easy_ = nullptr;
  curl_slist* headers_ = nullptr;
  char curl_says_[CURL_ERROR_SIZE] = {};

  OutboundResponse response_;
  std::optional<Error> fault_;  ///< why a callback ended the transfer
  std::size_t head_bytes_ = 0, head_lines_ = 0;
  bool has_head_ = false;       ///< the final status and all its headers are there
  std::size_t sent_ = 0;        ///< bytes of the request's body
  int denied_ = 0, tried_ = 0;  ///< addresses
};

}  // namespace signet::net

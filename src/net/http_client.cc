#include "net/http_client.h"

#include <algorithm>
#include <boost/asio/ssl/context.hpp>

#include "base/text.h"
#include "http/address.h"
#include "http/form.h"
#include "http/grammar.h"
#include "http/proxy_rules.h"
#include "net/curl_loop.h"

namespace signet::net {
namespace {

constexpr std::string_view kOurHeaders[] = {"Host",
                                            "Content-Length",
                                            "Connection",
                                            "Transfer-Encoding",
                                            "Expect",
                                            "Keep-Alive",
                                            "TE",
                                            "Trailer",
                                            "Upgrade",
                                            "Proxy-Connection",
                                            "Proxy-Authorization"};

bool is_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 0x20 && c < 0x7F) || c == '\t'; });
}

Result<http::HttpUri> checked(const OutboundRequest& request) {
  auto uri = http::parse_http_uri(request.url);
  if (!uri.ok())
    return Error{Code::kInvalid, "outbound_url_invalid",
                 "the URL of an outbound request is not http(s)://host[:port]/..., without user, "
                 "without fragment, of at most 2048 bytes"};
  const std::string origin = uri->scheme + "://" + uri->host + ":" + std::to_string(uri->port);
  const bool is_odd = !http::is_token(request.method) || request.method == "CONNECT" ||
                      (request.method == "HEAD" && !request.body.empty());
  if (is_odd)
    return Error{Code::kInvalid, "outbound_method_invalid",
                 origin + ": the method is no token, or cannot be sent so"};
  for (const auto& [name, value] : request.headers) {
    const bool is_ours =
        std::any_of(std::begin(kOurHeaders), std::end(kOurHeaders),
                    [&, &name = name](auto ours) { return equal_ignoring_case(ours, name); });
    if (http::is_token(name) && is_value(value) && !is_ours) continue;
    return Error{Code::kInvalid, "outbound_header_invalid",
                 origin + ": header " + quoted(name) +
                     (is_ours ? " is the client's own" : " has a malformed name or value")};
  }
  return uri;
}

struct Engine {
  Engine(HttpClientSettings settings_in, http::ProxyRules proxies_in)
      : settings(std::move(settings_in)),
        proxies(std::move(proxies_in)),
        loop(std::max<std::size_t>(settings.max_connections, 1),
             std::max<std::size_t>(settings.max_connections_per_host, 1)) {}

  const HttpClientSettings settings;
  const http::ProxyRules proxies;
  CurlLoop loop;

  Status submit(OutboundRequest request, async::OneShot<OutboundResponse> promise);
};

Status Engine::submit(OutboundRequest request, async::OneShot<OutboundResponse> promise) {
  TRY(auto uri, checked(request));
  CurlTransfer::Way way;
  way.settings = &settings;
  way.proxy = proxies.choose(uri);
  if (settings.only_public_addresses) {
    const auto& exempt = settings.allowed_private_hosts;
    const bool must_be_public =
        std::none_of(exempt.begin(), exempt.end(),
                     [&](const std::string& host) { return equal_ignoring_case(host, uri.host); });
    const auto address = http::parse_address(uri.host);
    if (must_be_public && address && !http::is_public_address(*address))
      return Error{Code::kDenied, "outbound_address_denied",
                   uri.scheme + "://" + uri.host + ":" + std::to_string(uri.port) +
                       ": the address is not a public one"};
    way.only_public = must_be_public && way.proxy == nullptr;
  }
  loop.submit(
      std::make_unique<CurlTransfer>(std::move(request), std::move(uri), way, std::move(promise)));
  return Done{};
}

// The engine is let go before the wait, so that a request under way does not keep it from ending.
Task<OutboundResponse> deliver(std::shared_ptr<Engine> engine, OutboundRequest request) {
  async::OneShot<OutboundResponse> answer;
  CO_TRY(engine->submit(std::move(request), answer));
  engine.reset();
  co_return co_await answer.wait();
}

class CurlHttpClient final : public HttpClient {
 public:
  explicit CurlHttpClient(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}
  ~CurlHttpClient() override { engine_->loop.stop(); }
  CurlHttpClient(const CurlHttpClient&) = delete;
  CurlHttpClient& operator=(const CurlHttpClient&) = delete;

  Task<OutboundResponse> send(OutboundRequest request) override {
    return deliver(engine_, std::move(request));
  }

 private:
  const std::shared_ptr<Engine> engine_;
};

Status check_ca_file(const std::string& path) {
  boost::asio::ssl::context context(boost::asio::ssl::context::tls_client);
  boost::system::error_code ec;
  context.load_verify_file(path, ec);
  if (!ec) return Done{};
  return Error{Code::kConfig, "outbound_ca_invalid",
               quoted(path, 200) + " is no PEM file of certificates: " + ec.message()};
}

}  // namespace

std::string_view OutboundResponse::header(std::string_view name) const {
  for (const auto& [known, value] : headers) {
    if (equal_ignoring_case(known, name)) return value;
  }
  return {};
}

Status check_request(const OutboundRequest& request) {
  TRY(checked(request));
  return Done{};
}

Result<std::shared_ptr<HttpClient>> make_http_client(HttpClientSettings settings) {
  if (!settings.ca_file.empty()) {
    TRY(check_ca_file(settings.ca_file));
  }
  auto proxies = http::ProxyRules::make(settings.proxy, settings.environment);
  if (!proxies.ok()) return Error{Code::kConfig, "outbound_proxy_invalid", proxies.error().detail};
  wipe(settings.proxy);
  settings.environment.clear();
  auto engine = std::make_shared<Engine>(std::move(settings), std::move(proxies).value());
  TRY(engine->loop.start());
  return std::shared_ptr<HttpClient>(std::make_shared<CurlHttpClient>(std::move(engine)));
}

}  // namespace signet::net

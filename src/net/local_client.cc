#include "net/local_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>

#include "base/loopback.h"
#include "base/text.h"
#include "http/form.h"

namespace signet::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;
using Ec = boost::system::error_code;

// One call on a loop of its own. Asynchronous inside, because only asynchronous operations can be
// given a deadline.
class Call {
 public:
  Call(const LocalRequest& request, const http::HttpUri& uri)
      : deadline_(request.timeout), resolver_(io_), stream_(io_), uri_(uri) {
    message_.version(11);
    message_.method_string(request.method);
    message_.target((uri.path.empty() ? "/" : uri.path) + (uri.has_query ? '?' + uri.query : ""));
    message_.set("Host", uri.host + ':' + std::to_string(uri.port));
    message_.set("Connection", "close");
    message_.set("Accept", "application/json");
    for (const auto& [name, value] : request.headers)
      message_.set(name, value);
    message_.body() = request.body;
    if (!request.body.empty() || (request.method != "GET" && request.method != "DELETE")) {
      message_.prepare_payload();
    }
    parser_.body_limit(request.max_body);
    parser_.header_limit(64 * 1024);
  }

  Result<LocalResponse> run() {
    resolver_.async_resolve(bare_host(), std::to_string(uri_.port),
                            [this](Ec ec, tcp::resolver::results_type found) {
                              if (!ec) return connect(found);
                              fail("cannot find", ec);
                            });
    io_.run_for(deadline_);
    if (!done_) {
      return Error{Code::kTimeout, "local_timeout",
                   where() + " did not answer within " + std::to_string(deadline_.count()) + " ms"};
    }
    if (error_) return *error_;
    LocalResponse response;
    const auto& message = parser_.get();
    response.status = static_cast<int>(message.result_int());
    for (const auto& field : message) {
      response.headers.emplace_back(field.name_string(), field.value());
    }
    response.body = message.body();
    return response;
  }

 private:
  std::string where() const { return uri_.host + ':' + std::to_string(uri_.port); }
  std::string bare_host() const {
    const bool is_v6 = uri_.host.starts_with('[') && uri_.host.ends_with(']');
    return is_v6 ? uri_.host.substr(1, uri_.host.size() - 2) : uri_.host;
  }

  void connect(const tcp::resolver::results_type& found) {
    stream_.async_connect(found, [this](Ec ec, const tcp::endpoint&) {
      if (ec) return fail("cannot connect to", ec);
      write();
    });
  }
  void write() {
    beast::http::async_write(stream_, message_, [this](Ec ec, std::size_t) {
      if (ec) return fail("cannot write to", ec);
      read();
    });
  }
  void read() {
    beast::http::async_read(stream_, buffer_, parser_, [this](Ec ec, std::size_t) {
      if (!ec) {
        done_ = true;
      } else if (ec.category() ==
                 beast::http::make_error_code(beast::http::error::end_of_stream).category()) {
        done_ = true;
        error_ = Error{Code::kInvalid, "local_bad_response",
                       where() + " did not answer as HTTP should: " + ec.message()};
      } else {
        fail("cannot read from", ec);
      }
    });
  }
  void fail(const char* what, const Ec& ec) {
    done_ = true;
    error_ = Error{Code::kUnavailable, "local_unreachable",
                   std::string(what) + ' ' + where() + ": " + ec.message()};
  }

  Milliseconds deadline_;
  asio::io_context io_;
  tcp::resolver resolver_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  beast::http::request<beast::http::string_body> message_;
  beast::http::response_parser<beast::http::string_body> parser_;
  http::HttpUri uri_;
  bool done_ = false;
  std::optional<Error> error_;
};

}  // namespace

std::string_view LocalResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equal_ignoring_case(key, name)) return value;
  }
  return {};
}

Result<LocalResponse> call(const LocalRequest& request) {
  const auto uri = http::parse_http_uri(request.url);
  if (!uri.ok()) return Error{Code::kInvalid, "local_url_invalid", uri.error().detail};
  if (uri->scheme != "http") {
    return Error{Code::kUnsupported, "local_https",
                 quoted_url(request.url) + ": https is not spoken here, only http"};
  }
  for (const auto& [name, value] : request.headers) {
    if ((name + value).find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return Error{Code::kInvalid, "local_url_invalid", "a header holds a line break"};
    }
  }
  try {
    return Call(request, *uri).run();
  } catch (const std::exception& failure) {
    return Error{Code::kInternal, "local_failed", failure.what()};
  }
}

bool is_loopback_url(std::string_view url) {
  const auto uri = http::parse_http_uri(url);
  return uri.ok() && is_loopback(uri->host);
}

}  // namespace signet::net

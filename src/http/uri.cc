#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

#include "base/text.h"
#include "http/address.h"
#include "http/form.h"
#include "http/grammar.h"

namespace signet::http {
namespace {

std::string text(boost::core::string_view view) {
  return std::string(view.data(), view.size());
}

// "127.1", "0x7f000001", "1.2.3.4." and the like are addresses to resolvers and browsers (WHATWG
// URL, "ends in a number"), and names to everybody else.
bool is_odd_number(std::string_view host) {
  if (parse_address(host)) return false;
  if (host.ends_with('.')) host.remove_suffix(1);
  const std::string_view last = host.substr(host.rfind('.') + 1);
  return !last.empty() &&
         (last.starts_with("0x") ||
          std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; }));
}

}  // namespace

Result<HttpUri> parse_http_uri(std::string_view input) {
  const auto refuse = [&](std::string_view why) {
    return Error{Code::kInvalid, "uri_invalid",
                 quoted_url(input) + " is not an absolute http(s) URI: " + std::string(why)};
  };
  if (input.size() > 2048) return refuse("longer than 2048 bytes");
  const auto parsed = boost::urls::parse_uri({input.data(), input.size()});
  if (!parsed) return refuse("it breaks the syntax of RFC 3986");
  HttpUri uri;
  uri.scheme = to_lower(text(parsed->scheme()));
  if (uri.scheme != "http" && uri.scheme != "https") return refuse("the scheme is another");
  if (!parsed->has_authority()) return refuse("it has no host");
  if (parsed->has_userinfo()) return refuse("it holds user information");
  if (parsed->has_fragment()) return refuse("it holds a fragment");
  uri.host = to_lower(text(parsed->encoded_host()));
  if (!is_host(uri.host)) return refuse("the host is not a plain name or address");
  if (is_odd_number(uri.host)) return refuse("the host is a number in disguise");
  uri.port = uri.scheme == "https" ? 443 : 80;
  if (parsed->has_port() && !parsed->port().empty()) {
    // Boost.URL cuts a port beyond 65535 instead of refusing it.
    const std::string port = text(parsed->port());
    const auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), uri.port);
    if (ec != std::errc() || end != port.data() + port.size() || uri.port == 0) {
      return refuse("the port is out of range");
    }
  }
  // Boost.URL 1.81 takes the numbers at the front of "127.0.0.1.example.com" for the whole host,
  // and drops the rest or takes it for a path; so what it read is compared with what was written.
  const std::string path = text(parsed->encoded_path());
  const std::string start = uri.scheme + "://" + uri.host;
  const std::string_view rest = input.substr(std::min(start.size(), input.size()));
  const bool is_whole =
      equal_ignoring_case(input.substr(0, start.size()), start) &&
      (rest.empty() || std::string_view(":/?").find(rest.front()) != std::string_view::npos);
  if (!is_whole || (!path.empty() && path.front() != '/'))
    return refuse("its host is not what it seems");
  uri.path = path;
  uri.has_query = parsed->has_query();
  uri.query = text(parsed->encoded_query());
  return uri;
}

Result<std::string> resolve_http_uri(std::string_view base, std::string_view reference) {
  const auto refuse = [&] {
    return Error{Code::kInvalid, "uri_invalid", quoted_url(reference) + " leads nowhere"};
  };
  reference = reference.substr(0, reference.find('#'));
  if (reference.empty()) return refuse();
  const auto from = boost::urls::parse_uri({base.data(), base.size()});
  const auto to = boost::urls::parse_uri_reference({reference.data(), reference.size()});
  if (!from || !to) return refuse();
  if (to->has_scheme()) {
    TRY(const HttpUri checked, parse_http_uri(reference));
    // As it was written, but for the scheme and the host, which are compared.
    const std::string start = checked.scheme + "://" + checked.host;
    return start + std::string(reference.substr(start.size()));
  }
  boost::urls::url target(*from);
  if (!target.resolve(*to)) return refuse();
  // Boost.URL 1.81 leaves dots at the front where a path climbs above the root (RFC 3986 §5.2.4).
  std::string path = text(target.encoded_path());
  while (path.starts_with("/../") || path.starts_with("/./"))
    path.erase(0, path.find('/', 1));
  if (path == "/.." || path == "/.") path = "/";
  // Put together here: its own writer spells some paths with a dot in front.
  std::string whole = text(target.scheme()) + "://" + text(target.encoded_authority()) + path;
  if (target.has_query()) whole += "?" + text(target.encoded_query());
  TRY(parse_http_uri(whole));
  return whole;
}

}  // namespace signet::http

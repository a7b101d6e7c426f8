#include "http/proxy_rules.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "http/address.h"

namespace signet::http {
namespace {

Error invalid(const std::string& source, std::string_view why) {
  return {Code::kConfig, "proxy_invalid",
          source + " is not http(s)://[user:password@]host[:port]: " + std::string(why)};
}

Result<Proxy> parse_proxy(std::string_view text, const std::string& source) {
  // The variables are often written without a scheme.
  std::string_view scheme = "http";
  if (const std::size_t end = text.find("://"); end != std::string_view::npos) {
    scheme = text.substr(0, end);
    text.remove_prefix(end + 3);
  }
  if (text.find_first_of("?#") != std::string_view::npos)
    return invalid(source, "it has a query or a fragment");
  std::string_view credentials;
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    credentials = text.substr(0, at);
    text.remove_prefix(at + 1);
  }
  const auto uri = parse_http_uri(std::string(scheme) + "://" + std::string(text));
  if (!uri.ok()) return invalid(source, "scheme, host or port are malformed");
  if (!uri->path.empty() && uri->path != "/") return invalid(source, "it has a path");
  Proxy proxy;
  proxy.url = uri->scheme + "://" + uri->host + ":" + std::to_string(uri->port);
  if (credentials.empty()) return proxy;
  const std::size_t colon = credentials.find(':');
  auto user = percent_decode(credentials.substr(0, colon));
  auto password = percent_decode(colon == std::string_view::npos ? std::string_view()
                                                                 : credentials.substr(colon + 1));
  if (!user.ok() || !password.ok() || user->empty())
    return invalid(source, "user or password are malformed");
  proxy.user = std::move(user).value();
  proxy.password = std::move(password).value();
  return proxy;
}

struct Variable {
  std::string name;
  std::string_view value;
};

// The variable as lower or, failing that, upper case; set but empty counts as set, as for curl.
Variable find_variable(const ProxyRules::Environment& environment, const std::string& lower) {
  for (const std::string& name : {lower, to_upper(lower)}) {
    const auto found = std::find_if(environment.begin(), environment.end(),
                                    [&](const auto& pair) { return pair.first == name; });
    if (found != environment.end()) return {name, trim(found->second)};
  }
  return {lower, {}};
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
  Number number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc() || end != text.data() + text.size()) return false;
  out = number;
  return true;
}

bool is_near(const HttpUri& target, const std::optional<Bytes>& address) {
  if (!address) return target.host == "localhost" || target.host.ends_with(".localhost");
  static const Bytes kLoopback = {127, 0, 0, 0}, kLink = {169, 254, 0, 0};
  static const Bytes kLoopback6 = *parse_address("::1"), kLink6 = *parse_address("fe80::");
  return is_in_network(*address, kLoopback, 8) || is_in_network(*address, kLink, 16) ||
         is_in_network(*address, kLoopback6, 128) || is_in_network(*address, kLink6, 10);
}

}  // namespace

Status ProxyRules::add_exceptions(std::string_view list) {
  std::string text(list);
  std::replace(text.begin(), text.end(), ',', ' ');
  for (std::string_view word : split_words(text)) {
    if (word == "*") {
      all_straight_ = true;
      continue;
    }
    Exception entry;
    if (const std::size_t slash = word.find('/'); slash != std::string_view::npos) {
      const auto network = parse_address(word.substr(0, slash));
      if (!network || !read_number(word.substr(slash + 1), entry.bits) ||
          entry.bits > network->size() * 8)
        return Error{Code::kConfig, "no_proxy_invalid",
                     "NO_PROXY: " + quoted(word) + " is not a network"};
      entry.network = *network;
      exceptions_.push_back(std::move(entry));
      continue;
    }
    const std::size_t colon = word.rfind(':');
    const bool is_bare_v6 = parse_address(word) && word.front() != '[';
    if (colon != std::string_view::npos && !is_bare_v6 &&
        read_number(word.substr(colon + 1), entry.port))
      word = word.substr(0, colon);
    if (const auto address = parse_address(word)) {
      entry.network = *address;
      entry.bits = address->size() * 8;
    } else {
      if (word.starts_with('*')) word.remove_prefix(1);
      while (word.starts_with('.'))
        word.remove_prefix(1);
      while (word.ends_with('.'))
        word.remove_suffix(1);
      entry.name = to_lower(word);
    }
    if (!entry.name.empty() || entry.bits > 0) exceptions_.push_back(std::move(entry));
  }
  return Done{};
}

Result<ProxyRules> ProxyRules::make(std::string_view configured, const Environment& environment) {
  ProxyRules rules;
  if (!configured.empty()) {
    TRY(rules.both_, parse_proxy(configured, "the configured proxy"));
  } else {
    const Variable https = find_variable(environment, "https_proxy");
    if (!https.value.empty()) {
      TRY(rules.https_, parse_proxy(https.value, https.name));
    }
    const Variable http = find_variable(environment, "http_proxy");
    if (!http.value.empty()) {
      TRY(rules.http_, parse_proxy(http.value, http.name));
    }
  }
  TRY(rules.add_exceptions(find_variable(environment, "no_proxy").value));
  return rules;
}

bool ProxyRules::Exception::covers(const HttpUri& target,
                                   const std::optional<Bytes>& address) const {
  if (port != 0 && port != target.port) return false;
  if (address) return name.empty() && is_in_network(*address, network, bits);
  if (name.empty()) return false;
  std::string_view host = target.host;
  if (host.ends_with('.')) host.remove_suffix(1);
  return host == name || (host.ends_with(name) && host.size() > name.size() &&
                          host[host.size() - name.size() - 1] == '.');
}

const Proxy* ProxyRules::choose(const HttpUri& target) const {
  const std::optional<Proxy>& proxy = both_ ? both_ : target.scheme == "https" ? https_ : http_;
  if (!proxy || all_straight_) return nullptr;
  const auto address = parse_address(target.host);
  if (is_near(target, address)) return nullptr;
  const bool is_excepted =
      std::any_of(exceptions_.begin(), exceptions_.end(),
                  [&](const Exception& entry) { return entry.covers(target, address); });
  return is_excepted ? nullptr : &*proxy;
}

}  // namespace signet::http

#pragma once
// Which requests go through a proxy, by the settings and by the environment variables that
// everybody uses for it.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "http/form.h"

namespace signet::http {

struct Proxy {
  std::string url;             ///< http(s)://host:port, without credentials
  std::string user, password;  ///< decoded; the user is empty if there are none

  Proxy() = default;
  Proxy(Proxy&&) = default;
  Proxy& operator=(Proxy&&) = default;
  ~Proxy() { wipe(password); }
};

/// Immutable once made.
class ProxyRules {
 public:
  using Environment = std::vector<std::pair<std::string, std::string>>;

  /// `configured` (http(s)://[user:password@]host[:port]) serves both schemes; where it is empty
  /// HTTPS_PROXY and HTTP_PROXY do, one each. NO_PROXY holds for either. The lower-case names of
  /// the variables win, as they do for curl. kConfig "proxy_invalid" and "no_proxy_invalid" name
  /// the source and never its value.
  static Result<ProxyRules> make(std::string_view configured, const Environment& environment);

  /// The proxy for a target, or null for the straight way. Loopback and link-local targets (where
  /// clouds keep their metadata services) never go through one.
  const Proxy* choose(const HttpUri& target) const;

 private:
  /// One entry of NO_PROXY: a name with all names below it, an address, or a network.
  struct Exception {
    std::string name;
    Bytes network;
    std::size_t bits = 0;
    std::uint16_t port = 0;  ///< 0: any
    bool covers(const HttpUri& target, const std::optional<Bytes>& address) const;
  };
  Status add_exceptions(std::string_view list);

  std::optional<Proxy> both_, https_, http_;
  std::vector<Exception> exceptions_;
  bool all_straight_ = false;
};

}  // namespace signet::http

#pragma once
// realms: what one realm is. Its settings as operators write them, its place in URLs, and the
// prepared snapshot that requests are answered from.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/strong.h"
#include "tokens/format.h"

namespace signet::realms {

/// A realm's settings, checked.
struct RealmSettings {
  RealmName name;
  bool enabled = true;
  tokens::TokenFormat format = tokens::TokenFormat::kJwt;
  jose::JwsAlg signing_alg = jose::JwsAlg::kRs256;
  Seconds lifetime{600};
  Seconds max_lifetime{3600};
  std::vector<std::string> default_audience;  ///< empty: the issuer
  std::vector<std::string> scopes;            ///< offered in metadata
  /// A token for another resource server than the one selected now is inactive.
  bool strict_resource_servers = false;

  /// kConfig "settings_invalid" with every fault.
  static Result<RealmSettings> from_json(const json::Object& document);
};

/// A realm's name is a path of segments below root, "customers/emea"; "root" itself is the top.
/// Segments: 1 to 64 of [A-Za-z0-9._-], not starting with a dot; at most 8 of them.
bool is_realm_name(std::string_view text);

/// A public path taken apart: /oauth2[/realms/root[/realms/NAME]...]/ENDPOINT.
struct RealmPath {
  std::string_view endpoint;  ///< "access_token", "connect/jwk_uri", ...; without leading slash
  std::array<std::string_view, 8> segments;
  std::size_t depth = 0;  ///< 0: root
  /// The realm's name, written to `out`.
  std::string_view name(std::string& out) const;
};
/// Nothing if the path is not of this shape, or leads to "root" as to a realm below it.
std::optional<RealmPath> parse_realm_path(std::string_view path);

/// The path under which a realm's endpoints lie: "/oauth2" or "/oauth2/realms/root/realms/NAME...".
std::string base_path(const RealmName& name);

}  // namespace signet::realms

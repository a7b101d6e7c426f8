#pragma once
// secrets: the key model. Secret IDs, what they allow, mappings, key rings and the life of a key,
// as plain values. Stores and everything that waits are in secrets/stores and secrets/keeper.

#include <compare>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace signet::secrets {

/// The stable name of one need, e.g. "am.services.oauth2.oidc.signing.ES256". Alphanumerics and
/// single inner periods, at most 255 characters: so it is a safe file name by construction.
class SecretId {
 public:
  SecretId() = default;
  static Result<SecretId> parse(std::string_view text);  ///< "secret_id_invalid"
  /// For literals in our own code; ends the process on a bad one.
  static SecretId literal(std::string_view text);
  const std::string& str() const { return text_; }
  friend auto operator<=>(const SecretId&, const SecretId&) = default;
  friend bool operator==(const SecretId&, const SecretId&) = default;
  friend std::ostream& operator<<(std::ostream& out, const SecretId& id) { return out << id.text_; }

 private:
  std::string text_;
};

enum class Purpose : std::uint8_t { kSigning, kEncryption, kDecryption, kTrust, kPassword };
enum class Scope : std::uint8_t { kGlobal, kRealm };

/// One row of the registry (secret_ids.def): what an ID is for and which keys may stand behind it.
struct SecretIdRow {
  std::string_view name;                     ///< templated rows hold "{identifier}"
  std::string_view default_alias;            ///< empty if none
  std::vector<std::string_view> algorithms;  ///< JOSE names, "RSA-SHA256", ..., "X.509" or "any"
  Scope scope;
  Purpose purpose;
  std::string_view fallback;  ///< the ID asked when this one has nothing; empty if none
  std::string_view consumer;  ///< one sentence: what it is used for
};

const std::vector<SecretIdRow>& registry();
/// The row of an ID, by name or by template; null for an operator's own ID (a keystore's password).
const SecretIdRow* find_row(const SecretId& id);
/// Whether keys of the row stand in rings. Passwords do not: the store that needs one asks the
/// others for it. False for null.
bool has_ring(const SecretIdRow* row);
/// Whether the row stands for many IDs ("{identifier}").
bool is_template(const SecretIdRow& row);
/// Where to look next when `id` has no secret: custom SAML identifiers fall back to their default.
std::vector<SecretId> with_fallbacks(const SecretId& id, bool as_identity_provider = true);

std::string_view to_string(Purpose purpose);
std::string_view to_string(Scope scope);

}  // namespace signet::secrets

template <>
struct std::hash<signet::secrets::SecretId> {
  std::size_t operator()(const signet::secrets::SecretId& id) const {
    return std::hash<std::string>()(id.str());
  }
};

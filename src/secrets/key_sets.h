#pragma once
// Which public halves others fetch from us, and where.

#include <optional>
#include <vector>

#include "jose/jwk.h"
#include "secrets/secret_id.h"

namespace signet::secrets {

/// A realm has one of each: /connect/jwk_uri and /connect/rp/jwk_uri.
enum class KeySet : std::uint8_t { kProvider, kRelyingParty };

/// An ID whose asymmetric keys stand in a key set.
struct PublishedId {
  SecretId id;
  jose::KeyUse use;
  bool is_active_alone = false;  ///< the others open what is on its way, and nobody is to take them
};
const std::vector<PublishedId>& published_ids(KeySet set);

/// The set that the ID stands in, and how; nothing for keys that nobody fetches.
struct PublishedPlace {
  KeySet set;
  const PublishedId* published;
};
std::optional<PublishedPlace> published_place(const SecretId& id);

}  // namespace signet::secrets

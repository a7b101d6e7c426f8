#pragma once
// What the server says of itself: metadata (OpenID Connect Discovery 1.0, RFC 8414) and the JWKS.

#include <string>
#include <vector>

#include "jose/algorithms.h"
#include "secrets/key_ring.h"

namespace signet::oauth {

/// What metadata needs to know; it says only what works now (sec_148).
struct Capabilities {
  std::string issuer;
  std::string base_url;  ///< where the realm's endpoints lie, no trailing slash
  std::vector<std::string> scopes;
  bool can_check_secret_jwt = true;
};

/// For /.well-known/openid-configuration and RFC 8414 alike. No member speaks of ID tokens, though
/// OpenID Connect Discovery 1.0 §3 requires some: the server issues none.
std::string metadata_document(const Capabilities& capabilities);

/// A document with its strong ETag, both ready to send.
struct ReadyDocument {
  std::string body;
  std::string etag;
};
ReadyDocument make_document(std::string body);

/// The JWK set of a realm: every valid asymmetric key, active ones first, each key once for each
/// use; never a symmetric key (sec_135), never a private member (sec_126).
struct PublishedKey {
  const secrets::Secret* secret;
  jose::KeyUse use;
};
std::string jwks_document(const std::vector<PublishedKey>& keys);

}  // namespace signet::oauth

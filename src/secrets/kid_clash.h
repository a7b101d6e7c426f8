#pragma once
// Two keys of one kid. Whoever is told a kid, in a token or in a JWKS, takes it for one key; kids
// that are thumbprints never clash, those that a JWK, a store or an operator chose may.

#include "secrets/secret.h"

namespace signet::secrets {

/// Where one of the keys is from.
struct KidHolder {
  SecretId id;
  RealmName store_realm;  ///< whose store; empty: a global one
  StoreName store;        ///< empty where it is only remembered
  Alias alias;

  static KidHolder of(const SecretId& id, const Secret& secret);
  friend bool operator==(const KidHolder&, const KidHolder&) = default;
};

/// Different keys under one kid.
struct KidClash {
  KeyId kid;
  KidHolder one, other;
  friend bool operator==(const KidClash&, const KidClash&) = default;
};

/// "am.x (store s, alias 'a')"
std::string in_words(const KidHolder& holder);
/// One sentence without its end: which kid, and whose.
std::string in_words(const KidClash& clash);

/// Whether they are different keys under one kid where that matters: both sign, or both encrypt or
/// decrypt, since the JWKS has a kid once for each use; and both are symmetric, or neither, since
/// the algorithm tells those apart. One key under several IDs is no clash.
bool is_kid_clash(const SecretId& id, const Secret& secret, const SecretId& other_id,
                  const Secret& other);

/// "kid_reused", naming the other key.
Error kid_reused(const KeyId& kid, const KidHolder& other);

}  // namespace signet::secrets

#include "secrets/stores/keystore/default_keystore.h"

#include "crypto/pkcs12.h"

namespace signet::secrets {

const std::vector<DefaultKey>& default_keystore_keys() {
  static const std::vector<DefaultKey> keys = {
      {"rsajwtsigningkey", "RSA-2048"},
      {"test", "RSA-2048"},
      {"selfserviceenctest", "RSA-2048"},
      {"es256test", "P-256"},
      {"es384test", "P-384"},
      {"es512test", "P-521"},
      {"eddsatest", "Ed25519"},
      {"hmacsigningtest", "HMAC-512"},
      {"selfservicesigntest", "HMAC-256"},
      {"directenctest", "AES-256"},
      // As AM's documents spell it for two of the IDs; mappings that were copied from there name
      // it.
      {"directentest", "AES-256"},
  };
  return keys;
}

Result<SecretBytes> make_default_keystore(const CertificateTerms& terms, Instant now,
                                          Random& random, ByteView password) {
  std::vector<crypto::Pkcs12Entry> entries;
  for (const DefaultKey& key : default_keystore_keys()) {
    TRY(const KeySpec spec, parse_key_spec(key.spec));
    TRY(MadeKey made, make_key(spec, terms, now, random));
    crypto::Pkcs12Entry entry;
    entry.friendly_name = key.alias;
    entry.private_key = std::move(made.pair);
    if (made.certificate) {
      entry.chain.push_back(std::move(*made.certificate));
    } else {
      entry.secret_key = std::move(made.symmetric);
      entry.secret_key_algorithm =
          spec.type == KeySpec::Type::kAes ? "AES" : "HmacSHA" + std::to_string(spec.bits);
    }
    entries.push_back(std::move(entry));
  }
  return crypto::write_pkcs12(entries, password);
}

}  // namespace signet::secrets

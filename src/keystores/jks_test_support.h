#pragma once
// JKS and JCEKS stores for tests: written here, and one that keytool wrote.

#include <string>

#include "crypto/digest.h"
#include "crypto/x509.h"

namespace signet::keystores {

/// A store made by OpenJDK 17's keytool with 10,000 iterations (jdk.jceks.iterationCount), store
/// password "changeit". Entries in file order: "ec" (P-256 with its certificate, "changeit"),
/// "triple" (DESede, which Java serialises as a KeyRep, "entrypass") and "mac" (HmacSHA512 of 64
/// bytes, "changeit").
std::string keytool_jceks();

std::string jks_trailer(std::string_view body, std::string_view password);

/// The store with the trailer that fits what is in it now.
std::string with_trailer(std::string store, std::string_view password);

/// Puts a store together. Keys are sealed as JKS does it, which JCEKS takes too.
class JksWriter {
 public:
  explicit JksWriter(std::string magic = "\xfe\xed\xfe\xed", std::uint32_t version = 2);

  JksWriter& private_key(std::string_view alias, const crypto::PrivateKey& key,
                         const std::vector<crypto::Certificate>& chain, std::string_view password);
  JksWriter& certificate(std::string_view alias, const crypto::Certificate& certificate);
  JksWriter& head(std::uint32_t tag, std::string_view alias);
  JksWriter& text(std::string_view text);
  JksWriter& blob(std::string_view bytes);
  JksWriter& number(std::uint64_t value, int size);
  std::string finish(std::string_view password) const;

 private:
  static void append(std::string& out, std::uint64_t value, int size);
  static std::string der(char tag, const std::string& content);
  static std::string sealed(const crypto::PrivateKey& key, std::string_view password);
  void put(const crypto::Certificate& certificate);

  std::string magic_, body_;
  std::uint32_t version_, count_ = 0;
};

}  // namespace signet::keystores

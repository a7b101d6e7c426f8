#pragma once
// JKS and JCEKS stores for tests: written here, and one that keytool wrote.

#include <algorithm>
#include <string>

#include "base/base64.h"
#include "crypto/digest.h"
#include "crypto/x509.h"
#include "keystores/java_text.h"

namespace signet::keystores {

/// A store made by OpenJDK 17's keytool with 10,000 iterations (jceks.key.iterationCount), store
/// password "changeit". Entries in file order: "ec" (P-256 with its certificate, "changeit"),
/// "triple" (DESede, which Java serialises as a KeyRep, "entrypass") and "mac" (HmacSHA512 of 64
/// bytes, "changeit").
inline std::string keytool_jceks() {
  constexpr std::string_view kText =
      "zs7OzgAAAAIAAAADAAAAAQACZWMAAAGiADjQcgAAAGowaDAcBgkrBgEEASoCEwEwDwQIli0waRsxBdUCAwMNQARImBWF"
      "kE3R"
      "I+Qw1p/iTnLtwCjFiPq74v6BarKcewrJuEEQt240onexnjb3cK40/D9L/"
      "yEnZlhZRHWqOyi8bGMFcNCJGj7tScDsAAAAAQAF"
      "WC41MDkAAAE3MIIBMzCB2qADAgECAgkA1HHbKP9KpNkwCgYIKoZIzj0EAwIwDTELMAkGA1UEAxMCZWMwIBcNMjYxMTIx"
      "MjIy"
      "NzMyWhgPMjEyNjEwMjgyMjI3MzJaMA0xCzAJBgNVBAMTAmVjMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEtX59aCxE"
      "htlO"
      "v0pWkhlqTUcZOeW3jHV83okwKpPs3kQR0Clk1yTj8rS2ELdjPkrn3/"
      "cU6hP+R7dFBQnQH2CwU6MhMB8wHQYDVR0OBBYEFOl4"
      "gRiXPZejkjjsl62mTzShe+UzMAoGCCqGSM49BAMCA0gAMEUCIEbG8Y8mRwYsGWiXb3H/"
      "q8r8s6S6I4j9xbxx3hOUTE8wAiEA"
      "8qfXLhxo+98qI6KWxTgc3SgQIcZjKVxm6Ki+"
      "eGppp6sAAAADAAZ0cmlwbGUAAAGiADjLfaztAAVzcgAzY29tLnN1bi5jcnlw"
      "dG8ucHJvdmlkZXIuU2VhbGVkT2JqZWN0Rm9yS2V5UHJvdGVjdG9yzVfKWecwu1MCAAB4cgAZamF2YXguY3J5cHRvLlNl"
      "YWxl"
      "ZE9iamVjdD42PabDt1RwAgAEWwANZW5jb2RlZFBhcmFtc3QAAltCWwAQZW5jcnlwdGVkQ29udGVudHEAfgACTAAJcGFy"
      "YW1z"
      "QWxndAASTGphdmEvbGFuZy9TdHJpbmc7TAAHc2VhbEFsZ3EAfgADeHB1cgACW0Ks8xf4BghU4AIAAHhwAAAAETAPBAhB"
      "rqUo"
      "Aow3FQIDAw1AdXEAfgAFAAABIJk0QsgeLCIFQv50TSeV6j9aBLFhOhMo2UOaP/"
      "KBUSMcnH2TdSCD+wqO+t3ES1qOE5xmiH2m"
      "g4bp1NrbUBQ1h1IuNnNhogtR3q0ow5pkOCZEvxpf6lW853270vAgx7z1UUG6jMNYDVLv+Za8e3/"
      "sqKNwCzymuidrEp5eMSqI"
      "raU3hWtIOTjBT4UC1AHqSabYmBy3mXWo/"
      "zqnh0FEPjforsnb0mVBo7qQQbWwLA6rrujJ6Rcp9NccUa2PNtGNbr7n5Xvcu9wc"
      "MpUAyddXXLmMLPQffeltcDg5DOwhxX9N9RWrG4xM70hBJGWwpVAZHauCMuaYygYGxBumU2oeTFkR1Ljka8N39JT2dXwS"
      "JIlu"
      "0f7cODBsVsmPi9iAyjObh/"
      "aHGXQAFlBCRVdpdGhNRDVBbmRUcmlwbGVERVN0ABZQQkVXaXRoTUQ1QW5kVHJpcGxlREVTAAAA"
      "AwADbWFjAAABogA4yO2s7QAFc3IAM2NvbS5zdW4uY3J5cHRvLnByb3ZpZGVyLlNlYWxlZE9iamVjdEZvcktleVByb3Rl"
      "Y3Rv"
      "cs1XylnnMLtTAgAAeHIAGWphdmF4LmNyeXB0by5TZWFsZWRPYmplY3Q+"
      "Nj2mw7dUcAIABFsADWVuY29kZWRQYXJhbXN0AAJb"
      "QlsAEGVuY3J5cHRlZENvbnRlbnRxAH4AAkwACXBhcmFtc0FsZ3QAEkxqYXZhL2xhbmcvU3RyaW5nO0wAB3NlYWxBbGdx"
      "AH4A"
      "A3hwdXIAAltCrPMX+"
      "AYIVOACAAB4cAAAABEwDwQIskP3myBsMZQCAwMNQHVxAH4ABQAAAMi1hverdcCDjF1sYIKsUbUidkRJ"
      "kf1yI+7G5DaV67yMFIG70p4hzeiJL6LOOA1JR3A4Xwm44YYkqFS44FerLHG/"
      "Xv5mhUgYqfEgy6OohVX1mh86KDNq2Ovcl4er"
      "wUI3Ed37SXRqkoLyhImeXR8YdEdSzhaGhDQaM9T7UBkIuBE2vglJqTbGktYvL9rWB2qLABVPe6Xw9WF74YhNG5DFkABE"
      "mMJp"
      "t9pxZlr8ef0XnDwxi2CqPA2+"
      "VWIjPgcuWNmqBdOHLZqzV4KaaXQAFlBCRVdpdGhNRDVBbmRUcmlwbGVERVN0ABZQQkVXaXRo"
      "TUQ1QW5kVHJpcGxlREVTmZwxmxay1RpGKxcWgs9BAbwaLYM=";
  return to_text(base64::decode(kText)->view());
}

inline std::string jks_trailer(std::string_view body, std::string_view password) {
  return to_text(crypto::Hasher(crypto::Hash::kSha1)
                     .update(java_characters(as_bytes(password))->view())
                     .update(as_bytes("Mighty Aphrodite"))
                     .update(as_bytes(body))
                     .finish());
}

/// The store with the trailer that fits what is in it now.
inline std::string with_trailer(std::string store, std::string_view password) {
  store.resize(store.size() - 20);
  return store + jks_trailer(store, password);
}

/// Puts a store together. Keys are sealed as JKS does it, which JCEKS takes too.
class JksWriter {
 public:
  explicit JksWriter(std::string magic = "\xfe\xed\xfe\xed", std::uint32_t version = 2)
      : magic_(std::move(magic)), version_(version) {}

  JksWriter& private_key(std::string_view alias, const crypto::PrivateKey& key,
                         const std::vector<crypto::Certificate>& chain, std::string_view password) {
    head(1, alias);
    blob(sealed(key, password));
    number(chain.size(), 4);
    for (const crypto::Certificate& certificate : chain)
      put(certificate);
    return *this;
  }
  JksWriter& certificate(std::string_view alias, const crypto::Certificate& certificate) {
    head(2, alias);
    put(certificate);
    return *this;
  }
  JksWriter& head(std::uint32_t tag, std::string_view alias) {
    ++count_;
    number(tag, 4);
    text(alias);
    return number(1'700'000'000'000, 8);
  }
  JksWriter& text(std::string_view text) {
    number(text.size(), 2);
    body_ += text;
    return *this;
  }
  JksWriter& blob(std::string_view bytes) {
    number(bytes.size(), 4);
    body_ += bytes;
    return *this;
  }
  JksWriter& number(std::uint64_t value, int size) {
    append(body_, value, size);
    return *this;
  }
  std::string finish(std::string_view password) const {
    std::string store = magic_;
    append(store, version_, 4);
    append(store, count_, 4);
    store += body_;
    return store + jks_trailer(store, password);
  }

 private:
  static void append(std::string& out, std::uint64_t value, int size) {
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
      out.push_back(static_cast<char>(value >> shift));
  }
  static std::string der(char tag, const std::string& content) {
    std::string out(1, tag);
    if (content.size() < 0x80) {
      append(out, content.size(), 1);
    } else {
      const int size = content.size() < 0x100 ? 1 : 2;
      out.push_back(static_cast<char>(0x80 + size));
      append(out, content.size(), size);
    }
    return out + content;
  }
  static std::string sealed(const crypto::PrivateKey& key, std::string_view password) {
    const SecretBytes plain = key.pkcs8(), characters = *java_characters(as_bytes(password));
    std::string out(20, 's');
    Bytes turn = to_bytes(out);
    for (std::size_t at = 0; at < plain.size(); ++at) {
      if (at % 20 == 0) {
        turn = crypto::Hasher(crypto::Hash::kSha1).update(characters.view()).update(turn).finish();
      }
      out.push_back(static_cast<char>(plain.view()[at] ^ turn[at % 20]));
    }
    out += to_text(crypto::Hasher(crypto::Hash::kSha1)
                       .update(characters.view())
                       .update(plain.view())
                       .finish());
    const std::string oid("\x06\x0a\x2b\x06\x01\x04\x01\x2a\x02\x11\x01\x01\x05\x00", 14);
    return der(0x30, der(0x30, oid) + der(0x04, out));
  }
  void put(const crypto::Certificate& certificate) {
    if (version_ == 2) text("X.509");
    blob(as_text(certificate.der()));
  }

  std::string magic_, body_;
  std::uint32_t version_, count_ = 0;
};

}  // namespace signet::keystores

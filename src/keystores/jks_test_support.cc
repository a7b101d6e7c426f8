#include "keystores/jks_test_support.h"

#include <algorithm>

#include "base/base64.h"
#include "keystores/java_text.h"

namespace signet::keystores {

std::string keytool_jceks() {
  constexpr std::string_view kText =
      "zs7OzgAAAAIAAAADAAAAAQACZWMAAAGiAGjE7AAAAGkwZzAbBgkrBgEEASoCEwEwDgQIkANweq29Gu0CAicQBEij"
      "9K3t2Vo0rtFbIzlQGeoc/VaVWZ5RlF+CNGWMWqLMR9ZK2XzkbhVjXkznwdiDgc+kF5GV2LAxj4i1ij4MLIvbx3cn"
      "9l+sFbkAAAABAAVYLjUwOQAAATcwggEzMIHaoAMCAQICCQCThJiHmnAQYjAKBggqhkjOPQQDAjANMQswCQYDVQQD"
      "EwJlYzAgFw0yNjExMjEyMzE5NTVaGA8yMTI2MTAyODIzMTk1NVowDTELMAkGA1UEAxMCZWMwWTATBgcqhkjOPQIB"
      "BggqhkjOPQMBBwNCAARw1YTlsEY87+D0JbVC+YorkDycbKFzOFH84yUnszmW611gFEprfqXFKiDK611zp3sAygVQ"
      "2Nq7QVzkXBhcr4YFoyEwHzAdBgNVHQ4EFgQUdPFbWhVWGc6GnbTLICv1Cx+34e4wCgYIKoZIzj0EAwIDSAAwRQIg"
      "aEnC30353MA4frY4HQY+5DacIyeoJhnGnHjYtWR8bkACIQCP5vr7mSdER25Z9q4w584asQP2IIHUEOufqB1U+zG8"
      "0gAAAAMABnRyaXBsZQAAAaIAaL1XrO0ABXNyADNjb20uc3VuLmNyeXB0by5wcm92aWRlci5TZWFsZWRPYmplY3RG"
      "b3JLZXlQcm90ZWN0b3LNV8pZ5zC7UwIAAHhyABlqYXZheC5jcnlwdG8uU2VhbGVkT2JqZWN0PjY9psO3VHACAARb"
      "AA1lbmNvZGVkUGFyYW1zdAACW0JbABBlbmNyeXB0ZWRDb250ZW50cQB+AAJMAAlwYXJhbXNBbGd0ABJMamF2YS9s"
      "YW5nL1N0cmluZztMAAdzZWFsQWxncQB+AAN4cHVyAAJbQqzzF/gGCFTgAgAAeHAAAAAQMA4ECJM8JcpcvMbWAgIn"
      "EHVxAH4ABQAAASAJXPgy4ZIpU0CL9UxSP/blhle4bN59jaQ1FFrMjWgWOffCJvt9QgWXHT1p/EjS03D6hecp5yMe"
      "/bxBTvm3tHkxIEhOAmL5uXPPx4o4zYUNa7tqTGAGOzsWGjdsCYf+nQ8GVWpScHaAtQNq5xUVhzkaHM+XyYkI7NIw"
      "BX2n6iT3eDmKpwNL5/+FHIF36phdd33kjxV4aPahEgRPUs+x5pdDgb200aMmSI0UWCjarXLKvVeZ4baXZPnFE+XO"
      "nJe2Uy/H1Otp1c+lAn+cJvBBxobKqXw+f7xSD8MHf5vNw6aGMxkljvo0yzu2AC7rfL00Mrn01QrZ/ODA39X6HT7l"
      "SsYTBsESVBMHyNKRZ1gR2x+n3UO8hKttNZYTUYYdndP8ZCp0ABZQQkVXaXRoTUQ1QW5kVHJpcGxlREVTdAAWUEJF"
      "V2l0aE1ENUFuZFRyaXBsZURFUwAAAAMAA21hYwAAAaIAaLY3rO0ABXNyADNjb20uc3VuLmNyeXB0by5wcm92aWRl"
      "ci5TZWFsZWRPYmplY3RGb3JLZXlQcm90ZWN0b3LNV8pZ5zC7UwIAAHhyABlqYXZheC5jcnlwdG8uU2VhbGVkT2Jq"
      "ZWN0PjY9psO3VHACAARbAA1lbmNvZGVkUGFyYW1zdAACW0JbABBlbmNyeXB0ZWRDb250ZW50cQB+AAJMAAlwYXJh"
      "bXNBbGd0ABJMamF2YS9sYW5nL1N0cmluZztMAAdzZWFsQWxncQB+AAN4cHVyAAJbQqzzF/gGCFTgAgAAeHAAAAAQ"
      "MA4ECM7CWSb8YcCuAgInEHVxAH4ABQAAAMhgnL4VF4FIUY1Ch+6TO8omCSjJfgtRo+pBh22cWxmlIgAbWsH5bHst"
      "r893ar9NpXVzR/tx081ZB9bRL5bsqENMEg9xRGl9VOhQ3tXhttWpjJ91+yABJ8vg11/K5/vCM0mLGftHrFZwGIOS"
      "4j1xwqaw+u64h5/hgNu6ssOp7p5eck/BTdpP7e+B2Ml83/+6/ujx3CYYbuziD1XTwSxjjXqarIIsbK1bKF/DbcMA"
      "fClg986EEXWRXYgjm2McNMNaI6k/HmTFtpooGHQAFlBCRVdpdGhNRDVBbmRUcmlwbGVERVN0ABZQQkVXaXRoTUQ1"
      "QW5kVHJpcGxlREVT/NM/GKC4E8mLYhCLvxkkb1vnL6A=";
  return to_text(base64::decode(kText)->view());
}

std::string jks_trailer(std::string_view body, std::string_view password) {
  return to_text(crypto::Hasher(crypto::Hash::kSha1)
                     .update(java_characters(as_bytes(password))->view())
                     .update(as_bytes("Mighty Aphrodite"))
                     .update(as_bytes(body))
                     .finish());
}

std::string with_trailer(std::string store, std::string_view password) {
  store.resize(store.size() - 20);
  return store + jks_trailer(store, password);
}

JksWriter::JksWriter(std::string magic, std::uint32_t version)
    : magic_(std::move(magic)), version_(version) {}

JksWriter& JksWriter::private_key(std::string_view alias, const crypto::PrivateKey& key,
                                  const std::vector<crypto::Certificate>& chain,
                                  std::string_view password) {
  head(1, alias);
  blob(sealed(key, password));
  number(chain.size(), 4);
  for (const crypto::Certificate& certificate : chain)
    put(certificate);
  return *this;
}

JksWriter& JksWriter::certificate(std::string_view alias, const crypto::Certificate& certificate) {
  head(2, alias);
  put(certificate);
  return *this;
}

JksWriter& JksWriter::head(std::uint32_t tag, std::string_view alias) {
  ++count_;
  number(tag, 4);
  text(alias);
  return number(1'700'000'000'000, 8);
}

JksWriter& JksWriter::text(std::string_view text) {
  number(text.size(), 2);
  body_ += text;
  return *this;
}

JksWriter& JksWriter::blob(std::string_view bytes) {
  number(bytes.size(), 4);
  body_ += bytes;
  return *this;
}

JksWriter& JksWriter::number(std::uint64_t value, int size) {
  append(body_, value, size);
  return *this;
}

std::string JksWriter::finish(std::string_view password) const {
  std::string store = magic_;
  append(store, version_, 4);
  append(store, count_, 4);
  store += body_;
  return store + jks_trailer(store, password);
}

void JksWriter::append(std::string& out, std::uint64_t value, int size) {
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(value >> shift));
}

std::string JksWriter::der(char tag, const std::string& content) {
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

std::string JksWriter::sealed(const crypto::PrivateKey& key, std::string_view password) {
  const SecretBytes plain = key.pkcs8(), characters = *java_characters(as_bytes(password));
  std::string out(20, 's');
  Bytes turn = to_bytes(out);
  for (std::size_t at = 0; at < plain.size(); ++at) {
    if (at % 20 == 0) {
      turn = crypto::Hasher(crypto::Hash::kSha1).update(characters.view()).update(turn).finish();
    }
    out.push_back(static_cast<char>(plain.view()[at] ^ turn[at % 20]));
  }
  out += to_text(
      crypto::Hasher(crypto::Hash::kSha1).update(characters.view()).update(plain.view()).finish());
  const std::string oid("\x06\x0a\x2b\x06\x01\x04\x01\x2a\x02\x11\x01\x01\x05\x00", 14);
  return der(0x30, der(0x30, oid) + der(0x04, out));
}

void JksWriter::put(const crypto::Certificate& certificate) {
  if (version_ == 2) text("X.509");
  blob(as_text(certificate.der()));
}

}  // namespace signet::keystores

#include "keystores/pem.h"

#include <algorithm>

#include "base/base64.h"
#include "base/text.h"

namespace signet::keystores {
namespace {

using crypto::Certificate;
using crypto::PrivateKey;
using crypto::PublicKey;

constexpr std::size_t kLargestText = 1 << 20;
constexpr std::size_t kMostBlocks = 1000;
constexpr std::size_t kLongestLabel = 64;
constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";

Error malformed_pem(std::string detail) {
  return Error{Code::kInvalid, "pem_malformed", std::move(detail)};
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kLongestLabel || label.front() == ' ' ||
      label.back() == ' ' || label.find("  ") != std::string_view::npos) {
    return false;
  }
  return std::all_of(label.begin(), label.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ';
  });
}

// Takes a line off the front, without its end and without blanks behind it.
std::string_view take_line(std::string_view& text) {
  const std::size_t at = text.find('\n');
  std::string_view line = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) {
    line.remove_suffix(1);
  }
  return line;
}

std::optional<std::string_view> label_of(std::string_view line, std::string_view prefix) {
  if (!line.starts_with(prefix) || !line.ends_with(kDashes) ||
      line.size() < prefix.size() + kDashes.size()) {
    return std::nullopt;
  }
  return line.substr(prefix.size(), line.size() - prefix.size() - kDashes.size());
}

// RFC 1421 headers end at the first empty line; base64 holds no colon.
std::string_view take_headers(std::string_view& body) {
  std::string_view first = body;
  if (take_line(first).find(':') == std::string_view::npos) return {};
  const char* start = body.data();
  while (!body.empty()) {
    const char* before = body.data();
    if (take_line(body).empty()) return {start, static_cast<std::size_t>(before - start)};
  }
  return {start, 0};
}

// The rest of a block whose BEGIN line was just taken off `rest`.
Result<PemBlock> take_block(std::string_view label, const char* start, std::string_view& rest) {
  if (!is_label(label)) return malformed_pem("the label " + quoted(label));
  const char* body_start = rest.data();
  while (!rest.empty()) {
    const char* line_start = rest.data();
    const std::string_view line = take_line(rest);
    if (line.starts_with(kBegin)) return malformed_pem("a BEGIN inside a block");
    if (!line.starts_with(kEnd)) continue;
    if (label_of(line, kEnd) != label) return malformed_pem("an END that is not of its BEGIN");
    std::string_view body(body_start, static_cast<std::size_t>(line_start - body_start));
    PemBlock block;
    block.label = label;
    block.whole = {start, static_cast<std::size_t>(line.data() + line.size() - start)};
    block.headers = take_headers(body);
    auto payload = base64::decode(body);
    if (!payload.ok() || payload->empty()) return malformed_pem("a block that is not base64");
    block.payload = std::move(payload).value();
    return block;
  }
  return malformed_pem("a BEGIN without its END");
}

bool is_encrypted_by_headers(const PemBlock& block) {
  return block.headers.find("ENCRYPTED") != std::string_view::npos;
}

Result<PrivateKey> traditional_key(const PemBlock& block, std::optional<ByteView> password) {
  if (!is_encrypted_by_headers(block)) return PrivateKey::from_traditional(block.payload.view());
  if (!password) {
    return Error{Code::kDenied, "key_password_missing", "an encrypted key without a password"};
  }
  return PrivateKey::from_encrypted_traditional_pem(block.whole, *password);
}

Result<PrivateKey> encrypted_key(const PemBlock& block, std::optional<ByteView> password) {
  if (!password) {
    return Error{Code::kDenied, "key_password_missing", "an encrypted key without a password"};
  }
  return PrivateKey::from_encrypted_pkcs8(block.payload.view(), *password);
}

Status read_block(PemBlock& block, std::optional<ByteView> password, PemContents& out) {
  const std::string_view label = block.label;
  const ByteView payload = block.payload.view();
  if (label == "CERTIFICATE") {
    TRY(Certificate certificate, Certificate::from_der(payload));
    out.certificates.push_back(std::move(certificate));
  } else if (label == "PUBLIC KEY") {
    TRY(PublicKey key, PublicKey::from_spki(payload));
    out.public_keys.push_back(std::move(key));
  } else if (label == "RSA PUBLIC KEY") {
    TRY(PublicKey key, PublicKey::from_rsa_pkcs1(payload));
    out.public_keys.push_back(std::move(key));
  } else if (label == "PRIVATE KEY") {
    TRY(PrivateKey key, PrivateKey::from_pkcs8(payload));
    out.private_keys.push_back(std::move(key));
  } else if (label == "ENCRYPTED PRIVATE KEY") {
    TRY(PrivateKey key, encrypted_key(block, password));
    out.private_keys.push_back(std::move(key));
  } else if (label == "RSA PRIVATE KEY" || label == "EC PRIVATE KEY" ||
             label == "DSA PRIVATE KEY") {
    TRY(PrivateKey key, traditional_key(block, password));
    out.private_keys.push_back(std::move(key));
  } else if (label == "HMAC SECRET KEY" || label == "AES SECRET KEY" || label == "GENERIC SECRET") {
    out.secrets.emplace_back(std::string(label), std::move(block.payload));
  } else if (label != "EC PARAMETERS") {
    return Error{Code::kUnsupported, "pem_label_unknown", "a block of " + quoted(label)};
  }
  return Done{};
}

}  // namespace

Result<std::vector<PemBlock>> split_pem(std::string_view text) {
  if (text.size() > kLargestText) {
    return Error{Code::kInvalid, "pem_too_large", "a PEM text of more than 1 MiB"};
  }
  std::vector<PemBlock> blocks;
  while (!text.empty()) {
    const char* start = text.data();
    const std::string_view line = take_line(text);
    if (line.starts_with(kEnd)) return malformed_pem("an END without its BEGIN");
    if (!line.starts_with(kBegin)) continue;
    const auto label = label_of(line, kBegin);
    if (!label) return malformed_pem("a BEGIN line that does not end in dashes");
    if (blocks.size() == kMostBlocks) return malformed_pem("more blocks than are looked at");
    TRY(PemBlock block, take_block(*label, start, text));
    blocks.push_back(std::move(block));
  }
  if (blocks.empty()) return malformed_pem("no block at all");
  return blocks;
}

Result<PemContents> read_pem(ByteView text, std::optional<ByteView> password) {
  TRY(auto blocks, split_pem(as_text(text)));
  PemContents out;
  for (PemBlock& block : blocks) {
    TRY(read_block(block, password, out));
  }
  return out;
}

}  // namespace signet::keystores

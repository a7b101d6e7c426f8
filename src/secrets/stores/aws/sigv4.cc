#include "secrets/stores/aws/sigv4.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "crypto/digest.h"
#include "http/form.h"

namespace signet::secrets::aws {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

// A path or query that goes on the wire encoded is not encoded twice in the query, but is in the
// path (services other than S3).
std::string encoded_once(std::string_view text) {
  const auto decoded = http::percent_decode(text);
  return http::percent_encode(decoded ? std::string_view(*decoded) : text, false);
}

std::string normalized(std::string_view path) {
  std::vector<std::string_view> kept;
  const auto segments = split(path, '/');
  for (const std::string_view segment : segments) {
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
  }
  std::string out;
  for (const std::string_view segment : kept)
    out.append("/").append(segment);
  if (out.empty() || segments.back().empty()) out += '/';
  return out;
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string_view piece : split(query, '&')) {
    if (piece.empty()) continue;
    const std::size_t equals = piece.find('=');
    pairs.emplace_back(encoded_once(piece.substr(0, equals)),
                       equals == piece.npos ? "" : encoded_once(piece.substr(equals + 1)));
  }
  std::sort(pairs.begin(), pairs.end());
  std::vector<std::string> texts;
  for (const auto& [name, value] : pairs)
    texts.push_back(name + "=" + value);
  return join(texts, "&");
}

// Runs of white space become one space, line folds included.
std::string canonical_value(std::string_view value) {
  std::string out;
  bool has_gap = false;
  for (const char c : trim(value)) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      has_gap = true;
      continue;
    }
    if (has_gap) out += ' ';
    has_gap = false;
    out += c;
  }
  return out;
}

// By name; values of one name stay in order, between commas.
std::map<std::string, std::string> canonical_headers(const Headers& headers) {
  std::map<std::string, std::string> sorted;
  for (const auto& [name, value] : headers) {
    const auto [at, is_new] = sorted.try_emplace(to_lower(name), canonical_value(value));
    if (!is_new) at->second += "," + canonical_value(value);
  }
  return sorted;
}

std::string sha256_hex(std::string_view text) {
  return hex(crypto::sha256(as_bytes(text)));
}

SecretBytes mac(ByteView key, std::string_view message) {
  const crypto::MacKey prepared(crypto::Hash::kSha256, key);
  SecretBytes out(prepared.size());
  prepared.mac(as_bytes(message), out.span().data());
  return out;
}

std::string date_of(Instant at) {
  return amz_date(at).substr(0, 8);
}

}  // namespace

std::string amz_date(Instant at) {
  std::string out;
  for (const char c : to_rfc3339(at)) {
    if (c == '.') break;
    if (c != '-' && c != ':' && c != 'Z') out += c;
  }
  return out + "Z";
}

std::string credential_scope(const SigningScope& scope, Instant at) {
  return date_of(at) + "/" + scope.region + "/" + scope.service + "/aws4_request";
}

std::string signed_header_names(const Headers& headers) {
  std::vector<std::string> names;
  for (const auto& [name, value] : canonical_headers(headers))
    names.push_back(name);
  return join(names, ";");
}

std::string canonical_request(const SignableRequest& request, bool normalizes_path) {
  std::string path = normalizes_path ? normalized(request.path) : request.path;
  if (path.empty()) path = "/";
  std::string out = request.method + "\n" + http::percent_encode(path, true) + "\n" +
                    canonical_query(request.query) + "\n";
  for (const auto& [name, value] : canonical_headers(request.headers))
    out.append(name).append(":").append(value).append("\n");
  out += "\n" + signed_header_names(request.headers) + "\n" + sha256_hex(request.body);
  return out;
}

std::string string_to_sign(std::string_view canonical, const SigningScope& scope, Instant at) {
  std::string out(kAlgorithm);
  out += "\n" + amz_date(at) + "\n" + credential_scope(scope, at) + "\n" + sha256_hex(canonical);
  return out;
}

std::string signature(std::string_view to_sign, const SecretBytes& secret_access_key,
                      const SigningScope& scope, Instant at) {
  constexpr std::string_view kPrefix = "AWS4";
  SecretBytes first(kPrefix.size() + secret_access_key.size());
  std::copy(kPrefix.begin(), kPrefix.end(), first.span().begin());
  const ByteView key = secret_access_key.view();
  std::copy(key.begin(), key.end(), first.span().begin() + kPrefix.size());
  const SecretBytes of_date = mac(first.view(), date_of(at));
  const SecretBytes of_region = mac(of_date.view(), scope.region);
  const SecretBytes of_service = mac(of_region.view(), scope.service);
  const SecretBytes signing = mac(of_service.view(), "aws4_request");
  return hex(mac(signing.view(), to_sign).view());
}

Headers sign(const SignableRequest& request, const Credentials& credentials,
             const SigningScope& scope, Instant at, SigningOptions options) {
  Headers added;
  added.emplace_back("X-Amz-Date", amz_date(at));
  if (options.shows_body_hash) {
    added.emplace_back("x-amz-content-sha256", sha256_hex(request.body));
  }
  const bool has_token = !credentials.session_token.empty();
  if (has_token && options.signs_session_token) {
    added.emplace_back("X-Amz-Security-Token", credentials.session_token);
  }
  SignableRequest whole = request;
  whole.headers.insert(whole.headers.end(), added.begin(), added.end());
  const std::string canonical = canonical_request(whole, options.normalizes_path);
  const std::string made =
      signature(string_to_sign(canonical, scope, at), credentials.secret_access_key, scope, at);
  std::string authorization(kAlgorithm);
  authorization += " Credential=" + credentials.access_key_id + "/" + credential_scope(scope, at) +
                   ", SignedHeaders=" + signed_header_names(whole.headers) + ", Signature=" + made;
  added.emplace_back("Authorization", std::move(authorization));
  if (has_token && !options.signs_session_token) {
    added.emplace_back("X-Amz-Security-Token", credentials.session_token);
  }
  return added;
}

}  // namespace signet::secrets::aws

// The first byte chooses: a token as it comes, or a header and a payload (split at the first line
// feed) that are signed with the fixed key, so that what lies behind the signature is reached too,
// or the same in the JSON form, where a line between the two is another signature.
#include "check.h"
#include "fixed_key.h"
#include "input.h"
#include "jose/jws.h"

namespace {

using namespace signet;
using namespace signet::jose;

const std::vector<KeyPtr>& keys() {
  static const std::vector<KeyPtr> made = {fuzz::fixed_key()};
  return made;
}

VerifyOptions options() {
  VerifyOptions made;
  made.keys = keys();
  return made;
}

void check_verified(const VerifiedJws& verified) {
  FUZZ_CHECK(verified.header.alg == JwsAlg::kHs256);
  FUZZ_CHECK(verified.key == keys().front());
  const auto token = sign_compact(keys().front(), JwsAlg::kHs256, verified.payload);
  FUZZ_CHECK(token.ok());
  const auto again = verify_compact(*token, options());
  FUZZ_CHECK(again.ok() && again->payload == verified.payload);
}

void try_token(std::string_view token) {
  const auto header = parse_compact_header(token);
  const auto compact = verify_compact(token, options());
  if (compact.ok()) {
    FUZZ_CHECK(header.ok());
    check_verified(*compact);
  }
  const auto parsed = verify_json(token, options());
  FUZZ_CHECK(!(compact.ok() && parsed.ok()));
  if (parsed.ok()) check_verified(*parsed);
  const auto detached = verify_detached(token, as_bytes("detached"), options());
  FUZZ_CHECK(!(compact.ok() && detached.ok()) || compact->payload.empty());
}

void sign_and_try(std::string_view header, std::string_view payload) {
  const std::string token = fuzz::signed_by(*keys().front(), header, payload);
  const auto parsed = parse_compact_header(token);
  const auto verified = verify_compact(token, options());
  // The signature is right, so whatever is refused is refused for its header.
  if (verified.ok()) {
    FUZZ_CHECK(parsed.ok());
    const json::Value* b64 = verified->header.members.find("b64");
    if (!b64 || *b64->if_bool()) FUZZ_CHECK(as_text(verified->payload) == payload);
    FUZZ_CHECK(verified->header.kid.empty());
    check_verified(*verified);
  } else if (parsed.ok()) {
    FUZZ_CHECK(parsed->alg != JwsAlg::kHs256 || parsed->members.find("kid") ||
               token.size() > Limits{}.max_token);
  }
}

std::string general(std::string_view payload, json::Array signatures) {
  json::Object out;
  out.set("payload", payload);
  out.set("signatures", std::move(signatures));
  return json::dump(out);
}

/// The general form of what the compact form says is judged alike, alone and beside a signature
/// that is not understood; what is accepted beside any other is still what was signed.
void sign_beside_another(std::string_view header, std::string_view entry,
                         std::string_view payload) {
  static const json::Value unknown =
      *json::parse(R"({"protected":"eyJhbGciOiJIUzEifQ","signature":"AA"})");
  const std::string token = fuzz::signed_by(*keys().front(), header, payload);
  const std::size_t first = token.find('.'), second = token.rfind('.');
  json::Object made;
  made.set("protected", token.substr(0, first));
  made.set("signature", token.substr(second + 1));
  const json::Value ours(std::move(made));
  const std::string encoded = token.substr(first + 1, second - first - 1);

  VerifyOptions wide = options();
  wide.limits.max_token = SIZE_MAX;
  const auto compact = verify_compact(token, wide);
  const auto alone = verify_json(general(encoded, json::Array{ours}), wide);
  FUZZ_CHECK(alone.ok() == compact.ok());
  const bool is_encoded = alone.ok() && alone->header.members.find("b64") == nullptr;
  if (alone.ok()) FUZZ_CHECK(alone->payload == compact->payload);
  if (is_encoded) {
    FUZZ_CHECK(as_text(alone->payload) == payload);
    FUZZ_CHECK(verify_json(general(encoded, json::Array{unknown, ours}), wide).ok());
  }
  const auto other = json::parse(entry);
  if (!other.ok()) return;
  const auto both = verify_json(general(encoded, json::Array{*other, ours}), wide);
  if (!both.ok()) return;
  FUZZ_CHECK(both->header.alg == JwsAlg::kHs256 && both->key == keys().front());
  if (is_encoded) FUZZ_CHECK(both->payload == alone->payload);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [chosen, text] = fuzz::Chosen(data, size);
  if (chosen & 1) {
    try_token(text);
  } else if (chosen & 2) {
    const auto [header, rest] = fuzz::cut_at_line(text);
    const auto [entry, payload] = fuzz::cut_at_line(rest);
    sign_beside_another(header, entry, payload);
  } else {
    const auto [header, payload] = fuzz::cut_at_line(text);
    sign_and_try(header, payload);
  }
  return 0;
}

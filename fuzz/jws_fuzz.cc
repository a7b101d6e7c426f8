// The first byte chooses: a token as it comes, or a header and a payload (split at the first line
// feed) that are signed with the fixed key, so that what lies behind the signature is reached too.
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [chosen, text] = fuzz::Chosen(data, size);
  if (chosen & 1) {
    try_token(text);
  } else {
    const auto [header, payload] = fuzz::cut_at_line(text);
    sign_and_try(header, payload);
  }
  return 0;
}

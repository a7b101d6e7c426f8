// The first byte chooses: a token as it comes, or a header and a payload (split at the first line
// feed) that are signed with the fixed key, so that what lies behind the signature is reached too.
#include <array>

#include "base/base64.h"
#include "check.h"
#include "jose/jws.h"

namespace {

using namespace signet;
using namespace signet::jose;

const std::vector<KeyPtr>& keys() {
  static const std::vector<KeyPtr> made = [] {
    Bytes secret(32);
    for (std::size_t i = 0; i < secret.size(); ++i)
      secret[i] = static_cast<std::uint8_t>(i);
    return std::vector<KeyPtr>{Key::local(Jwk::from_symmetric(SecretBytes(secret)))};
  }();
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
  std::string token = base64::url_encode(as_bytes(header));
  token += '.';
  base64::url_append(token, as_bytes(payload));
  std::array<std::uint8_t, 32> signature;
  FUZZ_CHECK(keys().front()->sign(JwsAlg::kHs256, as_bytes(token), signature.data()).ok());
  token += '.';
  base64::url_append(token, signature);

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
  if (size == 0) return 0;
  const std::string_view text = as_text({data + 1, size - 1});
  if (data[0] & 1) {
    try_token(text);
  } else {
    const std::size_t line = text.find('\n');
    sign_and_try(text.substr(0, line),
                 line == std::string_view::npos ? std::string_view() : text.substr(line + 1));
  }
  return 0;
}

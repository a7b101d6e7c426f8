// A header and a claims set, split at the first line feed and signed with a fixed key; then
// encrypted besides.
#include <algorithm>

#include "check.h"
#include "fixed_key.h"
#include "input.h"
#include "jose/jwt.h"

namespace {

using namespace signet;
using namespace signet::jose;

constexpr std::int64_t kNow = 1'900'000'000;

const std::vector<KeyPtr>& keys() {
  static const std::vector<KeyPtr> made = {fuzz::fixed_key()};
  return made;
}

ClaimRules rules() {
  ClaimRules made;
  made.now = from_unix_seconds(kNow);
  made.issuer = "i";
  made.audience_any_of = {"a"};
  made.max_lifetime = Seconds(600);
  made.typ_any_of = {"at+jwt"};
  return made;
}

void check_accepted(const VerifiedJwt& jwt) {
  const Claims& claims = jwt.claims;
  const Instant now = from_unix_seconds(kNow);
  FUZZ_CHECK(claims.issuer == "i");
  FUZZ_CHECK(std::count(claims.audience.begin(), claims.audience.end(), "a") > 0);
  FUZZ_CHECK(claims.expires && now < *claims.expires + Seconds(60));
  FUZZ_CHECK(!claims.not_before || *claims.not_before <= now + Seconds(60));
  FUZZ_CHECK(!claims.issued_at || *claims.issued_at <= now + Seconds(60));
  FUZZ_CHECK(*claims.expires - claims.issued_at.value_or(now) <= Seconds(600));
}

/// The same token inside an encrypted one is judged alike.
void check_nested(std::string_view token, const Result<VerifiedJwt>& verified,
                  DecryptOptions decrypt, const VerifyOptions& options) {
  static SystemRandom random;
  EncryptOptions how{JweAlg::kDir, JweEnc::kA256Gcm, {}, 1000, {}, {}, false};
  const auto bare = encrypt_compact(keys().front(), as_bytes(token), how, random);
  how.extra.set("cty", "JWT");
  const auto nested = encrypt_compact(keys().front(), as_bytes(token), how, random);
  FUZZ_CHECK(bare.ok() && nested.ok());
  decrypt.limits.max_token = SIZE_MAX;  // of the outer one; the inner one has its own
  FUZZ_CHECK(!verify_nested_jwt(*bare, decrypt, options, rules()).ok());
  const auto opened = verify_nested_jwt(*nested, decrypt, options, rules());
  FUZZ_CHECK(opened.ok() == verified.ok());
  if (opened.ok()) FUZZ_CHECK(opened->claims.members == verified->claims.members);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [header, payload] = fuzz::cut_at_line(as_text({data, size}));

  const auto claims = parse_claims(as_bytes(payload));
  if (claims.ok()) {
    const auto again = parse_claims(as_bytes(json::dump(claims->members)));
    FUZZ_CHECK(again.ok());
    FUZZ_CHECK(again->issuer == claims->issuer && again->subject == claims->subject);
    FUZZ_CHECK(again->audience == claims->audience && again->expires == claims->expires);
  }

  const std::string token = fuzz::signed_by(*keys().front(), header, payload);
  VerifyOptions options;
  options.keys = keys();
  const auto verified = verify_jwt(token, options, rules());
  if (verified.ok()) {
    FUZZ_CHECK(claims.ok());
    check_accepted(*verified);
  }
  DecryptOptions decrypt;
  decrypt.keys = keys();
  FUZZ_CHECK(!verify_nested_jwt(token, decrypt, options, rules()).ok());
  check_nested(token, verified, decrypt, options);
  return 0;
}

// What AWS answers, and its profile files. The first byte chooses the parser.
#include "check.h"
#include "input.h"
#include "secrets/stores/aws/kms_wire.h"
#include "secrets/stores/aws/profiles.h"
#include "secrets/stores/aws/wire.h"
#include "service_error.h"

namespace {

using namespace signet;
using namespace signet::secrets::aws;

constexpr std::size_t kMostDetail = 4096;

void check_failure(std::string_view input) {
  constexpr int kStatuses[] = {400, 401, 403, 404, 409, 429, 500, 503};
  if (input.empty()) return;
  const std::string_view words = input.substr(1);
  const auto [type, body] = words.find('\n') == words.npos ? std::pair(std::string_view(), words)
                                                           : fuzz::cut_at_line(words);
  fuzz::check_service_error(failure_of(fuzz::status_of(input, kStatuses), type, body), kMostDetail);
}

void check_credentials(const Result<Credentials>& credentials) {
  if (!credentials.ok()) return;
  FUZZ_CHECK(!credentials->access_key_id.empty());
  FUZZ_CHECK(!credentials->secret_access_key.empty());
}

void check_time(std::optional<Instant> time) {
  const Instant year_9999 = from_unix_seconds(253'370'764'800);
  const Instant year_1000 = from_unix_seconds(-30'610'224'000);
  if (!time || *time >= year_9999 || *time < year_1000) return;
  FUZZ_CHECK(parse_rfc3339(to_rfc3339(*time)) == time);
}

void check_public_key(const json::Object& answer) {
  const auto key = parse_public_key(answer);
  if (!key.ok()) return;
  FUZZ_CHECK(!key->signs.empty() || !key->unwraps.empty());
  FUZZ_CHECK(key->unwraps.empty() || key->decrypts);
  FUZZ_CHECK(key->unwraps.empty() || key->public_key.kind() == crypto::KeyKind::kRsa);
}

void check_signature(const json::Object& answer) {
  for (const jose::JwsAlg alg : jose::all_jws_algs()) {
    const auto signature = parse_signature(answer, alg);
    if (!signature.ok()) continue;
    FUZZ_CHECK(!signature->empty());
    if (alg == jose::JwsAlg::kEs256) FUZZ_CHECK(signature->size() == 64);
    if (alg == jose::JwsAlg::kEs512) FUZZ_CHECK(signature->size() == 132);
  }
}

void check_profiles(std::string_view text) {
  for (const ProfileFile kind : {ProfileFile::kConfig, ProfileFile::kCredentials}) {
    Profiles profiles;
    if (!add_profiles(text, kind, profiles).ok()) continue;
    FUZZ_CHECK(!profiles.contains(""));
    Profiles again = profiles;
    FUZZ_CHECK(add_profiles(text, kind, again).ok() && again == profiles);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [parser, rest] = fuzz::Chosen(data, size);
  const auto object = json::parse_object(rest);
  switch (parser) {
    case 'f':
      check_failure(rest);
      break;
    case 'c':
      check_credentials(credentials_of_json(rest));
      break;
    case 'x':
      check_credentials(credentials_of_sts(rest));
      break;
    case 't':
      check_time(parse_rfc3339(rest));
      break;
    case 'k':
      if (object.ok()) check_public_key(*object);
      break;
    case 's':
      if (object.ok()) check_signature(*object);
      break;
    case 'p':
      check_profiles(rest);
      break;
    default:
      break;
  }
  return 0;
}

// What Azure Key Vault answers, its challenge, and the addresses that operators write. The first
// byte chooses the parser.
#include <algorithm>

#include "check.h"
#include "input.h"
#include "secrets/stores/azure/key_vault_wire.h"
#include "secrets/stores/azure/value.h"
#include "service_error.h"

namespace {

using namespace signet;
using namespace signet::secrets::azure;

constexpr std::size_t kMostDetail = 8192;
const Instant kNow = from_unix_seconds(1'700'000'000);

void check_error(std::string_view input) {
  constexpr int kStatuses[] = {400, 401, 403, 404, 409, 429, 500, 503};
  if (input.empty()) return;
  const int status = fuzz::status_of(input, kStatuses);
  fuzz::check_service_error(error_of(status, input.substr(1), "the call"), kMostDetail);
}

void check_version(const Version& version) {
  FUZZ_CHECK(is_object_name(version.id));  // it goes into URLs
}

void check_list(const json::Object& body) {
  const auto page = parse_versions(body);
  const auto names = parse_names(body);
  FUZZ_CHECK(page.ok() == names.ok());
  if (!page.ok()) return;
  for (const Version& version : page->versions)
    check_version(version);
  constexpr std::size_t kMost = 3;
  const auto best = usable(page->versions, kNow, kMost);
  FUZZ_CHECK(best.size() <= kMost);
  for (std::size_t i = 0; i < best.size(); ++i) {
    FUZZ_CHECK(best[i].is_enabled && (!best[i].not_after || *best[i].not_after > kNow));
    if (i > 0) FUZZ_CHECK(best[i - 1].created >= best[i].created);
  }
}

void check_secret(json::Object body) {
  const json::Value* value = body.find("value");
  const bool has_text = value && value->if_string();
  const std::string was = has_text ? *value->if_string() : std::string();
  const auto bundle = parse_secret(body);
  if (!bundle.ok()) return;
  check_version(bundle->version);
  FUZZ_CHECK(as_text(bundle->value.view()) == was);
  const std::string& left = *body.find("value")->if_string();
  FUZZ_CHECK(std::all_of(left.begin(), left.end(), [](char c) { return c == 0; }));
  const auto read = read_secret(*bundle, secrets::ValueFormat::kPlain, nullptr, std::nullopt);
  if (!read.ok()) return;
  for (const secrets::Secret& secret : read->secrets)
    if (bundle->content_type == kPfxType) FUZZ_CHECK(secret.key && secret.key->jwk().is_private());
}

void check_key(const json::Object& body) {
  const auto key = parse_key(body);
  if (!key.ok()) return;
  check_version(key->version);
  FUZZ_CHECK(!key->public_half.is_private());
  const bool is_rsa = key->public_half.public_key()->kind() == crypto::KeyKind::kRsa;
  FUZZ_CHECK(is_rsa || key->unwraps.empty());
}

// A token goes only where the address itself says that it belongs.
void check_challenge_of(std::string_view header) {
  const auto challenge = parse_challenge(header);
  if (!challenge.ok()) return;
  const auto vault = parse_vault("https://name.vault.azure.net", "");
  FUZZ_CHECK(vault.ok());
  const bool is_taken = check_challenge(*challenge, *vault, "").ok();
  FUZZ_CHECK(is_taken == (challenge->resource_host == "vault.azure.net"));
}

void check_address(std::string_view input) {
  const auto [url, domain] = fuzz::cut_at_line(input);
  const auto vault = parse_vault(url, domain);
  if (vault.ok()) {
    FUZZ_CHECK(vault->resource == "https://" + vault->domain && !vault->domain.empty());
    const auto again = parse_vault(vault->origin, domain);
    FUZZ_CHECK(again.ok() && again->origin == vault->origin && again->domain == vault->domain);
  }
  const auto certificate = parse_certificate_url(url, domain);
  if (certificate.ok()) FUZZ_CHECK(is_object_name(certificate->name));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [parser, rest] = fuzz::Chosen(data, size);
  const auto object = json::parse_object(rest);
  switch (parser) {
    case 'e':
      check_error(rest);
      break;
    case 'w':
      check_challenge_of(rest);
      break;
    case 'a':
      check_address(rest);
      break;
    case 'l':
      if (object.ok()) check_list(*object);
      break;
    case 's':
      if (object.ok()) check_secret(*object);
      break;
    case 'k':
      if (object.ok()) check_key(*object);
      break;
    case 'o':
      if (object.ok()) {
        const auto result = parse_operation(*object, "v1");
        if (result.ok()) FUZZ_CHECK(!result->empty());
      }
      break;
    default:
      break;
  }
  return 0;
}

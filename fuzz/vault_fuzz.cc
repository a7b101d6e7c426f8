// What Vault and OpenBao answer, and the addresses and paths that operators write. The first byte
// chooses the parser.
#include <algorithm>

#include "check.h"
#include "input.h"
#include "secrets/stores/vault/vault_wire.h"
#include "service_error.h"

namespace {

using namespace signet;
using namespace signet::secrets::vault;

constexpr std::size_t kMost = 3, kMostDetail = 8192;
const Instant kNow = from_unix_seconds(1'700'000'000);

void check_error(std::string_view input) {
  constexpr int kStatuses[] = {400, 403, 404, 412, 429, 472, 500, 503};
  if (input.empty()) return;
  const int status = fuzz::status_of(input, kStatuses);
  fuzz::check_service_error(error_of(status, input.substr(1), "the call"), kMostDetail);
  FUZZ_CHECK(!complains_of(input.substr(1), "\x01") || input.find("\\u0001") != input.npos);
}

void check_lease(const Result<Lease>& lease) {
  if (!lease.ok()) return;
  FUZZ_CHECK(lease->lasts >= Seconds(0));
  // What sessions reckon with; it may not overflow.
  FUZZ_CHECK(kNow + lease->lasts >= kNow && kNow + lease->lasts * 3 >= kNow);
}

void check_login(json::Object body) {
  const auto lease = parse_login(body);
  check_lease(lease);
  if (!lease.ok()) return;
  FUZZ_CHECK(lease->token && !lease->token->empty());
  const std::string& left = *body.find("auth")->get("client_token")->if_string();
  FUZZ_CHECK(std::all_of(left.begin(), left.end(), [](char c) { return c == 0; }));
}

void check_metadata(const json::Object& body) {
  const auto versions = parse_kv_metadata(body, kNow, kMost);
  if (!versions.ok()) return;
  FUZZ_CHECK(versions->size() <= kMost);
  for (std::size_t i = 0; i < versions->size(); ++i) {
    FUZZ_CHECK((*versions)[i].number > 0);
    if (i > 0) FUZZ_CHECK((*versions)[i - 1].number > (*versions)[i].number);
  }
}

void check_data(json::Object body) {
  const auto value = parse_kv_data(body, "value");
  if (!value.ok()) return;
  for (const auto& [name, each] : *body.find("data")->get("data")->if_object()) {
    const std::string* left = each.if_string();
    FUZZ_CHECK(!left || std::all_of(left->begin(), left->end(), [](char c) { return c == 0; }));
  }
}

void check_transit_key(const json::Object& body) {
  const auto key = parse_transit_key(body, kMost);
  if (!key.ok()) return;
  FUZZ_CHECK(!key->signs.empty() && key->versions.size() <= kMost);
  for (std::size_t i = 0; i < key->versions.size(); ++i) {
    const TransitVersion& version = key->versions[i];
    FUZZ_CHECK(!version.public_half.is_private() && version.number > 0);
    if (i > 0) FUZZ_CHECK(key->versions[i - 1].number > version.number);
    for (const jose::JwsAlg alg : key->signs)
      FUZZ_CHECK(crypto::key_kind(jose::signature_scheme(alg)) ==
                 version.public_half.public_key()->kind());
  }
}

void check_address(std::string_view text) {
  const auto address = parse_address(text);
  if (address.ok()) {
    FUZZ_CHECK(!address->ends_with('/') && !address->ends_with("/v1"));
    FUZZ_CHECK(parse_address(*address).ok() && *parse_address(*address) == *address);
  }
  if (!is_path(text)) return;
  const std::string encoded = path_encode(text);
  FUZZ_CHECK(encoded.find_first_of("?# ") == encoded.npos);
  FUZZ_CHECK(std::count(encoded.begin(), encoded.end(), '/') ==
             std::count(text.begin(), text.end(), '/'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [parser, rest] = fuzz::Chosen(data, size);
  if (parser == 'e') check_error(rest);
  if (parser == 'a') check_address(rest);
  auto object = json::parse_object(rest);
  if (!object.ok()) return 0;
  switch (parser) {
    case 'l':
      check_login(*object);
      break;
    case 'u':
      check_lease(parse_lookup(*object, nullptr));
      break;
    case 'm':
      check_metadata(*object);
      break;
    case 'd':
      check_data(*object);
      break;
    case 'n':
      (void)parse_names(*object);
      break;
    case 't':
      check_transit_key(*object);
      break;
    case 's': {
      const auto signature = parse_transit_signature(*object, 3);
      if (signature.ok()) FUZZ_CHECK(!signature->empty());
      break;
    }
    case 'p':
      (void)parse_transit_plaintext(*object);
      break;
    default:
      break;
  }
  return 0;
}

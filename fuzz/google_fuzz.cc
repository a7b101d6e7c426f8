// The first byte chooses: a credentials document, or the answer of a REST service with bytes and
// their checksum in it.
#include "base/crc32c.h"
#include "check.h"
#include "input.h"
#include "secrets/stores/google/credentials.h"
#include "secrets/stores/google/google_answer.h"

namespace {

using namespace signet;
using namespace signet::secrets::google;

void check_answer(int status, std::string_view body) {
  net::OutboundResponse response;
  response.status = status;
  response.body = body;
  auto answer = read_answer(std::move(response), "the call");
  FUZZ_CHECK(!answer.ok() || status / 100 == 2);
  if (!answer.ok()) return;
  const auto checksum = int64_member(*answer, "crc");
  const auto bytes = take_checked_bytes(*answer, "data", "crc", "the call");
  if (!bytes.ok()) return;
  FUZZ_CHECK(checksum == std::int64_t{crc32c(bytes->view())});
  FUZZ_CHECK(answer->find("data") == nullptr);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [parser, rest] = fuzz::Chosen(data, size);
  constexpr int kStatuses[] = {200, 400, 401, 403, 404, 409, 429, 503};
  if (parser < 8) {
    check_answer(kStatuses[parser], rest);
  } else {
    (void)parse_credentials(as_bytes(rest));
  }
  return 0;
}

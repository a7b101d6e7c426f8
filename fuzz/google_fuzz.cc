// The first byte chooses: the answer of a REST service with bytes and their checksum in it, as it
// comes or made of the input, or a credentials document.
#include <algorithm>

#include "base/base64.h"
#include "base/crc32c.h"
#include "check.h"
#include "input.h"
#include "jose/jws.h"
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

// Bytes come out as they went in with their own checksum, and not at all with another.
void check_bytes(std::string_view bytes) {
  if (bytes.empty()) return;
  for (const std::uint32_t off : {0U, 1U}) {
    net::OutboundResponse response;
    response.status = 200;
    json::ObjectWriter(response.body)
        .add("data", base64::encode(as_bytes(bytes)))
        .add("crc", std::to_string(crc32c(as_bytes(bytes)) ^ off))
        .end();
    auto answer = read_answer(std::move(response), "the call");
    FUZZ_CHECK(answer.ok());
    const auto read = take_checked_bytes(*answer, "data", "crc", "the call");
    FUZZ_CHECK(read.ok() == (off == 0));
    if (read.ok()) FUZZ_CHECK(as_text(read->view()) == bytes);
  }
}

void check_form(const net::OutboundRequest& request) {
  FUZZ_CHECK(request.method == "POST" && !request.url.empty());
  FUZZ_CHECK(std::all_of(request.body.begin(), request.body.end(),
                         [](char c) { return c > ' ' && c <= '~'; }));
}

void check_credentials(ByteView document) {
  const auto credentials = parse_credentials(document);
  if (!credentials.ok()) {
    FUZZ_CHECK(credentials.error().code == Code::kConfig ||
               credentials.error().code == Code::kUnsupported);
    return;
  }
  if (const auto* account = std::get_if<ServiceAccountKey>(&*credentials)) {
    const auto request = token_request(*account, from_unix_seconds(1'700'000'000));
    FUZZ_CHECK(request.ok());
    check_form(*request);
    const std::string_view before = "assertion=";
    const std::size_t at = request->body.find(before);
    FUZZ_CHECK(at != std::string::npos);
    const std::string_view rest = std::string_view(request->body).substr(at + before.size());
    const std::string_view assertion = rest.substr(0, rest.find('&'));
    const jose::KeyPtr keys[] = {account->key};
    jose::VerifyOptions options;
    options.keys = keys;
    options.limits.max_token = options.limits.max_header = 1 << 20;
    FUZZ_CHECK(jose::verify_compact(assertion, options).ok());
  } else if (const auto* user = std::get_if<AuthorizedUser>(&*credentials)) {
    check_form(token_request(*user));
  } else if (const auto* federated = std::get_if<ExternalAccount>(&*credentials)) {
    FUZZ_CHECK(federated->source_file.empty() != federated->source_url.empty());
    check_form(token_request(*federated, as_bytes("subject")));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [parser, rest] = fuzz::Chosen(data, size);
  constexpr int kStatuses[] = {200, 400, 401, 403, 404, 409, 429, 503};
  if (parser < 8) {
    check_answer(kStatuses[parser], rest);
  } else if (parser == 9) {
    check_bytes(rest);
  } else {
    check_credentials(as_bytes(rest));
  }
  return 0;
}

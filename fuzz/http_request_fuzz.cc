// Request heads and chunked bodies: no input may crash, and how the bytes are cut must not matter.

#include <algorithm>
#include <string>
#include <utility>

#include "check.h"
#include "http/chunked.h"
#include "http/grammar.h"
#include "net/head_parser.h"

namespace {

using signet::http::ChunkedDecoder;
using signet::http::HeadScan;
using signet::http::HeadScanner;

std::pair<ChunkedDecoder::State, std::string> dechunk(std::string_view raw, std::size_t step) {
  ChunkedDecoder decoder(4096);
  std::string buffer;
  auto state = ChunkedDecoder::State::kMore;
  while (!raw.empty() && state == ChunkedDecoder::State::kMore) {
    buffer += raw.substr(0, step);
    raw.remove_prefix(std::min(step, raw.size()));
    std::size_t size = buffer.size();
    state = decoder.decode(buffer.data(), size);
    FUZZ_CHECK(size <= buffer.size() && decoder.body_size() <= size);
    buffer.resize(size);
  }
  FUZZ_CHECK(decoder.body_size() <= 4096);
  return {state, buffer.substr(0, decoder.body_size())};
}

void check_head(std::string_view head) {
  signet::http::Request request;
  const auto facts = signet::net::parse_head(head, {}, request);
  if (facts.refusal != 0) {
    FUZZ_CHECK(facts.refusal >= 400 && facts.refusal < 600);
    return;
  }
  // One way of framing at most, and no header that another parser could take for one.
  FUZZ_CHECK(!facts.is_chunked || request.count("Content-Length") == 0);
  FUZZ_CHECK(request.count("Transfer-Encoding") == (facts.is_chunked ? 1u : 0u));
  FUZZ_CHECK(request.count("Content-Length") <= 1 && request.count("Host") <= 1);
  FUZZ_CHECK(request.path == "*" || signet::http::is_canonical_path(request.path));
  for (const auto& header : request.headers) {
    FUZZ_CHECK(signet::http::is_token(header.name));
    FUZZ_CHECK(header.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  HeadScanner whole, pieces;
  const HeadScan found = whole.scan(text);
  HeadScan in_pieces = HeadScan::kMore;
  for (std::size_t n = 0; n <= size && in_pieces == HeadScan::kMore; ++n) {
    in_pieces = pieces.scan(text.substr(0, n));
  }
  FUZZ_CHECK(found == in_pieces);
  if (found == HeadScan::kComplete) {
    FUZZ_CHECK(whole.size() == pieces.size());
    check_head(text.substr(0, whole.size()));
  }
  const auto at_once = dechunk(text, size + 1), by_byte = dechunk(text, 1);
  // A line that never ends is refused for its length sooner when it comes at once.
  if (at_once.first == ChunkedDecoder::State::kDone) FUZZ_CHECK(at_once == by_byte);
  return 0;
}

// Request heads and chunked bodies: no input may crash, and how the bytes are cut must not matter.

#include <cstdlib>
#include <string>

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
    buffer.resize(size);
  }
  return {state, buffer.substr(0, decoder.body_size())};
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
  if (found != in_pieces) std::abort();
  if (found == HeadScan::kComplete) {
    if (whole.size() != pieces.size()) std::abort();
    signet::http::Request request;
    const auto facts = signet::net::parse_head(text.substr(0, whole.size()), {}, request);
    if (facts.refusal == 0 && facts.is_chunked && facts.content_length > 0) std::abort();
    if (facts.refusal == 0 && request.path != "*" &&
        !signet::http::is_canonical_path(request.path)) {
      std::abort();
    }
  }
  const auto at_once = dechunk(text, size + 1), by_byte = dechunk(text, 1);
  // A line that never ends is refused for its length sooner when it comes at once.
  if (at_once.first == ChunkedDecoder::State::kDone && at_once != by_byte) std::abort();
  return 0;
}

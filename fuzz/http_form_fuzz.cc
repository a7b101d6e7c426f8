// The small grammars of http: whatever comes in, they answer; what they accept survives a round
// trip.

#include <cstdlib>

#include "http/cache.h"
#include "http/form.h"
#include "http/grammar.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace signet::http;  // NOLINT: a fuzz target is one function
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto form = Form::parse(text)) {
    for (const auto& [name, value] : form->fields()) {
      const auto again = Form::parse(form_encode(name) + "=" + form_encode(value));
      if (!again || again->fields().size() != 1 || again->fields()[0].second != value) std::abort();
    }
    form->duplicate();
  }
  if (const auto uri = parse_http_uri(text)) {
    if (!is_host(uri->host) || uri->port == 0) std::abort();
  }
  if (is_canonical_path(text)) {
    const auto decoded = percent_decode(text);
    if (decoded && decoded->find("/../") != std::string::npos) std::abort();
  }
  (void)parse_basic(text);
  (void)authorization(text, "Bearer");
  (void)media_type(text);
  (void)etag_matches(text, "\"a\"");
  return 0;
}

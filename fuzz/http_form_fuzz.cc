// The small grammars of http: whatever comes in, they answer; what they accept survives a round
// trip.

#include "base/text.h"
#include "check.h"
#include "http/cache.h"
#include "http/form.h"
#include "http/form_view.h"
#include "http/freshness.h"
#include "http/grammar.h"

namespace {

using namespace signet;
using namespace signet::http;

void check_form(std::string_view text) {
  std::string scratch(text.size(), '\0');
  const auto form = FormView::parse(text, scratch);
  if (!form.ok()) return;
  for (const auto& [name, value] : form->fields()) {
    FUZZ_CHECK(!name.empty() && is_utf8(name) && is_utf8(value));
    FUZZ_CHECK(value.find('\0') == std::string::npos);
    const std::string one = form_encode(name) + "=" + form_encode(value);
    std::string room(one.size(), '\0');
    const auto again = FormView::parse(one, room);
    FUZZ_CHECK(again.ok() && again->fields().size() == 1);
    FUZZ_CHECK(again->fields()[0].name == name && again->fields()[0].value == value);
  }
}

void check_uri(std::string_view text) {
  const auto uri = parse_http_uri(text);
  if (!uri.ok()) return;
  FUZZ_CHECK(is_host(uri->host) && uri->port != 0);
  FUZZ_CHECK(uri->scheme == "http" || uri->scheme == "https");
  FUZZ_CHECK(text.find('#') == std::string_view::npos);
}

void check_redirect(std::string_view text) {
  const auto target = resolve_http_uri("https://a.example:8443/x/y?z", text);
  if (!target.ok()) return;
  const auto uri = parse_http_uri(*target);
  FUZZ_CHECK(uri.ok());
  const bool is_whole = text.find("//") != text.npos;  // taken as it was written
  FUZZ_CHECK(is_whole || uri->path.find("/../") == std::string::npos);
}

void check_freshness(std::string_view text) {
  const std::string header(text);
  const Instant now = from_unix_seconds(1'700'000'000);
  const auto said = freshness_lifetime({header, header, header, header}, now);
  if (said) FUZZ_CHECK(*said >= Seconds(0));
  (void)freshness_lifetime({"", "", "", header}, now);
  if (is_entity_tag(text)) FUZZ_CHECK(etag_matches(text, text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_form(text);
  check_uri(text);
  check_redirect(text);
  check_freshness(text);
  if (is_canonical_path(text)) {
    const auto decoded = percent_decode(text);
    if (decoded.ok()) {
      FUZZ_CHECK(decoded->find("/../") == std::string::npos && !decoded->ends_with("/.."));
      FUZZ_CHECK(decoded->find("//") == std::string::npos);
    }
  }
  const auto bearer = authorization(text, "Bearer");
  if (bearer) FUZZ_CHECK(bearer->size() <= text.size());
  (void)is_media_type(text, "text/plain");
  (void)etag_matches(text, "\"a\"");
  return 0;
}

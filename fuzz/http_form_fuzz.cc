// The small grammars of http: whatever comes in, they answer; what they accept survives a round
// trip, and the quick reader of
// forms agrees with the strict one.

#include "base/text.h"
#include "check.h"
#include "http/cache.h"
#include "http/form.h"
#include "http/form_view.h"
#include "http/grammar.h"

namespace {

using namespace signet;
using namespace signet::http;

void check_form(std::string_view text) {
  const auto form = Form::parse(text, FormView::kMaxFields);
  std::string scratch(text.size(), '\0');
  const auto quick = FormView::parse(text, scratch);
  if (!form.ok()) return;
  FUZZ_CHECK(quick.ok());
  FUZZ_CHECK(form->fields().size() == quick->fields().size());
  FUZZ_CHECK((form->duplicate() == nullptr) == quick->duplicate().empty());
  for (std::size_t i = 0; i < form->fields().size(); ++i) {
    const auto& [name, value] = form->fields()[i];
    FUZZ_CHECK(quick->fields()[i].name == name && quick->fields()[i].value == value);
    FUZZ_CHECK(is_utf8(name) && is_utf8(value) && value.find('\0') == std::string::npos);
    const auto again = Form::parse(form_encode(name) + "=" + form_encode(value));
    FUZZ_CHECK(again.ok() && again->fields().size() == 1);
    FUZZ_CHECK(again->fields()[0].first == name && again->fields()[0].second == value);
  }
}

void check_uri(std::string_view text) {
  const auto uri = parse_http_uri(text);
  if (!uri.ok()) return;
  FUZZ_CHECK(is_host(uri->host) && uri->port != 0);
  FUZZ_CHECK(uri->scheme == "http" || uri->scheme == "https");
  FUZZ_CHECK(text.find('#') == std::string_view::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_form(text);
  check_uri(text);
  if (is_canonical_path(text)) {
    const auto decoded = percent_decode(text);
    if (decoded.ok()) {
      FUZZ_CHECK(decoded->find("/../") == std::string::npos && !decoded->ends_with("/.."));
      FUZZ_CHECK(decoded->find("//") == std::string::npos);
    }
  }
  const auto basic = parse_basic(text);
  if (basic.ok()) FUZZ_CHECK(is_utf8(basic->user) && is_utf8(basic->password));
  const auto bearer = authorization(text, "Bearer");
  if (bearer) FUZZ_CHECK(bearer->size() <= text.size());
  FUZZ_CHECK(media_type(text).size() <= text.size());
  (void)etag_matches(text, "\"a\"");
  return 0;
}

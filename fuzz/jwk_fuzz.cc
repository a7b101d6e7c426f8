#include "check.h"
#include "jose/jwk.h"

namespace {

void check_key(const signet::jose::Jwk& key) {
  using namespace signet;
  const json::Object whole = key.private_json();
  const auto again = jose::Jwk::parse(whole);
  FUZZ_CHECK(again.ok());
  FUZZ_CHECK(again->thumbprint() == key.thumbprint());
  FUZZ_CHECK(again->private_json() == whole);
  FUZZ_CHECK(jose::Jwk::parse(json::dump(whole)).ok());

  const auto shown = key.public_json();
  FUZZ_CHECK(shown.ok() != key.is_symmetric());
  if (!shown.ok()) return;
  for (const char* name : {"d", "p", "q", "dp", "dq", "qi", "k"}) {
    FUZZ_CHECK(shown->find(name) == nullptr);
  }
  const auto half = jose::Jwk::parse(*shown);
  FUZZ_CHECK(half.ok() && !half->is_private());
  FUZZ_CHECK(half->thumbprint() == key.thumbprint());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace signet;
  const std::string_view text = as_text({data, size});
  const auto key = jose::Jwk::parse(text);
  if (key.ok()) check_key(*key);
  const auto set = jose::JwkSet::parse_any(text);
  if (key.ok()) FUZZ_CHECK(set.ok());
  if (set.ok()) {
    for (const jose::Jwk& one : set->keys)
      check_key(one);
  }
  return 0;
}

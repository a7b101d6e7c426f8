// The first byte chooses: a value as it comes, or a plain text that is sealed and then damaged in
// one place, or what stands behind the head of a JCEEncryption value, which no chance would find.
#include <algorithm>
#include <array>

#include "base/base64.h"
#include "base/text.h"
#include "check.h"
#include "crypto/kdf.h"
#include "secrets/stores/encoded_value.h"

namespace {

using namespace signet;
using secrets::EncodingKeys;

constexpr std::string_view kLegacyPassword = "password";

const EncodingKeys& keys() {
  static const auto made = [] {
    std::vector<EncodingKeys::Key> all;
    all.push_back({"new", SecretBytes(Bytes(32, 1))});
    all.push_back({"old", SecretBytes(Bytes(32, 2))});
    secrets::LegacyEncoding legacy;
    legacy.password = SecretBytes(as_bytes(kLegacyPassword));
    auto result = EncodingKeys::make(std::move(all), std::move(legacy));
    FUZZ_CHECK(result.ok());
    return *result;
  }();
  return *made;
}

void try_text(std::string_view text) {
  const auto plain = keys().decode(text);
  if (!plain.ok()) {
    FUZZ_CHECK(plain.error().code == Code::kConfig);
    return;
  }
  FUZZ_CHECK(plain->size() <= text.size());
  const auto again = keys().decode("\n " + std::string(text) + "\r\n");
  FUZZ_CHECK(again.ok() && same_bytes(again->view(), plain->view()));
}

void try_behind_head(ByteView rest) {
  static const Bytes head = [] {
    std::array<std::uint8_t, 8> salt;
    salt.fill(1);
    const SecretBytes derived = crypto::pbkdf1_md5(as_bytes(kLegacyPassword), salt, 5);
    Bytes made = {1, 2, 2};
    const ByteView iv = derived.view().subspan(8, 8);
    made.insert(made.end(), iv.begin(), iv.end());
    return made;
  }();
  Bytes raw = head;
  raw.insert(raw.end(), rest.begin(), rest.end());
  const std::string text = base64::encode(raw);
  try_text(text);
  const auto plain = keys().decode(text);
  // Whole blocks of eight bytes, of which at least one is padding.
  if (plain.ok()) FUZZ_CHECK(rest.size() % 8 == 0 && plain->size() < rest.size());
  if (plain.ok()) FUZZ_CHECK(is_utf8(as_text(plain->view())));
}

void seal_and_damage(std::size_t place, std::uint8_t change, ByteView plain) {
  static SeededRandom random(1);
  const auto text = keys().encode(plain, random);
  FUZZ_CHECK(text.ok() && !keys().is_stale(*text));
  const auto open = keys().decode(*text);
  FUZZ_CHECK(open.ok() && same_bytes(open->view(), plain));
  auto raw = base64::url_decode(std::string_view(*text).substr(5));
  FUZZ_CHECK(raw.ok());
  if (change == 0) return;
  (*raw)[place % raw->size()] ^= change;
  FUZZ_CHECK(!keys().decode("SGN1." + base64::url_encode(*raw)).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  if (data[0] & 1) {
    try_text(as_text({data + 1, size - 1}));
  } else if (data[0] & 2) {
    try_behind_head({data + 1, size - 1});
  } else if (size >= 4) {
    seal_and_damage(data[1] * 256u + data[2], data[3], {data + 4, size - 4});
  }
  return 0;
}

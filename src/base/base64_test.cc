#include "base/base64.h"

#include "support/matchers.h"

namespace signet {
namespace {

using test::fails;

TEST(Base64Url, rfc4648_examples_without_padding) {
  const std::pair<const char*, const char*> rows[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : rows) {
    EXPECT_EQ(base64::url_encode(as_bytes(plain)), coded);
    EXPECT_EQ(as_text(*base64::url_decode(coded)), plain);
  }
}

TEST(Base64Url, rfc7515_appendix_c) {
  const Bytes bytes{3, 236, 255, 224, 193};
  EXPECT_EQ(base64::url_encode(bytes), "A-z_4ME");
  EXPECT_EQ(*base64::url_decode("A-z_4ME"), bytes);
}

TEST(Base64Url, sec_086_only_the_one_canonical_spelling_is_taken) {
  for (const char* bad : {"Zg==", "Zm8=", "A+z/", "Z", "Zm9vY", " Zg", "Z g", "Zg\n", "Zh", "Zm9",
                          "Zm8.", "Zg\xC3\xA9"})
    EXPECT_THAT(base64::url_decode(bad), fails("base64url_invalid")) << bad;
}

TEST(Base64, standard_alphabet_with_or_without_padding_and_lines) {
  EXPECT_EQ(base64::encode(as_bytes("fo")), "Zm8=");
  EXPECT_EQ(as_text(base64::decode("Zm9v\nYmE=\n")->view()), "fooba");
  EXPECT_EQ(as_text(base64::decode("Zm8")->view()), "fo");
  for (const char* bad : {"Z", "Zm8===", "Zm=8", "Zh==", "A-z_", "Zg=", "===="})
    EXPECT_THAT(base64::decode(bad), fails("base64_invalid")) << bad;
}

}  // namespace
}  // namespace signet

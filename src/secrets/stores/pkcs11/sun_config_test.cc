#include "secrets/stores/pkcs11/sun_config.h"

#include "support/matchers.h"

namespace signet::secrets::pkcs11 {
namespace {

using signet::test::fails;
using signet::test::is_ok;

TEST(SunConfig, reads_what_says_which_token) {
  const auto config = parse_sun_config(
      "# HSM of the data centre\n"
      "name = Luna   # comment\n"
      "library = \"${HSM_HOME}/lib/libCryptoki2_64.so\"\n"
      "slot = 0x1f\n"
      "description = \"a # b\"\n"
      "attributes(*, CKO_PRIVATE_KEY, *) = {\n  CKA_SIGN = true\n  CKA_TOKEN = true\n}\n"
      "attributes = compatibility\n",
      {{"HSM_HOME", "/opt/luna"}});
  ASSERT_THAT(config, is_ok());
  EXPECT_EQ(config->name, "Luna");
  EXPECT_EQ(config->library, "/opt/luna/lib/libCryptoki2_64.so");
  EXPECT_EQ(config->slot, 31u);
  EXPECT_FALSE(config->slot_list_index);
  EXPECT_EQ(config->skipped.size(), 3u);
}

TEST(SunConfig, without_a_slot_means_the_first_as_in_java) {
  const auto config = parse_sun_config("name=a\nlibrary=/x.so", {});
  ASSERT_THAT(config, is_ok());
  EXPECT_EQ(config->slot_list_index, 0u);
}

TEST(SunConfig, tells_the_line_of_what_is_wrong) {
  for (const char* bad :
       {"name = a\n", "library = /x.so\nslot = one\n", "library = /x.so\nslot=1\nslotListIndex=1\n",
        "library = /x.so\nnonsense\n", "library = ${NONE}/x.so\n", "library = ${NONE\n",
        "library = /x.so\ndisabledMechanisms = { CKM_SHA1_RSA_PKCS }\n",
        "library = /x.so\nlibary = /y.so\n", "library = /x.so\nattributes(*) = {\n",
        "nssLibraryDirectory = /x\n"}) {
    const auto config = parse_sun_config(bad, {});
    ASSERT_THAT(config, fails("pkcs11_file_invalid")) << bad;
    EXPECT_TRUE(config.error().detail.starts_with("line ")) << bad;
  }
}

}  // namespace
}  // namespace signet::secrets::pkcs11

#include "crypto/init.h"

#include "crypto/key.h"
#include "support/matchers.h"

namespace signet::crypto {
namespace {

TEST(Init, may_be_called_again_and_keys_are_made_after_it) {
  EXPECT_THAT(init(), test::is_ok());
  EXPECT_THAT(init(), test::is_ok());
  const auto key = PrivateKey::generate(KeyKind::kRsa, 2048);
  ASSERT_THAT(key, test::is_ok());
  EXPECT_THAT(PrivateKey::from_pkcs8(key->pkcs8().view()), test::is_ok());
}

}  // namespace
}  // namespace signet::crypto

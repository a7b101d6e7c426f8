#include "jose/inflate.h"

#include "jose/jose_test_support.h"
#include "support/deflated.h"

namespace signet::jose {
namespace {

using signet::test::deflated;
using test::allowing_all;
using test::decrypt_with;
using test::dir_token;
using test::fails;
using test::is_ok;

TEST(Jwe, sec_078_inflates_only_if_allowed_and_within_the_limits) {
  const KeyPtr key = test::key(test::symmetric(32));
  const std::vector<KeyPtr> keys = {key};
  const std::string header = R"({"alg":"dir","enc":"A256GCM","zip":"DEF"})";
  const Bytes text = to_bytes("You can trust us to stick with you through thick and thin");
  const std::string small = dir_token(header, deflated(text), key);
  EXPECT_THAT(decrypt_compact(small, decrypt_with(keys)), fails("jwe_zip_not_allowed"));
  const auto plain = decrypt_compact(small, allowing_all(keys));
  ASSERT_THAT(plain, is_ok());
  EXPECT_TRUE(same_bytes(plain->plain.view(), text));

  const std::string bomb = dir_token(header, deflated(Bytes(4 << 20, 'x')), key);
  EXPECT_THAT(decrypt_compact(bomb, allowing_all(keys)), fails("jwe_inflate_limit"));
  EXPECT_THAT(decrypt_compact(dir_token(header, as_bytes("garbage"), key), allowing_all(keys)),
              fails("jwe_decrypt_failed"));
  Bytes trailing = deflated(text);
  trailing.push_back(0);
  EXPECT_THAT(decrypt_compact(dir_token(header, trailing, key), allowing_all(keys)),
              fails("jwe_decrypt_failed"));
  Bytes cut = deflated(text);
  cut.pop_back();
  EXPECT_THAT(decrypt_compact(dir_token(header, cut, key), allowing_all(keys)),
              fails("jwe_decrypt_failed"));
}

TEST(Inflate, stops_exactly_at_its_limits) {
  SeededRandom random(5);
  Bytes noise(10000);
  random.fill(noise);
  const Bytes packed = deflated(noise);
  EXPECT_THAT(inflate_raw(packed, 10000, 20), is_ok());
  EXPECT_THAT(inflate_raw(packed, 9999, 20), fails("jwe_inflate_limit"));
  const Bytes even = deflated(Bytes(10000, 'e'));
  EXPECT_THAT(inflate_raw(even, 1 << 20, 10000 / even.size()), fails("jwe_inflate_limit"));
  EXPECT_THAT(inflate_raw(even, 1 << 20, 10000 / even.size() + 1), is_ok());
  EXPECT_THAT(inflate_raw({}, 100, 20), fails("jwe_decrypt_failed"));
}

}  // namespace
}  // namespace signet::jose

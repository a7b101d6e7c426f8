#include "crypto/java_keys.h"

#include "base/text.h"
#include "crypto/digest.h"
#include "support/matchers.h"

namespace signet::crypto {
namespace {

using test::fails;
using test::is_ok;

Bytes jks_sealed(ByteView plain, ByteView password) {
  const Bytes salt(20, 7);
  Bytes turn = salt, out = salt;
  for (std::size_t at = 0; at < plain.size(); ++at) {
    if (at % 20 == 0) turn = Hasher(Hash::kSha1).update(password).update(turn).finish();
    out.push_back(plain[at] ^ turn[at % 20]);
  }
  const Bytes check = Hasher(Hash::kSha1).update(password).update(plain).finish();
  out.insert(out.end(), check.begin(), check.end());
  return out;
}

TEST(JksSealed, opens_with_its_password_only) {
  for (const std::size_t size : {1, 19, 20, 21, 40, 1000}) {
    const Bytes plain(size, 0x30);
    const Bytes sealed = jks_sealed(plain, as_bytes("password"));
    const auto opened = open_jks_sealed(sealed, as_bytes("password"));
    ASSERT_THAT(opened, is_ok());
    EXPECT_TRUE(same_bytes(opened->view(), plain));
    EXPECT_THAT(open_jks_sealed(sealed, as_bytes("Password")), fails("key_password_wrong"));
    EXPECT_THAT(open_jks_sealed(sealed, {}), fails("key_password_wrong"));
    EXPECT_THAT(open_jks_sealed(ByteView(sealed).first(40), as_bytes("password")),
                fails("key_malformed"));
  }
  EXPECT_THAT(open_jks_sealed({}, {}), fails("key_malformed"));
}

// Computed with Python's hashlib and the openssl program: "thirteen byte" under "changeit".
struct JceksRow {
  const char *salt, *sealed;
  std::uint32_t iterations;
};
constexpr JceksRow kJceksRows[] = {
    {"0102030405060708", "7923c75a5a742c00f626a99a0dd0d591", 1},
    {"0102030405060708", "4028e180a9be1afad9b217dccc93420b", 1000},
    {"0102030401020304", "e91ad30229a248ee63ef4d26278c7b96", 3},  // equal halves
    {"0102030401020304", "3aa3829d9cb23f0b3104f79e4856b25c", 3},  // as older JDKs had it
};

TEST(JceksSealed, opens_with_its_password_only) {
  for (const JceksRow& row : kJceksRows) {
    const Bytes sealed = *from_hex(row.sealed), salt = *from_hex(row.salt);
    const auto opened = open_jceks_sealed(sealed, salt, row.iterations, as_bytes("changeit"));
    ASSERT_THAT(opened, is_ok()) << row.salt;
    EXPECT_EQ(as_text(opened->view()), "thirteen byte");
    EXPECT_THAT(open_jceks_sealed(sealed, salt, row.iterations, as_bytes("changeme")),
                fails("key_password_wrong"));
    EXPECT_THAT(open_jceks_sealed(sealed, salt, row.iterations + 1, as_bytes("changeit")),
                fails("key_password_wrong"));
  }
}

TEST(JceksSealed, that_is_malformed_is_refused) {
  const Bytes block(8, 0);
  EXPECT_THAT(open_jceks_sealed(block, ByteView(block).first(7), 1, {}), fails("key_malformed"));
  EXPECT_THAT(open_jceks_sealed(block, block, 0, {}), fails("key_malformed"));
  EXPECT_THAT(open_jceks_sealed({}, block, 1, {}), fails("key_password_wrong"));
  EXPECT_THAT(open_jceks_sealed(ByteView(block).first(7), block, 1, {}),
              fails("key_password_wrong"));
}

}  // namespace
}  // namespace signet::crypto

#include "keystores/pkcs12.h"

#include "crypto/pkcs12.h"
#include "support/matchers.h"
#include "support/vectors.h"

namespace signet::keystores {
namespace {

using test::fails;
using test::is_ok;

TEST(Pkcs12Store, sec_115_opens_none_of_the_stores_with_a_wrong_password) {
  SIGNET_VECTORS_OR_SKIP(folder, "keystores");
  for (const char* file :
       {"independent-writers/am-style.p12", "independent-writers/java-legacy.p12",
        "independent-writers/openssl-legacy.p12", "independent-writers/openssl-nomac.p12"}) {
    const std::string der = test::read_file(folder / file);
    EXPECT_THAT(read_pkcs12_store(as_bytes(der), as_bytes("changeme")),
                fails("keystore_password_wrong"))
        << file;
  }
}

TEST(Pkcs12Store, survives_every_changed_byte) {
  SIGNET_VECTORS_OR_SKIP(folder, "keystores");
  std::string der = test::read_file(folder / "independent-writers/openssl-nomac.p12");
  for (std::size_t at = 0; at < der.size(); at += 3) {
    der[at] = static_cast<char>(der[at] ^ 0x41);
    const auto entries = read_pkcs12_store(as_bytes(der), as_bytes("changeit"));
    if (!entries.ok()) {
      EXPECT_STRNE(entries.error().reason, "uninitialised");
    }
    der[at] = static_cast<char>(der[at] ^ 0x41);
  }
}

TEST(Pkcs12Store, gives_back_an_entry_that_was_written) {
  const auto key = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256);
  const Instant now = from_unix_seconds(1'750'000'000);
  const auto certificate = crypto::self_sign(*key, {"me", now, now + Seconds(60), Bytes(16, 1)});
  const auto der = crypto::write_pkcs12(*key, {*certificate}, "MyAlias", as_bytes("secret"));
  const auto entries = read_pkcs12_store(der->view(), as_bytes("secret"));
  ASSERT_THAT(entries, is_ok());
  ASSERT_EQ(entries->size(), 1u);
  EXPECT_EQ(entries->front().alias, "myalias");
  EXPECT_EQ(entries->front().private_key->public_key(), key->public_key());
  ASSERT_EQ(entries->front().chain.size(), 1u);
}

}  // namespace
}  // namespace signet::keystores

#include "keystores/pkcs12.h"

#include "base/json.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/pkcs12.h"
#include "support/matchers.h"
#include "support/vectors.h"

namespace signet::keystores {
namespace {

using test::fails;
using test::is_ok;

std::string text_of(const json::Value& value, std::string_view name) {
  const json::Value* member = value.get(name);
  return member && member->if_string() ? *member->if_string() : std::string();
}

std::string sha256_hex(ByteView bytes) {
  return hex(crypto::sha256(bytes));
}

void expect_same(const Entry& ours, const json::Value& theirs, const std::string& file) {
  const std::string kind = text_of(theirs, "kind");
  SCOPED_TRACE(file + " " + ours.alias);
  const char* const kinds[] = {"private", "cert", "secret"};
  EXPECT_EQ(kinds[ours.kind], kind);
  if (ours.private_key) {
    EXPECT_EQ(sha256_hex(ours.private_key->pkcs8().view()), text_of(theirs, "keyEncodedSha256"));
    EXPECT_EQ(std::int64_t(ours.chain.size()), theirs.get("chainLength")->if_int());
  }
  if (ours.secret_key) {
    EXPECT_EQ(sha256_hex(ours.secret_key->view()), text_of(theirs, "keyEncodedSha256"));
    EXPECT_EQ(ours.secret_key_algorithm, text_of(theirs, "algorithm"));
  }
  if (!ours.chain.empty()) {
    EXPECT_EQ(sha256_hex(ours.chain.front().der()), text_of(theirs, "certSha256"));
  }
}

TEST(Pkcs12Store, sec_114_is_read_as_the_jdk_reads_it) {
  SIGNET_VECTORS_OR_SKIP(folder, "keystores");
  const auto manifest = json::parse(test::read_file(folder / "MANIFEST.json"));
  ASSERT_THAT(manifest, is_ok());
  int stores = 0;
  for (const json::Value& row : *manifest->if_array()) {
    if (text_of(row, "type") != "PKCS12") continue;
    const std::string file = text_of(row, "file");
    const std::string der = test::read_file(folder / file);
    const auto entries = read_pkcs12_store(as_bytes(der), as_bytes(text_of(row, "storePassword")));
    ++stores;
    EXPECT_EQ(entries.ok(), *row.get("loads")->if_bool()) << file;
    if (!entries.ok()) {
      EXPECT_THAT(entries, fails("keystore_password_wrong")) << file;
      continue;
    }
    const json::Array& expected = *row.get("entries")->if_array();
    std::size_t served = 0;
    for (const Entry& entry : *entries) {
      if (entry.unusable) {
        EXPECT_EQ(std::string_view(entry.unusable->reason), "keystore_key_not_encrypted") << file;
        continue;
      }
      ++served;
      bool found = false;
      for (const json::Value& theirs : expected) {
        if (text_of(theirs, "alias") != entry.alias) continue;
        found = true;
        expect_same(entry, theirs, file);
      }
      EXPECT_TRUE(found) << file << " " << entry.alias;
    }
    EXPECT_EQ(served, expected.size()) << file;
  }
  EXPECT_GE(stores, 27);
}

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

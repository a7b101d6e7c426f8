#include "crypto/digest.h"

#include "base/text.h"
#include "support/matchers.h"

namespace signet::crypto {
namespace {

std::string hex_digest(Hash hash, std::string_view text) {
  return hex(digest(hash, as_bytes(text)));
}

TEST(Digest, gives_the_values_of_fips_180_4) {
  EXPECT_EQ(hex_digest(Hash::kSha1, "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex_digest(Hash::kSha256, "abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_digest(Hash::kSha384, "abc"),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
            "8086072ba1e7cc2358baeca134c825a7");
  EXPECT_EQ(hex_digest(Hash::kSha512, "abc"),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Digest, of_nothing_is_defined) {
  EXPECT_EQ(hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Hasher, gives_the_same_however_the_data_is_cut) {
  const std::string text(1000, 'x');
  for (std::size_t cut : {0u, 1u, 63u, 64u, 65u, 127u, 128u, 999u, 1000u}) {
    Hasher hasher(Hash::kSha384);
    hasher.update(as_bytes(text).first(cut)).update(as_bytes(text).subspan(cut));
    EXPECT_EQ(hasher.finish(), digest(Hash::kSha384, as_bytes(text)));
  }
}

struct Rfc4231 {
  std::string key, data;
  const char *sha256, *sha512;
};

TEST(MacKey, gives_the_values_of_rfc_4231) {
  const Rfc4231 rows[] = {
      {std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
       "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
       "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"},
      {"Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
       "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
       "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
       "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
       "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"}};
  for (const auto& row : rows) {
    for (auto [hash, expected] :
         {std::pair{Hash::kSha256, row.sha256}, std::pair{Hash::kSha512, row.sha512}}) {
      const MacKey key(hash, as_bytes(row.key));
      Bytes tag(key.size());
      key.mac(as_bytes(row.data), tag.data());
      EXPECT_EQ(hex(tag), expected);
      key.mac(as_bytes(row.data), tag.data());
      EXPECT_EQ(hex(tag), expected) << "a key must be usable again";
      EXPECT_TRUE(key.verify(as_bytes(row.data), tag));
    }
  }
}

TEST(MacKey, refuses_tags_that_are_cut_extended_or_changed) {
  const MacKey key(Hash::kSha256, as_bytes("a key"));
  Bytes tag(key.size());
  key.mac(as_bytes("message"), tag.data());
  for (std::size_t size = 0; size < tag.size(); ++size) {
    EXPECT_FALSE(key.verify(as_bytes("message"), ByteView(tag).first(size)));
  }
  Bytes longer = tag;
  longer.push_back(0);
  EXPECT_FALSE(key.verify(as_bytes("message"), longer));
  for (auto& byte : tag) {
    byte ^= 1;
    EXPECT_FALSE(key.verify(as_bytes("message"), tag));
    byte ^= 1;
  }
}

TEST(MacKey, over_pieces_is_the_mac_of_their_concatenation) {
  const MacKey key(Hash::kSha512, as_bytes("k"));
  Bytes whole(64), pieces(64);
  key.mac(as_bytes("one two"), whole.data());
  key.mac({as_bytes("one"), {}, as_bytes(" two")}, pieces.data());
  EXPECT_EQ(whole, pieces);
}

TEST(Hmac, a_key_used_once_gives_what_a_prepared_one_gives) {
  for (const Hash hash : {Hash::kSha1, Hash::kSha256, Hash::kSha384, Hash::kSha512}) {
    for (const std::size_t size : {0u, 16u, 64u, 65u, 128u, 129u, 300u}) {
      const Bytes key(size, 3), message = to_bytes("a message in two pieces");
      Bytes prepared(hash_size(hash)), once(hash_size(hash));
      MacKey(hash, key).mac(message, prepared.data());
      hmac(hash, key, {ByteView(message).first(5), ByteView(message).subspan(5)}, once.data());
      EXPECT_EQ(once, prepared) << size;
    }
  }
}

}  // namespace
}  // namespace signet::crypto

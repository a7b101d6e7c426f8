// The keys of a local store lie sealed under the server's own keys, and are sealed anew.

#include <algorithm>
#include <set>
#include <thread>

#include "base/base64.h"
#include "base/text.h"
#include "secrets/stores/local/local_test_support.h"

namespace signet::secrets {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

SelfSealing& sealing_of(const std::shared_ptr<Store>& store) {
  return dynamic_cast<SelfSealing&>(*store);
}

// "alias id", or "alias in clear", of each file.
std::vector<std::string> sealed_in(const std::shared_ptr<Store>& store) {
  std::vector<std::string> out;
  const auto keys = now(sealing_of(store).sealed());
  EXPECT_THAT(keys, is_ok());
  if (!keys) return out;
  for (const SealedKey& key : *keys)
    out.push_back(key.alias.str() + " " + (key.in_clear ? "in clear" : key.key_id));
  return out;
}

std::set<std::string> key_files(const TempFolder& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder.str())) {
    const std::string name = entry.path().filename().string();
    if (name.front() != '.') names.insert(name);
  }
  return names;
}

// Every way in which the bytes of a key may stand in a file.
void add_spellings(std::set<std::string>& out, ByteView bytes) {
  const std::string raw(as_text(bytes));
  out.insert({raw, std::string(raw.rbegin(), raw.rend()), hex(bytes), base64::url_encode(bytes)});
  constexpr std::size_t kPiece = 24;
  for (std::size_t shift = 0; shift < 3 && shift + kPiece <= bytes.size(); ++shift)
    out.insert(base64::encode(bytes.subspan(shift, kPiece)));
}

std::set<std::string> spellings_of(const Secret& secret) {
  std::set<std::string> out;
  const json::Object members = secret.key->jwk().private_json();
  for (const std::string_view name : {"d", "p", "q", "dp", "dq", "qi", "k"}) {
    const json::Value* value = members.find(name);
    if (value == nullptr) continue;
    const auto bytes = base64::url_decode(*value->if_string());
    EXPECT_THAT(bytes, is_ok());
    add_spellings(out, *bytes);
  }
  const auto& pair = secret.key->jwk().private_key();
  if (pair) {
    const SecretBytes der = pair->pkcs8();
    out.insert(std::string(as_text(der.view())));
    // Not the first line of the PEM text, which all keys of a kind begin with.
    const std::string text = base64::encode(der.view());
    for (std::size_t at = 64; at + 64 <= text.size(); at += 64)
      out.insert(text.substr(at, 64));
  }
  return out;
}

// Blocks the store's next file: the disk is full, or the process is killed before it is written.
class BlockedDisk : public Random {
 public:
  void fill(ByteSpan out) override { std::fill(out.begin(), out.end(), std::uint8_t{0}); }
  static void block(const TempFolder& folder) {
    fs::create_directory(folder / ".tmp-0000000000000000");
  }
  static void free(const TempFolder& folder) { fs::remove(folder / ".tmp-0000000000000000"); }
};

TEST(LocalSealing, sec_122_no_file_holds_the_bytes_of_a_key_that_was_made) {
  // given a store that makes keys of every kind, at first and by a rotation
  const TempFolder folder;
  const auto store = local_store_of(
      folder / "keys", R"(,"aliases":{"rsa":"RSA-2048","ec":"P-256","ec3":"P-384","ec5":"P-521",
                                      "ed":"Ed25519","mac":"HMAC-512","aes":"AES-256"})");
  auto& maker = dynamic_cast<KeyMaker&>(*store);
  ASSERT_THAT(now(maker.make_key(Alias("later"), crypto::KeyKind::kEcP256, 0)), is_ok());
  const auto mac = now(store->fetch(Alias("mac")));
  ASSERT_THAT(mac, is_ok());
  ASSERT_THAT(now(maker.make_like(Alias("mac-2"), mac->front())), is_ok());
  // when the disk is searched for what makes the keys
  std::set<std::string> secrets;
  for (const std::string_view alias :
       {"rsa", "ec", "ec3", "ec5", "ed", "mac", "aes", "later", "mac-2"}) {
    const auto found = now(store->fetch(Alias(alias)));
    ASSERT_THAT(found, is_ok()) << alias;
    ASSERT_EQ(found->size(), 1U) << alias;
    const std::set<std::string> more = spellings_of(found->front());
    EXPECT_THAT(more, Not(IsEmpty())) << alias;
    secrets.insert(more.begin(), more.end());
  }
  // then it is in no file
  std::size_t searched = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder.str())) {
    if (!entry.is_regular_file()) continue;
    const std::string content = content_of(entry.path());
    for (const std::string& secret : secrets)
      ASSERT_EQ(content.find(secret), std::string::npos) << entry.path();
    EXPECT_EQ(content.find("-----BEGIN"), std::string::npos) << entry.path();
    searched += entry.path().extension() == ".sealed" ? 1 : 0;
  }
  EXPECT_EQ(searched, 9U);
  // and it would have been found in the opened text
  const std::string pem = opened_file(folder / "keys/ec.sealed", {"k1"});
  EXPECT_TRUE(std::any_of(secrets.begin(), secrets.end(), [&](const std::string& secret) {
    return pem.find(secret) != std::string::npos;
  }));
}

TEST(LocalSealing, sec_122_without_a_sealing_key_no_key_is_made) {
  const TempFolder folder;
  const auto none = EncodingKeys::make({}).value();
  for (const auto& keys : {std::shared_ptr<const EncodingKeys>(), none}) {
    StoreContext context = test_context();
    context.encoding_keys = keys;
    const auto store = local_store_of(folder.str(), kTwoSmallKeys, context);
    EXPECT_THAT(now(store->fetch(Alias("a"))), fails("encoding_key_missing"));
    EXPECT_THAT(
        now(dynamic_cast<KeyMaker&>(*store).make_key(Alias("c"), crypto::KeyKind::kEcP256, 0)),
        fails("encoding_key_missing"));
    EXPECT_THAT(key_files(folder), IsEmpty());
  }
  EXPECT_FALSE(kid_of(local_store_of(folder.str()), "a").empty()) << "the folder is a fresh one";
}

TEST(LocalSealing, a_folder_of_an_older_version_serves_and_what_it_gets_is_sealed) {
  const TempFolder folder;
  const std::string before = pem_of("P-256");
  folder.write("a.pem", before);
  folder.write(".initialised", "a\n");
  const auto store = local_store_of(folder.str());
  EXPECT_FALSE(kid_of(store, "a").empty());
  auto& maker = dynamic_cast<KeyMaker&>(*store);
  EXPECT_THAT(now(maker.make_key(Alias("a"), crypto::KeyKind::kEcP256, 0)), fails("alias_exists"));
  EXPECT_THAT(now(maker.make_key(Alias("a-2"), crypto::KeyKind::kEcP256, 0)), is_ok());
  EXPECT_THAT(key_files(folder), UnorderedElementsAre("a.pem", "a-2.sealed"));
  EXPECT_EQ(content_of(folder / "a.pem"), before);
  EXPECT_EQ(content_of(folder / ".initialised").find(".sealed"), std::string::npos);
  EXPECT_THAT(sealed_in(store),
              UnorderedElementsAre("a in clear", "a-2 " + id_of_sealing_key("k1")));
}

TEST(LocalSealing, sec_121_a_sealing_key_that_is_missing_is_an_error_and_never_a_new_key) {
  const TempFolder folder;
  const std::string kid = kid_of(local_store_under(folder.str(), {"k1"}), "a");
  const auto store = local_store_under(folder.str(), {"k2"});
  const auto refused = now(store->fetch(Alias("a")));
  ASSERT_THAT(refused, fails("encoded_value_key_unknown"));
  EXPECT_THAT(refused.error().detail, HasSubstr("store 'the-store'"));
  EXPECT_THAT(refused.error().detail, HasSubstr("'a.sealed'"));
  EXPECT_THAT(refused.error().detail, HasSubstr(id_of_sealing_key("k1")));
  auto& maker = dynamic_cast<KeyMaker&>(*store);
  EXPECT_THAT(now(maker.make_key(Alias("a"), crypto::KeyKind::kEcP256, 0)), fails("alias_exists"));
  // A renewal leaves what it cannot open.
  EXPECT_EQ(now(sealing_of(store).renew_sealed()).value(), 0U);
  EXPECT_THAT(sealed_in(store),
              UnorderedElementsAre("a " + id_of_sealing_key("k1"), "b " + id_of_sealing_key("k1")));
  EXPECT_EQ(kid_of(local_store_under(folder.str(), {"k2", "k1"}), "a"), kid);
}

TEST(LocalSealing, a_file_that_was_changed_or_is_no_sealed_one_is_refused) {
  const TempFolder folder;
  const auto store = local_store_of(folder.str());
  EXPECT_FALSE(kid_of(store, "a").empty());
  std::string text = content_of(folder / "a.sealed");
  char& one = text[text.size() / 2];
  one = one == 'A' ? 'B' : 'A';
  folder.write("a.sealed", text);
  EXPECT_THAT(now(store->fetch(Alias("a"))), fails("encoded_value_damaged"));
  // A key in clear under the name of a sealed one, and an old form that nothing authenticates.
  for (const std::string& other : {pem_of("P-256"), base64::encode(Bytes(40, 1)), std::string()}) {
    folder.write("a.sealed", other);
    EXPECT_THAT(now(store->fetch(Alias("a"))), fails("encoded_value_damaged"));
  }
}

TEST(LocalSealing, sec_123_a_renewal_seals_everything_under_the_first_key_and_no_key_changes) {
  // given keys under k1, and one that somebody put there in clear
  const TempFolder folder;
  const std::string a = kid_of(local_store_under(folder.str(), {"k1"}), "a");
  folder.write("mine.pem", pem_of("P-256"));
  const auto store = local_store_under(folder.str(), {"k2", "k1"});
  const std::string mine = kid_of(store, "mine");
  EXPECT_THAT(sealed_in(store),
              UnorderedElementsAre("a " + id_of_sealing_key("k1"), "b " + id_of_sealing_key("k1"),
                                   "mine in clear"));
  const std::string before = now(store->fingerprint()).value();
  // when they are sealed anew
  EXPECT_EQ(now(sealing_of(store).renew_sealed()).value(), 3U);
  // then k1 may go
  EXPECT_NE(now(store->fingerprint()).value(), before);
  const auto later = local_store_under(folder.str(), {"k2"});
  EXPECT_EQ(kid_of(later, "a"), a);
  EXPECT_EQ(kid_of(later, "mine"), mine);
  EXPECT_THAT(key_files(folder), UnorderedElementsAre("a.sealed", "b.sealed", "mine.sealed"));
  EXPECT_THAT(sealed_in(later),
              UnorderedElementsAre("a " + id_of_sealing_key("k2"), "b " + id_of_sealing_key("k2"),
                                   "mine " + id_of_sealing_key("k2")));
  for (const std::string& file : key_files(folder)) {
    struct stat info {};
    ASSERT_EQ(::stat((folder / file).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
  }
  EXPECT_EQ(now(sealing_of(later).renew_sealed()).value(), 0U) << "there is nothing to do";
}

TEST(LocalSealing, what_is_no_secret_or_cannot_be_sealed_safely_stays_in_clear) {
  const TempFolder folder;
  const std::string pem = pem_of("P-256");
  folder.write("trusted.pem", pem.substr(pem.find("-----BEGIN CERTIFICATE")));
  folder.write("half.pem", pem.substr(0, 80));
  folder.write("target", pem);
  fs::create_symlink("target", folder / "linked.pem");
  const auto store = local_store_of(folder.str());
  EXPECT_THAT(sealed_in(store), UnorderedElementsAre("linked in clear"));
  EXPECT_EQ(now(sealing_of(store).renew_sealed()).value(), 0U);
  EXPECT_THAT(key_files(folder),
              UnorderedElementsAre("trusted.pem", "half.pem", "target", "linked.pem"));
}

TEST(LocalSealing, sec_123_wherever_a_renewal_is_cut_off_each_key_is_there_once_and_whole) {
  const std::string pem = pem_of("P-256");
  const TempFolder elsewhere;
  elsewhere.write("a.pem", pem);
  const std::string kid = kid_of(local_store_of(elsewhere.str()), "a");
  const auto sealed_under = [&](const char* name) {
    SystemRandom random;
    return local_sealing_keys({name})->encode(as_bytes(pem), random).value();
  };
  // What the disk shows after each step of sealing a file in clear, and one under another key.
  using Files = std::vector<std::pair<std::string, std::string>>;
  const std::vector<Files> cuts = {
      {{"a.pem", pem}},
      {{"a.pem", pem}, {".tmp-0011223344556677", sealed_under("k2").substr(0, 40)}},
      {{"a.pem", pem}, {".tmp-0011223344556677", sealed_under("k2")}},
      {{"a.pem", pem}, {"a.sealed", sealed_under("k2")}},
      {{"a.pem", pem}, {"a.sealed", sealed_under("k1")}},
      {{"a.sealed", sealed_under("k1")}},
      {{"a.sealed", sealed_under("k1")}, {".tmp-0011223344556677", sealed_under("k2")}},
      {{"a.sealed", sealed_under("k2")}},
  };
  for (std::size_t cut = 0; cut < cuts.size(); ++cut) {
    const TempFolder folder;
    folder.write(".initialised", "a\n");
    for (const auto& [name, content] : cuts[cut])
      folder.write(name, content);
    // when the next process starts, the key is the same, and a second run ends the renewal
    const auto store = local_store_under(folder.str(), {"k2", "k1"});
    EXPECT_EQ(kid_of(store, "a"), kid) << cut;
    EXPECT_THAT(now(store->probe()), is_ok()) << cut;
    EXPECT_EQ(now(store->aliases()).value(), std::vector<Alias>{Alias("a")}) << cut;
    EXPECT_THAT(now(sealing_of(store).renew_sealed()), is_ok()) << cut;
    EXPECT_THAT(key_files(folder), UnorderedElementsAre("a.sealed")) << cut;
    EXPECT_FALSE(fs::exists(folder / ".tmp-0011223344556677")) << cut;
    EXPECT_EQ(kid_of(local_store_under(folder.str(), {"k2"}), "a"), kid) << cut;
  }
}

TEST(LocalSealing, a_disk_that_takes_no_file_fails_a_renewal_and_harms_no_key) {
  const TempFolder folder;
  const std::string kid = kid_of(local_store_under(folder.str(), {"k1"}), "a");
  const std::string before = content_of(folder / "a.sealed");
  StoreContext context = sealing_context({"k2", "k1"});
  context.random = std::make_shared<BlockedDisk>();
  const auto store = local_store_of(folder.str(), kTwoSmallKeys, context);
  BlockedDisk::block(folder);
  const auto failed = now(sealing_of(store).renew_sealed());
  ASSERT_THAT(failed, fails("local_directory_unwritable"));
  EXPECT_THAT(failed.error().detail, HasSubstr("store 'the-store'"));
  EXPECT_EQ(content_of(folder / "a.sealed"), before);
  EXPECT_EQ(kid_of(store, "a"), kid);
  BlockedDisk::free(folder);
  EXPECT_EQ(now(sealing_of(store).renew_sealed()).value(), 2U);
  EXPECT_EQ(kid_of(local_store_under(folder.str(), {"k2"}), "a"), kid);
}

TEST(LocalSealing, two_files_of_one_alias_that_differ_are_an_error_and_both_stay) {
  const TempFolder folder;
  const auto store = local_store_of(folder.str());
  EXPECT_FALSE(kid_of(store, "a").empty());
  folder.write("a.pem", pem_of("P-256"));
  const auto refused = now(store->fetch(Alias("a")));
  ASSERT_THAT(refused, fails("local_key_ambiguous"));
  EXPECT_THAT(refused.error().detail, HasSubstr("'a.sealed'"));
  EXPECT_THAT(refused.error().detail, HasSubstr("'a.pem'"));
  EXPECT_EQ(now(sealing_of(store).renew_sealed()).value(), 0U);
  EXPECT_THAT(key_files(folder), UnorderedElementsAre("a.sealed", "a.pem", "b.sealed"));
  fs::remove(folder / "a.sealed");
  EXPECT_FALSE(kid_of(store, "a").empty());
}

TEST(LocalSealing, sec_123_servers_that_renew_one_folder_at_once_end_with_one_set) {
  const TempFolder folder;
  const std::string kid = kid_of(local_store_under(folder.str(), {"k1"}), "a");
  folder.write("mine.pem", pem_of("P-256"));
  const std::string mine = kid_of(local_store_under(folder.str(), {"k1"}), "mine");
  constexpr int kServers = 6;
  std::vector<std::thread> servers;
  for (int i = 0; i < kServers; ++i) {
    servers.emplace_back([&, i] {
      const auto store = local_store_under(folder.str(), {"k2", "k1"});
      if (i % 2 == 0) {
        EXPECT_THAT(now(sealing_of(store).renew_sealed()), is_ok());
      }
      for (int again = 0; again < 20; ++again) {
        EXPECT_EQ(kid_of(store, "a"), kid);
        EXPECT_EQ(kid_of(store, "mine"), mine);
        EXPECT_THAT(now(store->probe()), is_ok());
      }
    });
  }
  for (std::thread& server : servers)
    server.join();
  EXPECT_THAT(key_files(folder), UnorderedElementsAre("a.sealed", "b.sealed", "mine.sealed"));
  EXPECT_EQ(kid_of(local_store_under(folder.str(), {"k2"}), "mine"), mine);
}

TEST(LocalSealing, a_folder_that_is_away_or_was_never_there_is_told_apart) {
  const TempFolder folder;
  const auto store = local_store_of(folder / "keys");
  EXPECT_THAT(sealed_in(store), IsEmpty());
  EXPECT_FALSE(fs::exists(folder / "keys")) << "looking makes nothing";
  EXPECT_FALSE(kid_of(store, "a").empty());
  fs::rename(folder / "keys", folder / "away");
  EXPECT_THAT(now(sealing_of(store).sealed()), fails("local_keys_lost"));
  EXPECT_THAT(now(sealing_of(store).renew_sealed()), fails("local_keys_lost"));
}

TEST(LocalSealing, a_set_that_was_not_moved_up_yet_counts) {
  const TempFolder folder;
  EXPECT_FALSE(kid_of(local_store_under(folder.str(), {"k1"}), "a").empty());
  fs::create_directory(folder / ".ready");
  fs::rename(folder / "b.sealed", folder / ".ready/b.sealed");
  fs::remove(folder / ".initialised");
  EXPECT_THAT(sealed_in(local_store_under(folder.str(), {"k2"})),
              UnorderedElementsAre("a " + id_of_sealing_key("k1"), "b " + id_of_sealing_key("k1")));
}

}  // namespace
}  // namespace signet::secrets

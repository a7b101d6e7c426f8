#include "secrets/stores/local/local_store.h"

#include "secrets/stores/local/local_test_support.h"
#include "secrets/stores/store_contract.h"

namespace signet::secrets {
namespace {

namespace fs = std::filesystem;

TEST(LocalStore, passes_the_exam_of_all_stores) {
  const TempFolder folder;
  const auto store = local_store_of(folder.str());
  EXPECT_THAT(now(store->probe()), is_ok());
  // The second line: what follows BEGIN PRIVATE KEY.
  const std::string pem = opened_file(folder / "a.sealed", {"k1"});
  const std::size_t begin = pem.find('\n') + 1;
  const std::string line = pem.substr(begin, pem.find('\n', begin) - begin);
  ASSERT_EQ(line.size(), 64U);
  Exam exam;
  exam.store = store;
  exam.known = Alias("a");
  exam.unknown = Alias("none");
  exam.canaries = {line};
  exam.change = [&] {
    auto& maker = dynamic_cast<KeyMaker&>(*store);
    EXPECT_THAT(now(maker.make_key(Alias("c"), crypto::KeyKind::kEcP384, 0)), is_ok());
  };
  exam.breakages = {
      [&] { folder.write("a.pem", "-----BEGIN PRIVATE KEY-----\n" + line + "\n"); },
      [&] { folder.write("a.sealed", "-----BEGIN PRIVATE KEY-----\n" + line + "\n"); },
      [&] { fs::permissions(folder / "a.sealed", fs::perms(0644)); },
      [&] { fs::remove(folder / "a.sealed"); },
  };
  pass_exam(exam);
}

TEST(LocalStore, a_fresh_server_serves_every_secret_id_that_has_a_default_alias) {
  const TempFolder folder;
  const auto store = local_store_of(folder.str() + "/keys", "");
  const auto mappings = default_mappings();
  EXPECT_GE(mappings.size(), 25U);
  for (const Mapping& mapping : mappings) {
    const auto secrets = now(store->fetch(mapping.aliases.front()));
    ASSERT_THAT(secrets, is_ok()) << mapping.id;
    ASSERT_EQ(secrets->size(), 1U) << mapping.id;
    EXPECT_THAT(check_fits(mapping.id, secrets->front()), is_ok()) << mapping.id;
  }
  for (const SecretIdRow& row : registry()) {
    if (row.default_alias.empty()) continue;
    EXPECT_TRUE(std::any_of(mappings.begin(), mappings.end(), [&](const Mapping& mapping) {
      return mapping.id.str() == row.name;
    })) << row.name;
  }
  EXPECT_EQ(now(store->fetch(Alias("eddsatest")))->front().key->jwk().public_key()->kind(),
            crypto::KeyKind::kEd25519);
}

TEST(LocalStore, files_are_for_the_owner_alone) {
  const TempFolder folder;
  const auto store = local_store_of(folder.str() + "/keys");
  EXPECT_THAT(now(store->probe()), is_ok());
  struct stat info {};
  ASSERT_EQ(::stat((folder / "keys").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  ASSERT_EQ(::stat((folder / "keys/a.sealed").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_FALSE(fs::exists(folder / "keys/.making"));
  EXPECT_FALSE(fs::exists(folder / "keys/.ready"));
}

TEST(LocalStore, the_certificate_is_of_the_key_and_valid_as_set) {
  const TempFolder folder;
  const auto store =
      local_store_of(folder.str(), R"(,"aliases":{"s":"Ed25519"},"common_name":"auth.example",
                                               "validity_days":30)");
  const auto secrets = now(store->fetch(Alias("s")));
  ASSERT_THAT(secrets, is_ok());
  const Secret& secret = secrets->front();
  ASSERT_EQ(secret.certificates.size(), 1U);
  const crypto::Certificate& certificate = secret.certificates.front();
  EXPECT_TRUE(certificate.public_key().value() == *secret.key->jwk().public_key());
  EXPECT_NE(certificate.subject().find("auth.example"), std::string::npos);
  const Instant at = ManualClock().now();
  EXPECT_EQ(certificate.not_before(), at - std::chrono::minutes(5));
  EXPECT_EQ(certificate.not_after(), at + std::chrono::hours(24 * 30));
}

TEST(LocalStore, keys_stay_over_a_restart) {
  const TempFolder folder;
  const std::string before = kid_of(local_store_of(folder.str()), "a");
  EXPECT_FALSE(before.empty());
  EXPECT_EQ(kid_of(local_store_of(folder.str()), "a"), before);
  EXPECT_EQ(kid_of(local_store_of(folder.str(), R"(,"aliases":["a","other"])"), "a"), before);
  EXPECT_FALSE(fs::exists(folder / "other.sealed")) << "nothing is made after the first time";
}

TEST(LocalStore, lost_keys_are_an_error_and_never_new_keys_sec_121_) {
  const TempFolder folder;
  EXPECT_FALSE(kid_of(local_store_of(folder.str()), "a").empty());
  fs::remove(folder / "a.sealed");
  const auto store = local_store_of(folder.str());
  EXPECT_THAT(now(store->fetch(Alias("a"))), fails("local_keys_lost"));
  EXPECT_THAT(now(store->probe()), fails("local_keys_lost"));
  EXPECT_FALSE(kid_of(store, "b").empty());
  fs::remove(folder / "b.sealed");
  EXPECT_THAT(now(local_store_of(folder.str())->fetch(Alias("b"))), fails("local_keys_lost"));
  EXPECT_FALSE(fs::exists(folder / "a.sealed"));
  auto maker = std::dynamic_pointer_cast<KeyMaker>(store);
  EXPECT_THAT(now(maker->make_key(Alias("a"), crypto::KeyKind::kEcP256, 0)), fails("alias_exists"));
}

TEST(LocalStore, a_folder_that_goes_away_under_a_server_is_no_fresh_one_sec_121_) {
  const TempFolder folder;
  const auto store = local_store_of(folder / "keys");
  const std::string before = kid_of(store, "a");
  ASSERT_FALSE(before.empty());
  fs::rename(folder / "keys", folder / "away");
  EXPECT_THAT(now(store->fingerprint()), fails("local_keys_lost"));
  EXPECT_THAT(now(store->fetch(Alias("a"))), fails("local_keys_lost"));
  EXPECT_FALSE(fs::exists(folder / "keys"));

  // The empty folder that a volume was mounted on.
  fs::create_directory(folder / "keys");
  fs::permissions(folder / "keys", fs::perms(0700));
  EXPECT_THAT(now(store->fetch(Alias("a"))), fails("local_keys_lost"));
  EXPECT_FALSE(fs::exists(folder / "keys/a.sealed"));

  fs::remove_all(folder / "keys");
  fs::rename(folder / "away", folder / "keys");
  EXPECT_EQ(kid_of(store, "a"), before);
}

TEST(LocalStore, keys_that_were_put_there_are_taken_and_none_are_made) {
  const TempFolder folder;
  folder.write("mine.pem", pem_of("P-256"));
  const auto store = local_store_of(folder.str());
  EXPECT_FALSE(kid_of(store, "mine").empty());
  EXPECT_TRUE(now(store->fetch(Alias("a")))->empty());
}

TEST(LocalStore, a_folder_of_other_things_is_left_alone) {
  const TempFolder folder;
  folder.write("important.txt", "x");
  EXPECT_THAT(now(local_store_of(folder.str())->fetch(Alias("a"))),
              fails("local_directory_foreign"));
  EXPECT_FALSE(fs::exists(folder / "a.sealed"));
}

TEST(LocalStore, a_folder_that_others_may_write_is_refused_sec_113_) {
  const TempFolder folder;
  fs::permissions(folder.str(), fs::perms(0770));
  EXPECT_THAT(now(local_store_of(folder.str())->fetch(Alias("a"))),
              fails("local_directory_permissions"));
}

TEST(LocalStore, a_start_that_was_cut_short_is_finished_or_begun_anew) {
  const TempFolder folder;
  folder.write(".making/a.pem", "half a key");
  const std::string kid = kid_of(local_store_of(folder.str()), "a");
  EXPECT_FALSE(kid.empty());
  EXPECT_FALSE(fs::exists(folder / ".making"));

  // Stopped between moving the first key up and writing the record.
  const TempFolder cut;
  EXPECT_FALSE(kid_of(local_store_of(cut.str()), "a").empty());
  const std::string kid_a = kid_of(local_store_of(cut.str()), "a");
  const std::string kid_b = kid_of(local_store_of(cut.str()), "b");
  fs::create_directory(cut / ".ready");
  fs::rename(cut / "b.sealed", cut / ".ready/b.sealed");
  fs::remove(cut / ".initialised");
  const auto again = local_store_of(cut.str());
  EXPECT_EQ(kid_of(again, "b"), kid_b);
  EXPECT_EQ(kid_of(again, "a"), kid_a);
  EXPECT_FALSE(fs::exists(cut / ".ready"));
  EXPECT_TRUE(fs::exists(cut / ".initialised"));
}

TEST(LocalStore, what_a_killed_process_did_not_finish_is_removed) {
  const TempFolder folder;
  const std::string kid = kid_of(local_store_of(folder.str()), "a");
  folder.write(".tmp-0011223344556677", "half a key");
  EXPECT_EQ(kid_of(local_store_of(folder.str()), "a"), kid);
  EXPECT_FALSE(fs::exists(folder / ".tmp-0011223344556677"));
}

TEST(LocalStore, any_number_of_starts_at_once_end_with_one_set) {
  const TempFolder folder;
  constexpr int kStarts = 8;
  std::vector<std::string> kids(kStarts);
  std::vector<std::thread> starts;
  for (int i = 0; i < kStarts; ++i) {
    starts.emplace_back([&, i] { kids[i] = kid_of(local_store_of(folder.str()), "a"); });
  }
  for (std::thread& start : starts)
    start.join();
  for (const std::string& kid : kids)
    EXPECT_EQ(kid, kids[0]);
  EXPECT_FALSE(kids[0].empty());
}

TEST(LocalStore, makes_keys_and_never_replaces_one) {
  const TempFolder folder;
  const auto store = local_store_of(folder.str());
  auto maker = std::dynamic_pointer_cast<KeyMaker>(store);
  const auto made = now(maker->make_key(Alias("new.key-1"), crypto::KeyKind::kEd25519, 0));
  ASSERT_THAT(made, is_ok());
  EXPECT_EQ(kid_of(store, "new.key-1"), made->kid.str());
  for (const std::string_view taken : {"new.key-1", "a"}) {
    EXPECT_THAT(now(maker->make_key(Alias(taken), crypto::KeyKind::kEd25519, 0)),
                fails("alias_exists"));
  }
  for (const std::string_view bad : {"", ".initialised", "../x", "a/b", "a b"}) {
    EXPECT_THAT(now(maker->make_key(Alias(bad), crypto::KeyKind::kEd25519, 0)),
                fails("alias_invalid"))
        << bad;
  }
  fs::remove(folder / "new.key-1.sealed");
  EXPECT_THAT(now(store->fetch(Alias("new.key-1"))), fails("local_keys_lost"));
}

TEST(LocalStore, makes_a_successor_of_a_symmetric_key) {
  const TempFolder folder;
  const auto store = local_store_of(
      folder.str(), R"(,"aliases":{"mac":"HMAC-512","seal":"AES-256","pair":"P-256"})");
  auto maker = std::dynamic_pointer_cast<KeyMaker>(store);
  const SecretId mac = SecretId::literal("am.services.oauth2.stateless.signing.HMAC");
  const SecretId seal = SecretId::literal("am.services.oauth2.stateless.token.encryption");
  for (const auto& [alias, id] : {std::pair("mac", mac), std::pair("seal", seal)}) {
    const auto models = now(store->fetch(Alias(alias)));
    ASSERT_THAT(models, is_ok());
    const Secret model = bound_to(id, models->front());
    const auto made = now(maker->make_like(Alias(std::string(alias) + "-2"), model));
    ASSERT_THAT(made, is_ok());
    EXPECT_NE(made->kid, model.kid);
    EXPECT_EQ(made->key->jwk().symmetric_size(), model.key->jwk().symmetric_size());
    EXPECT_THAT(check_fits(id, *made), is_ok());
    EXPECT_EQ(kid_of(store, std::string(alias) + "-2"), made->kid.str());
  }
  EXPECT_TRUE(opened_file(folder / "seal-2.sealed", {"k1"})
                  .starts_with("-----BEGIN AES SECRET KEY-----\n"));
  const auto pair = now(store->fetch(Alias("pair")));
  EXPECT_THAT(now(maker->make_like(Alias("mac-2"), pair->front())), fails("alias_exists"));
}

TEST(LocalStore, settings_are_checked) {
  for (const std::string_view bad :
       {"{}", R"({"directory":"/x","key":"RSA-1024"})", R"({"directory":"/x","aliases":[]})",
        R"({"directory":"/x","aliases":["a","a"]})", R"({"directory":"/x","aliases":["../a"]})",
        R"({"directory":"/x","aliases":{"a":"DES"}})", R"({"directory":"/x","aliases":3})",
        R"({"directory":"/x","validity_days":0})", R"({"directory":"/x","common_name":""})",
        R"({"directory":"/x","alias":["a"]})"}) {
    EXPECT_THAT(try_make("local_certificate", settings(bad)), fails("store_settings_invalid"))
        << bad;
  }
}

}  // namespace
}  // namespace signet::secrets

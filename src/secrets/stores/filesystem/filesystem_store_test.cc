#include "secrets/stores/filesystem/filesystem_store.h"

#include "secrets/stores/store_contract.h"

namespace signet::secrets {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

std::shared_ptr<Store> volume_of(const TempFolder& folder, const std::string& more,
                                 StoreContext context = test_context()) {
  return make_store("filesystem", settings(R"({"directory":")" + folder.str() + "\"" + more + "}"),
                    std::move(context));
}

std::vector<std::string> texts(const std::shared_ptr<Store>& store, const std::string& id) {
  const auto secrets = now(store->fetch(Alias(id)));
  EXPECT_THAT(secrets, is_ok());
  std::vector<std::string> texts;
  if (secrets) {
    for (const Secret& secret : *secrets)
      texts.push_back(text_of(secret));
  }
  return texts;
}

TEST(FilesystemStore, passes_the_exam_of_all_stores) {
  const TempFolder folder;
  folder.write("storepass.v1", "canary-one-8f31");
  folder.write("storepass.v2", "canary-two-8f31");
  Exam exam;
  exam.store = volume_of(folder, R"(,"versionSuffix":".v")");
  exam.known = Alias("storepass");
  exam.unknown = Alias("entrypass");
  exam.canaries = {"canary-one-8f31", "canary-two-8f31", "canary-tree-8f31"};
  exam.change = [&] { folder.write("storepass.v3", "canary-tree-8f31"); };
  exam.breakages = {
      [&] { folder.write("storepass.v3", "canary-tree-8f31\xff"); },
      [&] { folder.write("storepass.v3", "canary-tree-8f31", 0644); },
      [&] { fs::remove_all(folder.str()); },
  };
  pass_exam(exam);
}

TEST(FilesystemStore, an_encrypted_value_that_is_damaged_tells_nothing) {
  const TempFolder folder;
  std::vector<EncodingKeys::Key> keys;
  const Bytes master(32, 7);
  keys.push_back({"k", SecretBytes(master)});
  StoreContext context = test_context();
  context.encoding_keys = EncodingKeys::make(std::move(keys)).value();
  const std::string good =
      context.encoding_keys->encode(as_bytes("canary-5521"), *context.random).value();
  folder.write("storepass", good);
  Exam exam;
  exam.store = volume_of(folder, R"(,"format":"ENCRYPTED_PLAIN")", context);
  exam.known = Alias("storepass");
  exam.unknown = Alias("entrypass");
  exam.canaries = {"canary-5521", good};
  exam.breakages = {[&] { folder.write("storepass", good.substr(0, good.size() - 1) + "A"); },
                    [&] { folder.write("storepass", "canary-5521"); }};
  pass_exam(exam);
}

TEST(FilesystemStore, versions_rotate_by_files) {
  const TempFolder folder;
  const auto store = volume_of(folder, R"(,"suffix":".txt","versionSuffix":".v")");
  EXPECT_THAT(texts(store, "storepass"), ElementsAre());
  folder.write("storepass.txt", "bare");
  folder.write("storepass.v1.txt", "1");
  folder.write("storepass.v10.txt", "10");
  folder.write("storepass.v9.txt", "9");
  EXPECT_THAT(texts(store, "storepass"), ElementsAre("10", "9", "1", "bare"));
  fs::remove(folder / "storepass.v1.txt");
  EXPECT_THAT(texts(store, "storepass"), ElementsAre("10", "9", "bare"));
  EXPECT_EQ(now(store->fetch(Alias("storepass")))->at(1).version, "9");
}

TEST(FilesystemStore, one_broken_version_does_not_take_the_others_away) {
  const TempFolder folder;
  const auto store = volume_of(folder, R"(,"versionSuffix":".v")");
  folder.write("storepass.v1", "1");
  folder.write("storepass.v2", "");
  EXPECT_THAT(texts(store, "storepass"), ElementsAre("1"));
  ASSERT_EQ(store->warnings().size(), 1U);
  EXPECT_NE(store->warnings()[0].find("storepass.v2"), std::string::npos);
  folder.write("storepass.v2", "2");
  EXPECT_THAT(texts(store, "storepass"), ElementsAre("2", "1"));
  EXPECT_TRUE(store->warnings().empty());
}

TEST(FilesystemStore, names_that_are_no_secret_ids_never_reach_the_disk_sec_111_) {
  const TempFolder folder;
  const auto store = volume_of(folder, "");
  for (const std::string name :
       {"../storepass", "..", ".hidden", "a/b", "a..b", "a.", "", "\xc3\xa9", "a b", "a_b"}) {
    EXPECT_THAT(now(store->fetch(Alias(name))), fails("secret_id_invalid")) << name;
  }
  EXPECT_THAT(now(store->fetch(Alias(std::string(256, 'a')))), fails("secret_id_invalid"));
}

TEST(FilesystemStore, a_trailing_newline_is_part_of_the_secret_sec_111_) {
  const TempFolder folder;
  folder.write("storepass", "changeit\n");
  const auto store = volume_of(folder, "");
  EXPECT_THAT(texts(store, "storepass"), ElementsAre("changeit\n"));
  ASSERT_EQ(store->warnings().size(), 1U);
  EXPECT_NE(store->warnings()[0].find("file 'storepass': "), std::string::npos);
}

TEST(FilesystemStore, a_file_whose_name_is_no_secret_id_is_warned_of) {
  const TempFolder folder;
  folder.write("am.services.oauth2.oidc_signing.ES256.pem", "x");
  folder.write("am..x.pem", "x");
  folder.write("am.x.v1.pem", "x");
  folder.write(".hidden_one.pem", "x");
  folder.write("read_me.txt", "x");
  const auto store = volume_of(folder, R"(,"suffix":".pem","versionSuffix":".v")");
  ASSERT_THAT(now(store->fingerprint()), is_ok());
  std::string all;
  for (const std::string& warning : store->warnings())
    all += warning + '\n';
  EXPECT_EQ(store->warnings().size(), 2U) << all;
  EXPECT_NE(all.find("file 'am.services.oauth2.oidc_signing.ES256.pem': is not read"), all.npos);
  EXPECT_NE(all.find("file 'am..x.pem': is not read"), all.npos);

  fs::remove(folder / "am..x.pem");
  fs::remove(folder / "am.services.oauth2.oidc_signing.ES256.pem");
  ASSERT_THAT(now(store->probe()), is_ok());
  EXPECT_TRUE(store->warnings().empty());
}

TEST(FilesystemStore, a_file_that_others_can_read_stops_it_unless_told_otherwise_sec_113_) {
  const TempFolder folder;
  folder.write("storepass.v1", "1");
  folder.write("storepass.v2", "2", 0644);
  const auto store = volume_of(folder, R"(,"versionSuffix":".v")");
  EXPECT_THAT(now(store->fetch(Alias("storepass"))), fails("secret_file_permissions"));
  EXPECT_THAT(now(store->probe()), fails("secret_file_permissions"));
  const auto unsafe = volume_of(folder, R"(,"versionSuffix":".v","unsafe_permissions":true)");
  EXPECT_THAT(texts(unsafe, "storepass"), ElementsAre("2", "1"));
  EXPECT_THAT(now(unsafe->probe()), is_ok());
}

TEST(FilesystemStore, a_link_out_of_the_folder_is_refused_sec_112_) {
  const TempFolder outside;
  outside.write("x", "outside");
  const TempFolder folder;
  fs::create_symlink(outside / "x", folder / "storepass");
  EXPECT_THAT(now(volume_of(folder, "")->fetch(Alias("storepass"))), fails("secret_file_escapes"));
}

TEST(FilesystemStore, lists_ids_and_ignores_what_editors_drop) {
  const TempFolder folder;
  for (const std::string name : {"storepass.txt", "storepass.v2.txt", "entrypass.txt", "x.txt~",
                                 ".storepass.txt.swp", "#storepass.txt#", "README"}) {
    folder.write(name, "x", 0644);
  }
  const auto store = volume_of(folder, R"(,"suffix":".txt","versionSuffix":".v")");
  EXPECT_THAT(now(store->aliases()).value(), ElementsAre(Alias("entrypass"), Alias("storepass")));
  const std::string before = now(store->fingerprint()).value();
  folder.write("x.txt~", "other");
  EXPECT_EQ(now(store->fingerprint()).value(), before);
  folder.write("entrypass.txt", "yy", 0644);
  EXPECT_NE(now(store->fingerprint()).value(), before);
}

// As the kubelet does it: a new folder, a new link renamed over "..data", the old folder deleted.
TEST(FilesystemStore, a_volume_swapped_under_readers_gives_old_or_new_and_never_both_sec_112_) {
  const TempFolder folder;
  const auto write_generation = [&](int generation) {
    const std::string inner = "..gen" + std::to_string(generation);
    for (const std::string version : {".v1", ".v2", ".v3"}) {
      folder.write(inner + "/storepass" + version, "generation " + std::to_string(generation),
                   0400);
    }
    fs::create_directory_symlink(inner, folder / "..data_tmp");
    fs::rename(folder / "..data_tmp", folder / "..data");
    if (generation > 0) fs::remove_all(folder / ("..gen" + std::to_string(generation - 1)));
  };
  write_generation(0);
  for (const std::string version : {".v1", ".v2", ".v3"}) {
    fs::create_symlink("..data/storepass" + version, folder / ("storepass" + version));
  }
  const auto store = volume_of(folder, R"(,"versionSuffix":".v")");
  constexpr int kSwaps = 300;
  std::atomic<bool> stop{false};
  std::atomic<int> reads{0}, mixed{0}, failed{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const auto secrets = now(store->fetch(Alias("storepass")));
        ++reads;
        if (!secrets) {
          if (!is_transient(secrets.error().code)) ++failed;
          continue;
        }
        if (secrets->size() != 3) {
          ++mixed;
          continue;
        }
        for (const Secret& secret : *secrets) {
          if (text_of(secret) != text_of(secrets->front())) ++mixed;
        }
      }
    });
  }
  for (int generation = 1; generation <= kSwaps; ++generation)
    write_generation(generation);
  while (reads < 100)
    std::this_thread::yield();
  stop = true;
  for (std::thread& reader : readers)
    reader.join();
  EXPECT_EQ(mixed, 0);
  EXPECT_EQ(failed, 0);
  EXPECT_THAT(texts(store, "storepass"),
              ElementsAre("generation 300", "generation 300", "generation 300"));
}

TEST(FilesystemStore, a_new_volume_has_a_new_fingerprint) {
  const TempFolder folder;
  folder.write("..1/storepass", "old");
  folder.write("..2/storepass", "new");
  fs::create_directory_symlink("..1", folder / "..data");
  const auto store = volume_of(folder, "");
  const std::string before = now(store->fingerprint()).value();
  fs::create_directory_symlink("..2", folder / "..data_tmp");
  fs::rename(folder / "..data_tmp", folder / "..data");
  EXPECT_NE(now(store->fingerprint()).value(), before);
  EXPECT_THAT(texts(store, "storepass"), ElementsAre("new"));
}

TEST(FilesystemStore, keys_come_from_pem_files) {
  const TempFolder folder;
  const std::string id = "am.services.oauth2.oidc.signing.ES256";
  folder.write(id + ".pem", pem_of("P-256"));
  const auto store = volume_of(folder, R"(,"format":"PEM","suffix":".pem")");
  const auto secrets = now(store->fetch(Alias(id)));
  ASSERT_THAT(secrets, is_ok());
  ASSERT_EQ(secrets->size(), 1U);
  EXPECT_EQ(secrets->front().kind, SecretKind::kKeyPair);
  EXPECT_THAT(check_fits(SecretId::literal(id), secrets->front()), is_ok());
}

// A P-256 key under the password "changeit" (openssl pkcs8 -topk8 -v2 aes-256-cbc).
constexpr std::string_view kEncryptedPem = R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiCBOB1YSYtYQICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEEHio7+2zrJQLZnq+EeCY5wEgZB1
eI4KahZIxbXsZdntcpSOfYeSJNU+WXZZbXddFH5AWiPhXtI7o++EsDSNPJKVJHzB
eKvc2YEc8nvck+q7VWFrRrXK9m4uozmmmresgjQDlGBTapv//n6us3THKKB3LaCU
oSbtcACJ5O0zm2bdsjELHvxnbF2VtIsEd7ALlgbg+fzuas9aUVX1sVUdL4yM7D4=
-----END ENCRYPTED PRIVATE KEY-----
)";

TEST(FilesystemStore, the_password_of_an_encrypted_pem_comes_from_another_store) {
  const TempFolder folder;
  const std::string id = "am.services.oauth2.oidc.signing.ES256";
  folder.write(id, kEncryptedPem);
  StoreContext context = test_context();
  context.password = knows_password("changeit");
  const auto read = now(volume_of(folder, R"(,"format":"PEM")", context)->fetch(Alias(id)));
  ASSERT_THAT(read, is_ok());
  EXPECT_EQ(read->at(0).kind, SecretKind::kKeyPair);

  context.password = knows_password("canary-wrong-password");
  const auto wrong = now(volume_of(folder, R"(,"format":"PEM")", context)->fetch(Alias(id)));
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().detail.find("canary"), std::string::npos);

  EXPECT_THAT(now(volume_of(folder, R"(,"format":"PEM")")->fetch(Alias(id))),
              fails("pem_password_missing"));
  context.password = [](SecretId) -> Task<Secret> {
    co_return Error{Code::kUnavailable, "store_down", "down"};
  };
  EXPECT_THAT(now(volume_of(folder, R"(,"format":"PEM")", context)->fetch(Alias(id))),
              fails_with_code(Code::kUnavailable));
}

TEST(FilesystemStore, the_pem_password_is_asked_for_only_where_it_is_needed_and_never_for_itself) {
  const TempFolder folder;
  const std::string id = "am.services.oauth2.oidc.signing.ES256";
  const std::string password_id = "am.global.services.secret.pem.decryption";
  folder.write(id, pem_of("P-256"));
  folder.write(password_id, kEncryptedPem);
  StoreContext context = test_context();
  auto asked = std::make_shared<std::atomic<int>>(0);
  context.password = [asked](SecretId) -> Task<Secret> {
    ++*asked;
    co_return Secret::of_text(SecretBytes::from_text("changeit"));
  };
  const auto store = volume_of(folder, R"(,"format":"PEM")", context);
  EXPECT_THAT(now(store->fetch(Alias(id))), is_ok());
  EXPECT_THAT(now(store->fetch(Alias(password_id))), fails("pem_password_missing"));
  EXPECT_EQ(*asked, 0);
}

TEST(FilesystemStore, settings_are_checked) {
  EXPECT_THAT(try_make("filesystem", settings("{}")), fails("store_settings_invalid"));
  const auto misspelt =
      try_make("filesystem", settings(R"({"directory":"/x","versionsuffix":".v"})"));
  EXPECT_THAT(misspelt, fails("store_settings_invalid"));
  EXPECT_NE(misspelt.error().detail.find("did you mean 'versionSuffix'?"), std::string::npos);
  for (const std::string_view bad :
       {R"({"directory":1})", R"({"directory":"/x","format":"PLANE"})",
        R"({"directory":"/x","suffix":"/y"})", R"({"directory":"/x","versionSuffix":"v1"})",
        R"({"directory":"/x","unsafe_permissions":"yes"})"}) {
    EXPECT_THAT(try_make("filesystem", settings(bad)), fails("store_settings_invalid")) << bad;
  }
}

}  // namespace
}  // namespace signet::secrets

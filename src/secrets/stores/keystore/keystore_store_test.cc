#include "secrets/stores/keystore/keystore_store.h"

#include <sys/resource.h>

#include "crypto/pkcs12.h"
#include "keystores/jks_test_support.h"
#include "secrets/stores/store_contract.h"
#include "secrets/stores/value_format.h"

namespace signet::secrets {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

std::string pkcs12(const std::string& alias, std::string_view password) {
  const auto key = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256).value();
  crypto::SelfSignedSpec spec;
  spec.common_name = alias;
  spec.not_before = from_unix_seconds(1'700'000'000);
  spec.not_after = from_unix_seconds(1'800'000'000);
  spec.serial = Bytes(16, 1);
  const auto certificate = crypto::self_sign(key, spec).value();
  const auto store = crypto::write_pkcs12(key, {certificate}, alias, as_bytes(password));
  EXPECT_THAT(store, is_ok());
  return store ? to_text(store->view()) : "";
}

std::shared_ptr<Store> store_of(const std::string& file, std::string password,
                                std::string_view more = "") {
  StoreContext context = test_context();
  context.password = knows_password(std::move(password));
  return make_store("keystore",
                    settings(R"({"file":")" + file + R"(","storePassword":"storepass")" +
                             std::string(more) + "}"),
                    std::move(context));
}

TEST(KeystoreStore, passes_the_exam_of_all_stores) {
  const TempFolder folder;
  folder.write("k.p12", pkcs12("es256test", "canary-changeit"));
  Exam exam;
  exam.store = store_of(folder / "k.p12", "canary-changeit");
  exam.known = Alias("es256test");
  exam.unknown = Alias("none");
  exam.canaries = {"canary-changeit"};
  exam.change = [&] { folder.write("k.p12", pkcs12("es256test", "canary-changeit")); };
  exam.breakages = {
      [&] { folder.write("k.p12", pkcs12("es256test", "another")); },
      [&] { folder.write("k.p12", "no keystore"); },
      [&] { folder.write("k.p12", pkcs12("es256test", "canary-changeit"), 0644); },
      [&] { fs::remove(folder / "k.p12"); },
  };
  pass_exam(exam);
}

/// The most memory that this process ever held.
long peak_kilobytes() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(KeystoreStore, sec_115_a_file_of_100_megabytes_is_refused_unread) {
  const TempFolder folder;
  folder.write("k.p12", "0");
  fs::resize_file(folder / "k.p12", 100 * 1024 * 1024);
  const auto store = store_of(folder / "k.p12", "changeit");
  const long before = peak_kilobytes();
  EXPECT_THAT(now(store->fetch(Alias("a"))), fails("secret_file_too_large"));
  EXPECT_LT(peak_kilobytes() - before, 10 * 1024);
}

TEST(KeystoreStore, aliases_are_found_in_any_case) {
  const TempFolder folder;
  folder.write("k.p12", pkcs12("MyKey", "changeit"));
  const auto store = store_of(folder / "k.p12", "changeit");
  for (const std::string_view alias : {"mykey", "MyKey", "MYKEY"}) {
    const auto secrets = now(store->fetch(Alias(alias)));
    ASSERT_THAT(secrets, is_ok());
    ASSERT_EQ(secrets->size(), 1U);
    EXPECT_EQ(secrets->front().kind, SecretKind::kKeyPair);
    EXPECT_EQ(secrets->front().certificates.size(), 1U);
  }
  EXPECT_THAT(now(store->aliases()).value(), ElementsAre(Alias("mykey")));
  EXPECT_EQ(store->canonical(Alias("MyKey")), Alias("mykey"));
}

TEST(KeystoreStore, a_replaced_file_is_read_anew) {
  const TempFolder folder;
  folder.write("k.p12", pkcs12("k", "changeit"));
  const auto store = store_of(folder / "k.p12", "changeit");
  const KeyId before = now(store->fetch(Alias("k")))->at(0).kid;
  EXPECT_EQ(now(store->fetch(Alias("k")))->at(0).kid, before);
  folder.write("next", pkcs12("k", "changeit"));
  fs::rename(folder / "next", folder / "k.p12");
  EXPECT_NE(now(store->fetch(Alias("k")))->at(0).kid, before);
}

TEST(KeystoreStore, a_wrong_password_names_the_store_and_not_the_password) {
  const TempFolder folder;
  folder.write("k.p12", pkcs12("k", "changeit"));
  const auto wrong = now(store_of(folder / "k.p12", "canary-wrong")->fetch(Alias("k")));
  EXPECT_THAT(wrong, fails("keystore_password_wrong"));
  EXPECT_NE(wrong.error().detail.find("'the-store'"), std::string::npos);
  EXPECT_EQ(wrong.error().detail.find("canary"), std::string::npos);
}

TEST(KeystoreStore, both_passwords_must_be_the_same_in_pkcs12) {
  const TempFolder folder;
  folder.write("k.p12", pkcs12("k", "changeit"));
  constexpr std::string_view kBoth = R"(,"keyEntryPassword":"entrypass")";
  EXPECT_THAT(now(store_of(folder / "k.p12", "changeit", kBoth)->fetch(Alias("k"))), is_ok());
  StoreContext context = test_context();
  context.password = [](SecretId id) -> Task<Secret> {
    co_return Secret::of_text(
        SecretBytes::from_text(id.str() == "storepass" ? "changeit" : "other"));
  };
  const auto store =
      make_store("keystore",
                 settings(R"({"file":")" + (folder / "k.p12").string() +
                          R"(","storePassword":"storepass")" + std::string(kBoth) + "}"),
                 std::move(context));
  EXPECT_THAT(now(store->fetch(Alias("k"))), fails("keystore_entry_password_differs"));
}

TEST(KeystoreStore, a_password_that_cannot_be_had_is_told_as_it_is) {
  const TempFolder folder;
  folder.write("k.p12", pkcs12("k", "changeit"));
  const auto with = [&](PasswordLookup lookup) {
    StoreContext context = test_context();
    context.password = std::move(lookup);
    return now(make_store("keystore",
                          settings(R"({"file":")" + (folder / "k.p12").string() +
                                   R"(","storePassword":"storepass"})"),
                          std::move(context))
                   ->fetch(Alias("k")));
  };
  EXPECT_THAT(with({}), fails("password_missing"));
  EXPECT_THAT(with([](SecretId) -> Task<Secret> {
                co_return Error{Code::kUnavailable, "down", "down"};
              }),
              fails_with_code(Code::kUnavailable));
  EXPECT_THAT(with([](SecretId) -> Task<Secret> {
                co_return secrets_of_pem(as_bytes(pem_of("AES-256")), std::nullopt).value().front();
              }),
              fails("secret_wrong_kind"));
}

// As if the other stores held these under the IDs "storepass" and "entrypass".
std::shared_ptr<Store> store_with(const std::string& file, std::string store_password,
                                  std::string entry_password, std::string_view more = "") {
  StoreContext context = test_context();
  context.password = [store_password, entry_password](SecretId id) -> Task<Secret> {
    co_return Secret::of_text(
        SecretBytes::from_text(id.str() == "storepass" ? store_password : entry_password));
  };
  return make_store("keystore",
                    settings(R"({"file":")" + file + R"(","storePassword":"storepass")" +
                             R"(,"keyEntryPassword":"entrypass")" + std::string(more) + "}"),
                    std::move(context));
}

TEST(KeystoreStore, jceks_of_keytool_is_read_with_its_secret_keys) {
  const TempFolder folder;
  folder.write("k.jceks", keystores::keytool_jceks());
  const auto store = store_of(folder / "k.jceks", "changeit");
  EXPECT_THAT(now(store->aliases()).value(),
              ElementsAre(Alias("ec"), Alias("mac"), Alias("triple")));
  EXPECT_EQ(now(store->fetch(Alias("EC")))->at(0).kind, SecretKind::kKeyPair);
  const auto mac = now(store->fetch(Alias("mac")));
  ASSERT_THAT(mac, is_ok());
  EXPECT_EQ(mac->at(0).kind, SecretKind::kSymmetric);
  EXPECT_EQ(mac->at(0).key->jwk().symmetric().size(), 64U);
  EXPECT_THAT(now(store->fetch(Alias("triple"))), fails("key_password_wrong"));
  EXPECT_THAT(store->warnings(), ElementsAre(::testing::HasSubstr("'triple'")));
}

TEST(KeystoreStore, entries_of_jceks_may_have_a_password_of_their_own) {
  const TempFolder folder;
  folder.write("k.jceks", keystores::keytool_jceks());
  const auto store = store_with(folder / "k.jceks", "changeit", "entrypass");
  EXPECT_THAT(now(store->fetch(Alias("triple"))), is_ok());
  const auto wrong = now(store->fetch(Alias("ec")));
  EXPECT_THAT(wrong, fails("key_password_wrong"));
  EXPECT_THAT(wrong, fails_with_code(Code::kConfig));
  EXPECT_NE(wrong.error().detail.find("'the-store'"), std::string::npos);
}

TEST(KeystoreStore, a_trust_store_needs_no_password_and_is_warned_about) {
  const TempFolder folder;
  const auto key = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256).value();
  crypto::SelfSignedSpec spec;
  spec.common_name = "root";
  spec.not_before = from_unix_seconds(1'700'000'000);
  spec.not_after = from_unix_seconds(1'800'000'000);
  spec.serial = Bytes(16, 1);
  const auto root = crypto::self_sign(key, spec).value();
  folder.write("k.jks", keystores::JksWriter().certificate("root", root).finish("unknown"));
  const auto store =
      make_store("keystore", settings(R"({"file":")" + (folder / "k.jks").string() + R"("})"));
  const auto secrets = now(store->fetch(Alias("root")));
  ASSERT_THAT(secrets, is_ok());
  EXPECT_EQ(secrets->at(0).certificates.size(), 1U);
  EXPECT_THAT(store->warnings(), ElementsAre(::testing::HasSubstr("integrity")));
}

TEST(KeystoreStore, the_type_is_what_the_file_is_and_a_setting_must_agree) {
  const TempFolder folder;
  folder.write("k", keystores::keytool_jceks());
  for (const std::string_view type : {"JCEKS", "jceks"}) {
    const auto store =
        store_of(folder / "k", "changeit", R"(,"storetype":")" + std::string(type) + '"');
    EXPECT_THAT(now(store->fetch(Alias("ec"))), is_ok()) << type;
  }
  for (const std::string_view type : {"JKS", "PKCS12"}) {
    const auto store =
        store_of(folder / "k", "changeit", R"(,"storetype":")" + std::string(type) + '"');
    EXPECT_THAT(now(store->fetch(Alias("ec"))), fails("keystore_type_differs")) << type;
  }
  for (const std::string_view type : {"PKCS11", "BCFKS"}) {
    json::Object wanted = settings(R"({"file":"/x"})");
    wanted.set("storetype", type);
    const auto refused = try_make("keystore", wanted);
    EXPECT_THAT(refused, fails("keystore_type_unsupported")) << type;
    EXPECT_THAT(refused, fails_with_code(Code::kUnsupported)) << type;
  }
}

// A writer that does not rename shows half a file; what was good before is for the keeper to keep.
TEST(KeystoreStore, a_file_that_is_cut_short_fails_and_is_served_again_once_it_is_whole) {
  const TempFolder folder;
  const std::string whole = keystores::keytool_jceks();
  folder.write("k", whole);
  const auto store = store_of(folder / "k", "changeit");
  const KeyId before = now(store->fetch(Alias("ec")))->at(0).kid;
  for (const std::size_t size : {std::size_t{0}, std::size_t{3}, whole.size() / 2}) {
    folder.write("k", whole.substr(0, size));
    for (int again = 0; again < 2; ++again) {
      const auto cut = now(store->fetch(Alias("ec")));
      EXPECT_THAT(cut, fails("keystore_malformed")) << size;
      EXPECT_THAT(cut, fails_with_code(Code::kConfig));
      EXPECT_NE(cut.error().detail.find("'the-store'"), std::string::npos);
    }
    EXPECT_FALSE(now(store->probe()).ok());
  }
  folder.write("k", whole);
  EXPECT_EQ(now(store->fetch(Alias("ec")))->at(0).kid, before);
}

TEST(KeystoreStore, a_password_that_is_put_right_opens_the_same_file) {
  const TempFolder folder;
  folder.write("k", keystores::keytool_jceks());
  const auto password = std::make_shared<std::string>("wrong");
  StoreContext context = test_context();
  context.password = [password](SecretId) -> Task<Secret> {
    co_return Secret::of_text(SecretBytes::from_text(*password));
  };
  const auto store = make_store(
      "keystore",
      settings(R"({"file":")" + (folder / "k").string() + R"(","storePassword":"storepass"})"),
      std::move(context));
  EXPECT_THAT(now(store->fetch(Alias("ec"))), fails("keystore_password_wrong"));
  EXPECT_THAT(now(store->fetch(Alias("ec"))), fails("keystore_password_wrong"));
  *password = "changeit";
  EXPECT_THAT(now(store->fetch(Alias("ec"))), is_ok());
}

TEST(KeystoreStore, an_entry_password_that_is_put_right_opens_the_same_entry) {
  const TempFolder folder;
  folder.write("k", keystores::keytool_jceks());
  const auto password = std::make_shared<std::string>("wrong");
  StoreContext context = test_context();
  context.password = [password](SecretId id) -> Task<Secret> {
    co_return Secret::of_text(
        SecretBytes::from_text(id.str() == "storepass" ? "changeit" : *password));
  };
  const auto store = make_store(
      "keystore",
      settings(R"({"file":")" + (folder / "k").string() + R"(","storePassword":"storepass")" +
               R"(,"keyEntryPassword":"entrypass"})"),
      std::move(context));
  EXPECT_THAT(now(store->fetch(Alias("triple"))), fails("key_password_wrong"));
  EXPECT_THAT(now(store->fetch(Alias("triple"))), fails("key_password_wrong"));
  *password = "entrypass";
  EXPECT_THAT(now(store->fetch(Alias("triple"))), is_ok());
}

TEST(KeystoreStore, a_password_written_into_the_settings_is_not_repeated) {
  const auto refused =
      try_make("keystore", settings(R"({"file":"/x","storePassword":"canary_p4ss!"})"));
  EXPECT_THAT(refused, fails("store_settings_invalid"));
  EXPECT_EQ(refused.error().detail.find("canary"), std::string::npos);
  EXPECT_THAT(try_make("keystore", settings("{}")), fails("store_settings_invalid"));
}

}  // namespace
}  // namespace signet::secrets

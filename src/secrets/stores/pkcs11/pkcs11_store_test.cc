// Against a real module: SoftHSM2, each test with a token of its own.
#include "base/base64.h"
#include "crypto/cipher.h"
#include "secrets/stores/pkcs11/soft_hsm.h"
#include "secrets/stores/remote_key.h"
#include "secrets/stores/store_contract.h"
#include "secrets/test_keys.h"

namespace signet::secrets::pkcs11 {
namespace {

using crypto::KeyKind;
using jose::JweAlg;
using jose::JwsAlg;
using test::SoftHsm;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Pkcs11 : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!test::has_soft_hsm()) GTEST_SKIP() << "SoftHSM2 is not installed";
    hsm.emplace();
  }
  Secret only(Store& store, const char* alias) {
    auto found = now(store.fetch(Alias(alias)));
    EXPECT_THAT(found, is_ok());
    if (!found || found->size() != 1) return Secret();
    return found->front();
  }
  Status signs(const Secret& secret, JwsAlg alg, std::string_view text = "header.payload") {
    TRY(const Bytes signature, now(secret.remote->sign(alg, to_bytes(text))));
    return secret.key->verify(alg, as_bytes(text), signature);
  }
  std::optional<SoftHsm> hsm;
};

TEST_F(Pkcs11, passes_the_exam_of_all_stores) {
  hsm->import("known", KeyKind::kEcP256, "01");
  Exam exam;
  exam.store = hsm->open();
  exam.known = Alias("known");
  exam.unknown = Alias("unknown");
  exam.canaries = {test::kPin};
  exam.change = [&] { hsm->import("another", KeyKind::kEcP256, "02"); };
  exam.breakages = {[&] { hsm->take_away(); }};
  pass_exam(exam);
}

TEST_F(Pkcs11, an_rsa_key_signs_and_decrypts_in_the_token) {
  const auto key = hsm->import("rsa", KeyKind::kRsa, "0a");
  const auto store = hsm->open();
  const Secret secret = only(*store, "rsa");
  ASSERT_EQ(secret.kind, SecretKind::kRemoteKey);
  EXPECT_EQ(secret.kid.str(), jose::Jwk::from_private(key).thumbprint());
  EXPECT_FALSE(secret.key->jwk().private_key());
  for (const JwsAlg alg : {JwsAlg::kRs256, JwsAlg::kRs384, JwsAlg::kRs512, JwsAlg::kPs256,
                           JwsAlg::kPs384, JwsAlg::kPs512}) {
    EXPECT_THAT(secret.key->allowed(), Contains(alg));
    EXPECT_THAT(signs(secret, alg), is_ok()) << jose::name(alg);
  }
  EXPECT_THAT(signs(secret, JwsAlg::kEs256), fails("remote_operation_unsupported"));

  const Bytes plain(32, 7);
  EXPECT_THAT(secret.unwraps, Contains(JweAlg::kRsaOaep));
  EXPECT_THAT(secret.unwraps, Contains(JweAlg::kRsa15));
  for (const JweAlg alg : secret.unwraps) {
    const auto padding = alg == JweAlg::kRsa15     ? crypto::RsaPadding::kPkcs1
                         : alg == JweAlg::kRsaOaep ? crypto::RsaPadding::kOaepSha1
                                                   : crypto::RsaPadding::kOaepSha256;
    const auto sealed = crypto::rsa_encrypt(key.public_key(), padding, plain);
    ASSERT_THAT(sealed, is_ok());
    const auto opened = now(secret.remote->unwrap(alg, *sealed));
    ASSERT_THAT(opened, is_ok()) << jose::name(alg);
    EXPECT_EQ(to_bytes(opened->view()), plain);
  }
  EXPECT_THAT(now(secret.remote->unwrap(JweAlg::kRsaOaep, Bytes(256, 3))),
              fails("jwe_decrypt_failed"));
  EXPECT_THAT(now(secret.remote->unwrap(JweAlg::kRsaOaep, Bytes(5, 3))),
              fails("jwe_decrypt_failed"));
  EXPECT_THAT(signs(secret, JwsAlg::kPs256), is_ok()) << "and signing goes on";
}

TEST_F(Pkcs11, elliptic_curve_keys_sign_by_the_algorithm_of_their_curve) {
  const std::map<const char*, std::pair<KeyKind, JwsAlg>> curves = {
      {"p256", {KeyKind::kEcP256, JwsAlg::kEs256}},
      {"p384", {KeyKind::kEcP384, JwsAlg::kEs384}},
      {"p521", {KeyKind::kEcP521, JwsAlg::kEs512}}};
  char id[] = "21";
  for (const auto& [alias, curve] : curves) {
    hsm->import(alias, curve.first, id);
    ++id[1];
  }
  const auto store = hsm->open();
  for (const auto& [alias, curve] : curves) {
    const Secret secret = only(*store, alias);
    EXPECT_EQ(secret.key->allowed(), std::vector{curve.second}) << alias;
    for (int i = 0; i < 20; ++i)
      EXPECT_THAT(signs(secret, curve.second, "text " + std::to_string(i)), is_ok()) << alias;
    EXPECT_THAT(secret.unwraps, IsEmpty());
  }
  const auto id256 = SecretId::literal("am.services.oauth2.oidc.signing.ES256");
  EXPECT_THAT(check_fits(id256, only(*store, "p256")), is_ok());
  EXPECT_THAT(check_fits(id256, only(*store, "p384")), fails("secret_wrong_curve"));
}

TEST_F(Pkcs11, a_mac_key_signs_and_checks_in_the_token_and_has_the_kid_of_its_bytes) {
  const SecretBytes bytes = secrets::test::bytes(32);
  hsm->put_secret("mac", CKK_GENERIC_SECRET, bytes.view());
  const auto store = hsm->open();
  const Secret secret = only(*store, "mac");
  const Secret local = Secret::of_key(jose::Jwk::from_symmetric(bytes.clone()));
  EXPECT_EQ(secret.kid, local.kid);
  EXPECT_TRUE(secret.key->jwk().is_hidden());
  EXPECT_EQ(secret.key->allowed(), std::vector{JwsAlg::kHs256});
  const auto signature = now(secret.remote->sign(JwsAlg::kHs256, Bytes(9, 1)));
  ASSERT_THAT(signature, is_ok());
  EXPECT_THAT(local.key->verify(JwsAlg::kHs256, Bytes(9, 1), *signature), is_ok());
  EXPECT_THAT(now(secret.remote->verify(JwsAlg::kHs256, Bytes(9, 1), *signature)), is_ok());
  EXPECT_THAT(now(secret.remote->verify(JwsAlg::kHs256, Bytes(9, 2), *signature)),
              fails("jws_signature_invalid"));
  EXPECT_THAT(check_fits(SecretId::literal("am.services.oauth2.stateless.signing.HMAC"), secret),
              is_ok());
  EXPECT_THAT(
      check_fits(SecretId::literal("am.services.oauth2.stateless.token.encryption"), secret),
      fails("secret_wrong_kind"));
}

TEST_F(Pkcs11, an_aes_key_unwraps_content_keys_in_the_token) {
  const SecretBytes bytes = secrets::test::bytes(32);
  hsm->put_secret("aes", CKK_AES, bytes.view());
  const auto store = hsm->open();
  const Secret secret = only(*store, "aes");
  EXPECT_THAT(secret.key->allowed(), IsEmpty());
  ASSERT_EQ(secret.unwraps, std::vector{JweAlg::kA256Kw});
  const SecretBytes content = secrets::test::bytes(32, 9);
  const auto wrapped = crypto::aes_wrap(bytes.view(), content.view());
  const auto opened = now(secret.remote->unwrap(JweAlg::kA256Kw, *wrapped));
  ASSERT_THAT(opened, is_ok());
  EXPECT_EQ(to_bytes(opened->view()), to_bytes(content.view()));
  Bytes broken = *wrapped;
  broken[3] ^= 1;
  EXPECT_THAT(now(secret.remote->unwrap(JweAlg::kA256Kw, broken)), fails("jwe_decrypt_failed"));
  EXPECT_THAT(now(secret.remote->unwrap(JweAlg::kA128Kw, broken)),
              fails("remote_operation_unsupported"));
}

TEST_F(Pkcs11, several_keys_of_one_label_are_refused_and_the_others_go_on) {
  hsm->import("twice", KeyKind::kEcP256, "01");
  hsm->import("twice", KeyKind::kEcP256, "02");
  hsm->import("once", KeyKind::kEcP256, "03");
  const auto store = hsm->open();
  const auto refused = now(store->fetch(Alias("twice")));
  ASSERT_THAT(refused, fails("pkcs11_label_ambiguous"));
  EXPECT_THAT(refused.error().detail, HasSubstr("the-store"));
  EXPECT_THAT(signs(only(*store, "once"), JwsAlg::kEs256), is_ok());
}

TEST_F(Pkcs11, sec_128_a_wrong_pin_is_sent_once_and_a_new_one_is_taken) {
  hsm->import("key", KeyKind::kEcP256, "01");
  auto context = hsm->context();
  auto pin = std::make_shared<std::string>("canary-wrong");
  context.password = [pin](SecretId) -> Task<Secret> {
    co_return Secret::of_text(SecretBytes::from_text(*pin));
  };
  const auto store = make_store("pkcs11", hsm->settings(), context);
  for (int i = 0; i < 3; ++i) {
    const auto refused = now(store->fetch(Alias("key")));
    ASSERT_THAT(refused, fails("pkcs11_pin_incorrect"));
    EXPECT_THAT(refused.error().detail, HasSubstr("not tried again"));
    EXPECT_THAT(refused.error().detail, Not(HasSubstr("canary")));
  }
  *pin = test::kPin;
  EXPECT_THAT(signs(only(*store, "key"), JwsAlg::kEs256), is_ok());
}

TEST_F(Pkcs11, sec_128_a_lost_session_or_login_is_opened_anew) {
  hsm->import("key", KeyKind::kEcP256, "01");
  const auto store = hsm->open();
  const Secret secret = only(*store, "key");
  hsm->as_user([](const CK_FUNCTION_LIST& f, CK_SESSION_HANDLE session) {
    CK_SESSION_INFO info{};
    f.C_GetSessionInfo(session, &info);
    EXPECT_EQ(f.C_CloseAllSessions(info.slotID), CKR_OK);
  });
  EXPECT_THAT(signs(secret, JwsAlg::kEs256), is_ok());
  hsm->as_user([](const CK_FUNCTION_LIST& f, CK_SESSION_HANDLE session) {
    EXPECT_EQ(f.C_Logout(session), CKR_OK);
  });
  EXPECT_THAT(signs(secret, JwsAlg::kEs256), is_ok());
  hsm->as_user([](const CK_FUNCTION_LIST& f, CK_SESSION_HANDLE session) {
    EXPECT_EQ(f.C_Logout(session), CKR_OK);
  });
  EXPECT_EQ(only(*store, "key").kid, secret.kid) << "a key is not gone because a login is";
  hsm->as_user([](const CK_FUNCTION_LIST& f, CK_SESSION_HANDLE) {
    EXPECT_EQ(f.C_Finalize(nullptr), CKR_OK);
  });
  EXPECT_THAT(signs(secret, JwsAlg::kEs256), is_ok());
}

TEST_F(Pkcs11, sec_128_a_lost_token_is_an_outage_until_it_is_back) {
  hsm->import("key", KeyKind::kEcP256, "01");
  const auto store = hsm->open(R"(,"tokenLabel":"signet")");
  const Secret secret = only(*store, "key");
  hsm->take_away();
  hsm->as_user([](const CK_FUNCTION_LIST& f, CK_SESSION_HANDLE) { f.C_Finalize(nullptr); });
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(signs(secret, JwsAlg::kEs256), fails_with_code(Code::kUnavailable));
  hsm->bring_back();
  EXPECT_THAT(signs(secret, JwsAlg::kEs256), fails("pkcs11_lost")) << "left alone for a moment";
  hsm->clock->advance(Seconds(120));
  EXPECT_THAT(signs(secret, JwsAlg::kEs256), is_ok());
}

TEST_F(Pkcs11, sec_129_keys_are_made_in_the_token_and_never_replaced) {
  const auto store = hsm->open();
  auto* maker = dynamic_cast<KeyMaker*>(store.get());
  ASSERT_NE(maker, nullptr);
  const auto rsa = now(maker->make_key(Alias("made-rsa"), KeyKind::kRsa, 2048));
  ASSERT_THAT(rsa, is_ok());
  EXPECT_THAT(signs(*rsa, JwsAlg::kPs256), is_ok());
  const auto ec = now(maker->make_key(Alias("made-ec"), KeyKind::kEcP384, 0));
  ASSERT_THAT(ec, is_ok());
  EXPECT_THAT(signs(*ec, JwsAlg::kEs384), is_ok());
  EXPECT_THAT(now(maker->make_key(Alias("made-ec"), KeyKind::kEcP256, 0)), fails("alias_exists"));
  EXPECT_THAT(now(maker->make_key(Alias("other"), KeyKind::kX25519, 0)),
              fails("key_kind_unsupported"));
  EXPECT_THAT(store->warnings(), IsEmpty()) << "sensitive and never extractable";
  EXPECT_EQ(only(*store, "made-ec").kid, ec->kid);
}

TEST_F(Pkcs11, sec_129_mac_keys_are_made_like_the_one_before) {
  const auto store = hsm->open();
  auto* maker = dynamic_cast<KeyMaker*>(store.get());
  ASSERT_NE(maker, nullptr);
  hsm->put_secret("mac", CKK_GENERIC_SECRET, Bytes(64, 7));
  const Secret before = only(*store, "mac");
  const auto made = now(maker->make_like(Alias("mac-2"), before));
  ASSERT_THAT(made, is_ok());
  EXPECT_EQ(made->key->jwk().symmetric_size(), 64U);
  EXPECT_EQ(made->key->allowed(), before.key->allowed());
  EXPECT_NE(made->kid, before.kid);
  const Bytes input = to_bytes("input");
  const auto mac = now(made->remote->sign(JwsAlg::kHs512, input));
  ASSERT_THAT(mac, is_ok());
  EXPECT_THAT(now(made->remote->verify(JwsAlg::kHs512, input, *mac)), is_ok());
  EXPECT_THAT(now(before.remote->verify(JwsAlg::kHs512, input, *mac)),
              fails("jws_signature_invalid"));
  EXPECT_THAT(store->warnings(), IsEmpty()) << "sensitive and never extractable";
  EXPECT_THAT(now(maker->make_like(Alias("mac-2"), before)), fails("alias_exists"));
  hsm->put_secret("aes", CKK_AES, Bytes(32, 9));
  EXPECT_THAT(now(maker->make_like(Alias("aes-2"), only(*store, "aes"))),
              fails("rotate_needs_key_pair"));
}

TEST_F(Pkcs11, stores_share_one_module_and_each_finds_its_token) {
  hsm->init_token("second");
  hsm->import("here", KeyKind::kEcP256, "01", "signet");
  hsm->import("there", KeyKind::kEcP256, "02", "second");
  const auto one = hsm->open(R"(,"tokenLabel":"signet")");
  auto other = hsm->open(R"(,"tokenLabel":"second")");
  EXPECT_THAT(signs(only(*one, "here"), JwsAlg::kEs256), is_ok());
  EXPECT_THAT(signs(only(*other, "there"), JwsAlg::kEs256), is_ok());
  EXPECT_THAT(*now(one->fetch(Alias("there"))), IsEmpty());
  other.reset();
  EXPECT_THAT(signs(only(*one, "here"), JwsAlg::kEs256), is_ok());
  EXPECT_THAT(now(hsm->open()->probe()), fails("pkcs11_token_ambiguous"));
  EXPECT_THAT(now(hsm->open(R"(,"tokenLabel":"third")")->probe()), fails("pkcs11_lost"));
}

TEST_F(Pkcs11, a_sunpkcs11_file_names_library_and_slot) {
  hsm->import("key", KeyKind::kEcP256, "01");
  const TempFolder folder;
  folder.write("hsm.cfg",
               "name = SoftHSM\nlibrary = " + test::soft_hsm_library() + "\nslotListIndex = 0\n");
  const auto from_file =
      settings(R"({"file":")" + (folder / "hsm.cfg").string() + R"(","storePassword":"hsm.pin"})");
  const auto store = make_store("pkcs11", from_file, hsm->context());
  EXPECT_THAT(signs(only(*store, "key"), JwsAlg::kEs256), is_ok());
  std::filesystem::permissions(folder / "hsm.cfg", std::filesystem::perms::others_write,
                               std::filesystem::perm_options::add);
  EXPECT_THAT(now(make_store("pkcs11", from_file, hsm->context())->probe()),
              fails("secret_file_permissions"));
}

TEST(Pkcs11Settings, say_what_is_wrong_with_them) {
  for (const char* bad :
       {R"({})", R"({"library":"lib.so"})", R"({"library":"/a","file":"/b"})",
        R"({"library":"/a","slot":1,"slotListIndex":0})", R"({"file":"/b","slot":1})",
        R"({"library":"/a","providerGuiceKey":"x"})", R"({"library":"/a","sessions":0})",
        R"({"library":"/a","storePassword":"my pin!"})"}) {
    const Status made = try_make("pkcs11", settings(bad));
    ASSERT_THAT(made, fails("store_settings_invalid")) << bad;
    EXPECT_EQ(made.error().detail.find("my pin"), std::string::npos);
  }
}

TEST(Pkcs11Library, that_is_none_is_told_by_name) {
  const auto missing = make_store("pkcs11", settings(R"({"library":"/no/such/module.so"})"));
  const auto probed = now(missing->probe());
  ASSERT_THAT(probed, fails("pkcs11_library_unusable"));
  EXPECT_THAT(probed.error().detail, HasSubstr("/no/such/module.so"));
  const auto other =
      make_store("pkcs11", settings(R"({"library":"/lib/x86_64-linux-gnu/libm.so.6"})"));
  EXPECT_THAT(now(other->probe()), fails("pkcs11_library_unusable"));
}

}  // namespace
}  // namespace signet::secrets::pkcs11

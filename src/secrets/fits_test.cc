#include "base/base64.h"
#include "base/text.h"
#include "secrets/secret.h"
#include "secrets/test_keys.h"
#include "support/matchers.h"
#include "support/vectors.h"

namespace signet::secrets {
namespace {

using signet::test::fails;
using signet::test::is_ok;
using namespace test;

const SecretId kEs256 = SecretId::literal("am.services.oauth2.oidc.signing.ES256");
const SecretId kRsa = SecretId::literal("am.services.oauth2.oidc.signing.RSA");
const SecretId kEdDsa = SecretId::literal("am.services.oauth2.oidc.signing.EDDSA");
const SecretId kHmac = SecretId::literal("am.services.oauth2.stateless.signing.HMAC");
const SecretId kDirect = SecretId::literal("am.services.oauth2.stateless.token.encryption");
const SecretId kTrees = SecretId::literal("am.authn.trees.transientstate.encryption");
const SecretId kDecrypt = SecretId::literal("am.services.oauth2.oidc.decryption.RSA.OAEP.256");
const SecretId kTrust = SecretId::literal("am.services.iot.cert.verification");
const SecretId kClientCert = SecretId::literal("am.services.oauth2.mtls.client.authentication");
const SecretId kSamlSigning =
    SecretId::literal("am.applications.federation.entity.providers.saml2.demo.signing");

Secret secret_of(jose::Jwk jwk) {
  return Secret::of_key(std::move(jwk));
}

std::vector<crypto::Certificate> certificate_of(const jose::Jwk& jwk) {
  crypto::SelfSignedSpec spec;
  spec.common_name = "test";
  spec.not_before = from_unix_seconds(1'600'000'000);
  spec.not_after = from_unix_seconds(1'900'000'000);
  spec.serial = Bytes(16, 5);
  return {crypto::self_sign(*jwk.private_key(), spec).value()};
}

TEST(CheckFits, sec_109_a_key_of_another_kind_is_refused) {
  EXPECT_THAT(check_fits(kEs256, secret_of(rsa())), fails("secret_wrong_kind"));
  EXPECT_THAT(check_fits(kEs256, secret_of(oct(32))), fails("secret_wrong_kind"));
  EXPECT_THAT(check_fits(kRsa, secret_of(p256())), fails("secret_wrong_kind"));
  EXPECT_THAT(check_fits(kHmac, secret_of(rsa())), fails("secret_wrong_kind"));
  EXPECT_THAT(check_fits(kDirect, secret_of(p256())), fails("secret_wrong_kind"));
  EXPECT_THAT(check_fits(kRsa, Secret::of_text(SecretBytes::from_text("pw"))),
              fails("secret_wrong_kind"));
  EXPECT_THAT(check_fits(kTrust, secret_of(p256())), fails("secret_wrong_kind"));
}

TEST(CheckFits, sec_109_a_key_on_another_curve_is_refused) {
  EXPECT_THAT(check_fits(kEs256, secret_of(p384())), fails("secret_wrong_curve"));
  EXPECT_THAT(check_fits(kEs256, secret_of(ed25519())), fails("secret_wrong_curve"));
  EXPECT_THAT(check_fits(kEdDsa, secret_of(p256())), fails("secret_wrong_curve"));
}

TEST(CheckFits, hmac_keys_have_the_size_of_the_smallest_hash_at_least) {
  EXPECT_THAT(check_fits(kHmac, secret_of(oct(31))), fails("secret_too_small"));
  EXPECT_THAT(check_fits(kHmac, secret_of(oct(32))), is_ok());
}

TEST(CheckFits, direct_encryption_takes_exactly_256_bits) {
  for (const std::size_t size : {16u, 24u, 31u, 33u, 48u, 64u}) {
    EXPECT_THAT(check_fits(kDirect, secret_of(oct(size))), fails("secret_wrong_size")) << size;
    EXPECT_THAT(check_fits(kTrees, secret_of(oct(size))), fails("secret_wrong_size")) << size;
  }
  EXPECT_THAT(check_fits(kDirect, secret_of(oct(32))), is_ok());
  EXPECT_THAT(check_fits(kTrees, secret_of(oct(32))), is_ok());
}

TEST(CheckFits, a_public_key_verifies_but_cannot_decrypt) {
  EXPECT_THAT(check_fits(kEs256, secret_of(public_half(p256()))), is_ok());
  EXPECT_THAT(check_fits(kDecrypt, secret_of(public_half(rsa()))), fails("secret_wrong_kind"));
}

TEST(CheckFits, a_key_that_says_it_is_for_something_else_is_refused) {
  EXPECT_THAT(check_fits(kRsa, secret_of(rsa().with_use(jose::KeyUse::kEnc))),
              fails("secret_wrong_algorithm"));
  EXPECT_THAT(check_fits(kDecrypt, secret_of(rsa().with_use(jose::KeyUse::kSig))),
              fails("secret_wrong_algorithm"));
}

TEST(CheckFits, trust_takes_certificates_and_keys_with_a_certificate) {
  const auto chain = certificate_of(p256());
  EXPECT_THAT(check_fits(kTrust, Secret::of_certificates(chain)), is_ok());
  EXPECT_THAT(check_fits(kTrust, Secret::of_certificates({})), fails("secret_wrong_kind"));
  EXPECT_THAT(check_fits(kTrust, secret_of(p256().with_chain(chain))), is_ok());
  EXPECT_THAT(check_fits(kClientCert, secret_of(p256().with_chain(chain))), is_ok());
  EXPECT_THAT(check_fits(kClientCert, Secret::of_certificates(chain)), fails("secret_wrong_kind"));
}

TEST(CheckFits, passwords_are_texts_and_nothing_else) {
  const auto own = SecretId::literal("my.keystore.password");
  EXPECT_THAT(check_fits(own, Secret::of_text(SecretBytes::from_text("pw"))), is_ok());
  EXPECT_THAT(check_fits(own, secret_of(oct(32))), fails("secret_wrong_kind"));
}

TEST(CheckFits, custom_saml_identifiers_allow_what_their_default_allows) {
  EXPECT_THAT(check_fits(kSamlSigning, secret_of(rsa())), is_ok());
  EXPECT_THAT(check_fits(kSamlSigning, secret_of(p384())), is_ok());
  EXPECT_THAT(check_fits(kSamlSigning, secret_of(oct(64))), fails("secret_wrong_kind"));
}

/// A box is a wet thing, known here by name only and never asked.
std::shared_ptr<const RemoteKey> some_box() {
  static const int box = 0;
  return {std::shared_ptr<void>(), reinterpret_cast<const RemoteKey*>(&box)};
}

Secret in_box(const jose::Jwk& jwk, std::vector<jose::JwsAlg> signs,
              std::vector<jose::JweAlg> unwraps = {}) {
  Secret secret = Secret::of_remote_key(jwk.is_symmetric() ? jwk : public_half(jwk),
                                        std::move(signs), some_box(), KeyId("in-a-box"));
  secret.unwraps = std::move(unwraps);
  return secret;
}

TEST(CheckFits, a_key_in_a_box_does_only_what_its_box_says) {
  using jose::JweAlg;
  using jose::JwsAlg;
  EXPECT_THAT(check_fits(kRsa, in_box(rsa(), {JwsAlg::kPs256})), is_ok());
  EXPECT_THAT(check_fits(kRsa, in_box(rsa(), {})), fails("secret_wrong_algorithm"));
  EXPECT_THAT(check_fits(kEs256, in_box(p256(), {JwsAlg::kEs256})), is_ok());
  EXPECT_THAT(check_fits(kEs256, in_box(p384(), {JwsAlg::kEs384})), fails("secret_wrong_curve"));
  EXPECT_THAT(check_fits(kDecrypt, in_box(rsa(), {JwsAlg::kRs256}, {JweAlg::kRsaOaep256})),
              is_ok());
  EXPECT_THAT(check_fits(kDecrypt, in_box(rsa(), {}, {JweAlg::kRsaOaep, JweAlg::kRsa15})),
              fails("secret_wrong_algorithm"));
  EXPECT_THAT(check_fits(kSamlSigning, in_box(rsa(), {JwsAlg::kRs256})), is_ok());
  EXPECT_THAT(check_fits(kSamlSigning, in_box(rsa(), {JwsAlg::kPs256})),
              fails("secret_wrong_algorithm"));
}

TEST(CheckFits, a_mac_key_in_a_box_signs_but_its_bytes_encrypt_nothing) {
  using jose::JwsAlg;
  const auto hidden = jose::Jwk::of_hidden_symmetric;
  EXPECT_THAT(check_fits(kHmac, in_box(hidden(32), {JwsAlg::kHs256})), is_ok());
  EXPECT_THAT(check_fits(kHmac, in_box(hidden(0), {JwsAlg::kHs512})), is_ok());
  EXPECT_THAT(check_fits(kHmac, in_box(hidden(16), {JwsAlg::kHs256})), fails("secret_too_small"));
  EXPECT_THAT(check_fits(kHmac, in_box(hidden(32), {})), fails("secret_wrong_algorithm"));
  EXPECT_THAT(check_fits(kDirect, in_box(hidden(32), {JwsAlg::kHs256})),
              fails("secret_wrong_kind"));
  EXPECT_THAT(check_fits(kEs256, in_box(hidden(32), {JwsAlg::kHs256})), fails("secret_wrong_kind"));
}

TEST(SameMaterial, mac_keys_in_boxes_are_told_apart_by_kid_alone) {
  const auto make = [](const char* kid) {
    return Secret::of_remote_key(jose::Jwk::of_hidden_symmetric(32), {jose::JwsAlg::kHs256},
                                 some_box(), KeyId(kid));
  };
  EXPECT_TRUE(same_material(make("a"), make("a")));
  EXPECT_FALSE(same_material(make("a"), make("b")));
  EXPECT_FALSE(same_material(make("a"), secret_of(oct(32))));
}

TEST(BoundTo, a_key_in_a_box_stays_there) {
  const Secret both =
      in_box(rsa(), {jose::JwsAlg::kRs256, jose::JwsAlg::kPs256}, {jose::JweAlg::kRsaOaep256});
  const auto agent = SecretId::literal("am.global.services.oauth2.oidc.agent.idtoken.signing");
  const Secret signs = bound_to(agent, both);
  EXPECT_TRUE(signs.key->is_remote());
  EXPECT_TRUE(signs.key->can_sign(jose::JwsAlg::kRs256));
  EXPECT_FALSE(signs.key->can_sign(jose::JwsAlg::kPs256));
  const Secret decrypts = bound_to(kDecrypt, both);
  EXPECT_TRUE(decrypts.key->is_remote());
  EXPECT_TRUE(decrypts.key->allowed().empty());
  EXPECT_FALSE(decrypts.key->can_sign(jose::JwsAlg::kRs256));
}

TEST(CanBeActive, a_key_whose_box_is_unknown_cannot) {
  Secret secret = in_box(p256(), {jose::JwsAlg::kEs256});
  EXPECT_TRUE(can_be_active(secret));
  secret.remote = nullptr;
  EXPECT_FALSE(can_be_active(secret));
}

TEST(CheckFits, sec_127_keys_printed_in_standards_are_refused) {
  // RFC 7515 A.1.1.
  auto hmac = base64::url_decode(
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
  ASSERT_THAT(hmac, is_ok());
  EXPECT_THAT(check_fits(kHmac, secret_of(jose::Jwk::from_symmetric(SecretBytes(ByteView(*hmac))))),
              fails("secret_well_known"));
  // RFC 7515 A.3.1 and RFC 8037 A.1.
  auto ec = jose::Jwk::parse(
      R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
      R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",)"
      R"("d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"})");
  ASSERT_THAT(ec, is_ok());
  EXPECT_THAT(check_fits(kEs256, secret_of(*ec)), fails("secret_well_known"));
  auto okp = jose::Jwk::parse(
      R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})");
  ASSERT_THAT(okp, is_ok());
  EXPECT_THAT(check_fits(kEdDsa, secret_of(*okp)), fails("secret_well_known"));
}

TEST(CheckFits, sec_127_symmetric_keys_that_are_a_pattern_or_a_phrase_are_refused) {
  const std::vector<std::string> weak = {std::string(32, '\0'),
                                         std::string(64, 'x'),
                                         "0123456789abcdef0123456789abcdef",
                                         "CHANGE_THIS_TO_SOMETHING_RANDOM!",
                                         "This secret is stored base-64 encoded on the proxy hos",
                                         "test123-test123-test123-test123-test123-test123-test123"};
  for (const auto& text : weak) {
    const auto jwk = jose::Jwk::from_symmetric(SecretBytes::from_text(text));
    EXPECT_THAT(check_fits(kHmac, secret_of(jwk)), fails("secret_well_known")) << text;
  }
  Bytes count(32);
  for (std::size_t i = 0; i < count.size(); ++i)
    count[i] = static_cast<std::uint8_t>(i);
  EXPECT_TRUE(is_guessable(count));
}

TEST(CheckFits, sec_127_secrets_found_in_the_wild_are_refused) {
  SIGNET_VECTORS_OR_SKIP(folder, "jwt-weak-secrets");
  const std::string list = signet::test::read_file(folder / "jwt.secrets.list");
  std::size_t refused = 0, seen = 0;
  for (std::string_view line : split(list, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    // What is too short is refused for that; a part of them shows it.
    const bool is_short = line.size() < 32;
    if (line.empty() || (is_short && ++seen % 100 != 0)) continue;
    const auto jwk = jose::Jwk::from_symmetric(SecretBytes::from_text(line));
    EXPECT_THAT(check_fits(kHmac, secret_of(jwk)),
                fails(is_short ? "secret_too_small" : "secret_well_known"))
        << line;
    refused += !is_short;
  }
  EXPECT_GT(refused, 1800U);
}

TEST(CheckFits, sec_127_one_secret_found_in_the_wild_without_the_list) {
  const std::string_view copied = "<random_string_at_least_32_characters_long>";
  EXPECT_TRUE(is_found_in_the_wild(as_bytes(copied)));
  EXPECT_FALSE(is_found_in_the_wild(as_bytes(copied.substr(1))));
}

TEST(IsGuessable, random_bytes_are_not) {
  for (std::uint64_t seed = 1; seed < 2000; ++seed) {
    EXPECT_FALSE(is_guessable(bytes(32, seed).view())) << seed;
    EXPECT_FALSE(is_guessable(bytes(64, seed).view())) << seed;
  }
}

TEST(SigningAlgorithms, a_small_hmac_key_offers_only_what_its_size_allows) {
  using jose::JwsAlg;
  EXPECT_EQ(signing_algorithms(kHmac, secret_of(oct(32))), std::vector{JwsAlg::kHs256});
  EXPECT_EQ(signing_algorithms(kHmac, secret_of(oct(48))),
            (std::vector{JwsAlg::kHs256, JwsAlg::kHs384}));
  EXPECT_EQ(signing_algorithms(kHmac, secret_of(oct(64))).size(), 3u);
}

TEST(SigningAlgorithms, are_those_of_the_id_that_the_key_fits) {
  EXPECT_EQ(signing_algorithms(kRsa, secret_of(rsa())).size(), 6u);
  EXPECT_EQ(signing_algorithms(kEs256, secret_of(p256())), std::vector{jose::JwsAlg::kEs256});
  EXPECT_TRUE(signing_algorithms(kEs256, secret_of(rsa())).empty());
  EXPECT_TRUE(signing_algorithms(kDecrypt, secret_of(rsa())).empty());
}

TEST(BoundTo, pins_a_key_to_the_algorithms_of_its_id) {
  const auto agent = SecretId::literal("am.global.services.oauth2.oidc.agent.idtoken.signing");
  const Secret bound = bound_to(agent, secret_of(rsa()));
  EXPECT_TRUE(bound.key->can_sign(jose::JwsAlg::kRs256));
  EXPECT_FALSE(bound.key->can_sign(jose::JwsAlg::kPs256));
  EXPECT_EQ(bound.key->jwk().use(), jose::KeyUse::kSig);
  EXPECT_EQ(bound_to(kDecrypt, secret_of(rsa())).key->jwk().use(), jose::KeyUse::kEnc);
}

TEST(SecretOfKey, the_kid_is_the_thumbprint_of_the_public_half_unless_chosen) {
  EXPECT_EQ(secret_of(p256()).kid.str(), p256().thumbprint());
  EXPECT_EQ(secret_of(public_half(p256())).kid, secret_of(p256()).kid);
  EXPECT_EQ(Secret::of_key(p256(), KeyId("mine")).key->kid(), "mine");
}

TEST(SecretOfKey, the_kid_of_a_symmetric_key_is_stable_and_tells_nothing) {
  const Secret one = secret_of(oct(32, 1));
  EXPECT_EQ(one.kid, secret_of(oct(32, 1)).kid);
  EXPECT_NE(one.kid, secret_of(oct(32, 2)).kid);
  EXPECT_EQ(one.kid.str().size(), 16u);
  EXPECT_NE(one.kid.str(), oct(32, 1).thumbprint().substr(0, 16));
}

}  // namespace
}  // namespace signet::secrets

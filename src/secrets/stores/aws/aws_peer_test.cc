// Against a KMS that others wrote, where one is given: tests/interop/aws_checks.py starts it, makes
// the keys, and runs this.

#include <unistd.h>

#include "secrets/stores/remote_key.h"
#include "secrets/stores/store_test_support.h"

namespace signet::secrets::aws {
namespace {

using jose::JwsAlg;

StoreContext context_of_the_process() {
  StoreContext context = test_context();
  context.clock = std::make_shared<SystemClock>();
  for (char** variable = ::environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::size_t equals = text.find('=');
    if (equals != text.npos) {
      context.environment[std::string(text.substr(0, equals))] = text.substr(equals + 1);
    }
  }
  context.http = net::make_http_client({}).value();
  return context;
}

TEST(AwsPeer, a_kms_of_others_signs_and_its_public_keys_verify) {
  if (!std::getenv("SIGNET_AWS_PEER")) GTEST_SKIP() << "skipped: no SIGNET_AWS_PEER is running";
  const auto store = make_store("aws_kms", settings("{}"), context_of_the_process());
  EXPECT_THAT(now(store->probe()), is_ok());
  EXPECT_TRUE(now(store->fetch(Alias("alias/none")))->empty());
  // Not PS*: moto salts as long as it can, where AWS documents a salt as long as the hash (as JOSE
  // wants it, RFC 7518 §3.5).
  const std::vector<std::pair<const char*, std::vector<JwsAlg>>> keys = {
      {"alias/RS256", {JwsAlg::kRs256, JwsAlg::kRs384, JwsAlg::kRs512}},
      {"alias/ES256", {JwsAlg::kEs256}},
      {"alias/ES384", {JwsAlg::kEs384}},
      {"alias/ES512", {JwsAlg::kEs512}}};
  for (const auto& [alias, algorithms] : keys) {
    const auto secrets = now(store->fetch(Alias(alias)));
    ASSERT_THAT(secrets, is_ok()) << alias;
    ASSERT_EQ(secrets->size(), 1U) << alias;
    const Secret& secret = secrets->front();
    for (const JwsAlg alg : algorithms) {
      const Bytes message = to_bytes("eyJhbGciOiJub25lIn0.e30");
      const auto made = now(secret.remote->sign(alg, message));
      ASSERT_THAT(made, is_ok()) << alias << " " << jose::name(alg);
      EXPECT_THAT(secret.key->verify(alg, message, *made), is_ok()) << jose::name(alg);
    }
  }
}

}  // namespace
}  // namespace signet::secrets::aws

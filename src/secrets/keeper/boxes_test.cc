// What comes back from the box of a remote key, whatever store it is of, is verified here.

#include "secrets/keeper/test_support.h"
#include "secrets/stores/remote_key.h"
#include "support/matchers.h"

namespace signet::secrets::test {
namespace {

using jose::JwsAlg;
using signet::test::fails;
using signet::test::fails_with_code;
using signet::test::is_ok;
using testing::HasSubstr;

/// Signs with a key of its own, and does to the signature what the test says.
class BendingBox : public RemoteKey {
 public:
  using Bend = std::function<void(Bytes&)>;
  BendingBox(jose::Jwk inside, Bend bend)
      : key_(jose::Key::local(std::move(inside))), bend_(std::move(bend)) {}

  Task<Bytes> sign(JwsAlg alg, Bytes signing_input) const override {
    ++asked;
    Bytes signature(key_->signature_size(alg));
    CO_TRY(key_->sign(alg, signing_input, signature.data()));
    bend_(signature);
    co_return signature;
  }

  mutable int asked = 0;

 private:
  jose::KeyPtr key_;
  Bend bend_;
};

/// A keeper over one key in a box, which is active for an ID.
struct BoxWorld : World {
  SecretId id;
  JwsAlg alg;
  std::unique_ptr<Keeper> keeper_;

  BoxWorld(SecretId wanted, JwsAlg algorithm, const jose::Jwk& published,
           std::shared_ptr<const RemoteKey> box)
      : id(std::move(wanted)), alg(algorithm) {
    std::optional<KeyId> name;
    if (published.is_hidden()) name = KeyId("mac");
    store->put("in-a-box", std::vector<Secret>(1, Secret::of_remote_key(published, {algorithm},
                                                                        std::move(box), name)));
    keeper_ = keeper();
    EXPECT_THAT(configure(*keeper_, {{store, kGlobal, {mapped(id, {"in-a-box"})}}}), is_ok());
  }
  Result<Bytes> sign() {
    return async::run_now(
        keeper_->sign_in_box(ring(*keeper_, id), alg, to_bytes("header.payload")));
  }
};

void leave_alone(Bytes&) {}
void change_a_bit(Bytes& signature) {
  signature[signature.size() / 2] ^= 1;
}
void cut_off_a_byte(Bytes& signature) {
  signature.pop_back();
}
void add_a_byte(Bytes& signature) {
  signature.push_back(0);
}
void drop_all(Bytes& signature) {
  signature.clear();
}

struct BoxRow {
  SecretId id;
  JwsAlg alg;
  const jose::Jwk& key;
};

std::vector<BoxRow> every_kind() {
  const SecretId rsa_id = SecretId::literal("am.services.oauth2.stateless.signing.RSA");
  return {{kEs256, JwsAlg::kEs256, p256()},
          {SecretId::literal("am.services.oauth2.oidc.signing.ES384"), JwsAlg::kEs384, p384()},
          {rsa_id, JwsAlg::kRs256, rsa()},
          {rsa_id, JwsAlg::kPs512, rsa()},
          {SecretId::literal("am.services.oauth2.oidc.signing.EDDSA"), JwsAlg::kEdDsa, ed25519()}};
}

TEST(Boxes, a_signature_that_does_not_verify_with_the_published_half_is_not_handed_on) {
  for (const BoxRow& row : every_kind()) {
    const auto signed_through = [&](BendingBox::Bend bend) {
      BoxWorld world(row.id, row.alg, public_half(row.key),
                     std::make_shared<BendingBox>(row.key, std::move(bend)));
      return world.sign();
    };
    EXPECT_THAT(signed_through(leave_alone), is_ok()) << jose::name(row.alg);
    for (const auto bend : {change_a_bit, cut_off_a_byte, add_a_byte, drop_all})
      EXPECT_THAT(signed_through(bend), fails("box_signature_wrong")) << jose::name(row.alg);
  }
}

TEST(Boxes, nor_is_one_by_another_key) {
  BoxWorld world(kEs256, JwsAlg::kEs256, public_half(ec(1)),
                 std::make_shared<BendingBox>(ec(2), leave_alone));
  EXPECT_THAT(world.sign(), fails("box_signature_wrong"));
}

TEST(Boxes, a_mac_whose_key_is_not_here_must_have_its_length) {
  const auto made_through = [](BendingBox::Bend bend) {
    BoxWorld world(kHmac, JwsAlg::kHs256, jose::Jwk::of_hidden_symmetric(32),
                   std::make_shared<BendingBox>(oct(32), std::move(bend)));
    return world.sign();
  };
  EXPECT_THAT(made_through(leave_alone), is_ok());
  for (const auto bend : {cut_off_a_byte, add_a_byte, drop_all})
    EXPECT_THAT(made_through(bend), fails("box_signature_wrong"));
}

TEST(Boxes, a_wrong_signature_names_store_and_alias_and_does_not_pause_the_box) {
  constexpr int kMoreThanAPauseTakes = 5;
  const auto is_bent = std::make_shared<bool>(true);
  const auto box = std::make_shared<BendingBox>(ec(1), [is_bent](Bytes& signature) {
    if (*is_bent) change_a_bit(signature);
  });
  BoxWorld world(kEs256, JwsAlg::kEs256, public_half(ec(1)), box);
  for (int i = 0; i < kMoreThanAPauseTakes; ++i) {
    const auto signature = world.sign();
    ASSERT_THAT(signature, fails("box_signature_wrong"));
    EXPECT_THAT(signature, fails_with_code(Code::kConfig));
    EXPECT_THAT(signature.error().detail, HasSubstr("store ks, alias 'in-a-box'"));
  }
  EXPECT_EQ(box->asked, kMoreThanAPauseTakes);
  *is_bent = false;
  EXPECT_THAT(world.sign(), is_ok());
}

/// Never answers.
class SilentBox : public RemoteKey {
 public:
  Task<Bytes> sign(JwsAlg, Bytes) const override {
    ++asked;
    co_return Error{Code::kTimeout, "no_answer", "no answer"};
  }
  mutable int asked = 0;
};

TEST(Boxes, a_clock_that_is_set_back_makes_no_pause_longer) {
  const auto box = std::make_shared<SilentBox>();
  BoxWorld world(kEs256, JwsAlg::kEs256, public_half(ec(1)), box);
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(world.sign(), fails("no_answer"));
  EXPECT_THAT(world.sign(), fails("box_paused"));
  world.clock->set(world.clock->now() - Seconds(3600));
  world.clock->advance(Milliseconds(400));
  EXPECT_THAT(world.sign(), fails("no_answer")) << "one tries";
  EXPECT_EQ(box->asked, 4);
  EXPECT_THAT(world.sign(), fails("box_paused")) << "a new pause";
}

}  // namespace
}  // namespace signet::secrets::test

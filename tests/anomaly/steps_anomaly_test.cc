// F8 over what operators do to keys: each step of a loop begins with the same server. Where the
// journal grew from step to step, an operation took more memory with each, and the loop could not
// overtake it.
#include "anomaly/server_anomaly.h"

namespace signet {
namespace {

using oauth::test::FakeExchange;
using test::anomaly_loops;
using test::Ended;
using List = std::vector<std::string>;

constexpr const char* kEcId = "am.services.oauth2.stateless.signing.ES256";

class StepsAnomaly : public test::ServerAnomaly {
 protected:
  StepsAnomaly() {
    const auto key = crypto::PrivateKey::generate(crypto::KeyKind::kEcP256);
    world.store->put(Alias("fresh"), {secrets::Secret::of_key(jose::Jwk::from_private(*key))});
    old = world.issue("jwt");
  }
  static std::string step(const std::string& alias) {
    return std::string(R"({"store":"memory","force":true,"id":")") + kEcId + R"(","alias":")" +
           alias + "\"}";
  }
  List mapped() { return world.mapped(kEcId); }
  /// The operation takes the list from `before` to `after`, or leaves it.
  void change_loops(const char* name, const List& before, const List& after, http::Method method,
                    const std::string& path, const std::string& body) {
    anomaly_loops(of_request(
        name, [&] { return admin_request(method, path, body); },
        [&](FakeExchange& answer, Ended ended) {
          const List now = mapped();
          if (ended == Ended::kRight) {
            ASSERT_EQ(now, after) << answer.response().body;
          } else {
            ASSERT_TRUE(now == after || now == before) << ::testing::PrintToString(now);
          }
          ASSERT_TRUE(world.is_active(old, "jwt"));
        },
        [&] {
          renew();
          if (before.size() > 1)
            ask_admin(http::Method::kPost, "/admin/secrets/publish", step("fresh"));
          ASSERT_EQ(mapped(), before);
        }));
  }

  std::string old;  ///< a token issued before anything failed
};

TEST_F(StepsAnomaly, f_8_a_publication_is_made_or_not) {
  change_loops("publish", {"ec256"}, {"ec256", "fresh"}, http::Method::kPost,
               "/admin/secrets/publish", step("fresh"));
}

TEST_F(StepsAnomaly, f_8_an_activation_is_made_or_not) {
  change_loops("activate", {"ec256", "fresh"}, {"fresh", "ec256"}, http::Method::kPost,
               "/admin/secrets/activate", step("fresh"));
}

TEST_F(StepsAnomaly, f_8_a_retirement_is_made_or_not) {
  change_loops("retire", {"ec256", "fresh"}, {"ec256"}, http::Method::kPost,
               "/admin/secrets/retire", step("fresh"));
}

TEST_F(StepsAnomaly, f_8_a_mapping_is_the_old_or_the_new_one) {
  change_loops("map", {"ec256", "fresh"}, {"fresh", "ec256"}, http::Method::kPut,
               "/admin/secrets/mappings", oauth::test::mapping_body(kEcId, {"fresh", "ec256"}));
}

TEST_F(StepsAnomaly, f_8_a_rotation_leaves_a_ring_that_signs_and_verifies) {
  anomaly_loops(of_request(
      "rotate",
      [&] {
        return admin_request(
            http::Method::kPost, "/admin/secrets/rotate",
            std::string(R"({"store":"memory","id":")") + kEcId + R"(","alias":"made"})");
      },
      [&](FakeExchange&, Ended ended) {
        ASSERT_TRUE(world.is_active(old, "jwt"));
        if (ended == Ended::kRight) {
          ASSERT_EQ(mapped(), (List{"ec256", "made"}));
        }
      },
      [&] {
        world.store->erase(Alias("made"));
        renew();
      }));
}

}  // namespace
}  // namespace signet

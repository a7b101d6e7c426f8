// F8 over the calls of storage: mappings and the steps of a rotation, as operators take them.

#include "admin/test_storage_faults.h"
#include "support/matchers.h"

namespace signet::admin {
namespace {

using namespace test;
using signet::test::Ended;
using testing::HasSubstr;
using testing::Not;
using List = std::vector<std::string>;

constexpr const char* kEcId = "am.services.oauth2.stateless.signing.ES256";

class StepFaultsTest : public StorageFaultsTest {
 protected:
  /// A key that was retired never comes back, so each run has one of its own.
  void put_fresh() {
    fresh = "fresh-" + std::to_string(++round);
    const auto jwk =
        jose::Jwk::from_private(*crypto::PrivateKey::generate(crypto::KeyKind::kEcP256));
    fresh_kid = jwk.thumbprint();
    world.store->put(Alias(fresh), {secrets::Secret::of_key(jwk)});
  }
  FakeExchange map_to(const List& aliases) {
    return put("/admin/secrets/mappings", oauth::test::mapping_body(kEcId, aliases));
  }
  FakeExchange step(const std::string& kind) {
    return post("/admin/secrets/" + kind, std::string(R"({"store":"memory","force":true,"id":")") +
                                              kEcId + R"(","alias":")" + fresh + "\"}");
  }
  List mapped() { return world.mapped(kEcId); }
  std::string jwks() { return world.get("/oauth2/connect/jwk_uri").response().body; }

  /// The operation takes the list from `before` to `after`; done again it does so at last.
  void change_loops(const std::string& name, const List& before_names, const List& after_names,
                    const std::function<FakeExchange()>& send) {
    const auto with_fresh = [&](List list) {
      for (auto& alias : list) {
        if (alias == "fresh") alias = fresh;
      }
      return list;
    };
    FaultyRequest change;
    change.name = name;
    change.prepare = [&] {
      put_fresh();
      ASSERT_LT(map_to({"ec256"}).status(), 300);
      ASSERT_LT(map_to(with_fresh(before_names)).status(), 300);
      ASSERT_EQ(mapped(), with_fresh(before_names));
    };
    change.send = send;
    change.check = [&](FakeExchange&, Ended ended) {
      refresh();
      const List before = with_fresh(before_names), after = with_fresh(after_names);
      ASSERT_TRUE(mapped() == after || (ended != Ended::kRight && mapped() == before))
          << testing::PrintToString(mapped());
      if (mapped() != after) {
        const auto again = send();
        ASSERT_LT(again.status(), 300) << again.response().body;
      }
      ASSERT_EQ(mapped(), after);
      for (const auto& alias : after) {
        if (alias == fresh) {
          ASSERT_THAT(jwks(), HasSubstr(fresh_kid));
        }
      }
    };
    loops(change);
  }

  std::string fresh, fresh_kid;
  int round = 0;
};

TEST_F(StepFaultsTest, f_8_a_mapping_is_the_old_or_the_new_one) {
  change_loops("map", {"ec256", "fresh"}, {"fresh", "ec256"}, [&] {
    return map_to({fresh, "ec256"});
  });
}

TEST_F(StepFaultsTest, f_8_a_publication_is_made_or_not) {
  change_loops("publish", {"ec256"}, {"ec256", "fresh"}, [&] { return step("publish"); });
}

TEST_F(StepFaultsTest, f_8_an_activation_is_made_or_not) {
  change_loops("activate", {"ec256", "fresh"}, {"fresh", "ec256"},
               [&] { return step("activate"); });
}

TEST_F(StepFaultsTest, f_8_a_retirement_is_made_or_not) {
  change_loops("retire", {"ec256", "fresh"}, {"ec256"}, [&] { return step("retire"); });
}

TEST_F(StepFaultsTest, f_8_a_compromised_key_is_gone_once_it_was_answered) {
  FaultyRequest compromise;
  compromise.name = "compromise";
  compromise.prepare = [&] {
    put_fresh();
    ASSERT_LT(map_to({"ec256"}).status(), 300);
    ASSERT_LT(map_to({fresh, "ec256"}).status(), 300);
    ASSERT_THAT(jwks(), HasSubstr(fresh_kid));
  };
  compromise.send = [&] {
    return post("/admin/secrets/compromise",
                std::string(R"({"id":")") + kEcId + R"(","kid":")" + fresh_kid + "\"}");
  };
  compromise.check = [&](FakeExchange&, Ended ended) {
    refresh();
    if (ended != Ended::kRight) {
      ASSERT_LT(compromise.send().status(), 300) << "asked again it is done";
    }
    ASSERT_THAT(jwks(), Not(HasSubstr(fresh_kid)));
  };
  loops(compromise);
}

TEST_F(StepFaultsTest, f_8_a_rotation_publishes_its_key_or_says_that_it_did_not) {
  const auto rotate = [&](const std::string& alias) {
    return post("/admin/secrets/rotate", std::string(R"({"store":"memory","id":")") + kEcId +
                                             R"(","alias":")" + alias + "\"}");
  };
  FaultyRequest rotation;
  rotation.name = "rotate";
  rotation.prepare = [&] {
    fresh = "made-" + std::to_string(++round);
    ASSERT_LT(map_to({"ec256"}).status(), 300);
  };
  rotation.send = [&] { return rotate(fresh); };
  rotation.check = [&](FakeExchange&, Ended ended) {
    refresh();
    const bool is_mapped = mapped() == List{"ec256", fresh};
    if (ended == Ended::kRight) {
      ASSERT_TRUE(is_mapped);
    }
    if (is_mapped) return;
    ASSERT_EQ(mapped(), List{"ec256"});
    const auto again = rotate(fresh + "-again");
    ASSERT_LT(again.status(), 300) << again.response().body;
    ASSERT_EQ(mapped(), (List{"ec256", fresh + "-again"}));
  };
  loops(rotation);
}

}  // namespace
}  // namespace signet::admin

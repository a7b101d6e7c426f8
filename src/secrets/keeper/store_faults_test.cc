// F8 over the calls of a secret store: whatever the keeper does, the 1st, 2nd, 3rd ... call of its
// store fails, before the store did anything or after, until it passes undisturbed.

#include "secrets/keeper/test_store_faults.h"
#include "support/matchers.h"

namespace signet::secrets {
namespace {

using signet::test::Ended;
using namespace test;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

TEST(StoreFaults, f_8_a_first_load_serves_what_could_be_read_and_says_what_could_not) {
  store_fault_loops({"load", [](FailingWorld&) {},
                     [](FailingWorld& world) {
                       return world.load({"a", "b"});
                     },
                     [](FailingWorld& world, Ended) {
                       if (world.instance->health().at(0).ok) {
                         ASSERT_THAT(world.served(), UnorderedElementsAre(kid(1), kid(2)));
                       } else {
                         ASSERT_THAT(world.instance->health().at(0).detail, Not(IsEmpty()));
                       }
                       if (world.served().empty()) {
                         const auto rings = async::run_now(world.instance->rings(kGlobal));
                         ASSERT_THAT(rings, is_ok());
                         EXPECT_STRNE((*rings)->why(kEs256).reason, "");
                       }
                       world.heal();
                       ASSERT_THAT(world.served(), UnorderedElementsAre(kid(1), kid(2)));
                       ASSERT_FALSE(world.signer().empty());
                       world.expect_sound();
                     }});
}

TEST(StoreFaults, f_8_a_refresh_serves_on_and_shows_what_it_could_not_read) {
  store_fault_loops({"refresh",
                     [](FailingWorld& world) {
                       world.begin({"a", "b"});
                       // So that it reads all anew.
                       world.failing->put(Alias("d"), {Secret::of_key(ec(4))});
                     },
                     [](FailingWorld& world) { return World::refresh(*world.instance); },
                     [](FailingWorld& world, Ended ended) {
                       ASSERT_EQ(ended, Ended::kRight) << "an outage is no failure";
                       ASSERT_THAT(world.served(), testing::ElementsAre(kid(1), kid(2)));
                       ASSERT_EQ(world.signer(), kid(1));
                       const bool is_degraded = World::ring(*world.instance)->degraded;
                       EXPECT_TRUE(!is_degraded || !world.instance->health().at(0).ok);
                       world.heal();
                       ASSERT_TRUE(world.instance->health().at(0).ok);
                       ASSERT_FALSE(World::ring(*world.instance)->degraded);
                     }});
}

TEST(StoreFaults, f_8_a_mapping_is_the_old_or_the_new_one) {
  const auto change = [](FailingWorld& world) {
    Mapping wanted = mapped(kEs256, {"b", "a", "c"});
    return async::run_now(
        world.instance->map(kGlobal, StoreName("ks"), std::move(wanted), false, "operator"));
  };
  store_fault_loops({"map",
                     [](FailingWorld& world) {
                       world.begin({"a", "b"});
                     },
                     change,
                     [change](FailingWorld& world, Ended ended) {
                       if (ended != Ended::kRight) {
                         ASSERT_EQ(world.signer(), kid(1));
                       } else {
                         ASSERT_EQ(world.signer(), kid(2));
                       }
                       expect_old_or_new(world, ended, {"a", "b"}, {"b", "a", "c"}, change);
                       ASSERT_EQ(world.signer(), kid(2));
                       ASSERT_THAT(world.served(), UnorderedElementsAre(kid(1), kid(2), kid(3)));
                     }});
}

TEST(StoreFaults, f_8_a_publication_is_made_or_not_and_what_signs_signs_on) {
  const auto publish_b = [](FailingWorld& world) {
    return async::run_now(world.instance->publish(world.step("b")));
  };
  store_fault_loops({"publish", [](FailingWorld& world) { world.begin({"a"}); }, publish_b,
                     [publish_b](FailingWorld& world, Ended ended) {
                       ASSERT_EQ(world.signer(), kid(1));
                       expect_old_or_new(world, ended, {"a"}, {"a", "b"}, publish_b);
                       ASSERT_EQ(world.signer(), kid(1)) << "not published for long enough";
                       ASSERT_THAT(world.served(), UnorderedElementsAre(kid(1), kid(2)));
                     }});
}

TEST(StoreFaults, f_8_an_activation_is_made_or_not_and_the_old_key_verifies_on) {
  const auto activate_b = [](FailingWorld& world) {
    return async::run_now(world.instance->activate(world.step("b")));
  };
  store_fault_loops({"activate",
                     [](FailingWorld& world) {
                       world.begin({"a", "b"});
                     },
                     activate_b,
                     [activate_b](FailingWorld& world, Ended ended) {
                       ASSERT_EQ(world.signer(), ended == Ended::kRight ? kid(2) : kid(1));
                       expect_old_or_new(world, ended, {"a", "b"}, {"b", "a"}, activate_b);
                       ASSERT_EQ(world.signer(), kid(2));
                       ASSERT_THAT(world.served(), UnorderedElementsAre(kid(1), kid(2)));
                     }});
}

TEST(StoreFaults, f_8_a_retirement_is_made_or_not_and_the_active_key_signs_on) {
  const auto retire_a = [](FailingWorld& world) {
    return async::run_now(world.instance->retire(world.step("a")));
  };
  store_fault_loops({"retire",
                     [](FailingWorld& world) {
                       world.begin({"a", "b"});
                       ASSERT_THAT(async::run_now(world.instance->activate(world.step("b"))),
                                   is_ok());
                       world.clock->advance(Seconds(3660));
                       ASSERT_THAT(World::refresh(*world.instance), is_ok());
                     },
                     retire_a,
                     [retire_a](FailingWorld& world, Ended ended) {
                       ASSERT_EQ(world.signer(), kid(2));
                       expect_old_or_new(world, ended, {"b", "a"}, {"b"}, retire_a);
                       ASSERT_EQ(world.signer(), kid(2));
                     }});
}

}  // namespace
}  // namespace signet::secrets

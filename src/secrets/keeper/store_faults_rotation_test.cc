// F8 over the calls of a secret store and of keys in boxes: lost keys, signatures, and rotation by
// schedule.

#include "secrets/keeper/test_rotation.h"
#include "secrets/keeper/test_store_faults.h"
#include "support/matchers.h"

namespace signet::secrets {
namespace {

using signet::test::Disturbance;
using signet::test::Ended;
using signet::test::fault_loop;
using signet::test::Operation;
using namespace test;
using testing::Contains;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

Keeper::CompromiseRequest first_is_lost() {
  Keeper::CompromiseRequest request;
  request.id = kEs256;
  request.kid = kid(1);
  request.actor = "operator";
  return request;
}

TEST(StoreFaults, f_8_a_compromised_key_is_gone_whatever_the_store_does) {
  const auto compromise_a = [](FailingWorld& world) -> Status {
    auto report = async::run_now(world.instance->compromise(first_is_lost()));
    if (!report.ok()) return std::move(report).error();
    EXPECT_EQ(report->successor, kid(2));
    return Done{};
  };
  store_fault_loops({"compromise",
                     [](FailingWorld& world) {
                       world.begin({"a", "b"});
                       // So that it reads all anew.
                       world.failing->put(Alias("d"), {Secret::of_key(ec(4))});
                     },
                     compromise_a,
                     [](FailingWorld& world, Ended ended) {
                       ASSERT_EQ(ended, Ended::kRight) << "it needs no store";
                       ASSERT_THAT(world.served(), testing::ElementsAre(kid(2)));
                       ASSERT_EQ(world.signer(), kid(2));
                       ASSERT_EQ(world.record(kid(1))->state, "compromised");
                     }});
}

TEST(StoreFaults, f_8_where_no_new_key_could_be_made_a_compromise_says_so) {
  std::optional<Keeper::CompromiseReport> told;
  const auto compromise_a = [&](FailingWorld& world) -> Status {
    told.reset();
    auto report = async::run_now(world.instance->compromise(first_is_lost()));
    if (!report.ok()) return std::move(report).error();
    told = std::move(report).value();
    return Done{};
  };
  store_fault_loops(
      {"compromise of the only key", [](FailingWorld& world) { world.begin({"a"}); }, compromise_a,
       [&](FailingWorld& world, Ended ended) {
         ASSERT_EQ(ended, Ended::kRight);
         ASSERT_THAT(world.served(), Not(Contains(kid(1))));
         if (told->successor) {
           ASSERT_EQ(world.signer(), *told->successor);
           ASSERT_NE(world.signer(), kid(1));
           return;
         }
         ASSERT_THAT(told->silent, Not(IsEmpty())) << "nothing signs, and nobody is told";
         world.heal();
         if (world.signer().empty()) {
           ASSERT_TRUE(told->warning) << "nothing signs for good, and nobody is told why";
           ASSERT_THAT(async::run_now(world.instance->publish(world.step("b"))), is_ok());
         }
         ASSERT_FALSE(world.signer().empty());
         ASSERT_NE(world.signer(), kid(1));
       }});
}

TEST(StoreFaults, f_8_a_signature_made_in_a_box_verifies_or_is_none) {
  std::optional<Bytes> signature;
  const auto sign = [&](FailingWorld& world) -> Status {
    signature.reset();
    auto made = async::run_now(world.instance->sign_in_box(
        World::ring(*world.instance), jose::JwsAlg::kEs256, to_bytes("input")));
    if (!made.ok()) return std::move(made).error();
    signature = std::move(made).value();
    return Done{};
  };
  const auto verifies = [&] {
    return jose::Key::local(ec(1))->verify(jose::JwsAlg::kEs256, as_bytes("input"), *signature);
  };
  store_fault_loops({"sign",
                     [](FailingWorld& world) {
                       std::vector<jose::JwsAlg> allowed(1, jose::JwsAlg::kEs256);
                       auto in_box = std::make_shared<const FailingKey>(world.faults, ec(1));
                       world.failing->put(
                           Alias("a"),
                           {Secret::of_remote_key(public_half(ec(1)), std::move(allowed), in_box)});
                       world.begin({"a"});
                     },
                     sign,
                     [&](FailingWorld& world, Ended ended) {
                       ASSERT_EQ(signature.has_value(), ended == Ended::kRight);
                       if (signature) {
                         ASSERT_THAT(verifies(), is_ok());
                       }
                       ASSERT_EQ(world.signer(), kid(1));
                       world.clock->advance(Seconds(60));
                       ASSERT_THAT(sign(world), is_ok());
                       ASSERT_THAT(verifies(), is_ok());
                     }});
}

/// Makes versions of "web", and fails when it is told to.
class FailingVersions : public FailingStore, public VersionMaker {
 public:
  explicit FailingVersions(StoreFaultsPtr faults)
      : FailingStore(std::move(faults), Ordering::kByStore) {
    add(ec(1));
  }
  Task<Done> make_version(Alias, std::string after) override {
    return pass_or_fail<Done>(faults_, make_after(std::move(after)));
  }
  std::size_t count() const { return versions_.size(); }

 private:
  Task<Done> make_after(std::string after) {
    if (after == std::to_string(count())) add(test::make_key(crypto::KeyKind::kEcP256));
    co_return Done{};
  }
  void add(jose::Jwk jwk) {
    Secret secret = Secret::of_key(std::move(jwk));
    secret.version = std::to_string(count() + 1);
    versions_.insert(versions_.begin(), std::move(secret));
    put(Alias("web"), versions_);
  }

  std::vector<Secret> versions_;
};

/// One instance whose next key is due.
template <class S>
struct DuePlan : FleetOver<S> {
  StoreFaultsPtr faults;

  explicit DuePlan(StoreFaultsPtr faults_in)
      : FleetOver<S>(std::make_shared<S>(faults_in), "web"), faults(std::move(faults_in)) {
    if constexpr (!std::is_same_v<S, FailingVersions>)
      this->store->put(Alias("web"), {Secret::of_key(ec(1))});
    this->add("one");
    this->become_due();
    EXPECT_THAT(World::refresh(this->keeper()), is_ok()) << "so that the lease serves";
  }
  /// After the first one.
  std::size_t keys_made() {
    if constexpr (std::is_same_v<S, FailingVersions>) {
      return this->store->count() - 1;
    } else {
      return async::run_now(this->store->aliases())->size() - 1;
    }
  }
};

template <class S>
void rotate_over_store_faults(const StoreFault& how, bool for_good) {
  std::unique_ptr<DuePlan<S>> plan;
  Operation operation;
  operation.name = std::string("rotation, the store is ") + how.name;
  operation.prepare = [&] {
    plan = std::make_unique<DuePlan<S>>(std::make_shared<StoreFaults>());
    plan->faults->how = how;
  };
  operation.act = [&] {
    plan->turn(2);
    return plan->kids().size() == 2;
  };
  operation.check = [&](Ended) {
    ASSERT_EQ(plan->active(), kid(1)) << "a key that was just made does not sign yet";
    ASSERT_THAT(plan->kids(), Contains(kid(1)));
    ASSERT_LE(plan->keys_made(), 1U);
    for (int turns = 0; plan->active() == kid(1) && turns < 300; ++turns)
      plan->turn(1, Seconds(60));
    ASSERT_NE(plan->active(), kid(1));
    ASSERT_FALSE(plan->active().empty());
    ASSERT_THAT(plan->kids(), SizeIs(2));
    ASSERT_EQ(plan->keys_made(), 1U);
  };
  Disturbance disturbance;
  disturbance.name = "call of the store";
  disturbance.begin = [&](int nth, bool on) { plan->faults->calls.begin(nth, on); };
  disturbance.end = [&] { return plan->faults->calls.end(); };
  fault_loop(operation, disturbance, for_good);
}

template <class S>
void rotate_over_all_store_faults() {
  for (const auto& how : kStoreFaults) {
    for (const bool for_good : {false, true}) {
      rotate_over_store_faults<S>(how, for_good);
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(StoreFaults, f_8_a_scheduled_rotation_makes_one_key_in_the_end) {
  rotate_over_all_store_faults<FailingStore>();
}

TEST(StoreFaults, f_8_a_scheduled_rotation_makes_one_version_in_the_end) {
  rotate_over_all_store_faults<FailingVersions>();
}

}  // namespace
}  // namespace signet::secrets

#include "secrets/keeper/test_rotation.h"
#include "support/matchers.h"

namespace signet::secrets::test {

RotationFleet::RotationFleet(std::shared_ptr<Store> store_in, const char* alias_in,
                             const SecretId& id)
    : store_(std::move(store_in)), alias_(alias_in) {
  rule.id = id;
  rule.store = store_->name();
  rule.every = kMonth;
  rule.publish_ahead = Seconds(600);
  rule.keep = kDay;
}
RotationFleet::~RotationFleet() = default;

void RotationFleet::add(const std::string& instance) {
  KeeperOptions options;
  options.instance.id = instance;
  auto made = std::make_shared<Keeper>(storage, clock, options);
  EXPECT_THAT(World::configure(*made, {{store_, kGlobal, {mapped(rule.id, {alias_.c_str()})}}}),
              signet::test::is_ok());
  auto runs =
      std::make_unique<RotationRunner>(made, storage, clock, std::vector{rule}, instance, kTurn);
  instances.push_back({std::move(made), std::move(runs)});
}

void RotationFleet::add_several(int count) {
  for (int i = 0; i < count; ++i)
    add(std::to_string(i));
}

void RotationFleet::turn(int times, Seconds interval) {
  for (int i = 0; i < times; ++i) {
    clock->advance(interval);
    for (auto& instance : instances) {
      EXPECT_THAT(World::refresh(*instance.keeper), signet::test::is_ok());
      EXPECT_THAT(async::run_now(instance.runner->run()), signet::test::is_ok());
    }
  }
}

void RotationFleet::become_due() {
  turn(2);
  clock->advance(rule.every);
}

}  // namespace signet::secrets::test

#include "storage/audit_chain.h"

#include "support/matchers.h"

namespace signet::storage {
namespace {

using signet::test::fails;

std::vector<AuditEvent> trail(int length) {
  std::vector<AuditEvent> out;
  Bytes previous;
  for (int i = 1; i <= length; ++i) {
    AuditEvent event{i, from_unix_seconds(i), RealmName("alpha"), "key.activated", "admin", "{}"};
    event.chain = previous = audit_chain(previous, event);
    out.push_back(event);
  }
  return out;
}

TEST(AuditChain, every_field_counts) {
  const auto edit = [](auto change) {
    auto events = trail(3);
    change(events[1]);
    return verify_audit(events, {});
  };
  EXPECT_THAT(edit([](AuditEvent& e) { e.at += Milliseconds(1); }), fails("audit_chain_broken"));
  EXPECT_THAT(edit([](AuditEvent& e) { e.realm = RealmName("beta"); }),
              fails("audit_chain_broken"));
  EXPECT_THAT(edit([](AuditEvent& e) { e.event = "key.retired"; }), fails("audit_chain_broken"));
  EXPECT_THAT(edit([](AuditEvent& e) { e.actor = ""; }), fails("audit_chain_broken"));
  EXPECT_THAT(edit([](AuditEvent& e) { e.detail = "[]"; }), fails("audit_chain_broken"));
  EXPECT_THAT(edit([](AuditEvent& e) { e.chain[0] ^= 1; }), fails("audit_chain_broken"));
  EXPECT_THAT(edit([](AuditEvent& e) { e.sequence = 7; }), fails("audit_chain_broken"));
  EXPECT_THAT(edit([](AuditEvent& e) { e.chain.clear(); }), fails("audit_chain_broken"));
}

TEST(AuditChain, text_moved_from_one_field_to_the_next_is_another_event) {
  auto events = trail(1);
  events[0].event = "key.";
  events[0].actor = "activatedadmin";
  EXPECT_THAT(verify_audit(events, {}), fails("audit_chain_broken"));
}

TEST(AuditChain, removal_at_the_head_in_the_middle_and_a_swap_show) {
  auto events = trail(4);
  EXPECT_THAT(verify_audit({events.begin() + 1, events.end()}, {}), fails("audit_chain_broken"));
  auto swapped = events;
  std::swap(swapped[1], swapped[2]);
  EXPECT_THAT(verify_audit(swapped, {}), fails("audit_chain_broken"));
  auto shorter = events;
  shorter.erase(shorter.begin() + 2);
  EXPECT_THAT(verify_audit(shorter, {}), fails("audit_chain_broken"));
}

TEST(AuditChain, a_rewritten_event_needs_every_later_value_rewritten) {
  auto events = trail(3);
  events[1].actor = "nobody";
  events[1].chain = audit_chain(events[0].chain, events[1]);
  EXPECT_THAT(verify_audit(events, {}), fails("audit_chain_broken"));
}

TEST(AuditChain, verifies_in_pieces) {
  const auto events = trail(5);
  EXPECT_EQ(verify_audit({events.begin(), events.begin() + 2}, {}).value(), 2);
  EXPECT_EQ(verify_audit({events.begin() + 2, events.end()}, events[1].chain).value(), 3);
  EXPECT_EQ(verify_audit({}, {}).value(), 0);
}

}  // namespace
}  // namespace signet::storage

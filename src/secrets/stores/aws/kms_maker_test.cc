#include "secrets/stores/aws/kms_maker.h"

#include "secrets/stores/aws/kms_test_support.h"

namespace signet::secrets::aws {
namespace {

using crypto::KeyKind;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Secret kms_key(FakeKms& kms, const std::string& alias) {
  return now(kms.store()->fetch(Alias(alias)))->front();
}

Result<Secret> make_p256(KmsStore& store, const std::string& alias = "alias/new") {
  return now(store.make_key(Alias(alias), KeyKind::kEcP256, 0));
}

void let_no_key_be_named_or_deleted(FakeKms& kms, const std::string& exception) {
  kms.exceptions["CreateAlias"] = exception;
  kms.exceptions["ScheduleKeyDeletion"] = exception;
}

TEST(KmsMaker, a_new_key_is_named_by_its_alias_and_can_be_read_at_once) {
  FakeKms kms;
  const auto store = kms.store(true);
  const auto made = make_p256(*store);
  ASSERT_THAT(made, is_ok());
  EXPECT_EQ(made->alias, Alias("alias/new"));
  EXPECT_EQ(made->store, StoreName("kms"));
  EXPECT_TRUE(made->remote);
  EXPECT_EQ(kms.keys.at("alias/new").spec, "ECC_NIST_P256");
  EXPECT_EQ(kms.keys.at("alias/new").usage, "SIGN_VERIFY");
  EXPECT_THAT(kms.nameless, IsEmpty());
  const int asked = kms.calls["GetPublicKey"];
  const auto read = now(store->fetch(Alias("alias/new")));
  ASSERT_THAT(read, is_ok());
  EXPECT_EQ(read->front().kid, made->kid);
  EXPECT_EQ(kms.calls["GetPublicKey"], asked) << "an alias is not known everywhere at once";
}

TEST(KmsMaker, a_successor_is_of_the_kind_the_size_and_the_use_of_its_model) {
  FakeKms kms;
  kms.add_usual();
  kms.add_mac("alias/mac", "HMAC_384");
  const auto store = kms.store(true);
  for (const auto& [model, spec, usage] :
       std::vector<std::tuple<const char*, const char*, const char*>>{
           {"alias/p256", "ECC_NIST_P256", "SIGN_VERIFY"},
           {"alias/rsa", "RSA_2048", "SIGN_VERIFY"},
           {"alias/decrypt", "RSA_2048", "ENCRYPT_DECRYPT"},
           {"alias/mac", "HMAC_384", "GENERATE_VERIFY_MAC"}}) {
    const std::string alias = std::string(model) + "-2";
    const auto made = now(store->make_like(Alias(alias), kms_key(kms, model)));
    ASSERT_THAT(made, is_ok()) << model;
    EXPECT_EQ(kms.keys.at(alias).spec, spec);
    EXPECT_EQ(kms.keys.at(alias).usage, usage);
    EXPECT_NE(made->kid, kms_key(kms, model).kid);
  }
}

TEST(KmsMaker, what_kms_does_not_make_is_refused_before_it_is_asked) {
  FakeKms kms;
  const auto store = kms.store(true);
  EXPECT_THAT(now(store->make_key(Alias("alias/x"), KeyKind::kX25519, 0)),
              fails("kms_key_unsupported"));
  EXPECT_THAT(now(store->make_key(Alias("alias/x"), KeyKind::kRsa, 8192)),
              fails("kms_key_unsupported"));
  for (const char* alias : {"1234abcd", "alias/", "alias/aws/mine", "alias/a b", "arn:aws:kms:x"}) {
    EXPECT_THAT(make_p256(*store, alias), fails("alias_invalid")) << alias;
  }
  const std::string long_alias = "alias/" + std::string(251, 'x');
  EXPECT_THAT(make_p256(*store, long_alias), fails("alias_invalid"));
  EXPECT_THAT(kms.calls, IsEmpty());
}

TEST(KmsMaker, without_the_operators_leave_no_key_is_made) {
  FakeKms kms;
  EXPECT_THAT(kms.store(true)->may_make_keys(), is_ok());
  EXPECT_THAT(kms.store()->may_make_keys(), fails("store_makes_no_keys"));
  const auto made = make_p256(*kms.store());
  ASSERT_THAT(made, fails("store_makes_no_keys"));
  EXPECT_THAT(made.error().detail, HasSubstr("create_keys"));
  EXPECT_THAT(kms.calls, IsEmpty());
}

TEST(KmsMaker, an_alias_that_is_there_is_never_replaced_and_costs_no_key) {
  FakeKms kms;
  kms.add_usual();
  const std::string before = kms.arn_of("alias/p256");
  const auto store = kms.store(true);
  EXPECT_THAT(make_p256(*store, "alias/p256"), fails("alias_exists"));
  EXPECT_EQ(kms.arn_of("alias/p256"), before);
  EXPECT_EQ(kms.calls["CreateKey"], 0);
}

TEST(KmsMaker, a_key_made_in_vain_is_scheduled_for_deletion) {
  FakeKms kms;
  const auto store = kms.store(true);
  kms.exceptions["CreateAlias"] = "AccessDeniedException";
  const auto made = make_p256(*store);
  ASSERT_THAT(made, fails("aws_access_denied"));
  EXPECT_THAT(made.error().detail, HasSubstr("CreateAlias"));
  EXPECT_THAT(made.error().detail, HasSubstr("is scheduled for deletion"));
  EXPECT_THAT(kms.scheduled, SizeIs(1));
  EXPECT_TRUE(kms.nameless.contains(kms.scheduled.front()));
}

TEST(KmsMaker, of_two_that_take_one_alias_the_second_gives_its_key_back) {
  FakeKms kms;
  kms.add_usual();
  const auto store = kms.store(true);
  // It was not there when it was looked up.
  kms.world.aws.next.push_back(refusal(400, "NotFoundException"));
  const auto made = make_p256(*store, "alias/p256");
  ASSERT_THAT(made, fails("alias_exists"));
  EXPECT_THAT(kms.scheduled, SizeIs(1));
  EXPECT_NE(kms.scheduled.front(), kms.arn_of("alias/p256"));
}

TEST(KmsMaker, a_key_that_can_be_neither_named_nor_deleted_gets_the_next_alias) {
  FakeKms kms;
  const auto store = kms.store(true);
  let_no_key_be_named_or_deleted(kms, "AccessDeniedException");
  for (int i = 0; i < 3; ++i) {
    const auto made = make_p256(*store);
    ASSERT_THAT(made, fails("aws_access_denied"));
    EXPECT_THAT(made.error().detail, HasSubstr("could not be scheduled for deletion"));
  }
  EXPECT_EQ(kms.calls["CreateKey"], 1) << "each one would have to be paid for";
  kms.exceptions.clear();
  EXPECT_THAT(now(store->make_key(Alias("alias/rsa"), KeyKind::kRsa, 2048)), is_ok());
  EXPECT_EQ(kms.calls["CreateKey"], 2) << "of another kind";
  EXPECT_THAT(make_p256(*store, "alias/later"), is_ok());
  EXPECT_EQ(kms.calls["CreateKey"], 2);
  EXPECT_THAT(kms.nameless, IsEmpty());
}

TEST(KmsMaker, a_spare_that_somebody_deleted_does_not_stand_in_the_way) {
  FakeKms kms;
  const auto store = kms.store(true);
  let_no_key_be_named_or_deleted(kms, "AccessDeniedException");
  EXPECT_THAT(make_p256(*store), fails("aws_access_denied"));
  let_no_key_be_named_or_deleted(kms, "KMSInvalidStateException");
  EXPECT_THAT(make_p256(*store), fails("kms_key_disabled"));
  kms.exceptions.clear();
  EXPECT_THAT(make_p256(*store), is_ok());
  EXPECT_EQ(kms.calls["CreateKey"], 2);
}

TEST(KmsMaker, a_lost_answer_to_a_new_alias_loses_neither_alias_nor_key) {
  FakeKms kms;
  const auto store = kms.store(true);
  kms.lost = {"CreateAlias"};
  const auto made = make_p256(*store);
  ASSERT_THAT(made, is_ok()) << "the alias names this very key";
  EXPECT_THAT(kms.scheduled, IsEmpty());
  EXPECT_EQ(kms.calls["CreateKey"], 1);
}

TEST(KmsMaker, a_lost_answer_to_a_new_key_is_not_asked_for_again) {
  FakeKms kms;
  const auto store = kms.store(true);
  kms.lost = {"CreateKey"};
  const auto made = make_p256(*store);
  ASSERT_THAT(made, fails("aws_unavailable"));
  EXPECT_EQ(kms.calls["CreateKey"], 1);
  ASSERT_THAT(kms.nameless, SizeIs(1));
  EXPECT_THAT(made.error().detail, HasSubstr(kms.nameless.begin()->second))
      << "how the operator finds it";
}

TEST(KmsMaker, throttling_made_nothing_and_is_tried_again) {
  FakeKms kms;
  const auto store = kms.store(true);
  kms.world.aws.next.push_back(refusal(400, "NotFoundException"));
  kms.world.aws.next.push_back(refusal(400, "ThrottlingException"));
  EXPECT_THAT(make_p256(*store), is_ok());
  EXPECT_EQ(kms.world.waits, 1);
}

TEST(KmsMaker, a_new_key_that_is_not_known_everywhere_yet_is_waited_for) {
  FakeKms kms;
  const auto store = kms.store(true);
  kms.exceptions["CreateAlias"] = "NotFoundException";
  EXPECT_THAT(make_p256(*store), fails("aws_not_found"));
  EXPECT_EQ(kms.calls["CreateAlias"], 5);
  EXPECT_THAT(kms.scheduled, SizeIs(1));
}

TEST(KmsMaker, without_the_right_to_look_nothing_is_made) {
  FakeKms kms;
  kms.exceptions["DescribeKey"] = "AccessDeniedException";
  const auto made = make_p256(*kms.store(true));
  ASSERT_THAT(made, fails("aws_access_denied"));
  EXPECT_THAT(made.error().detail, HasSubstr("kms:DescribeKey"));
  EXPECT_EQ(kms.calls["CreateKey"], 0);
}

TEST(KmsMaker, a_key_that_cannot_be_read_yet_says_so) {
  FakeKms kms;
  kms.exceptions["GetPublicKey"] = "AccessDeniedException";
  const auto made = make_p256(*kms.store(true));
  ASSERT_THAT(made, fails("aws_access_denied"));
  EXPECT_THAT(made.error().detail, HasSubstr("it was made just now"));
  EXPECT_TRUE(kms.keys.contains("alias/new"));
}

TEST(KmsMaker, successors_of_ids_and_arns_get_names_that_can_be_chosen) {
  FakeKms kms;
  const auto store = kms.store(true);
  const std::string id = "1234abcd-12ab-34cd-56ef-1234567890ab";
  for (const auto& [alias, family] : std::vector<std::pair<std::string, std::string>>{
           {"alias/web", "alias/web"},
           {"alias/a/b", "alias/a/b"},
           {"arn:aws:kms:eu-west-1:111122223333:alias/web", "alias/web"},
           {id, "alias/signet-" + id},
           {"mrk-1234", "alias/signet-mrk-1234"},
           {"arn:aws-cn:kms:cn-north-1:1:key/" + id, "alias/signet-" + id}}) {
    EXPECT_EQ(store->family(Alias(alias)), Alias(family)) << alias;
    EXPECT_TRUE(is_kms_alias(family));
  }
}

}  // namespace
}  // namespace signet::secrets::aws

#include "cli/difference.h"

#include "support/matchers.h"

namespace signet::cli {
namespace {

using signet::test::is_ok;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Difference, counts_what_means_the_same_as_the_same) {
  const auto running = json::parse_object(
      R"({"client_id":"a","scopes":["b","a"],"enabled":true,"may_introspect":"own","future":1})");
  const auto wanted = json::parse_object(R"({"client_id":"a","scopes":["a","b"],"audience":[]})");
  const auto changes = differences(*running, *wanted, config::client_schema());
  ASSERT_THAT(changes, is_ok());
  EXPECT_THAT(*changes, IsEmpty());
}

TEST(Difference, a_client_that_may_ask_for_nothing_is_not_one_that_may_ask_for_everything) {
  const auto closed = json::parse_object(R"({"client_id":"a","scopes":[],"grant_types":[]})");
  const auto open = json::parse_object(R"({"client_id":"a"})");
  const auto to_text_of = [](const json::Object& running, const json::Object& wanted) {
    std::string all;
    const auto changes = differences(running, wanted, config::client_schema());
    for (const auto& change : changes.value())
      all += to_text(change) + '\n';
    return all;
  };
  EXPECT_EQ(to_text_of(*open, *closed),
            "~ grant_types: [\"client_credentials\"] -> []\n+ scopes: []\n");
  EXPECT_EQ(to_text_of(*closed, *open),
            "~ grant_types: [] -> [\"client_credentials\"]\n- scopes: []\n");
  EXPECT_EQ(to_text_of(*closed, *closed), "");
}

TEST(Difference, the_order_of_an_audience_is_that_of_the_tokens_and_counts) {
  const auto running = json::parse_object(
      R"({"client_id":"a","audience":["x","b"],"scopes":["d","c"],"grant_types":[]})");
  const auto wanted = json::parse_object(
      R"({"client_id":"a","audience":["b","x"],"scopes":["c","d"],"grant_types":[]})");
  const auto changes = differences(*running, *wanted, config::client_schema());
  ASSERT_THAT(changes, is_ok());
  ASSERT_EQ(changes->size(), 1u);
  EXPECT_EQ(to_text(changes->front()), R"(~ audience: ["x","b"] -> ["b","x"])");
  const auto same = differences(*running, *running, config::client_schema());
  ASSERT_THAT(same, is_ok());
  EXPECT_THAT(*same, IsEmpty());

  const auto one = json::parse_object(R"({"name":"r","default_audience":["x","b"]})");
  const auto other = json::parse_object(R"({"name":"r","default_audience":["b","x"]})");
  const auto of_realm = differences(*one, *other, config::realm_schema());
  ASSERT_THAT(of_realm, is_ok());
  ASSERT_EQ(of_realm->size(), 1u);
  EXPECT_EQ(of_realm->front().path, "default_audience");
}

TEST(Difference, names_what_comes_goes_and_changes) {
  const auto running = json::parse_object(R"({"client_id":"a","name":"x","scopes":["a"]})");
  const auto wanted = json::parse_object(R"({"client_id":"a","scopes":["b"],"audience":["c"]})");
  const auto changes = differences(*running, *wanted, config::client_schema());
  ASSERT_THAT(changes, is_ok());
  std::vector<std::string> texts;
  for (const auto& change : *changes)
    texts.push_back(to_text(change));
  EXPECT_THAT(texts,
              ElementsAre("- name: \"x\"", "~ scopes: [\"a\"] -> [\"b\"]", "+ audience: [\"c\"]"));
}

}  // namespace
}  // namespace signet::cli

#include "base/json.h"

#include <filesystem>

#include "base/json_members.h"
#include "support/matchers.h"
#include "support/vectors.h"

namespace signet::json {
namespace {

using test::fails;
using test::is_ok;

TEST(Json, keeps_integers_exact) {
  EXPECT_EQ(dump(*parse("[9223372036854775807,-1,18446744073709551615,1.5]")),
            "[9223372036854775807,-1,18446744073709551615,1.5]");
}

TEST(Json, refuses_a_member_name_that_occurs_twice) {
  EXPECT_THAT(parse(R"({"a":1,"a":2})"), fails("json_duplicate_member"));
  EXPECT_THAT(parse(R"([{"a":1,"b":{"x":1,"\u0078":2}}])"), fails("json_duplicate_member"));
  std::string large = "{";
  for (int i = 0; i < 100; ++i)
    large += "\"m" + std::to_string(i) + "\":0,";
  EXPECT_THAT(parse(large + "\"z\":0}"), is_ok());
  EXPECT_THAT(parse(large + "\"m99\":0}"), fails("json_duplicate_member"));
  EXPECT_THAT(parse(large + "\"m3\":0}"), fails("json_duplicate_member"));
}

TEST(Json, refuses_nesting_beyond_the_limit) {
  EXPECT_THAT(parse(std::string(32, '[') + std::string(32, ']')), is_ok());
  EXPECT_THAT(parse(std::string(33, '[') + std::string(33, ']')), fails("json_too_deep"));
  EXPECT_THAT(parse(std::string(100000, '[')), fails("json_too_deep"));
}

TEST(Json, refuses_text_beyond_the_limit_and_text_that_is_not_json) {
  EXPECT_THAT(parse("[1,2]", {.max_bytes = 4}), fails("json_too_large"));
  for (const char* bad : {"", " ", "{", "[1,]", "{\"a\":1,}", "nul", "01", "'a'", "\"\xC0\x80\"",
                          "\"\xED\xA0\x80\"", "\xEF\xBB\xBF{}", "1 2", "1e999", "\"a\nb\""})
    EXPECT_FALSE(parse(bad).ok()) << bad;
  EXPECT_THAT(parse_object("[]"), fails("json_not_object"));
}

TEST(Json, writes_what_it_reads) {
  const std::string text = R"({"a":"q\"\\\n\u0001é","b":[true,false,null,{}],"c":-7})";
  EXPECT_EQ(dump(*parse(text)), text);
  EXPECT_EQ(*parse(dump_pretty(*parse(text))), *parse(text));
}

TEST(Json, writer_escapes_names_and_texts_and_repairs_bad_utf8) {
  std::string out;
  ObjectWriter w(out);
  w.add("a\"b", "x\x1f\xFFy").add("n", 5).add("t", true).add_raw("r", "[1]");
  w.end();
  EXPECT_EQ(out, "{\"a\\\"b\":\"x\\u001f\xEF\xBF\xBDy\",\"n\":5,\"t\":true,\"r\":[1]}");
  EXPECT_THAT(parse(out), is_ok());
}

TEST(JsonVectors, JSONTestSuite) {
  SIGNET_VECTORS_OR_SKIP(folder, "json-parsing");
  int checked = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder / "test_parsing")) {
    const std::string name = file.path().filename().string();
    const auto result =
        parse(test::read_file(file.path()), {.max_bytes = 1 << 20, .max_depth = 600});
    // Names in y_object_duplicated_key* occur twice, which we refuse on purpose.
    const bool is_duplicate = name.starts_with("y_object_duplicated_key");
    if (name.starts_with("n_") || is_duplicate) {
      EXPECT_FALSE(result.ok()) << name;
    } else if (name.starts_with("y_")) {
      EXPECT_THAT(result, is_ok()) << name;
    }
    ++checked;
  }
  EXPECT_GT(checked, 300);
}

TEST(Json, a_member_that_is_missing_or_of_another_kind_reads_as_nothing) {
  const auto object = parse_object(R"({"text":"a","number":7,"flag":true,"null":null})");
  ASSERT_TRUE(object.ok());
  EXPECT_EQ(text_in(*object, "text"), "a");
  EXPECT_EQ(number_in(*object, "number"), 7);
  EXPECT_TRUE(flag_in(*object, "flag"));
  for (const char* name : {"number", "flag", "null", "absent"})
    EXPECT_EQ(text_in(*object, name), "") << name;
  for (const char* name : {"text", "flag", "null", "absent"})
    EXPECT_EQ(number_in(*object, name), std::nullopt) << name;
  for (const char* name : {"text", "number", "null", "absent"})
    EXPECT_FALSE(flag_in(*object, name)) << name;
}

}  // namespace
}  // namespace signet::json

// Hostile texts, and what is kept of honest ones.

#include "config/document.h"

#include <algorithm>

#include "config/test_config.h"

namespace signet::config {
namespace {

using test::problems_of;
using testing::HasSubstr;

TEST(Document, refuses_aliases_so_that_a_small_text_cannot_unfold) {
  EXPECT_THAT(problems_of("a: &x [1]\nserver: *x\n"), HasSubstr("signet.yaml:2: aliases"));
  EXPECT_THAT(problems_of("data_dir: &x here\n"), HasSubstr("signet.yaml:1: anchors"));
}

TEST(Document, a_name_with_a_line_feed_cannot_forge_a_line_of_the_log) {
  const std::string text = problems_of("\"a\\nsignet.yaml: all is well\": 1\n");
  EXPECT_THAT(text, HasSubstr("'a\\x0asignet.yaml: all is well'"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
}

TEST(Document, refuses_a_name_that_occurs_twice) {
  EXPECT_THAT(problems_of("server:\n  port: 1\n  port: 2\n"),
              HasSubstr("signet.yaml:3: the name 'port' occurs twice"));
  EXPECT_THAT(problems_of("{\"server\": {\n\"port\": 1,\n\"port\": 2}}", {}, "s.json"),
              HasSubstr("s.json:3:"));
}

TEST(Document, refuses_what_is_too_large_too_deep_or_not_utf8) {
  EXPECT_THAT(problems_of(std::string((1 << 20) + 1, ' ')), HasSubstr("larger than 1048576"));
  EXPECT_THAT(problems_of("data_dir: " + std::string(40, '[') + std::string(40, ']')),
              HasSubstr("nested deeper than 32"));
  EXPECT_THAT(problems_of("data_dir: \xff"), HasSubstr("not UTF-8"));
  EXPECT_THAT(problems_of(std::string("data_dir: a\0b", 13)), HasSubstr("not UTF-8"));
}

TEST(Document, refuses_escapes_that_make_no_text) {
  for (const char* escape : {"\\N", "\\_", "\\0", "\\x00", "\\u0000"})
    EXPECT_THAT(problems_of(std::string("data_dir: \"a") + escape + "\"\n"),
                HasSubstr("signet.yaml:1: the escapes"))
        << escape;
  EXPECT_EQ(problems_of("data_dir: \"a\\u00a0\\u0085\\tb\"\n"), "accepted");
}

TEST(Document, survives_thousands_of_open_brackets) {
  EXPECT_NE(problems_of("data_dir: " + std::string(100'000, '[')), "accepted");
  EXPECT_NE(problems_of("data_dir: " + std::string(100'000, '{')), "accepted");
  EXPECT_NE(problems_of(std::string(100'000, '[')), "accepted");
}

TEST(Document, refuses_tags_several_documents_and_names_that_are_no_texts) {
  EXPECT_THAT(problems_of("data_dir: !!binary aGk=\n"), HasSubstr("the tag"));
  EXPECT_THAT(problems_of("data_dir: a\n---\ndata_dir: b\n"), HasSubstr("several documents"));
  EXPECT_THAT(problems_of("? [a, b]\n: c\n"), HasSubstr("a name must be a text"));
  EXPECT_THAT(problems_of("- a\n- b\n"), HasSubstr("not an object of settings"));
}

TEST(Document, names_the_line_of_a_syntax_error) {
  EXPECT_THAT(problems_of("data_dir: a\nserver: {port: 1\n"), HasSubstr("not YAML"));
  EXPECT_THAT(problems_of("{\n\"data_dir\": \"a\",\n\"server\": nonsense\n}", {}, "s.json"),
              HasSubstr("s.json:3: not JSON"));
}

TEST(Document, keeps_the_lines_of_json) {
  auto document = parse("{\n \"a\": [1,\n \"]}\\\"\",\n {\"b\": true}],\n \"c\": null}", "x.json");
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(document->root.find("a")->line, 2);
  EXPECT_EQ(document->root.find("a")->children[1].line, 3);
  EXPECT_EQ(document->root.find("a")->children[2].children[0].line, 4);
  EXPECT_EQ(document->root.find("c")->line, 5);
}

TEST(Document, reads_scalars_without_a_schema_by_the_core_schema_of_yaml_1_2) {
  auto document = parse("[yes, true, '1', 1, 1.5, ~, 0x10, on, -3, 1e400, .inf]", "x.yaml");
  ASSERT_FALSE(document.ok());
  document = parse("a: [yes, true, '1', 1, 1.5, ~, 0x10, on, -3, 1e400, .inf, -, \"\"]", "x.yaml");
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(json::dump(to_json(*document->root.find("a"))),
            R"(["yes",true,"1",1,1.5,null,"0x10","on",-3,"1e400",".inf","-",""])");
}

}  // namespace
}  // namespace signet::config

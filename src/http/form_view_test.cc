#include "http/form_view.h"

#include "support/matchers.h"

namespace signet::http {
namespace {

using test::fails;

Result<FormView> parse(std::string_view body) {
  static std::array<char, 4096> scratch;
  return FormView::parse(body, scratch);
}

TEST(FormView, decodes_names_and_values) {
  const auto form = parse("grant_type=client_credentials&sc%6fpe=a+b%20%C3%A9&empty=&alone");
  ASSERT_TRUE(form.ok());
  EXPECT_EQ(form->find("grant_type"), "client_credentials");
  EXPECT_EQ(form->find("scope"), "a b é");
  EXPECT_EQ(form->find("empty"), "");
  EXPECT_EQ(form->find("alone"), "");
  EXPECT_EQ(form->find("missing"), std::nullopt);
}

TEST(FormView, refuses_bad_escapes_raw_blanks_nul_nameless_fields_and_what_is_not_utf8) {
  for (const std::string_view bad : {"a=%", "a=%4", "a=%zz", "a=%00", "a=%FF", "%C0%AF=1",
                                     "a=%ED%A0%80", "a=%C3%28", "a=b c", "a=b\r\n", "=x", "a=\x01"})
    EXPECT_THAT(parse(bad), fails("form_malformed")) << bad;
  EXPECT_THAT(parse(std::string_view("a=\0", 3)), fails("form_malformed"));
}

TEST(FormView, sec_009_finds_a_name_that_occurs_twice_in_any_spelling) {
  EXPECT_EQ(parse("scope=a&sc%6Fpe=b")->duplicate(), "scope");
  EXPECT_EQ(parse("resource=a&resource=b")->duplicate("resource"), "");
  EXPECT_EQ(parse("a=1&b=2")->duplicate(), "");
}

TEST(FormView, refuses_more_fields_than_its_limit) {
  std::string body;
  for (std::size_t i = 0; i <= FormView::kMaxFields; ++i)
    body += "f" + std::to_string(i) + "=1&";
  EXPECT_THAT(parse(body), fails("form_too_many_fields"));
}

}  // namespace
}  // namespace signet::http

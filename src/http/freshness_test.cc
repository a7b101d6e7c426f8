#include "http/freshness.h"

#include <string>
#include <vector>

#include "http/form.h"
#include "support/matchers.h"

namespace signet::http {
namespace {

using test::fails;

// 2023-11-14T22:13:20Z
constexpr Instant kNow = from_unix_seconds(1'700'000'000);

std::optional<Seconds> of(const std::string& cache_control, const std::string& expires = "",
                          const std::string& date = "", const std::string& age = "") {
  return freshness_lifetime({cache_control, age, date, expires}, kNow);
}

TEST(Freshness, is_what_max_age_says) {
  EXPECT_EQ(of("max-age=300"), Seconds(300));
  EXPECT_EQ(of("public, Max-Age=\"300\" , must-revalidate"), Seconds(300));
  EXPECT_EQ(of("private=\"a, max-age=1\", max-age=300"), Seconds(300));
  EXPECT_EQ(of("max-age=99999999999999999999"), Seconds(std::int64_t{1} << 31));
}

TEST(Freshness, is_none_where_the_answer_forbids_it_or_makes_no_sense) {
  for (const char* text : {"no-store", "no-cache", "max-age=300, no-store", "NO-CACHE=\"x\"",
                           "max-age=", "max-age=-1", "max-age=abc", "max-age", "max-age=0"})
    EXPECT_EQ(of(text), Seconds(0)) << text;
  EXPECT_EQ(of("max-age=300, max-age=20"), Seconds(20));
  EXPECT_EQ(of("", "0"), Seconds(0));
  EXPECT_EQ(of("", "tomorrow"), Seconds(0));
}

TEST(Freshness, is_unknown_where_the_answer_says_nothing) {
  EXPECT_EQ(of(""), std::nullopt);
  EXPECT_EQ(of("public, s-maxage=300, x=\"unfinished"), std::nullopt);
}

TEST(Freshness, of_expires_is_counted_by_the_clock_of_the_one_who_said_it) {
  EXPECT_EQ(of("", "Tue, 14 Nov 2023 22:15:00 GMT", "Tue, 14 Nov 2023 22:14:00 GMT"), Seconds(60));
  EXPECT_EQ(of("", "Tue, 14 Nov 2023 22:15:20 GMT"), Seconds(120));
  EXPECT_EQ(of("max-age=5", "Tue, 14 Nov 2023 22:15:20 GMT"), Seconds(5));
  EXPECT_EQ(of("", "Tue, 14 Nov 2023 22:15:00 GMT", "Tue, 14 Nov 2023 22:16:00 GMT"), Seconds(0));
}

TEST(Freshness, is_less_by_the_time_in_other_caches) {
  EXPECT_EQ(of("max-age=300", "", "", "100"), Seconds(200));
  EXPECT_EQ(of("max-age=300", "", "", "1000"), Seconds(0));
  EXPECT_EQ(of("max-age=300", "", "", "soon"), Seconds(300));
}

TEST(HttpDate, is_read_in_one_form_only) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), from_unix_seconds(784111777));
  for (const char* text :
       {"", "0", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET",
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 0x Nov 1994 08:49:37 GMT"})
    EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
}

TEST(EntityTag, has_quotes_and_nothing_that_breaks_a_header) {
  for (const char* text : {"\"a\"", "W/\"a,b\"", "\"\""})
    EXPECT_TRUE(is_entity_tag(text)) << text;
  const std::string many_quotes(300, '"');
  for (const std::string& text :
       std::vector<std::string>{"", "a", "\"", "w/\"a\"", "\"a\"b\"", "\"a b\"", "\"a\r\nX: y\"",
                                "\"\x80\"", many_quotes})
    EXPECT_FALSE(is_entity_tag(text)) << text;
}

TEST(Redirect, leads_to_an_absolute_uri) {
  const std::string base = "https://a.example:8443/x/y?z";
  const std::pair<const char*, const char*> cases[] = {
      {"https://b.example/k#part", "https://b.example/k"},
      {"HTTPS://B.example/k", "https://b.example/k"},
      {"//b.example/k", "https://b.example/k"},
      {"/k?q=1", "https://a.example:8443/k?q=1"},
      {"k", "https://a.example:8443/x/k"},
      {"../k", "https://a.example:8443/k"},
      {"../../../k", "https://a.example:8443/k"},
      {"../..", "https://a.example:8443/"},
      {"http://b.example", "http://b.example"},
  };
  for (const auto& [location, expected] : cases) {
    const auto target = resolve_http_uri(base, location);
    ASSERT_TRUE(target.ok()) << location << ": " << target.error().detail;
    EXPECT_EQ(*target, expected) << location;
  }
  for (const char* location :
       {"", "#part", "file:///etc/passwd", "gopher://a/", "https://user@b.example/", "https:///k",
        "https:k", "//", "https://b.example:99999/", "/a b", "\x01", "javascript:alert(1)",
        "data:,{}", "ftp://b.example/k"})
    EXPECT_THAT(resolve_http_uri(base, location), fails("uri_invalid")) << location;
}

}  // namespace
}  // namespace signet::http

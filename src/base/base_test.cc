#include <gmock/gmock.h>

#include <cstdio>
#include <fstream>
#include <limits>
#include <set>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "base/text.h"

namespace signet {
namespace {

Result<int> half(int n) {
  if (n % 2) return Error{Code::kInvalid, "odd", "not even"};
  return n / 2;
}
Result<std::string> quarter_as_text(int n) {
  TRY(const int h, half(n));
  TRY(half(h));
  TRY(const int q, half(h));
  return std::to_string(q);
}

TEST(Result, try_hands_on_the_value_or_the_failure) {
  EXPECT_EQ(*quarter_as_text(12), "3");
  EXPECT_STREQ(quarter_as_text(6).error().reason, "odd");
}

TEST(Result, a_default_constructed_one_is_a_failure) {
  EXPECT_FALSE(Result<int>().ok());
}

TEST(SecretBytes, moves_and_leaves_the_source_empty) {
  SecretBytes a = SecretBytes::from_text("hunter2");
  SecretBytes b = std::move(a);
  EXPECT_TRUE(a.empty());
  EXPECT_EQ(as_text(b.view()), "hunter2");
  b.truncate(3);
  EXPECT_EQ(as_text(b.view()), "hun");
}

TEST(SecretBytes, sec_124_memory_is_zeroed_when_given_back) {
  const std::uint8_t* where = nullptr;
  {
    SecretBytes secret = SecretBytes::from_text("a secret of more than sixteen bytes");
    where = secret.view().data();
  }
  // The arena keeps the page mapped; only its free-list link may stand in the first eight bytes.
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(where) + 8, 27), std::string(27, '\0'));
}

// What the system says of the mapping that an address lies in (proc(5), VmFlags).
std::string flags_of_mapping(const void* where) {
  const auto address = reinterpret_cast<std::uintptr_t>(where);
  std::ifstream maps("/proc/self/smaps");
  bool is_it = false;
  for (std::string line; std::getline(maps, line);) {
    unsigned long begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2)
      is_it = begin <= address && address < end;
    if (is_it && line.starts_with("VmFlags:")) return line + " ";
  }
  return {};
}

TEST(SecretBytes, sec_124_memory_is_locked_and_left_out_of_dumps) {
  const SecretBytes small(32), large(1 << 20);
  for (const SecretBytes* secret : {&small, &large}) {
    const std::string flags = flags_of_mapping(secret->view().data());
    if (flags.empty()) GTEST_SKIP() << "skipped: this system does not tell";
    EXPECT_NE(flags.find(" dd "), std::string::npos) << flags;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // theirs locks nothing
    if (secret_memory_is_locked()) {
      EXPECT_NE(flags.find(" lo "), std::string::npos) << flags;
    }
#endif
  }
  const std::string ordinary(100'000, 'x');
  EXPECT_EQ(flags_of_mapping(ordinary.data()).find(" dd "), std::string::npos);
}

TEST(SecretBytes, large_and_many_secrets_are_held) {
  std::vector<SecretBytes> many;
  for (std::size_t i = 0; i < 3000; ++i)
    many.emplace_back(i % 97 + 1);
  many.emplace_back(1 << 20);
  many.back().span()[(1 << 20) - 1] = 7;
  EXPECT_EQ(many.back().view()[(1 << 20) - 1], 7);
}

TEST(SystemRandom, does_not_repeat) {
  SystemRandom random;
  std::set<Bytes> seen;
  for (int i = 0; i < 10000; ++i) {
    Bytes bytes(16);
    random.fill(bytes);
    EXPECT_TRUE(seen.insert(bytes).second);
  }
}

TEST(Text, quoted_neutralises_line_ends_and_terminal_codes) {
  EXPECT_EQ(quoted("a\r\nb\x1b[31m'"), "'a\\x0d\\x0ab\\x1b[31m\\x27'");
  EXPECT_EQ(quoted(std::string(100, 'x'), 3), "'xxx...'");
}

TEST(Text, a_quoted_url_tells_no_password) {
  EXPECT_EQ(quoted_url("https://example.com:8443/keys"), "'https://example.com:8443/keys'");
  EXPECT_EQ(quoted_url("https://user:canary@vault:8200/v1"), "'https://...@vault:8200/v1'");
  EXPECT_EQ(quoted_url("https://vault/v1?token=canary#canary"), "'https://vault/v1'");
  for (const char* url : {"https://u:ca?nary@h", "https://u:1/canary@h", "https://u:#canary@h",
                          "https://u:c@canary@h", "u:canary@h", "u:canary://canary@h",
                          "https:/u:canary@h", "https:u:canary@h", "https://canary@://h"}) {
    EXPECT_EQ(quoted_url(url).find("nary"), std::string::npos) << url << " as " << quoted_url(url);
  }
}

TEST(Text, nearest_finds_a_misspelling_and_nothing_far_away) {
  EXPECT_EQ(nearest("acess_token", {"refresh_token", "access_token"}), "access_token");
  EXPECT_EQ(nearest("prot", {"host", "port"}), "port") << "neighbours that changed places";
  EXPECT_EQ(nearest("banana", {"refresh_token", "access_token"}), "");
}

TEST(Text, utf8) {
  EXPECT_TRUE(is_utf8("aé€😀"));
  for (const char* bad :
       {"\x80", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"})
    EXPECT_FALSE(is_utf8(bad));
}

TEST(Clock, what_no_date_can_write_is_the_last_one_that_can_be_written) {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(to_rfc3339(from_unix_seconds(most)), "9999-12-31T23:59:59.000Z");
  EXPECT_EQ(from_unix_seconds(std::numeric_limits<std::int64_t>::min()),
            from_unix_seconds(-kLastUnixSecond));
  EXPECT_EQ(unix_seconds(from_unix_seconds(kLastUnixSecond)), kLastUnixSecond);
}

TEST(Clock, rfc_3339_is_read_as_it_is_written) {
  const Instant whole = from_unix_seconds(1'700'000'000);
  EXPECT_EQ(parse_rfc3339("2023-11-14T22:13:20Z"), whole);
  EXPECT_EQ(parse_rfc3339("2023-11-14T22:13:20+00:00"), whole);
  EXPECT_EQ(parse_rfc3339("2023-11-14T22:13:20.5Z"), whole + Milliseconds(500));
  EXPECT_EQ(parse_rfc3339("2023-11-14T22:13:20.123999Z"), whole + Milliseconds(123));
  EXPECT_EQ(parse_rfc3339("1969-12-31T23:59:59.999Z"), Instant(Milliseconds(-1)));
  EXPECT_EQ(parse_rfc3339(to_rfc3339(whole + Milliseconds(7))), whole + Milliseconds(7));
}

TEST(Clock, what_is_no_time_in_utc_is_not_read) {
  for (const char* text :
       {"", "2023-11-14", "2023-11-14T22:13:20", "2023-11-14 22:13:20Z", "2023-11-14T22:13:20.Z",
        "2023-11-14T22:13:20.5", "2023-11-14T22:13:20Z ", "2023-11-14T22:13:20+02:00",
        "2023-11-14t22:13:20z", "2023-02-30T00:00:00Z", "2023-13-14T22:13:20Z",
        "2023-11-14T24:13:20Z", "2023-11-14T22:60:20Z", "2023-11-14T22:13:61Z",
        "-023-11-14T22:13:20Z", "2023-11-14T-0:13:20Z", "2023-11-14T22:13:+1Z"})
    EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
}

TEST(Clock, seconds_round_down) {
  EXPECT_EQ(unix_seconds(Instant(Milliseconds(1999))), 1);
  EXPECT_EQ(unix_seconds(Instant(Milliseconds(-1))), -1);
}

}  // namespace
}  // namespace signet

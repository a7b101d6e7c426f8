#include "http/proxy_rules.h"

#include "support/matchers.h"

namespace signet::http {
namespace {

using test::fails;
using test::is_ok;

std::string way(const ProxyRules& rules, std::string_view url) {
  const Proxy* proxy = rules.choose(*parse_http_uri(url));
  return proxy ? proxy->url : "straight";
}

TEST(ProxyRules, a_configured_proxy_serves_both_schemes_and_the_environment_none) {
  const auto rules = ProxyRules::make(
      "http://p:3128", {{"HTTPS_PROXY", "http://other"}, {"NO_PROXY", "inside.test"}});
  ASSERT_THAT(rules, is_ok());
  EXPECT_EQ(way(*rules, "https://a.test"), "http://p:3128");
  EXPECT_EQ(way(*rules, "http://a.test"), "http://p:3128");
  EXPECT_EQ(way(*rules, "https://inside.test"), "straight");
}

TEST(ProxyRules, each_scheme_has_its_variable_and_lower_case_wins) {
  const auto rules = ProxyRules::make(
      "", {{"HTTPS_PROXY", "https://s"}, {"HTTP_PROXY", "upper:1"}, {"http_proxy", "lower:1"}});
  ASSERT_THAT(rules, is_ok());
  EXPECT_EQ(way(*rules, "https://a.test"), "https://s:443");
  EXPECT_EQ(way(*rules, "http://a.test"), "http://lower:1");
  const auto off = ProxyRules::make("", {{"HTTP_PROXY", "upper:1"}, {"http_proxy", ""}});
  EXPECT_EQ(way(*off, "http://a.test"), "straight");
  EXPECT_EQ(way(*ProxyRules::make("", {}), "https://a.test"), "straight");
}

TEST(ProxyRules, exceptions_are_names_addresses_networks_and_ports) {
  const auto rules = ProxyRules::make(
      "http://p:1", {{"no_proxy",
                      "a.test, .b.test,*.c.test  10.0.0.0/8,192.0.2.7 [2001:db8::7],fd00::/8,"
                      "d.test:8443,E.TEST."}});
  ASSERT_THAT(rules, is_ok());
  for (const char* url :
       {"http://a.test", "http://x.a.test", "http://a.test.", "http://b.test", "http://x.b.test",
        "http://x.c.test", "http://10.1.2.3", "http://192.0.2.7", "http://[2001:db8::7]",
        "http://[fd12::1]", "https://d.test:8443", "http://e.test"})
    EXPECT_EQ(way(*rules, url), "straight") << url;
  for (const char* url : {"http://ba.test", "http://test", "http://a.test.org", "http://11.0.0.1",
                          "http://192.0.2.8", "http://[2001:db8::8]", "https://d.test"})
    EXPECT_EQ(way(*rules, url), "http://p:1") << url;
  EXPECT_EQ(way(*ProxyRules::make("http://p:1", {{"NO_PROXY", "*"}}), "http://a.test"), "straight");
}

TEST(ProxyRules, what_is_near_never_goes_through_a_proxy) {
  const auto rules = ProxyRules::make("http://p:1", {});
  for (const char* url : {"http://localhost:8200", "http://127.0.0.1:1", "http://[::1]",
                          "http://169.254.169.254/latest", "http://[fe80::1]"})
    EXPECT_EQ(way(*rules, url), "straight") << url;
}

TEST(ProxyRules, credentials_are_decoded_and_kept_apart) {
  const auto rules = ProxyRules::make("http://al%40ice:p%3Aw@p:1/", {});
  ASSERT_THAT(rules, is_ok());
  const Proxy* proxy = rules->choose(*parse_http_uri("http://a.test"));
  EXPECT_EQ(proxy->url, "http://p:1");
  EXPECT_EQ(proxy->user, "al@ice");
  EXPECT_EQ(proxy->password, "p:w");
}

TEST(ProxyRules, refuses_what_is_no_proxy_without_telling_its_password) {
  for (const char* text : {"socks5://u:hidden@p:1", "http://u:hidden@", "http://u:hidden@p:99999",
                           "http://u:hidden@p:1/path", "http://p:1?hidden", "http://:hidden@p",
                           "http://u:%zzhidden@p"}) {
    const auto rules = ProxyRules::make(text, {});
    ASSERT_THAT(rules, fails("proxy_invalid")) << text;
    EXPECT_EQ(rules.error().code, Code::kConfig);
    EXPECT_EQ(rules.error().detail.find("hidden"), std::string::npos) << rules.error().detail;
  }
  EXPECT_THAT(ProxyRules::make("", {{"HTTPS_PROXY", "ftp://p"}}), fails("proxy_invalid"));
  EXPECT_THAT(ProxyRules::make("", {{"NO_PROXY", "10.0.0.0/33"}}), fails("no_proxy_invalid"));
}

}  // namespace
}  // namespace signet::http

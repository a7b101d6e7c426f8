// F31: no URL is read as another host than browsers read (WHATWG URL). Where we refuse what they
// take, nobody is led astray.

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/json.h"
#include "base/text.h"
#include "http/address.h"
#include "http/form.h"
#include "support/matchers.h"
#include "support/vectors.h"

namespace signet::http {
namespace {

/// What a browser reads; no scheme: it refuses.
struct BrowserUrl {
  std::string scheme, host, port;
};

/// Addresses have many spellings, and a browser writes them in its own.
bool is_same_host(const std::string& ours, const std::string& theirs) {
  if (ours == theirs) return true;
  const auto a = parse_address(ours), b = parse_address(theirs);
  return a && b && *a == *b;
}

/// A label that says of itself that it is Punycode (RFC 5890): browsers decode it and refuse what
/// cannot be decoded. A resolver takes it as it stands, and nobody reads another name than that.
bool has_punycode(const std::string& host) {
  return host.starts_with("xn--") || host.find(".xn--") != std::string::npos;
}

/// Empty where both read the same, or we refuse.
std::string disagreement(const std::string& input, const BrowserUrl& browser) {
  const auto uri = parse_http_uri(input);
  if (!uri.ok()) return "";
  const bool is_same = uri->scheme == browser.scheme && is_same_host(uri->host, browser.host) &&
                       std::to_string(uri->port) == browser.port;
  if (is_same || (browser.scheme.empty() && has_punycode(uri->host))) return "";
  return signet::quoted(input) + " is read as " + uri->scheme + " " + uri->host + " " +
         std::to_string(uri->port) + ", by a browser as " + browser.scheme + " " + browser.host +
         " " + browser.port;
}

std::string member_of(const json::Value& value, const char* name) {
  const json::Value* found = value.get(name);
  return found && found->if_string() ? *found->if_string() : "";
}

TEST(BrowserUrls, f_31_every_url_of_the_browsers_own_tests_is_refused_or_read_alike) {
  SIGNET_VECTORS_OR_SKIP(folder, "url");
  const auto all = json::parse(signet::test::read_file(folder / "urltestdata.json"));
  ASSERT_THAT(all, signet::test::is_ok());
  std::size_t tried = 0, taken = 0;
  for (const auto& one : *all->if_array()) {
    const bool is_absolute = one.is_object() && one.get("base") && one.get("base")->is_null();
    if (!is_absolute) continue;
    const std::string input = member_of(one, "input");
    std::string scheme = member_of(one, "protocol");
    if (!scheme.empty()) scheme.pop_back();
    std::string port = member_of(one, "port");
    if (port.empty()) port = scheme == "https" ? "443" : "80";
    EXPECT_EQ(disagreement(input, {scheme, member_of(one, "hostname"), port}), "");
    ++tried;
    taken += parse_http_uri(input).ok() ? 1 : 0;
  }
  EXPECT_GT(tried, 400u);
  EXPECT_GT(taken, 20u);
}

/// Lines of a program's output.
class Lines {
 public:
  explicit Lines(const std::string& command) : pipe_(::popen(command.c_str(), "r")) {}
  ~Lines() {
    if (pipe_) ::pclose(pipe_);
    std::free(line_);
  }
  Lines(const Lines&) = delete;
  bool next(std::string& out) {
    const ssize_t size = pipe_ ? ::getline(&line_, &room_, pipe_) : -1;
    if (size <= 0) return false;
    out.assign(line_, static_cast<std::size_t>(size) - (line_[size - 1] == '\n' ? 1 : 0));
    return true;
  }

 private:
  FILE* pipe_;
  char* line_ = nullptr;
  std::size_t room_ = 0;
};

std::string unhex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}

// SIGNET_URL_MUTATIONS=1000000 is the figure; SIGNET_SEED=N tries others.
TEST(BrowserUrls, f_31_mutated_urls_are_refused_or_read_as_node_reads_them) {
  if (std::system("node --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "skipped: no node";
  const char* count = std::getenv("SIGNET_URL_MUTATIONS");
  const char* seed = std::getenv("SIGNET_SEED");
  const auto folder = signet::test::vectors("url");
  std::string command = "node tests/differential/browser_urls.mjs ";
  command += std::to_string(count ? std::atol(count) : 20'000);
  command += ' ';
  command += std::to_string(seed ? std::atol(seed) : 31);
  if (folder) command += " '" + (*folder / "urltestdata.json").string() + "'";
  Lines lines(command);
  std::size_t tried = 0, taken = 0, wrong = 0;
  std::string line;
  while (lines.next(line)) {
    const auto fields = split(line, '\t');
    const std::string input = unhex(fields[0]);
    BrowserUrl browser;
    if (fields.size() == 4)
      browser = {std::string(fields[1]), std::string(fields[2]), std::string(fields[3])};
    ++tried;
    taken += parse_http_uri(input).ok() ? 1 : 0;
    const std::string why = disagreement(input, browser);
    if (!why.empty() && ++wrong <= 20) ADD_FAILURE() << why;
  }
  EXPECT_EQ(wrong, 0u);
  EXPECT_GT(tried, 15'000u) << command;
  EXPECT_GT(taken * 100, tried) << "hardly any was taken: nothing was compared";
}

}  // namespace
}  // namespace signet::http

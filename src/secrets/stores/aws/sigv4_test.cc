#include "secrets/stores/aws/sigv4.h"

#include "base/json.h"
#include "base/text.h"
#include "http/form.h"
#include "support/matchers.h"
#include "support/vectors.h"

namespace signet::secrets::aws {
namespace {

namespace fs = std::filesystem;

/// One folder of the AWS signing test suite.
struct Case {
  std::string name;
  SignableRequest request;
  std::string body;
  Credentials credentials;
  SigningScope scope;
  Instant at;
  SigningOptions options;
  std::string valid_for;
  fs::path folder;

  std::string file(const std::string& file) const {
    std::string text = test::read_file(folder / file);
    return std::string(trim(text));
  }
};

std::string text_of(const json::Object& object, std::string_view name) {
  const json::Value* value = object.find(name);
  return value && value->if_string() ? *value->if_string() : "";
}
bool flag_of(const json::Object& object, std::string_view name) {
  const json::Value* value = object.find(name);
  return value && value->if_bool() && *value->if_bool();
}

Instant time_of(std::string_view rfc3339) {
  std::tm parts{};
  std::string text(rfc3339);
  EXPECT_NE(::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts), nullptr);
  return from_unix_seconds(::timegm(&parts));
}

void read_request(Case& one, const std::string& text) {
  const std::size_t first = text.find('\n');
  const std::string line = text.substr(0, first);
  const std::size_t target = line.find(' ') + 1;
  const std::string uri = line.substr(target, line.rfind(" HTTP/") - target);
  const std::size_t question = uri.find('?');
  one.request.method = line.substr(0, target - 1);
  one.request.path = uri.substr(0, question);
  if (question != uri.npos) one.request.query = uri.substr(question + 1);
  std::size_t at = first + 1;
  while (at < text.size() && text[at] != '\n') {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string header = text.substr(at, end - at);
    if (header[0] == ' ') {
      one.request.headers.back().second += "\n" + header;
    } else {
      const std::size_t colon = header.find(':');
      one.request.headers.emplace_back(header.substr(0, colon), header.substr(colon + 1));
    }
    at = end + 1;
  }
  if (at < text.size()) one.body = text.substr(at + 1);
  one.request.body = one.body;
}

void read_case(Case& one, const fs::path& folder) {
  one.folder = folder;
  one.name = folder.filename();
  const auto context = json::parse_object(test::read_file(folder / "context.json")).value();
  const json::Object& keys = *context.find("credentials")->if_object();
  one.credentials.access_key_id = text_of(keys, "access_key_id");
  one.credentials.secret_access_key = SecretBytes::from_text(text_of(keys, "secret_access_key"));
  one.credentials.session_token = text_of(keys, "token");
  one.scope = {text_of(context, "region"), text_of(context, "service")};
  one.at = time_of(text_of(context, "timestamp"));
  one.options.normalizes_path = flag_of(context, "normalize");
  one.options.shows_body_hash = flag_of(context, "sign_body");
  one.options.signs_session_token = !flag_of(context, "omit_session_token");
  one.valid_for = std::to_string(context.find("expiration_in_seconds")->if_int().value_or(0));
  read_request(one, test::read_file(folder / "request.txt"));
}

void check_headers(const Case& one) {
  const Headers added = sign(one.request, one.credentials, one.scope, one.at, one.options);
  SignableRequest whole = one.request;
  for (const auto& header : added) {
    const bool is_after =
        header.first == "X-Amz-Security-Token" && !one.options.signs_session_token;
    if (header.first != "Authorization" && !is_after) whole.headers.push_back(header);
  }
  const std::string canonical = canonical_request(whole, one.options.normalizes_path);
  EXPECT_EQ(canonical, one.file("header-canonical-request.txt"));
  const std::string to_sign = string_to_sign(canonical, one.scope, one.at);
  EXPECT_EQ(to_sign, one.file("header-string-to-sign.txt"));
  EXPECT_EQ(signature(to_sign, one.credentials.secret_access_key, one.scope, one.at),
            one.file("header-signature.txt"));
  const std::string signed_request = one.file("header-signed-request.txt") + "\n";
  for (const auto& [name, value] : added)
    EXPECT_NE(signed_request.find(name + ":" + value + "\n"), signed_request.npos) << name;
}

// The form for links: the same three texts over a query that names the credentials.
void check_query(const Case& one) {
  SignableRequest link = one.request;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!link.query.empty()) link.query += '&';
    std::string encoded = http::form_encode(value);
    for (std::size_t plus; (plus = encoded.find('+')) != encoded.npos;)
      encoded.replace(plus, 1, "%20");
    link.query.append(name).append("=").append(encoded);
  };
  add("X-Amz-Algorithm", "AWS4-HMAC-SHA256");
  add("X-Amz-Credential",
      one.credentials.access_key_id + "/" + credential_scope(one.scope, one.at));
  add("X-Amz-Date", amz_date(one.at));
  add("X-Amz-SignedHeaders", signed_header_names(link.headers));
  add("X-Amz-Expires", one.valid_for);
  if (!one.credentials.session_token.empty() && one.options.signs_session_token) {
    add("X-Amz-Security-Token", one.credentials.session_token);
  }
  const std::string canonical = canonical_request(link, one.options.normalizes_path);
  EXPECT_EQ(canonical, one.file("query-canonical-request.txt"));
  const std::string to_sign = string_to_sign(canonical, one.scope, one.at);
  EXPECT_EQ(to_sign, one.file("query-string-to-sign.txt"));
  EXPECT_EQ(signature(to_sign, one.credentials.secret_access_key, one.scope, one.at),
            one.file("query-signature.txt"));
}

TEST(SigV4, makes_every_signature_of_the_aws_test_suite_F39) {
  SIGNET_VECTORS_OR_SKIP(suite, "aws-sigv4");
  int cases = 0;
  for (const auto& entry : fs::directory_iterator(suite)) {
    if (!fs::exists(entry.path() / "context.json")) continue;
    Case one;
    read_case(one, entry.path());
    SCOPED_TRACE(one.name);
    ++cases;
    if (fs::exists(entry.path() / "header-signature.txt")) check_headers(one);
    if (fs::exists(entry.path() / "query-signature.txt")) check_query(one);
  }
  EXPECT_GE(cases, 25);
}

TEST(SigV4, resolves_and_encodes_what_the_suite_leaves_open) {
  SignableRequest request;
  request.method = "GET";
  request.headers = {{"Host", " example.com "}, {"X-B", "a   b\t c"}, {"x-a", "1"}, {"X-b", "2"}};
  request.path = "/a//b/./../c%20d/";
  request.query = "b=2&a=%7e&a=+&c&b=1";
  const std::string canonical = canonical_request(request);
  EXPECT_EQ(canonical.substr(0, canonical.rfind('\n')),
            "GET\n/a/c%2520d/\na=%2B&a=~&b=1&b=2&c=\n"
            "host:example.com\nx-a:1\nx-b:a b c,2\n\nhost;x-a;x-b");
  request.path = "";
  EXPECT_EQ(canonical_request(request).substr(0, 6), "GET\n/\n");
}

}  // namespace
}  // namespace signet::secrets::aws

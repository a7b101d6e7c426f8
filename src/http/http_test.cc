#include "base/base64.h"
#include "http/cache.h"
#include "http/chunked.h"
#include "http/form.h"
#include "http/grammar.h"
#include "http/message.h"
#include "support/matchers.h"

namespace signet::http {
namespace {

using test::fails;
using test::is_ok;

TEST(Response, sec_212_a_header_value_that_would_split_the_response_breaks_it) {
  for (const std::string_view value : {"a\r\nSet-Cookie: x=1", "a\nb", "a\rb"}) {
    Response response;
    response.add("Location", value);
    EXPECT_TRUE(response.is_broken());
    EXPECT_EQ(response.header_lines(), "");
  }
  Response nul;
  nul.add("X", std::string_view("a\0b", 3));
  EXPECT_TRUE(nul.is_broken());
}

TEST(Response, framing_headers_are_the_servers_alone) {
  for (const char* name :
       {"Content-Length", "transfer-encoding", "Connection", "Date", "bad name", ""}) {
    Response response;
    response.add(name, "1");
    EXPECT_TRUE(response.is_broken()) << name;
  }
}

TEST(Response, finds_headers_without_regard_to_case_and_resets) {
  Response response;
  response.content_type("text/plain");
  response.add("ETag", "\"x\"");
  EXPECT_EQ(response.header("content-type"), "text/plain");
  EXPECT_EQ(response.header("etag"), "\"x\"");
  EXPECT_EQ(response.header("tag"), "");
  response.status = 404;
  response.reset();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("etag"), "");
}

TEST(Request, counts_and_finds_headers) {
  Request request;
  request.headers = {{"Host", "a"}, {"X-A", "1"}, {"x-a", "2"}};
  EXPECT_EQ(request.header("x-A"), "1");
  EXPECT_EQ(request.count("X-A"), 2u);
  EXPECT_EQ(request.header("missing"), "");
}

TEST(FormEncoding, is_undone_by_decoding) {
  std::string all;
  for (int c = 1; c < 128; ++c)
    all += static_cast<char>(c);
  std::string decoded = form_encode(all);
  decoded.resize(unescape_into(decoded, true, decoded.data()));
  EXPECT_EQ(decoded, all);
  EXPECT_EQ(form_encode("a b&\xC3\xA9*"), "a+b%26%C3%A9*");
  EXPECT_EQ(*percent_decode("a+b%20c"), "a+b c");
  EXPECT_EQ(percent_encode("a/b c~\xC3\xA9*", true), "a/b%20c~%C3%A9%2A");
  EXPECT_EQ(percent_encode("a/b", false), "a%2Fb");
  EXPECT_THAT(percent_decode("%0"), fails("percent_malformed"));
}

TEST(MediaType, is_told_whatever_its_case_and_parameters) {
  EXPECT_TRUE(is_media_type("Application/JSON ; charset=utf-8", "application/json"));
  EXPECT_TRUE(is_media_type("application/json", "application/json"));
  EXPECT_FALSE(is_media_type("application/jsonx", "application/json"));
  EXPECT_FALSE(is_media_type("", "application/json"));
}

TEST(Authorization, matches_the_scheme_without_case_and_as_a_whole_word) {
  EXPECT_EQ(authorization("bearer abc", "Bearer"), "abc");
  EXPECT_EQ(authorization("Bearer", "Bearer"), "");
  EXPECT_EQ(authorization("BearerX abc", "Bearer"), std::nullopt);
  EXPECT_EQ(authorization("Basic abc", "Bearer"), std::nullopt);
}

TEST(HttpUri, takes_absolute_http_uris_and_lowers_the_host) {
  const auto uri = parse_http_uri("HTTPS://Login.Example:8443/a/b?c=d");
  ASSERT_THAT(uri, is_ok());
  EXPECT_EQ(uri->scheme, "https");
  EXPECT_EQ(uri->host, "login.example");
  EXPECT_EQ(uri->port, 8443);
  EXPECT_EQ(uri->path, "/a/b");
  EXPECT_EQ(uri->query, "c=d");
  EXPECT_EQ(parse_http_uri("http://[::1]")->port, 80);
}

TEST(HttpUri, refuses_everything_else) {
  for (const char* text :
       {"", "/a", "//h/a", "ftp://h/", "https:///a", "https://", "https://u@h/", "https://u:p@h/",
        "https://h/#f", "https://h:99999/", "https://h:0/", "https://h/ a", "https://h/%zz",
        "https://%68/", "https://h\\a/", "javascript:alert(1)", "https://a,b/"}) {
    EXPECT_THAT(parse_http_uri(text), fails("uri_invalid")) << text;
  }
}

TEST(CanonicalPath, sec_208_a_path_with_two_readings_is_not_canonical) {
  for (const char* path :
       {"",       "a",      "//",     "//a",      "/a//b",     "/.",       "/..",    "/a/../b",
        "/a/./b", "/a/..",  "/a;x=1", "/..;/a",   "/%2e%2e/a", "/%2E/a",   "/a%2fb", "/a%2Fb",
        "/a%5cb", "/a%3bb", "/a%00",  "/a%0d%0a", "/a%7f",     "/a%252e",  "/a%",    "/a%4",
        "/a%zz",  "/a\\b",  "/a b",   "/a?b",     "/a#b",      "/\xC3\xA9"}) {
    EXPECT_FALSE(is_canonical_path(path)) << path;
  }
  for (const char* path :
       {"/", "/a", "/a/", "/a/b.json", "/a/...", "/a/b%20c", "/%C3%A9", "/a:b@c"}) {
    EXPECT_TRUE(is_canonical_path(path)) << path;
  }
}

TEST(Host, takes_names_and_addresses_only) {
  for (const char* host : {"a", "a.b:80", "a_b", "127.0.0.1:1", "[::1]", "[::1]:443", "a:"}) {
    EXPECT_TRUE(is_host(host)) << host;
  }
  for (const char* host : {"", ":80", "a b", "a/b", "u@a", "a:80:80", "a:x", "a:123456", "[]",
                           "[::1", "[::1]x", "[::g]", "a,b", "a%41", "http://a"}) {
    EXPECT_FALSE(is_host(host)) << host;
  }
}

TEST(HeadScanner, sec_203_refuses_every_line_that_parsers_read_differently) {
  for (const std::string_view head :
       {"GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n", "GET / HTTP/1.1\r\nA: b\r\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "GET / HTTP/1.1\r\n A: b\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\x01\r\n\r\n", "GET / HTTP/1.1\r\nA: \xFF\r\n\r\n", "\r\n", "\n"}) {
    HeadScanner scanner;
    EXPECT_EQ(scanner.scan(head), HeadScan::kBad) << head;
  }
  HeadScanner nul;
  EXPECT_EQ(nul.scan(std::string_view("GET / HTTP/1.1\r\nA: \0\r\n\r\n", 23)), HeadScan::kBad);
}

TEST(HeadScanner, finds_the_end_however_the_bytes_arrive) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  HeadScanner scanner;
  for (std::size_t n = 0; n < head.size(); ++n) {
    ASSERT_EQ(scanner.scan(head.substr(0, n)), HeadScan::kMore);
  }
  EXPECT_EQ(scanner.scan(head + "body"), HeadScan::kComplete);
  EXPECT_EQ(scanner.size(), head.size());
  EXPECT_EQ(scanner.lines(), 2u);
}

std::pair<ChunkedDecoder::State, std::string> dechunk(std::string raw, std::size_t step = 0,
                                                      std::size_t max = 1000) {
  ChunkedDecoder decoder(max);
  std::string buffer;
  auto state = ChunkedDecoder::State::kMore;
  while (!raw.empty() && state == ChunkedDecoder::State::kMore) {
    const std::size_t take = step == 0 ? raw.size() : std::min(step, raw.size());
    buffer += raw.substr(0, take);
    raw.erase(0, take);
    std::size_t size = buffer.size();
    state = decoder.decode(buffer.data(), size);
    buffer.resize(size);
  }
  if (state == ChunkedDecoder::State::kDone) {
    return {state,
            buffer.substr(0, decoder.body_size()) + "|" + buffer.substr(decoder.body_size()) + raw};
  }
  return {state, ""};
}

TEST(Chunked, decodes_in_place_however_the_bytes_arrive) {
  const std::string raw = "5\r\nhello\r\n6;a=b;c=\"d\\\"e\"\r\n world\r\n000\r\nX: y\r\n\r\nGET /";
  for (const std::size_t step : {0, 1, 2, 3, 7}) {
    const auto [state, text] = dechunk(raw, step);
    EXPECT_EQ(state, ChunkedDecoder::State::kDone);
    EXPECT_EQ(text, "hello world|GET /");
  }
}

TEST(Chunked, sec_203_refuses_loose_framing) {
  for (const char* raw :
       {"5\nhello\r\n0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n", " 5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n", "\r\n", "g\r\n",
        "5;\r\nhello\r\n0\r\n\r\n", "5;a=\r\nhello\r\n0\r\n\r\n", "5;a=\"b\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n", "5\r\nhelloX\r\n", "5\r\r\nhello", "000000005\r\nhello\r\n",
        "0\r\nbad trailer\r\n\r\n", "0\r\n: x\r\n\r\n", "0\r\nA : x\r\n\r\n", "0\r\nA: x\n\r\n"}) {
    EXPECT_EQ(dechunk(raw).first, ChunkedDecoder::State::kBad) << raw;
    EXPECT_EQ(dechunk(raw, 1).first, ChunkedDecoder::State::kBad) << raw;
  }
}

TEST(Chunked, keeps_its_limits) {
  EXPECT_EQ(dechunk("5\r\nhello\r\n0\r\n\r\n", 0, 4).first, ChunkedDecoder::State::kTooLarge);
  EXPECT_EQ(dechunk("ffffffff\r\n").first, ChunkedDecoder::State::kTooLarge);
  EXPECT_EQ(dechunk("1;" + std::string(300, 'a') + "\r\n").first, ChunkedDecoder::State::kBad);
  EXPECT_EQ(dechunk("0\r\nA: " + std::string(5000, 'a') + "\r\n\r\n").first,
            ChunkedDecoder::State::kBad);
}

TEST(ETag, is_compared_weakly_in_a_list) {
  EXPECT_TRUE(etag_matches("\"a\"", "\"a\""));
  EXPECT_TRUE(etag_matches("W/\"a\"", "\"a\""));
  EXPECT_TRUE(etag_matches("\"x\", W/\"b,c\" , \"a\"", "W/\"a\""));
  EXPECT_TRUE(etag_matches(" * ", "\"a\""));
  for (const char* list : {"", "a", "\"b\"", "\"a", "\"b\" \"", "W/a"}) {
    EXPECT_FALSE(etag_matches(list, "\"a\"")) << list;
  }
}

TEST(HttpUri, a_host_that_begins_like_an_address_is_not_that_address) {
  EXPECT_THAT(parse_http_uri("http://127.0.0.1.example.com:1/x"), fails("uri_invalid"));
  EXPECT_THAT(parse_http_uri("http://127.0.0.1.example.com"), fails("uri_invalid"));
  EXPECT_THAT(parse_http_uri("http://127.0.0.1.example.com/x"), fails("uri_invalid"));
  EXPECT_EQ(parse_http_uri("http://127.0.0.1:81/x?y")->port, 81);
}

}  // namespace
}  // namespace signet::http

// Requests that two parsers would cut apart differently (sec_203): one answer, then the end.

#include <sstream>

#include "base/json.h"
#include "net/raw_client.h"
#include "support/matchers.h"
#include "support/vectors.h"

namespace signet::net {
namespace {

std::size_t count(std::string_view text, std::string_view piece) {
  std::size_t n = 0;
  for (auto at = text.find(piece); at != text.npos; at = text.find(piece, at + 1))
    ++n;
  return n;
}

// Sends everything, ends sending, and gives all that came back.
std::string exchange(std::uint16_t port, std::string_view bytes) {
  RawClient client(port);
  client.send(bytes);
  client.finish_sending();
  return client.receive_all();
}

bool is_refused_once(const std::string& answer) {
  const int status = answer.size() > 12 ? std::stoi(answer.substr(9, 3)) : 0;
  return count(answer, "HTTP/1.1 ") == 1 && (status == 400 || status == 505) &&
         answer.find("\r\nConnection: close\r\n") != answer.npos;
}

TEST(Smuggling, sec_203_what_frames_a_message_in_two_ways_is_refused) {
  TestServer server(echo);
  const std::string start = "POST / HTTP/1.1\r\nHost: h\r\n";
  const std::string after = "\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const std::string fields : {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                                   "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                                   "Content-Length: 5\r\nContent-Length: 5\r\n",
                                   "Content-Length: 5\r\nContent-Length: 6\r\n",
                                   "Content-Length: 5, 5\r\n",
                                   "Content-Length: +5\r\n",
                                   "Content-Length: 0x5\r\n",
                                   "Content-Length: -1\r\n",
                                   "Content-Length: 5 5\r\n",
                                   "Content-Length:\r\n",
                                   "Content-Length: 99999999999999999999\r\n",
                                   "Transfer-Encoding: identity\r\n",
                                   "Transfer-Encoding: gzip, chunked\r\n",
                                   "Transfer-Encoding: chunked, chunked\r\n",
                                   "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                                   "Transfer-Encoding: \"chunked\"\r\n",
                                   "Transfer-Encoding:\r\n",
                                   "Transfer-Encoding : chunked\r\n",
                                   "Content-Length : 5\r\n",
                                   "Host: other\r\n",
                                   "A: b\r\n c\r\n",
                                   "A: b\rContent-Length: 5\r\n",
                                   "A: b\nContent-Length: 5\r\n",
                                   ": empty\r\n",
                                   "A\r\n",
                                   "A b: c\r\n",
                                   "A\x01: c\r\n",
                                   "A: \x01\r\n",
                                   "A: \x7F\r\n",
                                   "A: \xFF\r\n"}) {
    EXPECT_TRUE(is_refused_once(exchange(server.port(), start + fields + after))) << fields;
  }
  const std::string nul = start + std::string("A: \0\r\n", 6) + after;
  EXPECT_TRUE(is_refused_once(exchange(server.port(), nul)));
  for (const std::string head :
       {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n", "GET / HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n", "GET / HTTP/1.1\r\nHost: a b\r\n", "GET /\r\nHost: h\r\n",
        "GET  / HTTP/1.1\r\nHost: h\r\n", "GET / HTTP/1.1 \r\nHost: h\r\n",
        "GET / http/1.1\r\nHost: h\r\n", "GET /\x0b HTTP/1.1\r\nHost: h\r\n",
        " GET / HTTP/1.1\r\nHost: h\r\n", "G@T / HTTP/1.1\r\nHost: h\r\n",
        "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n",
        "GET / HTTP/1.1\nHost: h\r\n", "GET / HTTP/01.1\r\nHost: h\r\n",
        "GET / HTTP/1.\r\nHost: h\r\n"}) {
    EXPECT_TRUE(is_refused_once(exchange(server.port(), head + after))) << head;
  }
}

TEST(Smuggling, sec_203_f_30_every_mutation_of_transfer_encoding_gives_one_refusal) {
  SIGNET_VECTORS_OR_SKIP(folder, "http1-smuggling");
  TestServer server(echo);
  const auto rows = json::parse(signet::test::read_file(folder / "te-variants.json"));
  ASSERT_THAT(rows, test::is_ok());
  std::size_t sent = 0;
  for (const auto& row : *rows->if_array()) {
    std::string field;  // Latin-1: one character, one byte
    const std::string& text = *row.get("headerLatin1")->if_string();
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      field +=
          c < 0x80
              ? text[i]
              : static_cast<char>(((c & 3) << 6) | (static_cast<unsigned char>(text[++i]) & 0x3F));
    }
    for (const bool first : {true, false}) {
      const std::string lines =
          first ? field + "\r\nContent-Length: 6\r\n" : "Content-Length: 6\r\n" + field + "\r\n";
      const std::string answer =
          exchange(server.port(), "POST / HTTP/1.1\r\nHost: h\r\n" + lines +
                                      "\r\n0\r\n\r\nGGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
      ++sent;
      EXPECT_TRUE(is_refused_once(answer))
          << *row.get("name")->if_string() << " " << testing::PrintToString(field);
    }
  }
  EXPECT_GE(sent, 2 * 1326u);
  EXPECT_EQ(server.stats().requests_total, 0u);
  EXPECT_EQ(server.stats().bad_requests_total, sent);
}

struct Block {
  std::string title, meta, request, log;
};

// The notation of the files: CRLF for a line end, and \r \n \t \f; \ at a line end joins two lines.
std::string unescape(std::string_view raw) {
  std::string out;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\n') {
      out += "\r\n";
    } else if (raw[i] != '\\' || i + 1 == raw.size()) {
      out += raw[i];
    } else {
      const char next = raw[++i];
      const std::size_t at = std::string_view("rntf\n").find(next);
      if (at == std::string_view::npos) {
        out.append("\\").append(1, next);
      } else if (at < 4) {
        out += "\r\n\t\f"[at];
      }
    }
  }
  return out;
}

std::vector<Block> blocks(const std::string& text) {
  std::vector<Block> found;
  Block block;
  std::istringstream lines(text);
  std::string* fence = nullptr;  // what the lines belong to
  std::string raw;
  for (std::string line; std::getline(lines, line);) {
    if (fence != nullptr && line == "```") {
      if (fence == &raw && !raw.empty()) raw.pop_back();
      if (fence == &block.log) {
        block.request = unescape(raw);
        found.push_back(std::exchange(block, {}));
        raw.clear();
      }
      fence = nullptr;
    } else if (fence != nullptr) {
      *fence += line + "\n";
    } else if (line == "```http") {
      fence = &raw;
      raw.clear();
    } else if (line == "```log") {
      fence = &block.log;
    } else if (line.starts_with("#")) {
      block.title = line;
    } else if (line.starts_with("<!-- meta=")) {
      block.meta = line;
    }
  }
  return found;
}

TEST(Smuggling, sec_203_what_a_strict_parser_refuses_is_refused) {
  SIGNET_VECTORS_OR_SKIP(folder, "http1-llhttp");
  TestServer server(echo);
  std::size_t refused = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".md" || file.path().stem() == "README") continue;
    for (const Block& block : blocks(signet::test::read_file(file))) {
      if (block.log.find(" error code=") == std::string::npos) continue;
      if (block.meta.find("\"request") == std::string::npos) continue;
      // Pauses of that parser's own interface (21 to 24) are no errors of the request.
      const bool is_pause = block.log.find("error code=2") != std::string::npos &&
                            block.log.find("ause") != std::string::npos;
      if (is_pause && !block.request.starts_with("CONNECT ")) continue;
      const bool is_after_close = block.log.find("error code=5 ") != std::string::npos;
      for (const bool with_host : {false, true}) {
        std::string request = block.request;
        const std::size_t line = request.find("\r\n");
        if (with_host) {
          if (request.find("Host:") != request.npos || line == request.npos) continue;
          request.insert(line + 2, "Host: h\r\n");
        }
        const std::string answer = exchange(server.port(), request);
        if (is_after_close) {
          EXPECT_EQ(count(answer, "HTTP/1.1 "), 1u) << block.title << "\n" << request;
        } else {
          EXPECT_TRUE(is_refused_once(answer)) << file.path().stem() << ": " << block.title << "\n"
                                               << request << "\n-> " << answer << block.log;
        }
        ++refused;
      }
    }
  }
  EXPECT_GE(refused, 40u);
  std::cout << refused << " requests of llhttp refused\n";
}

}  // namespace
}  // namespace signet::net

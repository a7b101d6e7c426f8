// A warm connection answers without touching the heap. This program's operator new counts.

// Sanitizers bring an operator new of their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include <atomic>

#include "net/raw_client.h"
#include "support/counted_new.h"
#include "support/matchers.h"

namespace signet::net {
namespace {

TEST(HttpServer, a_warm_connection_allocates_nothing) {
  // As its thread stood when it answered last: the client in this process allocates too.
  std::atomic<std::uint64_t> allocations{0};
  TestServer server([&allocations](Exchange& exchange) {
    allocations = signet::test::allocations;
    exchange.response().content_type("application/json");
    exchange.response().body.append(R"({"keys":[],"a text":"beyond what a small string holds"})");
  });
  RawClient client(server.port());
  const std::string_view get = "GET /a?b=c HTTP/1.1\r\nHost: h\r\nUser-Agent: x\r\n\r\n";
  const std::string_view post = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
  for (int i = 0; i < 20; ++i)
    client.ask(i % 2 == 0 ? get : post);
  const std::uint64_t before = allocations;
  for (int i = 0; i < 1000; ++i)
    client.ask(i % 2 == 0 ? get : post);
  EXPECT_EQ(allocations - before, 0u);
}

}  // namespace
}  // namespace signet::net

#endif

// A warm connection answers without touching the heap. This program's operator new counts.

#include <atomic>
#include <cstdlib>
#include <new>

#include "net/raw_client.h"
#include "support/matchers.h"

// Sanitizers bring an operator new of their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

// Of the threads that have asked to be counted only: the client in this process allocates too.
thread_local bool t_counted = false;
std::atomic<std::uint64_t> g_allocations{0};

}  // namespace

void* operator new(std::size_t size) {
  if (t_counted) g_allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace signet::net {
namespace {

TEST(HttpServer, a_warm_connection_allocates_nothing) {
  TestServer server([](Exchange& exchange) {
    t_counted = true;
    exchange.response().content_type("application/json");
    exchange.response().body.append(R"({"keys":[],"a text":"beyond what a small string holds"})");
  });
  RawClient client(server.port());
  const std::string_view get = "GET /a?b=c HTTP/1.1\r\nHost: h\r\nUser-Agent: x\r\n\r\n";
  const std::string_view post = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
  for (int i = 0; i < 20; ++i)
    client.ask(i % 2 == 0 ? get : post);
  const std::uint64_t before = g_allocations;
  for (int i = 0; i < 1000; ++i)
    client.ask(i % 2 == 0 ? get : post);
  EXPECT_EQ(g_allocations - before, 0u);
}

}  // namespace
}  // namespace signet::net

#endif

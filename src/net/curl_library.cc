#include "net/curl_library.h"

#include <curl/curl.h>
#include <malloc.h>

#include <cstdlib>
#include <cstring>

#include "base/secret_bytes.h"

namespace signet::net {
namespace {

void wiping_free(void* memory) {
  if (memory == nullptr) return;
  wipe(memory, ::malloc_usable_size(memory));
  std::free(memory);
}

void* plain_malloc(std::size_t size) {
  return std::malloc(size);
}

void* plain_calloc(std::size_t count, std::size_t size) {
  return std::calloc(count, size);
}

void* wiping_realloc(void* memory, std::size_t size) {
  if (memory == nullptr) return std::malloc(size);
  const std::size_t have = ::malloc_usable_size(memory);
  if (size <= have) return memory;
  void* larger = std::malloc(size);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, memory, have);
  wiping_free(memory);
  return larger;
}

char* plain_strdup(const char* text) {
  return ::strdup(text);
}

}  // namespace

Status init_curl() {
  static const CURLcode made = ::curl_global_init_mem(
      CURL_GLOBAL_DEFAULT, plain_malloc, wiping_free, wiping_realloc, plain_strdup, plain_calloc);
  if (made == CURLE_OK) return Done{};
  return Error{Code::kInternal, "outbound_library", "libcurl cannot be set up"};
}

}  // namespace signet::net

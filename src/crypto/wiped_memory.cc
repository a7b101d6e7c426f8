#include "crypto/wiped_memory.h"

#include <malloc.h>
#include <openssl/crypto.h>

#include <cstdlib>
#include <cstring>

#include "base/secret_bytes.h"

namespace signet::crypto {

void* give_wiped(std::size_t size, const char*, int) {
  return size == 0 ? nullptr : std::malloc(size);
}

void* resize_wiped(void* memory, std::size_t size, const char* file, int line) {
  if (memory == nullptr) return give_wiped(size, file, line);
  if (size == 0) {
    take_and_wipe(memory, file, line);
    return nullptr;
  }
  const std::size_t held = ::malloc_usable_size(memory);
  if (size <= held) return memory;
  void* larger = std::malloc(size);
  if (larger == nullptr) return nullptr;  // and what there was stays, as realloc has it
  std::memcpy(larger, memory, held);
  take_and_wipe(memory, file, line);
  return larger;
}

void take_and_wipe(void* memory, const char*, int) {
  if (memory == nullptr) return;
  wipe(memory, ::malloc_usable_size(memory));
  std::free(memory);
}

bool wipe_library_memory() {
  CRYPTO_malloc_fn current = nullptr;
  CRYPTO_get_mem_functions(&current, nullptr, nullptr);
  return current == CRYPTO_malloc &&
         CRYPTO_set_mem_functions(give_wiped, resize_wiped, take_and_wipe) == 1;
}

}  // namespace signet::crypto

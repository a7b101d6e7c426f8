#include "crypto/init.h"

#include <openssl/crypto.h>
#include <sodium.h>

#include "crypto/fetched.h"
#include "crypto/wiped_memory.h"

namespace signet::crypto {
namespace {

// Pages are locked when first touched, so an unused heap costs only address space. Once full,
// OpenSSL fails rather than falling back, hence room for thousands of keys times the workers.
constexpr std::size_t kSecureHeapBytes = 16 << 20;
constexpr std::size_t kSecureHeapSmallest = 32;

}  // namespace

Status init() {
  // False in tests that used OpenSSL before or set functions of their own; main() comes first.
  static_cast<void>(wipe_library_memory());
  // 2 means that the system refused to lock it (RLIMIT_MEMLOCK): still usable, still wiped.
  if (!CRYPTO_secure_malloc_initialized() &&
      CRYPTO_secure_malloc_init(kSecureHeapBytes, kSecureHeapSmallest) == 0) {
    return Error{Code::kInternal, "crypto_init_failed", "no memory for OpenSSL's secure heap"};
  }
  if (::sodium_init() < 0) {
    return Error{Code::kInternal, "crypto_init_failed", "libsodium cannot start"};
  }
  fetch_all();
  return Done{};
}

}  // namespace signet::crypto

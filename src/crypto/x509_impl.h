#pragma once
// Only for the sources of this room.

#include "crypto/openssl_ptr.h"
#include "crypto/x509.h"

namespace signet::crypto {

struct Certificate::Impl {
  X509Ptr x509;
  Bytes der;
  Instant not_before, not_after;
};

inline void free_x509_stack(STACK_OF(X509) * stack) {
  sk_X509_free(stack);
}
using X509Stack = Owned<STACK_OF(X509), free_x509_stack>;
/// The certificates without taking them over. Null on failure.
X509Stack stack_of(const std::vector<Certificate>& certificates);

}  // namespace signet::crypto

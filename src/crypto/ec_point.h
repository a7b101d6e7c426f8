#pragma once
// A recipient's point on P-256 or P-521, and ECDH with it by OpenSSL's arithmetic of points and a
// key pair that serves once. Through EVP the same two products cost a quarter more, for key objects
// that are made and thrown away (docs/adr/0005). Only for the sources of this room.

#include <openssl/ec.h>

#include "crypto/openssl_ptr.h"
#include "crypto/sender.h"

namespace signet::crypto {

/// Immutable; share it between threads.
class EcPoint {
 public:
  /// Null if the library ran out of memory. `key` was checked when it was made.
  static std::shared_ptr<const EcPoint> make(const PublicKey& key);
  /// "crypto_library_failed".
  Result<EcdhSender::Agreement> agree() const;

 private:
  using GroupPtr = Owned<EC_GROUP, EC_GROUP_free>;
  using PointPtr = Owned<EC_POINT, EC_POINT_clear_free>;

  std::size_t field_ = 0;  ///< bytes of a coordinate
  GroupPtr group_;
  PointPtr point_;
};

}  // namespace signet::crypto

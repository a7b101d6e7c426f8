#pragma once
// Typed calls in one PKCS#11 session.

#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "secrets/stores/pkcs11/library.h"

namespace signet::secrets::pkcs11 {

using Object = CK_OBJECT_HANDLE;

/// One attribute of a template; owns its bytes.
struct Attribute {
  CK_ATTRIBUTE_TYPE type;
  Bytes bytes;

  static Attribute number(CK_ATTRIBUTE_TYPE type, CK_ULONG value);
  static Attribute flag(CK_ATTRIBUTE_TYPE type, bool value);
  static Attribute text(CK_ATTRIBUTE_TYPE type, std::string_view value);
};
using Template = std::vector<Attribute>;

/// Objects of this class, and with this attribute.
inline Template of_class(CK_OBJECT_CLASS type) {
  return {Attribute::number(CKA_CLASS, type)};
}
inline Template of_class(CK_OBJECT_CLASS type, const Attribute& attribute) {
  return {Attribute::number(CKA_CLASS, type), attribute};
}

/// A mechanism with its parameters; owns them.
struct Mechanism {
  CK_MECHANISM_TYPE type = 0;
  Bytes parameter;
};

/// A session of a token, logged in. Used by one thread at a time; errors as failed() tells them.
class Session {
 public:
  Session(const CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE handle)
      : f_(functions), handle_(handle) {}

  /// At most 10,000 objects: "pkcs11_too_many_objects" (kConfig).
  Result<std::vector<Object>> find(const Template& wanted);
  /// The values, absent where the token does not tell.
  Result<std::vector<std::optional<Bytes>>> read(Object object,
                                                 std::span<const CK_ATTRIBUTE_TYPE> types);
  Result<Bytes> sign(const Mechanism& mechanism, Object key, ByteView data);
  Result<SecretBytes> decrypt(const Mechanism& mechanism, Object key, ByteView data);
  /// The bytes of the key that `wrapped` holds: a session object that is destroyed again.
  Result<SecretBytes> unwrap(const Mechanism& mechanism, Object key, ByteView wrapped);
  Result<Object> generate_pair(const Mechanism& mechanism, const Template& public_half,
                               const Template& private_half, Object& public_object);
  Result<Object> generate_key(const Mechanism& mechanism, const Template& secret);
  Status destroy(Object object);

 private:
  const CK_FUNCTION_LIST& f_;
  CK_SESSION_HANDLE handle_;
};

/// Readers of what read() gave.
CK_ULONG number_in(const std::optional<Bytes>& value, CK_ULONG otherwise);
bool flag_in(const std::optional<Bytes>& value, bool otherwise);

}  // namespace signet::secrets::pkcs11

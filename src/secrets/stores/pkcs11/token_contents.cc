// What is on a token altogether.

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.h"
#include "crypto/digest.h"
#include "secrets/stores/pkcs11/key_reader.h"

namespace signet::secrets::pkcs11 {

Result<std::vector<std::string>> read_labels(Session& session) {
  std::vector<std::string> labels;
  for (const CK_OBJECT_CLASS type :
       {CKO_PRIVATE_KEY, CKO_SECRET_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE}) {
    TRY(const std::vector<Object> objects, session.find(of_class(type)));
    for (const Object object : objects) {
      static constexpr CK_ATTRIBUTE_TYPE kTypes[] = {CKA_LABEL};
      TRY(const auto values, session.read(object, kTypes));
      if (values[0] && !values[0]->empty()) labels.emplace_back(as_text(*values[0]));
    }
  }
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  return labels;
}

Result<std::string> read_fingerprint(Session& session, const Place& place) {
  crypto::Hasher hasher(crypto::Hash::kSha256);
  const auto add = [&](ByteView bytes) {
    const std::uint64_t size = bytes.size();
    std::array<std::uint8_t, sizeof size> length;
    std::memcpy(length.data(), &size, sizeof size);
    hasher.update(length).update(bytes);
  };
  add(as_bytes(place.serial));
  for (const CK_OBJECT_CLASS type :
       {CKO_PRIVATE_KEY, CKO_SECRET_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE}) {
    TRY(std::vector<Object> objects, session.find(of_class(type)));
    std::sort(objects.begin(), objects.end());
    for (const Object object : objects) {
      static constexpr CK_ATTRIBUTE_TYPE kTypes[] = {CKA_LABEL, CKA_ID, CKA_MODULUS, CKA_EC_POINT,
                                                     CKA_SIGN};
      TRY(const auto values, session.read(object, kTypes));
      add(as_bytes(std::to_string(type) + "/" + std::to_string(object)));
      for (const auto& value : values)
        add(value ? ByteView(*value) : ByteView());
    }
  }
  return hex(hasher.finish());
}

}  // namespace signet::secrets::pkcs11

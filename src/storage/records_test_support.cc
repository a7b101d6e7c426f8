#include "crypto/digest.h"
#include "storage/test_records.h"

namespace signet::storage::test {

Bytes hash_of(std::string_view text) {
  const auto hash = crypto::sha256(as_bytes(text));
  return Bytes(hash.begin(), hash.end());
}
Instant at(std::int64_t seconds) {
  return from_unix_seconds(1'700'000'000 + seconds);
}
Document client(std::string id, std::string text) {
  return {"client", kRealm, std::move(id), std::move(text)};
}
TokenRecord token(std::string_view value, Instant expires) {
  return {hash_of(value), kRealm, ClientId("app"), "access", at(0), expires, R"({"sub":"app"})"};
}
KeyRecord key(std::string kid) {
  KeyRecord key;
  key.realm = kRealm;
  key.secret_id = "oauth.sign";
  key.kid = KeyId(std::move(kid));
  key.state = "prepared";
  key.public_jwk = R"({"kty":"EC"})";
  key.published = at(1);
  return key;
}
AuditEvent event(std::string name) {
  return {0, at(7), kRealm, std::move(name), "admin", R"({"why":"test"})"};
}

}  // namespace signet::storage::test

#pragma once
// For the tests of this room: records, with what they need not say.

#include <string>
#include <string_view>

#include "storage/storage.h"
#include "support/matchers.h"

namespace signet::storage::test {

using signet::test::fails;
using signet::test::fails_with_code;
using signet::test::is_ok;

inline const RealmName kRealm{"alpha"};

Bytes hash_of(std::string_view text);
Instant at(std::int64_t seconds);
Document client(std::string id, std::string text = "{}");
TokenRecord token(std::string_view value, Instant expires = at(3600));
KeyRecord key(std::string kid);
AuditEvent event(std::string name);

template <class T>
Result<T> now(Task<T> task) {
  return async::run_now<T>(std::move(task));
}

}  // namespace signet::storage::test

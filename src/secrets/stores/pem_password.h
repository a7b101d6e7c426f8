#pragma once
// The password of encrypted PEM files, which another store holds.

#include <functional>
#include <memory>

#include "secrets/stores/store.h"

namespace signet::secrets {

/// Whose text is the password of every encrypted PEM.
const SecretId& pem_password_id();

/// The text behind a password's secret ID. kConfig "password_missing", "secret_wrong_kind";
/// transient failures as they are.
Task<std::shared_ptr<const SecretBytes>> find_password(PasswordLookup lookup, SecretId id);

/// How a value is read, given the PEM password if there is one.
using ReadWithPassword =
    std::function<Result<std::vector<Secret>>(std::optional<ByteView> pem_password)>;

/// Runs `read` on the pool, first without the PEM password; if that ends in "pem_password_missing",
/// finds the password and reads once more. Most PEM files have no password, and the password itself
/// may be in this very store: so it is asked for only where it is needed, and never for itself.
Task<std::vector<Secret>> read_with_pem_password(StoreContext context, SecretId id,
                                                 ReadWithPassword read);

}  // namespace signet::secrets

#pragma once
// What the value of a secret of Key Vault is, by its content type. Dry.

#include <optional>

#include "secrets/stores/azure/key_vault_wire.h"
#include "secrets/stores/value_format.h"

namespace signet::secrets::azure {

inline constexpr std::string_view kPfxType = "application/x-pkcs12";
inline constexpr std::string_view kPemType = "application/x-pem-file";

/// A PKCS#12 store without a password, as Key Vault hands certificates out: one private key and its
/// chain. kConfig "keystore_ambiguous" where it holds another number of keys; those of
/// crypto::read_pkcs12.
Result<std::vector<Secret>> secrets_of_pfx(ByteView der);

/// A certificate with its key in base64 PKCS#12 or in PEM; everything else as `format` says.
Result<ReadValue> read_secret(const SecretBundle& bundle, ValueFormat format,
                              const EncodingKeys* keys, std::optional<ByteView> pem_password);

}  // namespace signet::secrets::azure

#pragma once
// JKS and JCEKS, the JDK's own kinds of keystore, as keytool writes them (version 2) and as it did
// long ago (version 1).

#include "keystores/entry.h"

namespace signet::keystores {

/// True if the file begins as a JKS (JCEKS) store does.
bool is_jks(ByteView file);
bool is_jceks(ByteView file);

struct JksOptions {
  /// None: the integrity of the store is not checked.
  std::optional<ByteView> store_password;
  /// Of the keys; none: the store's.
  std::optional<ByteView> key_password;
  /// What opening keys may cost (of JCEKS; two MD5 digests each) before the store password has
  /// proven that the file is from somebody who knows it, and after. The JDK asks for 200,000 per
  /// key.
  std::int64_t most_iterations_unproven = 2'000'000;
  std::int64_t most_iterations = 20'000'000;
};

/// Entries in file order. A key that cannot be served, or whose password is another, does not fail
/// the store: its entry says so in `unusable`. Of two entries with one alias the later stands.
/// For the whole store: "keystore_password_wrong"; "keystore_changed", where the store password
/// opens a key in it and the store is not as it was written; "keystore_malformed" for what is cut
/// or was never a store; "keystore_version_unknown"; "keystore_secret_key_unknown", which leaves no
/// way to find the next entry; "keystore_iterations_excessive"; and "keystore_too_large" for more
/// than 4 MiB, 10,000 entries or 64 certificates in a chain.
Result<std::vector<Entry>> read_jks(ByteView file, const JksOptions& options);

}  // namespace signet::keystores

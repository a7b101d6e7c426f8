#pragma once

#include <string_view>

#include "oauth/endpoints/client_call.h"

namespace signet::oauth {

/// A token of ours that a client showed us, opened and checked.
struct FoundToken {
  jose::Claims claims;  ///< without the private one
  /// For which resource server it was encrypted; empty where none was named.
  std::string resource_server;
  tokens::Shape shape = tokens::Shape::kUnknown;
};

/// Opens a JWT, an encrypted JWT, or a JWT inside an encrypted one with this realm's keys:
/// signature or tag, issuer, type and time. Whether it was revoked is not looked at. Any failure is
/// the token's own.
/// `direct_keys`: of the resource server that a token by `dir` was encrypted for.
Result<FoundToken> open_self_contained(const RealmRuntime& realm, std::string_view token,
                                       Instant now, std::span<const jose::KeyPtr> direct_keys = {});
/// The kid by which those are found; null for a token that needs none.
std::optional<std::string> direct_kid(const RealmRuntime& realm, std::string_view token);

/// Whether open_self_contained() failed only because the key's box must be asked.
bool needs_box(const Result<FoundToken>& opened);
/// What came of asking it.
struct BoxAnswer {
  Result<FoundToken> opened;
};
/// As open_self_contained(), with the MAC checked in the key's box. Only what is wrong with the
/// token is in the answer; a box that cannot tell is a failure of the task.
Task<BoxAnswer> open_in_box(const Services& services, RealmRuntimePtr realm, std::string token,
                            Instant now, DirectKeysPtr direct_keys);

/// Whether open_self_contained() failed because the token names a key that this realm does not
/// have, and it is time to look whether another instance has it by now (keys.md rule 7).
bool needs_refresh(const Services& services, const RealmRuntime& realm,
                   const Result<FoundToken>& opened);
/// Whether it failed because the token names a key that is not here, and a store cannot be asked
/// that may hold it: then nobody can say what the token is worth. Null if not.
const Error* unknown_key(const RealmRuntime& realm, const Result<FoundToken>& opened);
/// The realm with the rings of after such a look; the same one if nothing changed.
Task<RealmRuntimePtr> with_new_rings(const Services& services, RealmRuntimePtr realm);

/// What the record of an opaque one says; not yet whether it holds here and now.
Result<FoundToken> read_record(const storage::TokenRecord& record);
/// Realm, kind, issuer and time, as for a self-contained one.
Status check_record(const RealmRuntime& realm, const storage::TokenRecord& record,
                    const FoundToken& found, Instant now);

/// Whether `caller` may learn about this token (sec_060).
bool concerns(const Client& caller, const FoundToken& token);

/// The client_id claim.
std::string_view client_of(const FoundToken& token);

}  // namespace signet::oauth

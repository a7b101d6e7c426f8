#pragma once

#include "oauth/endpoints/realm_directory.h"

namespace signet::oauth {

/// The client that test tokens are issued to. No client may be registered under this name's space:
/// it is not a valid client id.
inline constexpr std::string_view kTestClient = "resource server test";

/// An access token for this resource server, made exactly as a client's would be, that lives for a
/// minute at most: for operators who want to see that a resource server can read it. Fails as the
/// token endpoint would, with the operator's reason.
Task<std::string> issue_test_token(const Services& services, RealmDirectory& directory,
                                   RealmName realm, std::string resource_server);

}  // namespace signet::oauth

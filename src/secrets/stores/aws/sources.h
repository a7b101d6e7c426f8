#pragma once
// The places where credentials come from, one function each. Null: this place is not configured.
// An error: it is configured and did not give any; the chain stops there, so that a server never
// runs as somebody else than it was told to.

#include "secrets/stores/aws/access.h"
#include "secrets/stores/aws/credentials.h"
#include "secrets/stores/aws/profiles.h"

namespace signet::secrets::aws {

/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. kConfig "aws_credentials_partial".
Result<CredentialsPtr> from_environment(const Access& access);

/// AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN: sts:AssumeRoleWithWebIdentity.
Task<CredentialsPtr> from_web_identity(AccessPtr access, std::string region);

/// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI (ECS, EKS Pod Identity, Greengrass).
/// kConfig "aws_container_uri_denied" for a host that is not allowed.
Task<CredentialsPtr> from_container(AccessPtr access);

/// The instance metadata service, version 2 alone: version 1 is open to any request that can be
/// forged. Null where AWS_EC2_METADATA_DISABLED. kUnavailable where nobody answers.
Task<CredentialsPtr> from_instance(AccessPtr access);
/// The region that the instance is in.
Task<std::string> region_of_instance(AccessPtr access);

/// Both profile files, as AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE or HOME say; absent files
/// are empty.
Task<Profiles> read_profiles(AccessPtr access);

/// sts:AssumeRoleWithWebIdentity by hand: the token of the file, for the role.
Task<CredentialsPtr> assume_with_token(AccessPtr access, std::string region, std::string role_arn,
                                       std::string session, std::string token_file);
/// sts:AssumeRole, signed with `by`.
Task<CredentialsPtr> assume_role(AccessPtr access, std::string region, std::string role_arn,
                                 std::string session, std::string external_id, CredentialsPtr by);

}  // namespace signet::secrets::aws

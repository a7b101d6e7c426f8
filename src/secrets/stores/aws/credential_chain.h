#pragma once
// Who the server is to AWS, found in the order of AWS's own tools and kept fresh.

#include <mutex>

#include "async/single_flight.h"
#include "secrets/stores/aws/sources.h"

namespace signet::secrets::aws {

/// The credentials and the region of one store. Shared by all threads.
///
/// The order: environment; a profile with role_arn; web identity; a profile with keys; container;
/// instance. Long-lived credentials are kept; others are asked for anew ten minutes before they
/// expire, by one caller at a time; while that fails, the old ones go on being used, past their end
/// too: AWS extends them when its own services are in trouble.
class CredentialChain : public std::enable_shared_from_this<CredentialChain> {
 public:
  explicit CredentialChain(AccessPtr access) : access_(std::move(access)) {}

  /// kConfig "aws_credentials_missing" (nothing is configured, and there is no instance role),
  /// "aws_profile_missing", "aws_profile_unsupported", "aws_profile_incomplete" and what the
  /// sources say; kUnavailable and kTimeout where a source does not answer.
  Task<CredentialsPtr> get();
  /// Takes back credentials that AWS has refused: the next get() finds new ones.
  void forget(CredentialsPtr refused);

  /// The store's setting, AWS_REGION, AWS_DEFAULT_REGION, the profile's, the instance's. kConfig
  /// "aws_region_missing".
  Task<std::string> region();

 private:
  CredentialsPtr still_good() const;
  Task<CredentialsPtr> refresh();
  Task<CredentialsPtr> find();
  Task<CredentialsPtr> from_profile(Profiles profiles, std::string region, std::string name,
                                    int depth);
  Task<CredentialsPtr> from_source(Profile profile);
  Task<std::string> find_region();
  std::string profile_name() const;
  bool is_profile_named() const;
  std::string configured_region(const Profiles& profiles) const;

  AccessPtr access_;
  async::SingleFlight<CredentialsPtr> refreshing_;
  mutable std::mutex mutex_;
  CredentialsPtr last_;
  Milliseconds next_try_{0};  ///< of the monotone clock
  std::string region_;
};

}  // namespace signet::secrets::aws

#include "secrets/stores/aws/credential_chain.h"

#include "base/log.h"
#include "base/text.h"
#include "secrets/stores/aws/wire.h"
#include "secrets/stores/config_error.h"

namespace signet::secrets::aws {
namespace {

constexpr auto kRefreshAhead = std::chrono::minutes(10);
constexpr auto kBetweenTries = std::chrono::minutes(1);
constexpr int kDeepestProfile = 5;

std::string setting(const Profile& profile, const std::string& name) {
  const auto found = profile.find(name);
  return found == profile.end() ? std::string() : found->second;
}

const Profile* find_profile(const Profiles& profiles, const std::string& name) {
  const auto found = profiles.find(name);
  return found == profiles.end() ? nullptr : &found->second;
}

bool assumes_a_role(const Profile* profile) {
  return profile && !setting(*profile, "role_arn").empty();
}

Result<CredentialsPtr> keys_of(const Profile& profile, const std::string& name) {
  Credentials credentials;
  credentials.access_key_id = setting(profile, "aws_access_key_id");
  credentials.secret_access_key = SecretBytes::from_text(setting(profile, "aws_secret_access_key"));
  credentials.session_token = setting(profile, "aws_session_token");
  if (!credentials.access_key_id.empty() && !credentials.secret_access_key.empty()) {
    return std::make_shared<const Credentials>(std::move(credentials));
  }
  if (!credentials.access_key_id.empty() || !credentials.secret_access_key.empty()) {
    return config_error("aws_profile_incomplete",
                        "the AWS profile " + quoted(name) +
                            " has only one of aws_access_key_id and aws_secret_access_key");
  }
  for (const auto& [key, value] : profile) {
    if (key == "credential_process" || key.starts_with("sso_") || key == "login_session") {
      return config_error("aws_profile_unsupported",
                          "the AWS profile " + quoted(name) + " wants " + quoted(key) +
                              ": a server runs no programs and has no browser; give it a role");
    }
  }
  return CredentialsPtr();
}

}  // namespace

Task<CredentialsPtr> CredentialChain::get() {
  if (CredentialsPtr kept = still_good()) co_return kept;
  std::function<Task<CredentialsPtr>()> work = [self = shared_from_this()] {
    return self->refresh();
  };
  co_return co_await refreshing_.run(std::move(work));
}

CredentialsPtr CredentialChain::still_good() const {
  const std::lock_guard lock(mutex_);
  const Instant now = access_->context.clock->now();
  const bool is_good = last_ && (!last_->expires || now + kRefreshAhead < *last_->expires);
  return is_good || (last_ && access_->context.clock->monotone() < next_try_) ? last_
                                                                              : CredentialsPtr();
}

void CredentialChain::forget(CredentialsPtr refused) {
  const std::lock_guard lock(mutex_);
  if (last_ == refused) last_.reset();
}

Task<CredentialsPtr> CredentialChain::refresh() {
  // Somebody else's may have ended between the look and the call.
  if (CredentialsPtr kept = still_good()) co_return kept;
  auto found = co_await find();
  const std::lock_guard lock(mutex_);
  next_try_ = access_->context.clock->monotone() + kBetweenTries;
  if (found) {
    last_ = *found;
  } else if (last_) {
    log::failure("aws_credentials_not_refreshed", found.error());
    co_return last_;
  }
  co_return found;
}

Task<CredentialsPtr> CredentialChain::find() {
  CO_TRY(CredentialsPtr found, from_environment(*access_));
  if (found) co_return found;
  CO_TRY(Profiles profiles, co_await read_profiles(access_));
  const std::string name = profile_name();
  const Profile* profile = find_profile(profiles, name);
  if (!profile && is_profile_named()) {
    co_return config_error("aws_profile_missing", "there is no AWS profile " + quoted(name));
  }
  const std::string region = configured_region(profiles);
  if (assumes_a_role(profile)) co_return co_await from_profile(profiles, region, name, 0);
  CO_TRY(found, co_await from_web_identity(access_, region));
  if (found) co_return found;
  if (profile) {
    CO_TRY(found, keys_of(*profile, name));
    if (found) co_return found;
  }
  CO_TRY(found, co_await from_container(access_));
  if (found) co_return found;
  auto of_instance = co_await from_instance(access_);
  if (!of_instance) {
    Error error = std::move(of_instance).error();
    error.detail = "no AWS credentials in the environment, the profile " + quoted(name) +
                   ", a web identity or a container; and of the instance: " + error.detail;
    co_return error;
  }
  if (*of_instance) co_return of_instance;
  co_return config_error(
      "aws_credentials_missing",
      "no AWS credentials in the environment, the profile " + quoted(name) +
          ", a web identity or a container, and AWS_EC2_METADATA_DISABLED is set");
}

Task<CredentialsPtr> CredentialChain::from_profile(Profiles profiles, std::string region,
                                                   std::string name, int depth) {
  const Profile* found = find_profile(profiles, name);
  if (!found)
    co_return config_error("aws_profile_missing", "there is no AWS profile " + quoted(name));
  if (depth > kDeepestProfile) {
    co_return config_error("aws_profile_incomplete",
                           "the AWS profiles name each other as source_profile without end");
  }
  const Profile profile = *found;
  if (!assumes_a_role(&profile)) {
    CO_TRY(CredentialsPtr keys, keys_of(profile, name));
    if (keys) co_return keys;
    co_return config_error(
        "aws_profile_incomplete",
        "the AWS profile " + quoted(name) + " is a source_profile and has no credentials");
  }
  const std::string role = setting(profile, "role_arn");
  const std::string session = setting(profile, "role_session_name");
  const std::string token_file = setting(profile, "web_identity_token_file");
  if (!token_file.empty()) {
    co_return co_await assume_with_token(access_, region, role, session, token_file);
  }
  const std::string source = setting(profile, "source_profile");
  CredentialsPtr by;
  if (source == name && !setting(profile, "aws_access_key_id").empty()) {
    CO_TRY(by, keys_of(profile, name));
  } else if (!source.empty()) {
    CO_TRY(by, co_await from_profile(profiles, region, source, depth + 1));
  } else {
    CO_TRY(by, co_await from_source(profile));
  }
  if (!by) {
    co_return config_error(
        "aws_profile_incomplete",
        "the AWS profile " + quoted(name) +
            " assumes a role, but its source_profile or credential_source gives no "
            "credentials");
  }
  co_return co_await assume_role(access_, region, role, session, setting(profile, "external_id"),
                                 by);
}

Task<CredentialsPtr> CredentialChain::from_source(Profile profile) {
  const std::string source = setting(profile, "credential_source");
  if (source == "Environment") co_return from_environment(*access_);
  if (source == "EcsContainer") co_return co_await from_container(access_);
  if (source == "Ec2InstanceMetadata") co_return co_await from_instance(access_);
  co_return CredentialsPtr();
}

std::string CredentialChain::profile_name() const {
  if (!access_->settings.profile.empty()) return access_->settings.profile;
  for (const char* variable : {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}) {
    std::string name = access_->variable(variable);
    if (!name.empty()) return name;
  }
  return "default";
}

bool CredentialChain::is_profile_named() const {
  return profile_name() != "default";
}

std::string CredentialChain::configured_region(const Profiles& profiles) const {
  if (!access_->settings.region.empty()) return access_->settings.region;
  for (const char* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    std::string region = access_->variable(variable);
    if (!region.empty()) return region;
  }
  const Profile* profile = find_profile(profiles, profile_name());
  return profile ? setting(*profile, "region") : std::string();
}

Task<std::string> CredentialChain::region() {
  {
    const std::lock_guard lock(mutex_);
    if (!region_.empty()) co_return region_;
  }
  CO_TRY(const std::string found, co_await find_region());
  if (!is_region(found)) {
    co_return config_error("aws_region_missing",
                           found.empty()
                               ? std::string("no AWS region: set 'region' of the store, or "
                                             "AWS_REGION")
                               : quoted(found) + " is not the name of an AWS region");
  }
  const std::lock_guard lock(mutex_);
  region_ = found;
  co_return found;
}

Task<std::string> CredentialChain::find_region() {
  std::string region = configured_region({});
  if (!region.empty()) co_return region;
  CO_TRY(const Profiles profiles, co_await read_profiles(access_));
  region = configured_region(profiles);
  if (!region.empty()) co_return region;
  co_return co_await region_of_instance(access_);
}

}  // namespace signet::secrets::aws

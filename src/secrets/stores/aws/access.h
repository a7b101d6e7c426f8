#pragma once
// How a store reaches AWS: its settings, and what the environment says.

#include <optional>
#include <string>
#include <string_view>

#include "async/pause.h"
#include "http/form.h"
#include "secrets/stores/settings.h"
#include "secrets/stores/store.h"

namespace signet::secrets::aws {

/// The settings that every store on AWS has.
struct AccessSettings {
  std::string region;   ///< empty: found (region() of the credential chain)
  std::string profile;  ///< empty: AWS_PROFILE, else "default"
  std::string
      endpoint_url;  ///< empty: AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, else AWS itself
};
SettingNames access_settings();
AccessSettings read_access_settings(SettingsReader& reader);

/// Where a store looks and how it waits. Shared by all that belongs to one store.
struct Access {
  AccessSettings settings;
  StoreContext context;
  async::Pause pause;

  /// A variable of the environment, or "".
  std::string variable(const std::string& name) const;
  bool is_true(const std::string& name) const;
};
using AccessPtr = std::shared_ptr<const Access>;

/// kConfig "store_settings_invalid" unless it is https, or http to this machine: what goes there is
/// secret.
Status check_endpoint(std::string_view url);

/// The endpoint that environment variables give for a service ("SECRETS_MANAGER", "KMS", "STS"), or
/// "". kConfig as above.
Result<std::string> endpoint_override(const Access& access, std::string_view service);

/// "https://secretsmanager.eu-west-1.amazonaws.com", in the domain of the region's partition.
std::string aws_endpoint(std::string_view host_prefix, std::string_view region);

/// The Host header of a request there, as it is signed: the port only where it is not the usual
/// one.
std::string host_header(const http::HttpUri& uri);

/// Letters, digits and inner hyphens: it becomes a part of a host name.
bool is_region(std::string_view text);

/// One request through the context's client. kConfig "outbound_http_missing" where there is none.
Task<net::OutboundResponse> send(AccessPtr access, net::OutboundRequest request);

/// A file of at most 1 MiB, read on the pool. kConfig "aws_file_unreadable", which names the file
/// and its purpose ("the web identity token").
Task<SecretBytes> read_file(AccessPtr access, std::string path, std::string purpose);

}  // namespace signet::secrets::aws

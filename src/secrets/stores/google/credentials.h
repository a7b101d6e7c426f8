#pragma once
// Who the server is to Google: the credential documents that Google's tools write, and the requests
// that turn one into an access token. Dry.

#include <string>
#include <variant>

#include "base/clock.h"
#include "jose/key.h"
#include "net/http_client.h"

namespace signet::secrets::google {

inline constexpr std::string_view kCloudPlatformScope =
    "https://www.googleapis.com/auth/cloud-platform";

/// "service_account": a key of its own, used by RFC 7523 §2.1.
struct ServiceAccountKey {
  std::string client_email;
  jose::KeyPtr key;  ///< RS256 alone; its kid is the document's private_key_id
  std::string token_uri;
};

/// "authorized_user": what `gcloud auth application-default login` leaves.
struct AuthorizedUser {
  std::string client_id;
  std::shared_ptr<const SecretBytes> client_secret, refresh_token;
  std::string token_uri;
};

/// "external_account": workload identity federation. A token of another issuer, from a file or a
/// URL, is exchanged at the security token service (RFC 8693).
struct ExternalAccount {
  std::string audience, subject_token_type, token_url;
  std::string impersonation_url;  ///< empty: the federated identity itself
  std::string source_file;        ///< one of these two is set
  std::string source_url;
  net::HeaderList source_headers;
  std::string source_field;  ///< the member of a JSON document; empty: the whole text
};

/// The metadata server of Compute Engine, GKE and Cloud Run.
struct MetadataServer {
  std::string host = "metadata.google.internal";  ///< perhaps with a port
  std::string account = "default";
};

using Credentials =
    std::variant<ServiceAccountKey, AuthorizedUser, ExternalAccount, MetadataServer>;

/// kConfig "google_credentials_invalid" (never repeats what the document holds), kUnsupported
/// "google_credentials_unsupported" (another type, or another universe than googleapis.com).
Result<Credentials> parse_credentials(ByteView document);

/// Whether the document itself is a secret, so that its file must be private.
bool holds_secret(const Credentials& credentials);

struct AccessToken {
  std::shared_ptr<const SecretBytes> text;
  Instant expires;
};

/// The signed assertion of RFC 7523 §3 in its request.
Result<net::OutboundRequest> token_request(const ServiceAccountKey& account, Instant now);
net::OutboundRequest token_request(const AuthorizedUser& user);
net::OutboundRequest token_request(const ExternalAccount& account, ByteView subject_token);
net::OutboundRequest token_request(const MetadataServer& server);
/// For a federated identity that may act as a service account.
net::OutboundRequest impersonation_request(const ExternalAccount& account, const AccessToken& own);
net::OutboundRequest subject_token_request(const ExternalAccount& account);

/// The subject token in what the file or URL held: "google_credentials_invalid".
Result<SecretBytes> read_subject_token(const ExternalAccount& account, ByteView content);
/// access_token and expires_in (RFC 6749 §5.1); errors as read_answer.
Result<AccessToken> read_token(net::OutboundResponse response, Instant now, std::string_view what);
/// The other form, of generateAccessToken.
Result<AccessToken> read_impersonated_token(net::OutboundResponse response, Instant now);

/// https anywhere, http on this machine alone: "google_url_invalid".
Status check_url(std::string_view url, std::string_view what);

}  // namespace signet::secrets::google

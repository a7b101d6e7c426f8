#pragma once
// admin: REST for operators, on the management listener alone. The CLI and the console use nothing
// else.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/http_server.h"
#include "oauth/endpoints/realm_directory.h"
#include "oauth/endpoints/services.h"
#include "secrets/keeper/cryptoperiod_watch.h"
#include "secrets/keeper/rotation_runner.h"
#include "secrets/stores/encoded_value.h"

namespace signet::admin {

/// What administration is given. Outlives the server.
struct AdminServices {
  std::shared_ptr<const oauth::Services> oauth;
  oauth::RealmDirectory* directory = nullptr;
  /// SHA-256 of the admin token; the token itself is only in its file.
  Bytes token_hash;
  /// Keeps a client secret reversibly, for clients whose algorithm needs the value.
  std::function<Result<std::string>(ByteView secret)> seal;
  /// The keys behind `seal`.
  std::shared_ptr<const secrets::EncodingKeys> encoding;
  /// What is configured, for lists: the keeper knows their health.
  struct StoreInfo {
    std::string name, type;
    RealmName realm;
    /// What opens values that `signet encode` made for this store; null: it is never asked.
    std::shared_ptr<const secrets::EncodingKeys> encoding{};
    /// The mappings that it brings by itself, where the configuration names none.
    std::vector<secrets::Mapping> brought{};
    /// Where it seals what it makes under the server's keys; null: it does not.
    std::shared_ptr<secrets::SelfSealing> sealing{};
  };
  std::vector<StoreInfo> stores;
  /// Automatic rotation; null where there is none.
  std::shared_ptr<const secrets::RotationRunner> rotation;
  /// For how long keys are active; null where nobody watches.
  std::shared_ptr<const secrets::CryptoperiodWatch> cryptoperiods;
  /// Not before the listeners are open nor after shutdown began.
  std::function<bool()> is_ready;
  /// What it waits for before it is ready, a line each; null: nothing to tell.
  std::function<std::vector<std::string>()> waits_for;
};

/// Answers /admin/..., /health/... and /metrics.
class AdminApi {
 public:
  explicit AdminApi(std::shared_ptr<const AdminServices> services)
      : services_(std::move(services)) {}
  void handle(net::Exchange& exchange);

 private:
  std::shared_ptr<const AdminServices> services_;
};

/// Everything that is answered below /admin, "*" for one segment of a path: for tests that must
/// not leave out any.
struct AdminRoute {
  http::Method method;
  std::string_view pattern;
};
std::vector<AdminRoute> admin_routes();

/// For whom something is stored: what a configuration declares is remembered with it (seeding.h).
enum class Origin : std::uint8_t { kOperator, kConfiguration };

struct StoredRevision {
  std::int64_t revision = 0;
  bool created = false;
};
/// Stores a realm, or a client, from its document as an operator wrote it: checks it, hashes or
/// seals the secret, tells the caches. A client's document that sets no secret keeps the one that
/// is stored, in no other form than its method needs. `expected` as in storage::PutDocument.
/// "settings_invalid", "realm_unknown", "client_secret_length", "client_secret_malformed",
/// "client_secret_well_known", "client_secret_missing", "revision_conflict", "client_busy".
Task<StoredRevision> put_realm(const AdminServices& services, json::Object document,
                               std::optional<std::int64_t> expected, std::string actor,
                               Origin origin = Origin::kOperator);
struct StoredClient {
  StoredRevision stored;
  json::Object document;         ///< without its secret
  std::string generated_secret;  ///< only when one was asked for; shown once
  std::vector<std::string> warnings;
};
Task<StoredClient> put_client(const AdminServices& services, RealmName realm, json::Object document,
                              std::optional<std::int64_t> expected, std::string actor,
                              Origin origin = Origin::kOperator);

}  // namespace signet::admin

#pragma once
// One value that every instance of a cluster shares, in a service that can say "somebody was
// first".

#include <memory>
#include <optional>
#include <string>

#include "async/task.h"
#include "base/secret_bytes.h"

namespace signet::secrets {

/// A place for one secret in an outside service: the signing certificate that makes itself lives
/// here. Shared by all threads.
class SharedSlot {
 public:
  enum class Created : std::uint8_t {
    kNobody,  ///< never answered
    kOurs,    ///< the value is there now, and it is ours
    kTheirs,  ///< another instance was first; read theirs
  };

  virtual ~SharedSlot() = default;

  /// What is there. std::nullopt: the service says that there is nothing, or will not say and a
  /// create() must tell (AWS answers "denied" for a missing secret under the documented policy).
  /// kUnavailable and kTimeout: it could not be asked, and nothing follows from that.
  virtual Task<std::optional<SecretBytes>> read() = 0;

  /// Creates the value; never replaces one. `request_token` is the same for every try of one value,
  /// so that a try whose answer was lost is recognised. kDenied: not allowed to create.
  virtual Task<Created> create(std::shared_ptr<const SecretBytes> value,
                               std::string request_token) = 0;

  /// The service, place and name, for errors and health: "AWS Secrets Manager 'signet/cert' in
  /// eu-west-1".
  virtual std::string describe() const = 0;

  /// What read() needs, for the error that says that it is missing:
  /// "secretsmanager:GetSecretValue".
  virtual std::string right_to_read() const { return "to read it"; }
};

}  // namespace signet::secrets

#pragma once
// Environment variables named by their secret IDs, as they were when the process began.

#include <map>
#include <mutex>

#include "secrets/stores/catalog.h"
#include "secrets/stores/value_format.h"
#include "secrets/stores/warnings.h"

namespace signet::secrets {

/// The variable of an ID: upper case, "." as "_".
std::string environment_name(const SecretId& id);

/// Self-naming; one secret per ID, which never changes within the process. An empty variable counts
/// as none. So does one in another format, but only where StoreContext::other_environments has one
/// that can take it, with a warning; else it is a mistake, and what other stores hold must not take
/// its place: kConfig "secret_wrong_kind" where the format cannot serve the ID,
/// "value_not_in_format".
class EnvironmentStore : public Store, public std::enable_shared_from_this<EnvironmentStore> {
 public:
  EnvironmentStore(StoreName name, ValueFormat format, StoreContext context);

  const StoreName& name() const override { return name_; }
  Ordering ordering() const override { return Ordering::kSelfNaming; }
  Task<std::vector<Secret>> fetch(Alias alias) override;
  /// Of the registered IDs only: a variable's name does not tell which ID it was made from.
  Task<std::vector<Alias>> aliases() override;
  Task<std::string> fingerprint() override;
  Task<Done> probe() override;
  std::vector<std::string> warnings() const override { return warnings_.all(); }

 private:
  Result<std::vector<Secret>> read(const SecretId& id, std::optional<ByteView> pem_password);
  void note_user(const std::string& variable, const SecretId& id);

  StoreName name_;
  ValueFormat format_;
  StoreContext context_;
  Warnings warnings_;
  std::mutex mutex_;
  std::map<std::string, SecretId> first_users_;  ///< of the variables that are set
};

inline constexpr std::string_view kEnvironmentType = "environment";
StoreType environment_store_type();
/// The format that the settings of an environment store choose. kConfig "store_settings_invalid".
Result<ValueFormat> environment_format(const StoreName& name, const json::Object& settings);

}  // namespace signet::secrets

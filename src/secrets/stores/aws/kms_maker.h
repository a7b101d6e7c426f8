#pragma once
// New keys in AWS KMS, and their names.

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "secrets/stores/aws/client.h"
#include "secrets/stores/aws/kms_wire.h"

namespace signet::secrets::aws {

/// A key costs money from the moment it is made, and is found by its alias alone. So the alias is
/// looked up first; a key that got none is scheduled for deletion; and one for which that is
/// refused, or of which it is not known whether it has its alias, is kept in mind and used by the
/// next try. Shared by all threads.
class KmsMaker {
 public:
  KmsMaker(std::shared_ptr<Client> client, AccessPtr access)
      : client_(std::move(client)), access_(std::move(access)) {}

  /// The ARN of a new key that `alias` (is_kms_alias) names from now on. kConflict "alias_exists";
  /// as Client::call(), with what became of the key.
  Task<std::string> make(std::string alias, KmsOrder order);

 private:
  struct Spare {
    std::string key, kind;
    std::string alias;  ///< which it may have already; empty: surely none
  };
  /// The ARN of the key that the alias names; empty: none.
  Task<std::string> named_by(std::string alias);
  /// The ARN of a key without an alias.
  Task<std::string> nameless(std::string alias, KmsOrder order);
  Task<Done> give_name(std::string alias, std::string key);
  /// What became of a key that surely got no alias, in words.
  Task<std::string> discard(std::string key, KmsOrder order);
  void keep_spare(const std::string& key, const KmsOrder& order, const std::string& alias);
  std::string take_spare(const std::string& alias, const std::string& kind);  ///< empty: none
  void forget_spare(const std::string& key);

  const std::shared_ptr<Client> client_;
  const AccessPtr access_;
  std::mutex mutex_;
  std::vector<Spare> spares_;
};

}  // namespace signet::secrets::aws

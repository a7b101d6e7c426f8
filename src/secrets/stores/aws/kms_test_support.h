#pragma once
// For tests: a KMS behind the fake AWS.

#include "crypto/key.h"
#include "secrets/stores/aws/aws_test_support.h"
#include "secrets/stores/aws/kms_store.h"

namespace signet::secrets::aws {

/// KMS keys by their aliases.
struct FakeKms {
  struct Key {
    std::optional<crypto::PrivateKey> pair;  ///< none: a MAC key
    std::string spec, usage;
    std::vector<std::string> algorithms;
    std::string refusal;  ///< the exception that every operation gets
    std::string arn;
    std::string state = "Enabled";  ///< that DescribeKey tells
  };
  std::map<std::string, Key> keys;
  std::map<std::string, std::string> nameless;    ///< made, without an alias: ARN to description
  std::vector<std::string> scheduled;             ///< for deletion: ARNs
  std::map<std::string, std::string> exceptions;  ///< by operation
  std::set<std::string> lost;                     ///< operations that are done and not answered
  std::map<std::string, int> calls;               ///< by operation
  AwsWorld world;

  FakeKms();
  ~FakeKms();

  void add(const std::string& alias, crypto::KeyKind kind, const std::string& spec,
           const std::string& usage, std::vector<std::string> algorithms);
  void add_mac(const std::string& alias, const std::string& spec);
  /// One of each kind, and "alias/decrypt".
  void add_usual();
  std::shared_ptr<KmsStore> store(bool creates_keys = false);

  std::string arn_of(const std::string& alias) { return keys.at(alias).arn; }

 private:
  std::optional<OutboundResponse> answer(const std::string& operation, const json::Object& body);
  OutboundResponse done(const std::string& operation, const json::Object& body);
  OutboundResponse use(const std::string& operation, const json::Object& body, const Key& key);
  OutboundResponse create_key(const json::Object& body);
  OutboundResponse create_alias(const json::Object& body);
  Key made(const std::string& spec, const std::string& usage);

  std::map<std::string, Key> nameless_keys_;
  int made_ = 0;
};

/// The fake MAC of a message: as long as it must be, and by message and algorithm.
std::string fake_mac(const std::string& message, const std::string& algorithm);

}  // namespace signet::secrets::aws

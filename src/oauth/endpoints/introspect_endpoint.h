#pragma once

#include "oauth/endpoints/token_cache.h"

namespace signet::oauth {

/// POST introspect (RFC 7662). A token that is not active, or that does not concern the caller,
/// gives
/// {"active":false} and nothing more; a storage that cannot answer gives 503, never "inactive".
class IntrospectCall : public ClientCall {
 public:
  using ClientCall::ClientCall;

 protected:
  Answer<Need> act(http::Response& response) override;
  Task<Done, Refusal> provide_for_act(Need need) override;

 private:
  Task<Done, Refusal> load_opaque();

  std::optional<BoxAnswer> box_;  ///< of a self-contained one whose MAC key is in a box
  bool refreshed_ = false;        ///< for a key that was unknown here
  bool loaded_ = false;
  TokenCache::Key key_{};  ///< of an opaque token
  ReadyRecordPtr ready_;
};

/// POST token/revoke (RFC 7009). Success is answered when the revocation is durable; a token that
/// is unknown or already dead is a success too.
class RevokeCall : public ClientCall {
 public:
  using ClientCall::ClientCall;

 protected:
  Answer<Need> act(http::Response& response) override;
  Task<Done, Refusal> provide_for_act(Need need) override;

 private:
  Answer<Need> revoke_self_contained(std::string_view token);
  Answer<Need> revoke_opaque(std::string_view token);
  void forget_opaque(std::string_view token);

  std::optional<BoxAnswer> box_;
  bool refreshed_ = false, loaded_ = false, committed_ = false;
  std::optional<storage::TokenRecord> record_;
  storage::Transaction transaction_;
  std::optional<storage::DeniedToken> denied_;
};

}  // namespace signet::oauth

#pragma once

#include "oauth/endpoints/found_token.h"

namespace signet::oauth {

/// What the endpoints share that are shown a token of ours: opening a self-contained one.
class FoundTokenCall : public ClientCall {
 public:
  using ClientCall::ClientCall;

 protected:
  /// kNothing: `opened` says what came of it. Otherwise provide_for_open() must bring that first.
  /// Refused for now where the key that the token names is in a store that cannot be asked.
  Answer<Need> open(std::string_view token, Result<FoundToken>& opened);
  /// kVerification, kDefinitions and kRefresh.
  Task<Done, Refusal> provide_for_open(Need need);

 private:
  DirectKeysPtr direct_keys_;     ///< for a token by `dir`
  bool refreshed_ = false;        ///< for a key that was unknown here
  std::optional<BoxAnswer> box_;  ///< where the key of the MAC is in a box
};

}  // namespace signet::oauth

#pragma once

#include "oauth/endpoints/injection.h"
#include "oauth/endpoints/token_endpoint.h"

namespace signet::oauth {

/// inject/{policy}: what a gateway asks before it passes a request on (nginx auth_request, Envoy
/// ext_authz). The answer is 200 with the header "Authorization: Bearer TOKEN" and no body, or no
/// 200 at all. The token is what the policy's client would get at the token endpoint for the
/// policy's resource server and scopes; it is given out again until `renew_before` before its end.
///
/// Whatever the method and whatever follows the policy in the path: they are those of the request
/// that the gateway has in hand. Only the header Authorization is read, never a form.
class InjectCall : public TokenCall {
 public:
  InjectCall(const Services& services, WorkerState& worker, RealmRuntimePtr realm,
             std::string policy)
      : TokenCall(services, worker, std::move(realm)), name_(std::move(policy)) {}

 protected:
  Answer<Done> read(const http::Request& request) override;
  Answer<Need> act(http::Response& response) override;
  Task<Done, Refusal> provide_for_act(Need need) override;
  Answer<Asked> ask() const override;
  void begin_reply(http::Response& response) const override;
  void end_reply(http::Response& response) const override;

 private:
  enum class Stage : std::uint8_t { kPolicy, kReuse, kMint };
  Answer<Need> find_policy();
  bool is_good(const InjectedToken& token) const;
  bool has_same_keys(const InjectedToken& token) const;
  bool must_look_up(const InjectedToken& token) const;
  Task<Done, Refusal> look_up();

  Stage stage_ = Stage::kPolicy;
  std::string name_, scope_;
  std::uint64_t definitions_ = 0;  ///< of the worker, when the token was asked for
  bool is_unknown_ = false;
  PreparedPolicyPtr policy_;
};

}  // namespace signet::oauth

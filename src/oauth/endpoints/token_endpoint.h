#pragma once

#include "oauth/endpoints/client_call.h"

namespace signet::oauth {

/// POST access_token (RFC 6749 §3.2): client_credentials (§4.4), access tokens as RFC 9068 JWT, as
/// encrypted JWT or opaque, for the resource server that the request selects (RFC 8707, or the
/// parameter resourceServer).
class TokenCall : public ClientCall {
 public:
  using ClientCall::ClientCall;

 protected:
  Answer<Need> act(http::Response& response) override;
  Task<Done, Refusal> provide_for_act(Need need) override;

  /// What is asked for; texts live as long as the call.
  struct Asked {
    std::optional<std::string_view> resource_server;
    std::string_view scope;
    std::vector<std::string> resources;
  };
  /// Reads the form.
  virtual Answer<Asked> ask() const;
  /// What stands before and after the token in the answer.
  virtual void begin_reply(http::Response& response) const;
  virtual void end_reply(http::Response& response) const;

  Instant expires() const { return expires_; }
  const PreparedResourceServerPtr& server() const { return server_; }
  /// What the resource server publishes by URL, where the token was encrypted with one of its keys.
  const std::shared_ptr<const RemoteKeySet>& key_set() const { return key_set_; }
  tokens::TokenId token_id_{};  ///< the token's jti
  /// However long the resource server, the client and the realm let tokens live.
  Seconds longest_life_ = Seconds::max();

 private:
  enum class Stage : std::uint8_t { kAsk, kTarget, kPlan, kMint, kMinted, kSigned };

  // token_target.cc: which resource server, which scope, which claims.
  bool takes_plan();
  Answer<Need> find_target();
  Answer<Need> find_server(std::string_view name);
  Answer<Done> check_one_target() const;
  Answer<Need> plan();
  Answer<Need> find_definitions(std::string_view scope);
  Answer<Done> check_defined() const;
  Result<std::shared_ptr<const tokens::ClaimsTemplate>> make_claims(std::string_view scope) const;
  std::vector<std::string> audience() const;
  bool is_own_audience(std::string_view resource) const;
  Task<Done, Refusal> load_definitions();

  // token_minting.cc: how the token is made.
  /// What the client is told: to come again, or that it is the server's fault.
  static Refusal cannot_mint(const Error& why);
  /// Why no token can be made; health shows the ID from now on.
  Refusal lacks_secret(const secrets::SecretId& id) const;
  /// The same of a signature; the ID may have a key that does not do this algorithm.
  Refusal lacks_signer(jose::JwsAlg alg) const;
  Answer<Done> choose_form();
  Answer<Need> mint(http::Response& response);
  Answer<Need> mint_signed(http::Response& response);
  Answer<Need> mint_encrypted(http::Response& response);
  Answer<Need> mint_opaque();
  Answer<Done> finish_signed(http::Response& response);
  bool needs_horizon(const std::shared_ptr<const secrets::LiveRing>& ring);
  void count_issued() const;
  Task<Done, Refusal> raise_horizon();
  Task<Done, Refusal> sign_in_box();
  Task<Done, Refusal> keep_opaque();

  // token_encryption.cc: the key that the token is encrypted with for its resource server.
  Answer<Need> find_encryptor();
  Answer<Need> reserve_uses();
  Answer<Done> encrypt(std::string_view token, http::Response& response);
  /// With the resource server's name in front.
  Error of_server(Error why) const;
  Task<Done, Refusal> load_keys();
  Task<Done, Refusal> keep_key();
  Task<Done, Refusal> take_uses();

  const tokens::ClaimsTemplate& claims() const { return *claims_; }

  Stage stage_ = Stage::kAsk;
  tokens::TokenFormat format_ = tokens::TokenFormat::kJwt;
  bool is_nested_ = false;  ///< signed, then encrypted
  Instant expires_{};
  Asked asked_;
  PreparedResourceServerPtr server_;
  std::string wanted_;  ///< what must be loaded: a name, a URI or scopes
  /// The client's ready claims, or those made for this request's own scope or resource.
  std::shared_ptr<const tokens::ClaimsTemplate> claims_;
  std::vector<std::pair<std::string, ScopeDefinitionPtr>> definitions_;  ///< of the scopes asked
  std::optional<jose::Encryptor> encryptor_;                             ///< for a nested token
  std::shared_ptr<const RemoteKeySet> key_set_;
  bool has_missed_ = false;                        ///< no key of the set fitted
  int reserve_tries_ = 0;                          ///< for uses of the key
  std::shared_ptr<const secrets::LiveRing> ring_;  ///< whose horizon must be raised
  const ReadySigner* signer_ = nullptr;            ///< of realm_
  std::string signing_input_;                      ///< for the box
  Bytes signature_;                                ///< by the box
  std::string opaque_;
};

}  // namespace signet::oauth

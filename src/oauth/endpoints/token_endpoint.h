#pragma once

#include "oauth/endpoints/client_call.h"

namespace signet::oauth {

/// POST access_token (RFC 6749 §3.2): client_credentials (§4.4), access tokens as RFC 9068 JWT, as
/// encrypted JWT or opaque.
class TokenCall : public ClientCall {
 public:
  using ClientCall::ClientCall;

 protected:
  Answer<Need> act(http::Response& response) override;
  Task<Done, Refusal> provide_for_act(Need need) override;

 private:
  enum class Stage : std::uint8_t { kDecide, kMint, kMinted, kSigned };
  Answer<Done> decide();
  void prepare_claims();
  std::vector<std::string> audience() const;
  bool is_own_audience(std::string_view resource) const;
  std::shared_ptr<const tokens::ClaimsTemplate> make_claims(
      const std::vector<std::string>& audience, std::string_view scope) const;
  Answer<Need> mint(http::Response& response);
  Answer<Need> mint_jwt(http::Response& response);
  Answer<Need> mint_encrypted(http::Response& response);
  Answer<Need> mint_opaque();
  Task<Done, Refusal> sign_in_box();
  Task<Done, Refusal> keep_opaque();
  void begin_reply(http::Response& response) const;
  void end_reply(http::Response& response) const;
  const tokens::ClaimsTemplate& claims() const { return *claims_; }

  Stage stage_ = Stage::kDecide;
  tokens::TokenFormat format_ = tokens::TokenFormat::kJwt;
  Instant expires_{};
  /// The client's ready claims, or those made for this request's own scope or resource.
  std::shared_ptr<const tokens::ClaimsTemplate> claims_;
  std::shared_ptr<const secrets::LiveRing> ring_;  ///< whose horizon must be raised
  const ReadySigner* remote_signer_ = nullptr;     ///< of realm_, where the key is in a box
  std::string signing_input_;                      ///< for the box
  Bytes signature_;                                ///< by the box
  std::string opaque_;
};

}  // namespace signet::oauth

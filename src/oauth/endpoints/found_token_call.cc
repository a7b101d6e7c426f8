#include "oauth/endpoints/found_token_call.h"

#include "oauth/endpoints/definitions.h"

namespace signet::oauth {

Answer<ClientCall::Need> FoundTokenCall::open(std::string_view token, Result<FoundToken>& opened) {
  if (box_) {
    opened = std::move(box_->opened);
    return Need::kNothing;
  }
  if (!direct_keys_) {
    static const DirectKeysPtr kNone = std::make_shared<const std::vector<jose::KeyPtr>>();
    const auto kid = direct_kid(*realm_, token);
    const auto* known = kid ? worker_.direct_keys(realm_->settings().name.view(), *kid) : &kNone;
    if (!known) return Need::kDefinitions;
    direct_keys_ = *known;
  }
  opened = open_self_contained(*realm_, token, now_, *direct_keys_);
  if (!refreshed_ && needs_refresh(services_, *realm_, opened)) return Need::kRefresh;
  if (const Error* why = unknown_key(*realm_, opened)) return Refusal(*why);
  return needs_box(opened) ? Need::kVerification : Need::kNothing;
}

Task<Done, Refusal> FoundTokenCall::provide_for_open(Need need) {
  std::string token(*form_.find("token"));
  if (need == Need::kVerification) {
    CO_TRY(box_, co_await open_in_box(services_, realm_, std::move(token), now_, direct_keys_));
    co_return Done{};
  }
  if (need == Need::kRefresh) {
    refreshed_ = true;
    CO_TRY(realm_, co_await with_new_rings(services_, realm_));
    co_return Done{};
  }
  auto kid = direct_kid(*realm_, token);
  CO_TRY(direct_keys_, co_await load_direct_keys(services_, worker_, realm_->settings().name,
                                                 std::move(kid).value_or(std::string())));
  co_return Done{};
}

}  // namespace signet::oauth

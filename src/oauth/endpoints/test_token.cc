#include "oauth/endpoints/test_token.h"

#include "oauth/endpoints/token_endpoint.h"

namespace signet::oauth {
namespace {

constexpr Seconds kLife{60};

Error for_operator(const Refusal& refusal) {
  if (refusal.cause) return *refusal.cause;
  return {Code::kInvalid, "test_token_refused", refusal.description};
}

class TestTokenCall : public TokenCall {
 public:
  TestTokenCall(const Services& services, WorkerState& worker, RealmRuntimePtr realm,
                std::string_view resource_server)
      : TokenCall(services, worker, std::move(realm)), resource_server_(resource_server) {
    client_ = std::make_shared<PreparedClient>();
    client_->client.id = ClientId(std::string(kTestClient));
    now_ = services.clock->now();
    longest_life_ = kLife;
  }

  Answer<Need> advance(http::Response& response) { return act(response); }
  Task<Done, Refusal> bring(Need need) { return provide_for_act(need); }

 protected:
  Answer<Asked> ask() const override {
    Asked asked;
    asked.resource_server = resource_server_;
    return asked;
  }
  void begin_reply(http::Response&) const override {}
  void end_reply(http::Response&) const override {}

 private:
  std::string_view resource_server_;
};

}  // namespace

Task<std::string> issue_test_token(const Services& services, RealmDirectory& directory,
                                   RealmName realm, std::string resource_server) {
  CO_TRY(RealmRuntimePtr runtime, co_await directory.load(std::move(realm)));
  WorkerState worker(services, 1);
  TestTokenCall call(services, worker, std::move(runtime), resource_server);
  http::Response response;
  for (;;) {
    const auto need = call.advance(response);
    if (!need.ok()) co_return for_operator(need.error());
    if (*need == ClientCall::Need::kNothing) co_return std::move(response.body);
    const auto brought = co_await call.bring(*need);
    if (!brought.ok()) co_return for_operator(brought.error());
  }
}

}  // namespace signet::oauth

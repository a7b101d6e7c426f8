#include "oauth/endpoints/client_call.h"

#include <algorithm>
#include <new>

#include "base/log.h"
#include "base/text.h"
#include "http/form.h"
#include "oauth/client_secret.h"
#include "oauth/endpoints/definitions.h"

namespace signet::oauth {
namespace {

// Room for every kind of call.
constexpr std::size_t kBlock = 6144;

struct SpareBlocks {
  std::array<void*, 32> blocks;
  std::size_t count = 0;
  ~SpareBlocks() {
    while (count > 0)
      ::operator delete(blocks[--count]);
    // A call that ends after its thread's spare blocks finds them full.
    count = blocks.size();
  }
};
SpareBlocks& spare_blocks() {
  thread_local SpareBlocks spare;
  return spare;
}

}  // namespace

ClientCall::~ClientCall() {
  wipe(small_scratch_.data(), scratch_used_);
  wipe(large_scratch_);
}

void* ClientCall::operator new(std::size_t size) {
  auto& spare = spare_blocks();
  if (size > kBlock || spare.count == 0) return ::operator new(std::max(size, kBlock));
  return spare.blocks[--spare.count];
}

void ClientCall::operator delete(void* memory, std::size_t size) {
  auto& spare = spare_blocks();
  if (size > kBlock || spare.count == spare.blocks.size()) return ::operator delete(memory);
  spare.blocks[spare.count++] = memory;
}

Answer<Done> ClientCall::read(const http::Request& request) {
  now_ = services_.clock->now();
  if (!http::is_media_type(request.header("Content-Type"), "application/x-www-form-urlencoded"))
    return Refusal(OAuthError::kInvalidRequest,
                   "the body must be application/x-www-form-urlencoded");
  std::span<char> scratch = small_scratch_;
  if (request.body.size() > small_scratch_.size()) {
    large_scratch_.resize(request.body.size());
    scratch = large_scratch_;
  } else {
    scratch_used_ = request.body.size();
  }
  auto form = http::FormView::parse(request.body, scratch);
  if (!form.ok())
    return Refusal(OAuthError::kInvalidRequest, "the form is malformed", form.error());
  form_ = *form;
  if (const auto twice = form_.duplicate("resource"); !twice.empty())
    return Refusal(OAuthError::kInvalidRequest, "a parameter occurs more than once");
  TRY(read_credentials(request.header("Authorization"), request.count("Authorization"), form_,
                       credentials_));
  return Done{};
}

Answer<ClientCall::Need> ClientCall::step(const http::Request& request, http::Response& response) {
  if (stage_ == Stage::kRead) {
    TRY(read(request));
    stage_ = Stage::kClient;
  }
  if (stage_ == Stage::kClient) {
    if (!client_) client_ = worker_.client(realm_->settings().name.view(), credentials_.client_id);
    if (!client_ && !client_is_unknown_) return Need::kClient;
    stage_ = Stage::kProof;
  }
  if (stage_ == Stage::kProof) {
    TRY(const Need need, prove());
    if (need != Need::kNothing) return need;
    stage_ = Stage::kProven;
    TRY(check_limit());
  }
  return act(response);
}

// Only who proved to be the client uses up what it may ask: a stranger cannot lock it out.
Answer<Done> ClientCall::check_limit() const {
  if (!client_->limit || client_->limit->take(*services_.clock)) [[likely]]
    return Done{};
  services_.counters.over_client_limit->add();
  Refusal refusal = too_many_requests();
  if (services_.limits->may_log(*services_.clock))
    refusal.cause = Error{Code::kDenied, "client_limit_reached",
                          "more than " + std::to_string(client_->limit->per_second()) +
                              " requests in a second; told once a second at most"};
  return refusal;
}

// No coroutine: it only chooses one, and a coroutine around a coroutine costs every request.
Task<Done, Refusal> ClientCall::provide(Need need) {
  switch (need) {
    case Need::kClient:
      return load_client();
    case Need::kSlowHash:
      return hash_slowly();
    case Need::kUseAssertion:
      return use_assertion();
    default:
      return provide_for_act(need);
  }
}

Task<Done, Refusal> ClientCall::load_client() {
  const RealmName& realm = realm_->settings().name;
  CO_TRY(const auto stored, co_await load_definition(services_, worker_, "client", realm,
                                                     std::string(credentials_.client_id)));
  if (!stored) {
    client_is_unknown_ = true;
    co_return Done{};
  }
  CO_TRY(Client client, Client::from_json(*stored));
  jose::KeyPtr secret_key;
  if (form_of(client.stored_secret) == SecretForm::kSealed) {
    CO_TRY(SecretBytes secret, services_.unseal(client.stored_secret));
    secret_key = jose::Key::local(jose::Jwk::from_symmetric(std::move(secret)));
  }
  auto limit = services_.limits->of_client(realm, client.id, client.max_requests_per_second,
                                           *services_.clock);
  client_ = worker_.keep_client(*realm_, std::move(client), std::move(secret_key));
  client_->limit = std::move(limit);
  co_return Done{};
}

void ClientCall::render(http::Response& response, const Refusal& refusal,
                        std::string_view request_id) const {
  services_.counters.refused->add();
  answer_refusal(response, refusal);
  if (refusal.error == OAuthError::kInvalidClient && credentials_.kind != Credentials::Kind::kPost)
    response.add("WWW-Authenticate", "Basic realm=\"signet\"");
  if (refusal.cause) {
    log::failure("request_refused", *refusal.cause,
                 {{"request_id", request_id},
                  {"realm", realm_->settings().name.view()},
                  {"client_id", credentials_.client_id},
                  {"error", wire_code(refusal.error)}});
  }
}

Refusal too_many_requests() {
  return Refusal(OAuthError::kTooManyRequests, "too many requests");
}

void answer_refusal(http::Response& response, const Refusal& refusal) {
  response.reset();
  response.status = http_status(refusal.error);
  response.content_type("application/json");
  const bool is_for_later = refusal.error == OAuthError::kTemporarilyUnavailable ||
                            refusal.error == OAuthError::kTooManyRequests;
  if (is_for_later) {
    std::string seconds;
    json::append_number(seconds, std::max(refusal.retry_after, Seconds(1)).count());
    response.add("Retry-After", seconds);
  }
  json::ObjectWriter w(response.body);
  w.add("error", wire_code(refusal.error)).add("error_description", refusal.description);
  w.end();
}

std::optional<Task<Done>> ClientCall::run(std::unique_ptr<ClientCall> call,
                                          net::Exchange& exchange) {
  const auto need = call->step(exchange.request(), exchange.response());
  if (!need.ok()) {
    call->render(exchange.response(), need.error(), exchange.request().request_id);
    return std::nullopt;
  }
  if (*need == Need::kNothing) return std::nullopt;
  return finish(std::move(call), exchange, *need);
}

Task<Done> ClientCall::finish(std::unique_ptr<ClientCall> call, net::Exchange& exchange,
                              Need need) {
  while (need != Need::kNothing) {
    const auto provided = co_await call->provide(need);
    auto next = provided.ok() ? call->step(exchange.request(), exchange.response())
                              : Answer<Need>(provided.error());
    if (!next.ok()) {
      call->render(exchange.response(), next.error(), exchange.request().request_id);
      co_return Done{};
    }
    need = *next;
  }
  co_return Done{};
}

}  // namespace signet::oauth

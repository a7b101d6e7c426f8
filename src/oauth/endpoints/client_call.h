#pragma once

#include <memory>
#include <string>

#include "http/form_view.h"
#include "net/http_server.h"
#include "oauth/client_authentication.h"
#include "oauth/endpoints/realm_directory.h"
#include "oauth/endpoints/worker_state.h"

namespace signet::oauth {

/// More came within a second than was allowed.
Refusal too_many_requests();
/// Fills the response as RFC 6749 §5.2 has it; with Retry-After where waiting helps.
void answer_refusal(http::Response& response, const Refusal& refusal);

/// A request of a client to one of our POST endpoints, as a machine that runs dry until it has to
/// wait: ask → load → decide → commit → reply. Where everything needed is at hand, it never waits
/// and the answer is made in one go on the event loop; otherwise the same machine goes on in a
/// coroutine.
class ClientCall {
 public:
  /// What the machine waits for.
  enum class Need : std::uint8_t {
    kNothing,
    kClient,
    kSlowHash,
    kUseAssertion,
    kHorizon,
    kCommit,
    kToken,
    kSignature,
    kVerification,
    kDefinitions,
    kKeySet,
    kKeyUses,
    kKeptKey,
    kRefresh
  };

  ClientCall(const Services& services, WorkerState& worker, RealmRuntimePtr realm)
      : services_(services), worker_(worker), realm_(std::move(realm)) {}
  virtual ~ClientCall();
  ClientCall(const ClientCall&) = delete;

  /// A call is some kilobytes; each thread keeps a few blocks, so that a request takes none from
  /// the heap.
  static void* operator new(std::size_t size);
  static void operator delete(void* memory, std::size_t size);

  /// Answers the exchange now, or gives the task that will.
  static std::optional<Task<Done>> run(std::unique_ptr<ClientCall> call, net::Exchange& exchange);

 protected:
  /// Runs until it needs something. kNothing: the response is filled.
  Answer<Need> step(const http::Request& request, http::Response& response);
  /// Brings what was needed.
  Task<Done, Refusal> provide(Need need);

  /// Takes the time, the form and the credentials from the request.
  virtual Answer<Done> read(const http::Request& request);
  /// The endpoint's own part, called when the client is proven; again after each of its needs.
  virtual Answer<Need> act(http::Response& response) = 0;
  /// Brings what act() asked for.
  virtual Task<Done, Refusal> provide_for_act(Need need) = 0;
  /// Whether a client without credentials may call (public clients).
  virtual bool allows_public_client() const { return false; }

  const Services& services_;
  WorkerState& worker_;
  RealmRuntimePtr realm_;
  http::FormView form_;
  Credentials credentials_;
  PreparedClientPtr client_;
  Instant now_{};

 private:
  enum class Stage : std::uint8_t { kRead, kClient, kProof, kProven };
  Answer<Need> prove();
  Answer<Done> check_limit() const;
  Answer<Need> prove_secret();
  Answer<Need> prove_assertion();
  Task<Done, Refusal> load_client();
  Task<Done, Refusal> hash_slowly();
  Task<Done, Refusal> use_assertion();
  void render(http::Response& response, const Refusal& refusal, std::string_view request_id) const;
  static Task<Done> finish(std::unique_ptr<ClientCall> call, net::Exchange& exchange, Need need);

  Stage stage_ = Stage::kRead;
  bool client_is_unknown_ = false;
  bool assertion_used_ = false;
  CheckedAssertion assertion_;
  std::array<char, 512> small_scratch_;  ///< wiped at the end, as is the larger one
  std::size_t scratch_used_ = 0;
  std::string large_scratch_;
};

}  // namespace signet::oauth

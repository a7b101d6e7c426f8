#pragma once

#include <memory>
#include <vector>

#include "base/worker.h"
#include "net/http_server.h"
#include "oauth/endpoints/realm_directory.h"
#include "oauth/endpoints/services.h"
#include "oauth/endpoints/worker_state.h"

namespace signet::oauth {

/// The public door: path → realm and endpoint.
class Router {
 public:
  Router(std::shared_ptr<const Services> services, std::size_t workers);
  ~Router();
  void handle(net::Exchange& exchange);
  RealmDirectory& directory() { return directory_; }
  struct Route;

 private:
  WorkerState& worker();
  void refuse_too_many(net::Exchange& exchange) const;
  /// Fills the response, or gives the task that will.
  std::optional<Task<Done>> serve(const Route& route, RealmRuntimePtr realm,
                                  net::Exchange& exchange);
  Task<Done> load_and_serve(const Route& route, RealmName name, net::Exchange& exchange);

  std::shared_ptr<const Services> services_;
  RateLimit* limit_;  ///< of services_; null if there is none
  RealmDirectory directory_;
  std::size_t workers_;
  std::array<std::unique_ptr<WorkerState>, kMaxWorkers> worker_states_;
};

}  // namespace signet::oauth

#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
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
  std::unique_ptr<WorkerState>& slot_by_id();
  void refuse_too_many(net::Exchange& exchange) const;
  /// Fills the response, or gives the task that will.
  std::optional<Task<Done>> serve(const Route& route, RealmRuntimePtr realm,
                                  net::Exchange& exchange);
  /// 503 where copies of the set would harm: `may_serve` is false, or it is not whole.
  void serve_keys(const PublishedSet& keys, bool may_serve, const RealmRuntime& realm,
                  net::Exchange& exchange) const;
  Task<Done> load_and_serve(const Route& route, RealmName name, net::Exchange& exchange);

  std::shared_ptr<const Services> services_;
  RateLimit* limit_;  ///< of services_; null if there is none
  RealmDirectory directory_;
  std::size_t workers_;
  std::array<std::unique_ptr<WorkerState>, kMaxWorkers> worker_states_;
  std::mutex mutex_;  ///< guards the map others_; each entry belongs to its thread
  std::map<std::thread::id, std::unique_ptr<WorkerState>> others_;
};

}  // namespace signet::oauth

#pragma once

#include <curl/curl.h>

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <unordered_map>
#include <vector>

#include "net/curl_transfer.h"
#include "net/socket_watch.h"

namespace signet::net {

/// The thread that moves all transfers, in turn where there are more than the limits allow.
class CurlLoop {
 public:
  CurlLoop(std::size_t max_transfers, std::size_t max_per_origin)
      : max_transfers_(max_transfers), max_per_origin_(max_per_origin) {}
  ~CurlLoop() { stop(); }
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  /// kInternal "outbound_library".
  Status start();
  /// From any thread; after stop() the transfer fails at once.
  void submit(std::unique_ptr<CurlTransfer> transfer);
  /// Fails what is under way and ends the thread. Idempotent; from another thread than the loop's.
  void stop();

 private:
  using TransferPtr = std::unique_ptr<CurlTransfer>;
  using Queue = std::list<TransferPtr>;
  using Deadline = std::pair<std::chrono::steady_clock::time_point, CurlTransfer*>;

  void run();
  bool take_arrivals();  ///< false: stop
  void start_waiting();
  void collect();
  void expire();
  Milliseconds wait_time() const;
  void act_on_sockets();
  void act_on_timer();
  static int on_socket(CURL* handle, curl_socket_t socket, int what, void* loop, void* unused);
  static int on_timer(CURLM* multi, long milliseconds, void* loop);
  /// Takes it out of libcurl; null if it is not there.
  TransferPtr take_active(CURL* handle);
  void fail_all();

  const std::size_t max_transfers_, max_per_origin_;
  CURLM* multi_ = nullptr;
  SocketWatch watch_;
  std::thread thread_;

  std::mutex mutex_;
  std::vector<TransferPtr> arrivals_;
  bool stopping_ = false;

  // The loop's own.
  Queue waiting_;
  std::unordered_map<CURL*, TransferPtr> active_;
  std::map<std::string, std::size_t> active_at_;  ///< by origin
  std::set<Deadline> deadlines_;
  std::optional<std::chrono::steady_clock::time_point> timer_;  ///< libcurl's own
};

}  // namespace signet::net

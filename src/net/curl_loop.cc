#include "net/curl_loop.h"

#include <signal.h>

#include <algorithm>
#include <system_error>

#include "net/curl_library.h"

namespace signet::net {
namespace {

constexpr Milliseconds kLongestWait{60'000};

}  // namespace

Status CurlLoop::start() {
  TRY(init_curl());
  multi_ = ::curl_multi_init();
  if (multi_ == nullptr || !watch_.open() ||
      ::curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, on_socket) != CURLM_OK ||
      ::curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this) != CURLM_OK ||
      ::curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, on_timer) != CURLM_OK ||
      ::curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this) != CURLM_OK ||
      ::curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(max_transfers_)) !=
          CURLM_OK ||
      ::curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING)) !=
          CURLM_OK)
    return Error{Code::kInternal, "outbound_library", "libcurl cannot be set up"};
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {
    return Error{Code::kInternal, "outbound_library", "no thread for outbound HTTP"};
  }
  return Done{};
}

void CurlLoop::submit(std::unique_ptr<CurlTransfer> transfer) {
  {
    std::lock_guard hold(mutex_);
    if (!stopping_) {
      arrivals_.push_back(std::move(transfer));
      if (arrivals_.size() == 1) watch_.ring();
      return;
    }
  }
  transfer->finish(transfer->stopped());
}

void CurlLoop::stop() {
  {
    std::lock_guard hold(mutex_);
    stopping_ = true;
    if (multi_ != nullptr) watch_.ring();
  }
  if (thread_.joinable()) thread_.join();
  if (multi_ != nullptr) ::curl_multi_cleanup(std::exchange(multi_, nullptr));
}

void CurlLoop::run() {
  // Signals are for the main thread; a peer that closes must not end the process by SIGPIPE.
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (take_arrivals()) {
    expire();
    start_waiting();
    act_on_timer();
    const std::size_t before = active_.size();
    collect();
    const bool has_room = active_.size() < before && !waiting_.empty();
    if (has_room) continue;
    act_on_sockets();
    collect();
  }
  fail_all();
}

int CurlLoop::on_socket(CURL*, curl_socket_t socket, int what, void* loop, void*) {
  const bool is_wanted = what != CURL_POLL_REMOVE;
  static_cast<CurlLoop*>(loop)->watch_.follow(socket, is_wanted && (what & CURL_POLL_IN) != 0,
                                              is_wanted && (what & CURL_POLL_OUT) != 0);
  return 0;
}

int CurlLoop::on_timer(CURLM*, long milliseconds, void* loop) {
  auto& timer = static_cast<CurlLoop*>(loop)->timer_;
  timer.reset();
  if (milliseconds >= 0) timer = std::chrono::steady_clock::now() + Milliseconds(milliseconds);
  return 0;
}

void CurlLoop::act_on_timer() {
  if (!timer_ || *timer_ > std::chrono::steady_clock::now()) return;
  timer_.reset();
  int running = 0;
  ::curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
}

void CurlLoop::act_on_sockets() {
  for (const auto& ready : watch_.wait(wait_time())) {
    const int what = (ready.readable ? CURL_CSELECT_IN : 0) |
                     (ready.writable ? CURL_CSELECT_OUT : 0) |
                     (ready.failed ? CURL_CSELECT_ERR : 0);
    int running = 0;
    ::curl_multi_socket_action(multi_, ready.socket, what, &running);
  }
}

bool CurlLoop::take_arrivals() {
  std::vector<TransferPtr> arrivals;
  {
    std::lock_guard hold(mutex_);
    arrivals.swap(arrivals_);
    if (stopping_) {
      for (auto& transfer : arrivals)
        waiting_.push_back(std::move(transfer));
      return false;
    }
  }
  for (auto& transfer : arrivals) {
    deadlines_.emplace(transfer->deadline(), transfer.get());
    waiting_.push_back(std::move(transfer));
  }
  return true;
}

void CurlLoop::start_waiting() {
  for (auto next = waiting_.begin(); next != waiting_.end() && active_.size() < max_transfers_;) {
    std::size_t& at_origin = active_at_[(*next)->origin()];
    if (at_origin >= max_per_origin_) {
      ++next;
      continue;
    }
    TransferPtr transfer = std::move(*next);
    next = waiting_.erase(next);
    Status prepared = transfer->prepare();
    CURL* handle = transfer->handle();
    if (prepared.ok() && ::curl_multi_add_handle(multi_, handle) != CURLM_OK)
      prepared = Error{Code::kInternal, "outbound_library", "libcurl refuses a request"};
    if (prepared.ok()) {
      ++at_origin;
      active_.emplace(handle, std::move(transfer));
      continue;
    }
    if (at_origin == 0) active_at_.erase(transfer->origin());
    deadlines_.erase({transfer->deadline(), transfer.get()});
    transfer->finish(std::move(prepared).error());
  }
}

CurlLoop::TransferPtr CurlLoop::take_active(CURL* handle) {
  const auto found = active_.find(handle);
  if (found == active_.end()) return nullptr;
  TransferPtr transfer = std::move(found->second);
  active_.erase(found);
  ::curl_multi_remove_handle(multi_, handle);
  const auto at_origin = active_at_.find(transfer->origin());
  if (--at_origin->second == 0) active_at_.erase(at_origin);
  deadlines_.erase({transfer->deadline(), transfer.get()});
  return transfer;
}

void CurlLoop::collect() {
  int left = 0;
  while (const CURLMsg* message = ::curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    TransferPtr transfer = take_active(message->easy_handle);
    if (!transfer) continue;
    transfer->finish(transfer->outcome(code));
  }
}

void CurlLoop::expire() {
  const auto now = std::chrono::steady_clock::now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    CurlTransfer* late = deadlines_.begin()->second;
    if (late->handle() != nullptr) {
      TransferPtr transfer = take_active(late->handle());
      transfer->finish(transfer->timed_out());
      continue;
    }
    deadlines_.erase(deadlines_.begin());
    const auto place = std::find_if(waiting_.begin(), waiting_.end(),
                                    [&](const TransferPtr& other) { return other.get() == late; });
    late->finish(late->timed_out());
    waiting_.erase(place);
  }
}

Milliseconds CurlLoop::wait_time() const {
  const auto now = std::chrono::steady_clock::now();
  Milliseconds longest = kLongestWait;
  const auto until = [&](std::chrono::steady_clock::time_point then) {
    longest = std::clamp(std::chrono::ceil<Milliseconds>(then - now), Milliseconds(0), longest);
  };
  if (!deadlines_.empty()) until(deadlines_.begin()->first);
  if (timer_) until(*timer_);
  return longest;
}

void CurlLoop::fail_all() {
  while (!active_.empty()) {
    TransferPtr transfer = take_active(active_.begin()->first);
    transfer->finish(transfer->stopped());
  }
  for (auto& transfer : waiting_)
    transfer->finish(transfer->stopped());
  waiting_.clear();
  deadlines_.clear();
}

}  // namespace signet::net

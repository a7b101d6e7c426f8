#include "net/connection.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <chrono>

#include "base/log.h"
#include "net/loop.h"

namespace signet::net {
namespace {

constexpr std::size_t kKeepBody = 64 * 1024;
constexpr std::size_t kMaxDrained = 256 * 1024;

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Brings a task's result back to the connection's loop. A task that is dropped without an end, on
// whatever thread, counts as failed. Keeps the loop alive as long as the coroutine is.
class TaskEnd {
 public:
  TaskEnd(std::shared_ptr<Loop> loop, Connection* connection)
      : loop_(std::move(loop)), connection_(connection) {}
  TaskEnd(TaskEnd&& other) noexcept
      : loop_(std::move(other.loop_)), connection_(std::exchange(other.connection_, nullptr)) {}
  ~TaskEnd() {
    if (connection_ == nullptr) return;
    boost::asio::post(loop_->io(), [connection = connection_] {
      connection->on_task_done(Error{Code::kInternal, "task_dropped", "a task never ended"}, true);
    });
  }
  void operator()(std::exception_ptr e, Result<Done> result) {
    if (e) result = Result<Done>(async::unexpected(e));
    std::exchange(connection_, nullptr)->on_task_done(std::move(result), e != nullptr);
  }

 private:
  std::shared_ptr<Loop> loop_;
  Connection* connection_;
};

}  // namespace

Connection::Connection(Gate& gate, std::string peer) : gate_(gate), peer_(std::move(peer)) {
  request_.peer = peer_;
  request_.headers.reserve(16);
  head_.reserve(512);
  gate_.place(*this, gate_.is_stopping() ? Phase::kGrace : Phase::kHead);
}

void Connection::run() {
  if (running_) return;
  struct Mark {
    bool& flag;
    ~Mark() { flag = false; }
  } const mark{running_ = true};
  const ConnectionRef self(this);
  std::size_t left = std::max<std::size_t>(gate_.site().options.limits.max_pipelined, 1);
  while (step()) {
    if (--left > 0) continue;
    // Others have their turn between two bursts of a pipelining client.
    boost::asio::post(gate_.loop().io(), [self] { self->run(); });
    return;
  }
}

// True if a response has gone out and the next request may be looked at.
bool Connection::step() {
  if (is_closed() || answering_ || phase_ == Phase::kDrain) return false;
  int status = 0;
  switch (take_request(status)) {
    case Next::kMore:
      if (facts_.expects_continue && head_size_ > 0 && !send_continue()) return false;
      read_more();
      return false;
    case Next::kRefuse:
      return refuse(status);
    case Next::kRequest:
      break;
  }
  return answer();
}

Connection::Next Connection::take_head(int& status) {
  const ServerLimits& limits = gate_.site().options.limits;
  if (!skipped_line_ && scanner_.lines() == 0 && in_.view().starts_with("\r\n")) {
    in_.consume(2);  // RFC 9112 §2.2: one empty line before a request
    skipped_line_ = true;
  }
  const std::string_view text = in_.view();
  if (text.empty() || text == "\r") return Next::kMore;
  const http::HeadScan found = scanner_.scan(text);
  const std::size_t size = found == http::HeadScan::kComplete ? scanner_.size() : text.size();
  constexpr std::size_t kAroundTarget = 40;  // method, version and two spaces
  status = found == http::HeadScan::kBad                                         ? 400
           : scanner_.lines() == 0 && size > limits.max_target + kAroundTarget   ? 414
           : size > limits.max_head || scanner_.lines() > limits.max_headers + 1 ? 431
                                                                                 : 0;
  if (status != 0) return Next::kRefuse;
  if (found == http::HeadScan::kMore) return Next::kMore;
  facts_ = parse_head(text.substr(0, size), limits, request_);
  if (facts_.refusal == 0 && facts_.content_length > limits.max_body) facts_.refusal = 413;
  status = facts_.refusal;
  if (status != 0) return Next::kRefuse;
  if (facts_.is_chunked) chunked_.emplace(limits.max_body);
  head_size_ = size;
  return Next::kRequest;
}

Connection::Next Connection::take_request(int& status) {
  bool parsed = false;
  if (head_size_ == 0) {
    const Next next = take_head(status);
    if (next != Next::kRequest) return next;
    parsed = true;
  }
  std::size_t body = facts_.content_length;
  if (facts_.is_chunked) {
    std::size_t raw = in_.size() - head_size_;
    const auto state = chunked_->decode(in_.data() + head_size_, raw);
    in_.set_size(head_size_ + raw);
    if (state == http::ChunkedDecoder::State::kMore) return Next::kMore;
    if (state != http::ChunkedDecoder::State::kDone) {
      status = state == http::ChunkedDecoder::State::kBad ? 400 : 413;
      return Next::kRefuse;
    }
    body = chunked_->body_size();
    facts_.content_length = body;
  } else if (in_.size() - head_size_ < body) {
    return Next::kMore;
  }
  // The bytes may have moved while the body came, so the texts are looked up again.
  if (!parsed) parse_head(in_.view().substr(0, head_size_), gate_.site().options.limits, request_);
  request_.body = in_.view().substr(head_size_, body);
  return Next::kRequest;
}

void Connection::read_more() {
  is_fresh_ = in_.size() == 0;
  if (head_size_ > 0) {
    if (phase_ != Phase::kBody) gate_.place(*this, Phase::kBody);
  } else if (!is_fresh_) {
    if (phase_ != Phase::kHead) gate_.place(*this, Phase::kHead);
  } else if (phase_ != Phase::kHead && phase_ != Phase::kGrace) {
    in_.shrink();
    gate_.place(*this, gate_.is_stopping() ? Phase::kGrace : Phase::kIdle);
  }
  if (reading_) return;
  reading_ = true;
  std::size_t size = 0;
  char* room = in_.room(size);
  start_read(room, size);
}

void Connection::on_read(const boost::system::error_code& ec, std::size_t size) {
  reading_ = false;
  if (is_closed()) return;
  if (phase_ == Phase::kDrain || answering_) {
    // Only the refused go on reading: what they still send is dropped.
    drained_ += size;
    if (ec || drained_ > kMaxDrained) return phase_ == Phase::kDrain ? abort() : void();
    if (phase_ == Phase::kDrain) begin_drain();
    return;
  }
  if (ec) {
    const bool unfinished = in_.size() > 0 && ec == boost::asio::error::eof;
    if (!unfinished) return abort();
    refuse(400);
    return;
  }
  in_.added(size);
  is_fresh_ = false;
  run();
}

bool Connection::send_continue() {
  facts_.expects_continue = false;
  writing_continue_ = true;
  if (!start_write("HTTP/1.1 100 Continue\r\n\r\n", {})) return false;
  writing_continue_ = false;
  return true;
}

bool Connection::refuse(int status) {
  GateCounters::bump(gate_.counters().bad);
  answering_ = true;
  keep_ = false;
  // Nothing of what was refused, or of the request before it, may show in the answer.
  request_.headers.clear();
  request_.method = http::Method::kOther;
  request_.path = request_.target = request_.query = request_.body = {};
  make_plain(response_, status);
  gate_.loop().make_request_id(request_id_);
  request_.request_id = {request_id_, sizeof request_id_};
  log::debug("request_refused", {{"listener", gate_.site().options.name},
                                 {"status", status},
                                 {"peer", request_.peer},
                                 {"request_id", request_.request_id}});
  return send_response();
}

bool Connection::answer() {
  GateCounters::bump(gate_.counters().requests);
  const Site& site = gate_.site();
  answering_ = true;
  keep_ = facts_.keep_alive;
  if (log::enabled(site.options.access_log_level)) started_us_ = now_us();
  const std::string_view offered = request_.header("X-Request-Id");
  if (http::is_request_id(offered)) {
    request_.request_id = offered;
  } else {
    gate_.loop().make_request_id(request_id_);
    request_.request_id = {request_id_, sizeof request_id_};
  }
  response_.reset();
  if (site.answers_preflight(request_, response_)) return send_response();
  try {
    site.options.handler(*this);
  } catch (const std::exception& e) {
    handler_threw(e.what());
  } catch (...) {
    handler_threw("not a std::exception");
  }
  if (!task_) return send_response();
  start_task();
  return task_ended_ && send_response();
}

void Connection::handler_threw(std::string_view what) {
  log::error("handler_threw",
             {{"request_id", request_.request_id}, {"path", request_.path}, {"what", what}});
  task_.reset();
  make_plain(response_, 500);
  keep_ = false;
}

void Connection::start_task() {
  gate_.place(*this, Phase::kBusy);
  task_ended_ = false;
  task_hold_.reset(this);
  Loop& loop = gate_.loop();
  Task<Done> task = std::move(*task_);
  task_.reset();
  boost::asio::co_spawn(loop.io(), std::move(task), TaskEnd(loop.shared_from_this(), this));
}

void Connection::on_task_done(Result<Done> result, bool threw) {
  const ConnectionRef self = std::move(task_hold_);
  if (is_closed()) {
    unlink();
    return;
  }
  if (!result) {
    const Error& error = result.error();
    log::failure("request_failed", error,
                 {{"request_id", request_.request_id}, {"path", request_.path}});
    make_plain(response_, is_transient(error.code) ? 503 : 500);
    if (response_.status == 503) response_.add("Retry-After", "1");
    if (threw) keep_ = false;
  }
  task_ended_ = true;
  // Inside run() the task has ended at once, and answer() goes on from here.
  if (!running_ && send_response()) run();
}

bool Connection::send_response() {
  if (response_.is_broken()) {
    make_plain(response_, 500);
    keep_ = false;
  }
  if (gate_.is_stopping()) keep_ = false;
  ResponseFrame frame;
  frame.date_line = gate_.loop().date_line();
  frame.request_id = request_.request_id;
  frame.keep_alive = keep_;
  frame.is_http10 = facts_.is_http10;
  if (!gate_.site().options.cors_origins.empty()) frame.origin = request_.header("Origin");
  head_.clear();
  append_head(head_, gate_.site(), response_, frame);
  const bool sends_body = has_body(response_.status) && request_.method != http::Method::kHead;
  const std::string_view body = sends_body ? std::string_view(response_.body) : std::string_view();
  if (!start_write(head_, body)) {
    if (!is_closed()) gate_.place(*this, Phase::kWrite);
    return false;
  }
  return finish_response();
}

bool Connection::finish_response() {
  if (started_us_ != 0) log_access();
  started_us_ = 0;
  answering_ = false;
  scanner_.reset();
  chunked_.reset();
  skipped_line_ = false;
  if (response_.body.capacity() > kKeepBody) std::string().swap(response_.body);
  if (!keep_) {
    start_shutdown();
    if (!is_closed()) begin_drain();
    return false;
  }
  in_.consume(head_size_ + facts_.content_length);
  head_size_ = 0;
  facts_ = HeadFacts();
  // What comes next is not the first request any more: it may be waited for as an idle one.
  if (phase_ != Phase::kIdle) gate_.place(*this, Phase::kIdle);
  return true;
}

void Connection::on_written(const boost::system::error_code& ec) {
  if (is_closed()) return;
  if (ec) return abort();
  if (std::exchange(writing_continue_, false)) return read_more();
  if (finish_response()) run();
}

// A close with unread bytes would reset the connection and take the answer with it, so the rest is
// read and dropped for a moment (RFC 9112 §9.6).
void Connection::begin_drain() {
  if (phase_ != Phase::kDrain) gate_.place(*this, Phase::kDrain);
  if (reading_) return;
  reading_ = true;
  in_.clear();
  std::size_t size = 0;
  char* room = in_.room(size);
  start_read(room, size);
}

void Connection::abort() {
  if (is_closed()) return;
  unlink();
  close_socket();
  if (task_hold_) {
    gate_.place(*this, Phase::kClosed);
  } else {
    phase_ = Phase::kClosed;
  }
  gate_.closed();
}

void Connection::expire() {
  if (phase_ == Phase::kHead || phase_ == Phase::kBody || phase_ == Phase::kWrite) {
    GateCounters::bump(gate_.counters().timeouts);
  }
  const bool is_reading = phase_ == Phase::kHead || phase_ == Phase::kBody;
  if (!is_reading || is_fresh_ || answering_ || writing_continue_) return abort();
  refuse(408);
}

void Connection::on_stop(std::int64_t now) {
  constexpr std::int64_t kRecentMs = 1000;
  if (!is_fresh_ || answering_) return;
  const std::int64_t idle_since = deadline_ - gate_.site().options.limits.idle_timeout.count();
  if (phase_ == Phase::kIdle && now - idle_since > kRecentMs) return abort();
  gate_.place(*this, Phase::kGrace);
}

void Connection::log_access() const {
  const Site& site = gate_.site();
  static constexpr std::string_view kMethods[] = {"GET",    "HEAD",  "POST",    "PUT",
                                                  "DELETE", "PATCH", "OPTIONS", "other"};
  // The query is left out: it may hold codes and states (sec_014).
  log::write(site.options.access_log_level, "http_request",
             {{"listener", site.options.name},
              {"method", kMethods[static_cast<std::size_t>(request_.method)]},
              {"path", request_.path},
              {"status", response_.status},
              {"bytes", response_.body.size()},
              {"micros", now_us() - started_us_},
              {"peer", request_.peer},
              {"request_id", request_.request_id}});
}

}  // namespace signet::net

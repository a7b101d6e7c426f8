// What a connection does once a request is read: asks the handler, waits for its task, answers.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <chrono>

#include "base/log.h"
#include "net/connection.h"
#include "net/loop.h"

namespace signet::net {
namespace {

constexpr std::size_t kKeepBody = 64 * 1024;
constexpr std::size_t kJoinBody = 2048;

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
  std::string_view body = sends_body ? std::string_view(response_.body) : std::string_view();
  if (body.size() <= kJoinBody) {
    // One text is cheaper to send than two by more than it costs to copy.
    head_ += body;
    body = {};
  }
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

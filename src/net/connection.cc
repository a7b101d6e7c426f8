#include "net/connection.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "net/loop.h"

namespace signet::net {
namespace {

constexpr std::size_t kMaxDrained = 256 * 1024;

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

}  // namespace signet::net

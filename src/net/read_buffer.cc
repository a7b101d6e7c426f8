#include "net/read_buffer.h"

#include <algorithm>
#include <cstring>

namespace signet::net {
namespace {

constexpr std::size_t kFirstBuffer = 4096, kKeepBuffer = 16 * 1024, kLeastRoom = 512;

}  // namespace

void ReadBuffer::consume(std::size_t n) {
  begin_ += n;
  if (begin_ == end_) begin_ = end_ = 0;
}

char* ReadBuffer::room(std::size_t& size) {
  if (begin_ > 0) {
    std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (capacity_ - end_ < kLeastRoom) {
    const std::size_t larger = std::max(kFirstBuffer, capacity_ * 2);
    auto bytes = std::make_unique_for_overwrite<char[]>(larger);
    if (end_ > 0) std::memcpy(bytes.get(), bytes_.get(), end_);
    bytes_ = std::move(bytes);
    capacity_ = larger;
  }
  size = capacity_ - end_;
  return bytes_.get() + end_;
}

void ReadBuffer::shrink() {
  if (end_ > 0 || capacity_ <= kKeepBuffer) return;
  bytes_.reset();
  capacity_ = 0;
}

}  // namespace signet::net

#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace signet::net {

/// What has been read and not yet consumed, in one contiguous block that is used again and again.
class ReadBuffer {
 public:
  char* data() { return bytes_.get() + begin_; }
  std::size_t size() const { return end_ - begin_; }
  std::string_view view() const { return {bytes_.get() + begin_, size()}; }
  void consume(std::size_t n);
  void set_size(std::size_t n) { end_ = begin_ + n; }
  void clear() { begin_ = end_ = 0; }
  /// Room to read into, grown if little is left. Moves the bytes: views into them end here.
  char* room(std::size_t& size);
  void added(std::size_t n) { end_ += n; }
  /// Gives back what one large request needed.
  void shrink();

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
};

}  // namespace signet::net

#pragma once
// Memory for pending asio operations that belongs to the connection: a warm connection allocates
// nothing (asio's own recycling holds only a few blocks per thread, not one per connection).

#include <boost/asio/associated_allocator.hpp>
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace signet::net {

/// Room for one pending operation; a second one, or a larger one, comes from the heap. An operation
/// must be run (if only to hear that it was cancelled), not destroyed with its io_context: it would
/// give back its memory after its handler has let the connection go.
class HandlerMemory {
 public:
  HandlerMemory() = default;
  HandlerMemory(const HandlerMemory&) = delete;

  void* allocate(std::size_t size) {
    if (!used_ && size <= sizeof bytes_) {
      used_ = true;
      return bytes_;
    }
    return ::operator new(size);
  }
  void deallocate(void* memory) {
    if (memory == bytes_) {
      used_ = false;
    } else {
      ::operator delete(memory);
    }
  }

 private:
  alignas(std::max_align_t) std::byte bytes_[384];
  bool used_ = false;
};

template <class T>
class HandlerAllocator {
 public:
  using value_type = T;
  explicit HandlerAllocator(HandlerMemory& memory) : memory_(&memory) {}
  template <class U>
  HandlerAllocator(const HandlerAllocator<U>& other) : memory_(other.memory_) {}

  T* allocate(std::size_t n) { return static_cast<T*>(memory_->allocate(sizeof(T) * n)); }
  void deallocate(T* p, std::size_t) { memory_->deallocate(p); }
  friend bool operator==(const HandlerAllocator& a, const HandlerAllocator& b) {
    return a.memory_ == b.memory_;
  }

 private:
  template <class U>
  friend class HandlerAllocator;
  HandlerMemory* memory_;
};

/// A completion handler whose operation lives in `memory`.
template <class Function>
class InMemory {
 public:
  using allocator_type = HandlerAllocator<Function>;
  InMemory(HandlerMemory& memory, Function function)
      : memory_(&memory), function_(std::move(function)) {}
  allocator_type get_allocator() const { return allocator_type(*memory_); }
  template <class... Args>
  void operator()(Args&&... args) {
    function_(std::forward<Args>(args)...);
  }

 private:
  HandlerMemory* memory_;
  Function function_;
};

}  // namespace signet::net

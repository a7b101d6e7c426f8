#include "base/secret_bytes.h"

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <mutex>
#include <new>

namespace signet {
namespace {

std::atomic<bool> g_locked{true};

// Locking is per page, so small secrets share locked pages: size classes of powers of two, carved
// from 64 KiB slabs and returned to a free list. Slabs live as long as the process.
class Arena {
 public:
  static constexpr std::size_t kSlab = 64 * 1024;
  static constexpr std::size_t kSmallest = 32;

  std::uint8_t* take(std::size_t size) {
    const std::size_t rounded = std::bit_ceil(std::max(size, kSmallest));
    if (rounded > kSlab / 4) return map(page_ceil(size));
    const auto index = static_cast<std::size_t>(std::countr_zero(rounded));
    std::lock_guard hold(mutex_);
    if (!free_[index]) carve(rounded, index);
    Node* node = free_[index];
    free_[index] = node->next;
    node->next = nullptr;
    return reinterpret_cast<std::uint8_t*>(node);
  }

  void give_back(std::uint8_t* data, std::size_t size) {
    wipe(data, size);
    const std::size_t rounded = std::bit_ceil(std::max(size, kSmallest));
    if (rounded > kSlab / 4) {
      ::munmap(data, page_ceil(size));
      return;
    }
    const auto index = static_cast<std::size_t>(std::countr_zero(rounded));
    std::lock_guard hold(mutex_);
    auto* node = reinterpret_cast<Node*>(data);
    node->next = free_[index];
    free_[index] = node;
  }

 private:
  struct Node {
    Node* next;
  };

  static std::size_t page_ceil(std::size_t size) { return (size + 4095) & ~std::size_t{4095}; }

  static std::uint8_t* map(std::size_t size) {
    void* memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    if (::mlock(memory, size) != 0) g_locked = false;
    ::madvise(memory, size, MADV_DONTDUMP);
    return static_cast<std::uint8_t*>(memory);
  }

  void carve(std::size_t piece, std::size_t index) {
    std::uint8_t* slab = map(kSlab);
    for (std::size_t at = 0; at + piece <= kSlab; at += piece) {
      auto* node = reinterpret_cast<Node*>(slab + at);
      node->next = free_[index];
      free_[index] = node;
    }
  }

  std::mutex mutex_;
  std::array<Node*, 32> free_{};
};

// Never destroyed: secrets held by other statics may outlive any order of destruction.
Arena& arena() {
  static Arena* const instance = new Arena;
  return *instance;
}

}  // namespace

void wipe(void* data, std::size_t size) {
  if (size) ::explicit_bzero(data, size);
}

bool secret_memory_is_locked() {
  return g_locked;
}

SecretBytes::SecretBytes(std::size_t size) : size_(size) {
  if (size == 0) return;
  data_ = arena().take(size);
  std::memset(data_, 0, size);
}

SecretBytes::SecretBytes(ByteView bytes) : SecretBytes(bytes.size()) {
  if (size_) std::memcpy(data_, bytes.data(), size_);
}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    if (data_) arena().give_back(data_, size_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

SecretBytes::~SecretBytes() {
  if (data_) arena().give_back(data_, size_);
}

void SecretBytes::truncate(std::size_t size) {
  if (size >= size_) return;
  SecretBytes shorter(ByteView(data_, size));
  *this = std::move(shorter);
}

}  // namespace signet

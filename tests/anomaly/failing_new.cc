#include "anomaly/failing_new.h"

#include <cstdlib>
#include <new>

namespace {

thread_local std::int64_t t_left = 0;  // 0: not armed
thread_local bool t_for_good = false;
thread_local bool t_hit = false;

bool must_fail() {
  if (t_left == 0) return false;
  if (t_left > 1) {
    --t_left;
    return false;
  }
  t_hit = true;
  if (!t_for_good) t_left = 0;
  return true;
}

void* allocate(std::size_t size) noexcept {
  if (must_fail()) return nullptr;
  return std::malloc(size ? size : 1);
}

void* allocate_or_throw(std::size_t size) {
  if (void* memory = allocate(size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

namespace signet::test {

void fail_allocation(std::int64_t nth, bool for_good) {
  t_for_good = for_good;
  t_hit = false;
  t_left = nth;
}

bool stop_failing() {
  t_left = 0;
  return t_hit;
}

}  // namespace signet::test

void* operator new(std::size_t size) {
  return allocate_or_throw(size);
}
void* operator new[](std::size_t size) {
  return allocate_or_throw(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}

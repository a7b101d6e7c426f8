#pragma once
// base: the ground floor. Values that every room uses and that know nothing of any protocol.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace signet {

/// Whose move it is after a failure. HTTP status, retry policy, log level and alerts follow from
/// it.
enum class Code : std::uint8_t {
  // the caller's
  kInvalid,
  kNotFound,
  kConflict,
  kDenied,
  kExpired,
  // the operator's
  kConfig,
  kUnsupported,
  // nobody's: try later
  kUnavailable,
  kTimeout,
  // ours
  kInternal,
};

/// "invalid", "not_found", ...
std::string_view to_string(Code code);

/// True where the same call may succeed later without anybody changing anything.
constexpr bool is_transient(Code code) {
  return code == Code::kUnavailable || code == Code::kTimeout;
}

/// A failure, for the operator. Never sent to a client, never holds secret bytes.
/// `reason` is a stable machine code in snake_case, e.g. "jws_alg_not_allowed"; it must point to a
/// string literal. `detail` is a sentence for people.
struct Error {
  Code code = Code::kInternal;
  const char* reason = "uninitialised";
  std::string detail;

  bool is(std::string_view other) const { return other == reason; }
};

/// A success that carries nothing.
struct Done {};

/// Either a value or a failure; a default-constructed one is a failure. There is no success without
/// a value. Reading the wrong side is a bug and throws std::bad_variant_access.
template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  using error_type = E;

  Result() : state_(std::in_place_index<0>) {}
  template <class U = T>
  requires(std::is_constructible_v<T, U&&> && !std::is_same_v<std::remove_cvref_t<U>, Result> &&
           !std::is_convertible_v<U&&, E>) Result(U&& value)
      : state_(std::in_place_index<1>, std::forward<U>(value)) {}
  template <class F>
  requires(std::is_convertible_v<F&&, E> && !std::is_same_v<std::remove_cvref_t<F>, Result>)
      Result(F&& failure)
      : state_(std::in_place_index<0>, std::forward<F>(failure)) {}

  bool ok() const { return state_.index() == 1; }
  explicit operator bool() const { return ok(); }

  T& value() & { return std::get<1>(state_); }
  const T& value() const& { return std::get<1>(state_); }
  T&& value() && { return std::get<1>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const E& error() const& { return std::get<0>(state_); }
  E&& error() && { return std::get<0>(std::move(state_)); }

 private:
  std::variant<E, T> state_;
};

using Status = Result<Done>;

}  // namespace signet

#define SIGNET_JOIN_(a, b) a##b
#define SIGNET_JOIN(a, b) SIGNET_JOIN_(a, b)
#define SIGNET_TRY_VALUE_(ret, tmp, decl, ...) \
  auto tmp = (__VA_ARGS__);                    \
  if (!tmp.ok()) [[unlikely]]                  \
    ret std::move(tmp).error();                \
  decl = std::move(tmp).value()
#define SIGNET_TRY_ONLY_(ret, expr)                                    \
  if (auto signet_status_ = (expr); !signet_status_.ok()) [[unlikely]] \
  ret std::move(signet_status_).error()
#define SIGNET_TRY_PICK_(ret, first, ...) \
  SIGNET_TRY_PICK2_##__VA_OPT__(1)(ret, first __VA_OPT__(, ) __VA_ARGS__)
#define SIGNET_TRY_PICK2_(ret, expr) SIGNET_TRY_ONLY_(ret, expr)
#define SIGNET_TRY_PICK2_1(ret, decl, ...) \
  SIGNET_TRY_VALUE_(ret, SIGNET_JOIN(signet_try_, __LINE__), decl, __VA_ARGS__)

/// `TRY(auto x, expr);` binds the value or returns the failure; `TRY(expr);` drops the value.
#define TRY(...) SIGNET_TRY_PICK_(return, __VA_ARGS__)
/// The same inside a coroutine: `CO_TRY(auto x, co_await expr);`.
#define CO_TRY(...) SIGNET_TRY_PICK_(co_return, __VA_ARGS__)

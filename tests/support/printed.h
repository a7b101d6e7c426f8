#pragma once
// What GoogleTest makes of the types that all tests compare, compiled once (printed.cc) instead of
// in every test. SIGNET_PRINTED(extern) says that it is there, SIGNET_PRINTED() puts it there.

#include <gmock/gmock.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// clang-format off
#define SIGNET_PRINTED_VALUE(where, ...) \
  where template std::string PrintToString(__VA_ARGS__ const&);
#define SIGNET_PRINTED_PAIR(where, name, left, right) \
  where template AssertionResult CmpHelper##name(const char*, const char*, left const&, right const&);
#define SIGNET_PRINTED_PAIRS(where, left, right) \
  SIGNET_PRINTED_PAIR(where, EQ, left, right)    \
  SIGNET_PRINTED_PAIR(where, NE, left, right)
#define SIGNET_PRINTED_ORDER(where, left, right) \
  SIGNET_PRINTED_PAIRS(where, left, right)       \
  SIGNET_PRINTED_PAIR(where, GE, left, right)    \
  SIGNET_PRINTED_PAIR(where, LE, left, right)    \
  SIGNET_PRINTED_PAIR(where, GT, left, right)    \
  SIGNET_PRINTED_PAIR(where, LT, left, right)
#define SIGNET_PRINTED_MATCH(where, value, ...)                                    \
  where template AssertionResult PredicateFormatterFromMatcher<__VA_ARGS__>::operator()( \
      const char*, const value&) const;

#define SIGNET_PRINTED(where)                                                      \
  namespace testing {                                                              \
  SIGNET_PRINTED_VALUE(where, std::string)                                         \
  SIGNET_PRINTED_VALUE(where, std::string_view)                                    \
  SIGNET_PRINTED_VALUE(where, const char*)                                         \
  SIGNET_PRINTED_VALUE(where, const void*)                                         \
  SIGNET_PRINTED_VALUE(where, std::nullptr_t)                                      \
  SIGNET_PRINTED_VALUE(where, std::nullopt_t)                                      \
  SIGNET_PRINTED_VALUE(where, bool)                                                \
  SIGNET_PRINTED_VALUE(where, int)                                                 \
  SIGNET_PRINTED_VALUE(where, unsigned)                                            \
  SIGNET_PRINTED_VALUE(where, long)                                                \
  SIGNET_PRINTED_VALUE(where, unsigned long)                                       \
  SIGNET_PRINTED_VALUE(where, std::vector<std::uint8_t>)                           \
  SIGNET_PRINTED_VALUE(where, std::vector<std::string>)                            \
  namespace internal {                                                             \
  SIGNET_PRINTED_ORDER(where, int, int)                                            \
  SIGNET_PRINTED_ORDER(where, long, long)                                          \
  SIGNET_PRINTED_ORDER(where, long, int)                                           \
  SIGNET_PRINTED_ORDER(where, unsigned long, unsigned)                             \
  SIGNET_PRINTED_ORDER(where, unsigned long, unsigned long)                        \
  SIGNET_PRINTED_PAIRS(where, bool, bool)                                          \
  SIGNET_PRINTED_PAIRS(where, std::string, std::string)                            \
  SIGNET_PRINTED_PAIRS(where, std::string, std::string_view)                       \
  SIGNET_PRINTED_PAIRS(where, std::string_view, std::string_view)                  \
  SIGNET_PRINTED_PAIRS(where, std::vector<std::uint8_t>, std::vector<std::uint8_t>) \
  SIGNET_PRINTED_PAIRS(where, std::vector<std::string>, std::vector<std::string>)  \
  SIGNET_PRINTED_MATCH(where, std::string, PolymorphicMatcher<HasSubstrMatcher<std::string>>) \
  SIGNET_PRINTED_MATCH(where, std::string, NotMatcher<PolymorphicMatcher<HasSubstrMatcher<std::string>>>) \
  SIGNET_PRINTED_MATCH(where, std::vector<std::string>, IsEmptyMatcher)            \
  where template class ElementsAreMatcherImpl<const std::vector<std::string>&>;    \
  }                                                                                \
  }
// clang-format on

#pragma once
// How much of a test that could go on for long is done.

#include <cstdint>
#include <cstdlib>

namespace signet::test {

/// `usual`, or `all` where SIGNET_LONG is set in the environment: the number that a requirement
/// names, where it takes longer than the normal tests may.
inline std::uint64_t tries(std::uint64_t usual, std::uint64_t all) {
  return std::getenv("SIGNET_LONG") != nullptr ? all : usual;
}

}  // namespace signet::test

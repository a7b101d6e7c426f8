#pragma once
// The one way in which a fuzz target fails.

#include <cstdio>
#include <cstdlib>

/// Ends the run where a property does not hold.
#define FUZZ_CHECK(property)                                                      \
  do {                                                                            \
    if (!(property)) {                                                            \
      std::fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #property); \
      std::abort();                                                               \
    }                                                                             \
  } while (false)

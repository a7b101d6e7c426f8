#pragma once

#include "base/clock.h"
#include "base/random.h"

namespace signet::secrets {

/// The waits between tries: each step is twice the one before, up to the longest; each wait is
/// drawn from the upper half of its step, so that instances which failed together do not return
/// together.
class BackOff {
 public:
  BackOff(Milliseconds first, Milliseconds longest) : step_(first), longest_(longest) {}
  Milliseconds next(Random& random);

 private:
  Milliseconds step_, longest_;
};

}  // namespace signet::secrets

#pragma once

#include <functional>

#include "async/task.h"
#include "base/clock.h"

namespace signet::async {

/// Lets that much time pass without holding a thread. Never fails.
Task<Done> pause(Milliseconds length);

/// Waiting as an argument, so that tests hold the time.
using Pause = std::function<Task<Done>(Milliseconds)>;

}  // namespace signet::async

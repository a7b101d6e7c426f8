#pragma once
// app: the whole server put together, and main().

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "config/server_config.h"

namespace signet::app {

/// The running server. Everything is made in start() and ended in stop(), in reverse.
class Application {
 public:
  struct Options {
    config::ServerConfig config;
    config::Environment environment;
    /// A realm "root" with a client "demo" whose secret is in a file, which is made where it is
    /// absent.
    bool demo = false;
    std::string version;  ///< of the program, for the other instances to see
    std::shared_ptr<Clock> clock;
    std::shared_ptr<Random> random;
  };
  struct Started {
    std::string public_url, management_url;
    std::string demo_secret;  ///< only with `demo`, and while that client is there
    /// Secret IDs whose store could not be read, a line each: it answers, but is not ready yet.
    std::vector<std::string> waits_for;
  };

  explicit Application(Options options);
  ~Application();

  /// Everything that can be wrong is found here, before a listener is open; kConfig with a remedy.
  Result<Started> start();
  /// Finishes what is under way, at most `deadline`.
  void stop(Milliseconds deadline);
  /// Certificates of the listeners and the secret stores are read anew (SIGHUP).
  void reload();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace signet::app

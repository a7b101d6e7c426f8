#include <unistd.h>

#include <iostream>
#include <thread>

#include "cli/run.h"
#include "crypto/init.h"

int main(int argc, char** argv) {
  if (const auto ready = signet::crypto::init(); !ready.ok()) {
    std::cerr << "signet: " << ready.error().reason << ": " << ready.error().detail << '\n';
    return 1;
  }
  std::ios::sync_with_stdio(false);
  signet::config::Environment environment;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) {
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  signet::cli::World world{std::cin,
                           std::cout,
                           std::cerr,
                           std::move(environment),
                           std::make_shared<signet::SystemClock>(),
                           std::make_shared<signet::SystemRandom>(),
                           [](signet::Seconds time) { std::this_thread::sleep_for(time); },
                           signet::net::call,
                           SIGNET_VERSION};
  const int code = signet::cli::run(argc, argv, world);
  std::cout.flush();
  if (!std::cout) {
    std::cerr << "signet: output_failed: cannot write standard output\n";
    return 1;
  }
  return code;
}

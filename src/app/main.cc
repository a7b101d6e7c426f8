// signetd: the server.

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>

#include "app/application.h"
#include "async/time_limit.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/init.h"
#include "realms/configured_documents.h"
#include "secrets/stores/configured_stores.h"

extern char** environ;

namespace {

/// For requests that are under way when the process is told to end, and for all of its end.
constexpr signet::Milliseconds kLongestRequests{4000};
constexpr signet::Milliseconds kLongestStop{4800};

signet::config::Environment read_environment() {
  signet::config::Environment out;
  for (char** entry = environ; *entry; ++entry) {
    const std::string text = *entry;
    const auto equals = text.find('=');
    if (equals != text.npos) out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

std::string environment_or(const char* name, const std::string& fallback) {
  const char* value = std::getenv(name);
  return value && *value ? value : fallback;
}

// What `make run` starts: everything in one folder, root realm, one client. The management listener
// takes the next port, so that two of these get along.
std::string demo_config() {
  const std::string port = environment_or("PORT", "8080");
  const int number = std::atoi(port.c_str());
  const std::string next = std::to_string(number > 0 && number < 65535 ? number + 1 : 0);
  // A JSON text is a YAML one: no path can be taken for more than a path.
  const std::string folder = signet::json::dump(environment_or("DATA_DIR", "./data"));
  return "data_dir: " + folder + "\nserver:\n  port: " + port +
         "\nmanagement:\n  port: " + environment_or("MANAGEMENT_PORT", next) +
         "\nlog:\n  format: text\n";
}

std::optional<std::string> read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string text;
  char buffer[16 * 1024];
  while (in.read(buffer, sizeof buffer) || in.gcount() > 0)
    text.append(buffer, static_cast<std::size_t>(in.gcount()));
  // Half a configuration may well be one that means something else.
  if (in.bad()) return std::nullopt;
  return text;
}

signet::log::Level level_of(const std::string& text) {
  using signet::log::Level;
  if (text == "debug") return Level::kDebug;
  if (text == "warn") return Level::kWarn;
  if (text == "error") return Level::kError;
  if (text == "off") return Level::kOff;
  return Level::kInfo;
}

// What stores and realms say of their own settings, before anything is made.
signet::config::Problems check_contents(const signet::config::ServerConfig& config,
                                        const signet::config::Environment& environment) {
  auto problems = signet::secrets::check_stores(config, environment);
  const auto documents = signet::realms::check_documents(config);
  problems.insert(problems.end(), documents.begin(), documents.end());
  return problems;
}

/// A storage or a store that does not answer may not keep the process from ending: to be cut off
/// here is what being killed is, which loses nothing that was answered.
void give_up_stopping() {
  ::alarm(1);  // nor may who reads the log, and does not
  signet::log::last_line(
      signet::log::Level::kError, "stop_given_up",
      {{"detail",
        "the storage or a store did not answer in time: uses of keys of the last minute may be "
        "lost, and for a while this instance counts as live"}});
  ::_exit(1);
}

int fail(const signet::Error& error) {
  signet::log::flush();
  std::cerr << "signetd: " << error.reason << ": " << error.detail << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Signet, an OAuth 2.0 server whose keys are first-class"};
  std::string config_file;
  bool demo = false, check = false;
  app.add_option("--config", config_file, "Configuration file (YAML or JSON)")
      ->envname("SIGNET_CONFIG");
  app.add_flag("--demo", demo,
               "Start with a demo client; DATA_DIR and PORT are taken from the environment");
  app.add_flag("--check", check, "Check the configuration and end");
  app.set_version_flag("--version", "signet " SIGNET_VERSION, "Print the version and exit");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& wish) {  // --help and --version too
    return app.exit(wish) == 0 ? 0 : 2;
  }
  if (config_file.empty() != demo) {
    std::cerr << "signetd: give --config FILE, or --demo to try it\n";
    return 2;
  }

  // Files that we make are for us alone. Signals are taken by this thread, one at a time.
  ::umask(077);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP})
    sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  // A dump of this process would hold keys (sec_125). The limit alone does not keep the system from
  // giving a dump to a program (core_pattern "|..."), nor another process of this user from
  // reading.
  const rlimit no_dump{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_dump);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);

  if (const auto ready = signet::crypto::init(); !ready.ok()) return fail(ready.error());

  const auto text = demo ? std::optional(demo_config()) : read_text(config_file);
  if (!text) {
    return fail({signet::Code::kConfig, "config_unreadable",
                 "cannot read " + signet::quoted(config_file, 256) + ": " + std::strerror(errno)});
  }
  const auto environment = read_environment();
  auto config = signet::config::load(*text, demo ? "demo.yaml" : config_file, environment);
  const auto problems = config.ok() ? check_contents(*config, environment) : config.error();
  if (!problems.empty()) {
    std::cerr << signet::config::to_text(problems);
    return 1;
  }
  if (check) {
    for (const auto& warning : config->warnings)
      std::cerr << "warning: " << signet::config::to_text(warning) << "\n";
    std::cout << "the configuration is valid\n";
    return 0;
  }
  signet::log::configure(level_of(config->log_level), config->log_as_json);

  signet::async::TimeLimit stop_limit(give_up_stopping);
  signet::app::Application::Options options;
  options.config = std::move(*config);
  options.environment = environment;
  options.demo = demo;
  options.version = SIGNET_VERSION;
  options.clock = std::make_shared<signet::SystemClock>();
  options.random = std::make_shared<signet::SystemRandom>();
  signet::app::Application application(std::move(options));
  const auto started = application.start();
  if (!started.ok()) return fail(started.error());

  std::cout << (started->waits_for.empty() ? "Signet is ready: " : "Signet is not ready yet: ")
            << started->public_url << "\n";
  for (const auto& line : started->waits_for)
    std::cout << "Waits for " << line << "\n";
  if (!started->demo_secret.empty()) {
    std::cout << "Try: curl -s -u 'demo:" << started->demo_secret
              << "' -d grant_type=client_credentials " << started->public_url
              << "/oauth2/access_token\n";
  }
  std::cout << "Management: " << started->management_url << std::endl;

  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGHUP) break;
    application.reload();
  }
  stop_limit.begin(kLongestStop);
  signet::log::info("stopping");
  application.stop(kLongestRequests);
  signet::log::flush();
  return 0;
}

#pragma once
// cli: the `signet` command. Everything it does to a server goes through the admin API.

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "base/secret_bytes.h"
#include "cli/table.h"
#include "config/conform.h"
#include "config/server_config.h"
#include "net/local_client.h"

namespace signet::cli {

/// What lies outside the program; tests replace parts of it.
struct World {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  config::Environment environment;
  std::shared_ptr<Clock> clock;
  std::shared_ptr<Random> random;
  std::function<void(Seconds)> sleep;
  std::function<Result<net::LocalResponse>(const net::LocalRequest&)> call;
  std::string version;
};

/// The options that every command has.
struct Globals {
  std::string config;      ///< empty: ./signet.yaml, then /etc/signet/signet.yaml, then none
  std::string url;         ///< empty: from the configuration
  std::string token_file;  ///< empty: admin.token in the data directory of the configuration
  std::string output = "table";
  bool unsafe_plain_http = false;
};

/// Largest input of a filter.
inline constexpr std::size_t kMaxInput = 16 << 20;

/// The state of one run.
class Context {
 public:
  explicit Context(World& outside) : world(outside) {}

  World& world;
  Globals globals;
  int exit_code = 0;

  bool as_json() const { return globals.output == "json"; }

  /// A failure the user made by how the command was written; exit code 2.
  static Error usage(std::string detail);
  /// Prints a failure as "signet: reason: detail" and sets the exit code: 2 for "usage" and
  /// "file_unreadable", else 1.
  void finish(const Result<int>& result);

  void print(const json::Value& value) const;  ///< JSON for people
  void print(const Table& table) const;
  void print_line(std::string_view line) const;
  void note(std::string_view line) const;  ///< on standard error

  /// All of standard input, or a file where `path` is neither "-" nor empty. "file_unreadable",
  /// "input_too_large".
  Result<std::string> read(const std::string& path, std::size_t max = kMaxInput) const;
  /// The same for secrets, one line break at the end cut off.
  Result<SecretBytes> read_secret(const std::string& path) const;
  /// A JSON or YAML document, typed by the schema; secrets included.
  Result<json::Object> read_document(const std::string& path, const config::Field& schema) const;
  /// The same, with the place of each setting.
  Result<config::Conformed> read_conformed(const std::string& path,
                                           const config::Field& schema) const;

  /// The path of the configuration that is used, or empty if there is none.
  std::string config_path() const;
  /// The configuration with what is wrong in its settings. "config_invalid" where the file cannot
  /// be read as one.
  Result<config::Loaded> load_settings() const;
  /// The configuration, or all defaults where there is no file. "config_invalid".
  Result<config::ServerConfig> load_config() const;
  /// The same as a server checks it when it starts: also what is said of stores and in documents.
  Result<config::ServerConfig> load_whole_config() const;
};

}  // namespace signet::cli

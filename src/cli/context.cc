#include "cli/context.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <istream>
#include <ostream>

#include "base/text.h"
#include "realms/configured_documents.h"
#include "secrets/stores/configured_stores.h"

namespace signet::cli {
namespace {

Error unreadable(const std::string& path, const std::string& why) {
  return {Code::kInvalid, "file_unreadable", signet::quoted(path, 200) + ": " + why};
}

Result<std::string> read_stream(std::istream& in, std::size_t max, const std::string& name) {
  std::string text;
  char buffer[64 * 1024];
  while (in.read(buffer, sizeof buffer) || in.gcount() > 0) {
    text.append(buffer, static_cast<std::size_t>(in.gcount()));
    if (text.size() > max) {
      return Error{Code::kInvalid, "input_too_large",
                   name + " is larger than " + std::to_string(max) + " bytes"};
    }
  }
  if (in.bad())
    return Error{Code::kInvalid, "file_unreadable", name + ": cannot be read to its end"};
  return text;
}

}  // namespace

Error Context::usage(std::string detail) {
  return {Code::kInvalid, "usage", std::move(detail)};
}

void Context::finish(const Result<int>& result) {
  if (result.ok()) {
    exit_code = *result;
    return;
  }
  const Error& error = result.error();
  world.out.flush();
  const std::string_view reason = error.reason;
  world.err << "signet: " << reason << ": " << printable(error.detail, true) << '\n';
  exit_code = reason == "usage" || reason == "file_unreadable" ? 2 : 1;
}

void Context::print(const json::Value& value) const {
  world.out << json::dump_pretty(value) << '\n';
}
void Context::print(const Table& table) const {
  world.out << table.text();
}
void Context::print_line(std::string_view line) const {
  world.out << line << '\n';
}
void Context::note(std::string_view line) const {
  world.out.flush();  // what was said before stands before it
  world.err << printable(line, true) << '\n';
}

Result<std::string> Context::read(const std::string& path, std::size_t max) const {
  if (path.empty() || path == "-") return read_stream(world.in, max, "standard input");
  std::error_code ec;
  if (std::filesystem::is_directory(path, ec)) return unreadable(path, "is a folder");
  std::ifstream file(path, std::ios::binary);
  if (!file) return unreadable(path, std::strerror(errno));
  return read_stream(file, max, signet::quoted(path, 200));
}

Result<SecretBytes> Context::read_secret(const std::string& path) const {
  TRY(std::string text, read(path, 64 * 1024));
  std::size_t size = text.size();
  if (size > 0 && text[size - 1] == '\n') --size;
  if (size > 0 && text[size - 1] == '\r') --size;
  SecretBytes secret = SecretBytes::from_text(std::string_view(text).substr(0, size));
  wipe(text);
  return secret;
}

Result<config::Conformed> Context::read_conformed(const std::string& path,
                                                  const config::Field& schema) const {
  TRY(std::string text, read(path, 1 << 20));
  const std::string name = path.empty() || path == "-" ? "standard input" : path;
  auto document = config::parse(text, name);
  if (!document.ok()) return config::to_error(document.error());
  auto conformed = config::conform(document->root, schema);
  if (!conformed.ok()) return config::to_error(conformed.error());
  return std::move(*conformed);
}

Result<json::Object> Context::read_document(const std::string& path,
                                            const config::Field& schema) const {
  TRY(config::Conformed conformed, read_conformed(path, schema));
  return std::move(conformed.values);
}

std::string Context::config_path() const {
  if (!globals.config.empty()) return globals.config;
  for (const char* path : {"signet.yaml", "/etc/signet/signet.yaml"}) {
    std::error_code ec;
    if (std::filesystem::exists(path, ec)) return path;
  }
  return {};
}

Result<config::Loaded> Context::load_settings() const {
  const std::string path = config_path();
  std::string text;
  if (!path.empty()) {
    TRY(std::string found, read(path, 1 << 20));
    text = std::move(found);
  }
  auto loaded =
      config::load_with_problems(text, path.empty() ? "defaults" : path, world.environment);
  if (!loaded.ok()) return config::to_error(loaded.error());
  return std::move(loaded).value();
}

Result<config::ServerConfig> Context::load_config() const {
  TRY(config::Loaded loaded, load_settings());
  if (!loaded.problems.empty()) return config::to_error(loaded.problems);
  return std::move(loaded.config);
}

Result<config::ServerConfig> Context::load_whole_config() const {
  TRY(config::Loaded loaded, load_settings());
  config::Problems problems = std::move(loaded.problems);
  for (const config::Problems& found : {secrets::check_stores(loaded.config, world.environment),
                                        realms::check_documents(loaded.config)}) {
    for (const auto& problem : found) {
      // Two rooms may look at one name.
      const bool is_told =
          std::any_of(problems.begin(), problems.end(), [&](const config::Problem& known) {
            return known.path == problem.path && known.what == problem.what;
          });
      if (!is_told) problems.push_back(problem);
    }
  }
  if (!problems.empty()) return config::to_error(problems);
  return std::move(loaded.config);
}

}  // namespace signet::cli

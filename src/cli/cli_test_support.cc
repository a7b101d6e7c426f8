#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "cli/run.h"
#include "cli/test_cli.h"

namespace signet::cli::test {

Cli::Cli() {
  folder_ = std::filesystem::temp_directory_path() /
            ("signet_cli_" + std::to_string(::getpid()) + "_" +
             testing::UnitTest::GetInstance()->current_test_info()->name());
  std::filesystem::create_directories(folder_);
  token_ = file("token", "admin-token\n");
}
Cli::~Cli() {
  std::filesystem::remove_all(folder_);
}

std::string Cli::file(const std::string& name, const std::string& content) {
  const std::string path = (folder_ / name).string();
  std::ofstream(path) << content;
  ::chmod(path.c_str(), 0600);
  return path;
}

int Cli::run(std::vector<std::string> arguments, const std::string& input) {
  std::istringstream in(input);
  std::ostringstream out, err;
  World world{in,
              out,
              err,
              environment,
              clock,
              std::make_shared<SeededRandom>(1),
              [this](Seconds time) {
                slept.push_back(time.count());
                clock->advance(time);
              },
              [this](const net::LocalRequest& request) { return answer(request); },
              "1.2.3"};
  arguments.insert(arguments.begin(), "signet");
  std::vector<const char*> argv;
  for (const auto& argument : arguments)
    argv.push_back(argument.c_str());
  const int code = cli::run(static_cast<int>(argv.size()), argv.data(), world);
  output = out.str();
  errors = err.str();
  return code;
}
int Cli::admin(std::vector<std::string> arguments, const std::string& input) {
  arguments.insert(arguments.end(), {"--url", "http://127.0.0.1:1", "--token-file", token_});
  return run(std::move(arguments), input);
}

Result<net::LocalResponse> Cli::answer(const net::LocalRequest& request) {
  const std::string line = request.method + ' ' + request.url.substr(request.url.find('/', 8));
  sent.push_back({line, request.body, request.headers});
  auto found = answers.find(line);
  net::LocalResponse response;
  if (found == answers.end()) {
    response.status = 404;
    response.body =
        R"({"title":"Not Found","status":404,"code":"not_found","detail":"no such thing"})";
    return response;
  }
  response.status = found->second.first;
  response.body = found->second.second;
  if (auto next = later.find(line); next != later.end()) {
    found->second = next->second;
    later.erase(next);
  }
  return response;
}

std::vector<std::string> Cli::lines() const {
  std::vector<std::string> all;
  for (const auto& one : sent)
    all.push_back(one.line);
  return all;
}

}  // namespace signet::cli::test

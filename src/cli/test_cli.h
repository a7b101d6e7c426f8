#pragma once
// The command line in a world of strings, with an admin API of canned answers and a folder of
// files, for tests.

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/context.h"

namespace signet::cli::test {

class Cli : public ::testing::Test {
 protected:
  struct Sent {
    std::string line;  ///< "PUT /admin/..."
    std::string body;
    net::LocalHeaders headers;
  };

  Cli();
  ~Cli() override;

  /// Writes a file that only its owner can read; its path.
  std::string file(const std::string& name, const std::string& content);
  /// Runs one command line; what it wrote is in `output` and `errors`.
  int run(std::vector<std::string> arguments, const std::string& input = "");
  /// The same with the address and the token of the admin API.
  int admin(std::vector<std::string> arguments, const std::string& input = "");
  /// The first line of each request that was sent.
  std::vector<std::string> lines() const;

  std::filesystem::path folder_;
  std::string token_, output, errors;
  config::Environment environment;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  /// By "GET /path": status and body, now and once they were given; 404 where there is none.
  std::map<std::string, std::pair<int, std::string>> answers, later;
  std::vector<Sent> sent;
  std::vector<std::int64_t> slept;

 private:
  Result<net::LocalResponse> answer(const net::LocalRequest& request);
};

// RFC 7515 appendix A.1 and A.3.
inline constexpr const char* kHmacKey =
    R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})";
inline constexpr const char* kHmacToken =
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6"
    "Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
inline constexpr const char* kEcKey =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",)"
    R"("d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"})";
/// Its public half.
inline constexpr const char* kEcPem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
    "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
    "-----END PUBLIC KEY-----\n";

}  // namespace signet::cli::test

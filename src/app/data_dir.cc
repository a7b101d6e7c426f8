#include "app/data_dir.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "app/master_key.h"
#include "base/text.h"
#include "oauth/client_secret.h"

namespace signet::app {
namespace {
constexpr std::size_t kShortestText = 16;
}

Status make_data_dir(const std::string& path) {
  std::error_code ec;
  std::filesystem::create_directories(path, ec);
  if (ec)
    return Error{Code::kConfig, "data_dir_unusable",
                 signet::quoted(path, 256) + ": " + ec.message()};
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && (info.st_mode & S_IRWXO)) ::chmod(path.c_str(), 0700);
  remove_unfinished_files(path);
  return Done{};
}

Result<bool> holds_data(const std::string& path) {
  for (const char* name : {"/signet.db", "/keys"}) {
    std::error_code ec;
    if (std::filesystem::exists(path + name, ec)) return true;
    if (ec)
      return Error{Code::kConfig, "data_dir_unusable",
                   signet::quoted(path + name, 256) + ": " + ec.message()};
  }
  return false;
}

Result<std::string> secret_text(const std::string& path, Random& random) {
  std::error_code ec;
  if (!std::filesystem::exists(path, ec)) {
    std::string made = oauth::make_client_secret(random);
    const Status written = write_new_secret_file(path, as_bytes(made));
    if (!written.ok() && written.error().code != Code::kConflict) return written.error();
  }
  TRY(const SecretBytes content, read_secret_file(path));
  const std::string_view text = trim(as_text(content.view()));
  // An empty one would let in whoever sends none.
  const bool is_token =
      text.size() >= kShortestText &&
      std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (!is_token)
    return Error{Code::kConfig, "secret_text_unusable",
                 signet::quoted(path, 256) + " does not hold " + std::to_string(kShortestText) +
                     " or more printable characters without blanks; take it away, and the next "
                     "start makes another one"};
  return std::string(text);
}

}  // namespace signet::app

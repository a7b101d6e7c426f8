#include "app/master_key.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "base/base64.h"
#include "base/log.h"
#include "base/text.h"

namespace signet::app {
namespace {

constexpr std::size_t kMaxSecretFile = 64 * 1024;
constexpr std::size_t kMasterKeyBytes = 32;
constexpr std::string_view kUnfinished = ".new.";  ///< and the number of the process that writes

// A descriptor that closes itself.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }
  bool ok() const { return fd_ >= 0; }

 private:
  int fd_;
};

Error system_error(const char* reason, const std::string& path) {
  return {Code::kConfig, reason, signet::quoted(path, 256) + ": " + std::strerror(errno)};
}

Result<SecretBytes> load_or_make(const std::string& path, bool has_data, Random& random) {
  std::error_code ec;
  const bool is_there = std::filesystem::exists(path, ec);
  // Whether it is gone cannot be told.
  if (ec)
    return Error{Code::kConfig, "file_unreadable", signet::quoted(path, 256) + ": " + ec.message()};
  if (!is_there) {
    if (has_data)
      return Error{Code::kConfig, "master_key_lost",
                   signet::quoted(path, 256) +
                       " is gone but the storage may hold what it sealed; restore it from "
                       "a back-up, or see docs/operations.md, back-up and recovery"};
    SecretBytes made(kMasterKeyBytes);
    random.fill(made.span());
    std::string text = base64::encode(made.view()) + "\n";
    const Status written = write_new_secret_file(path, as_bytes(text));
    wipe(text);
    // Another process may have been first: then its key is the one.
    if (!written.ok() && written.error().code != Code::kConflict) return written.error();
    if (written.ok())
      log::warn("master_key_made", {{"path", path}, {"remedy", "back this file up"}});
  }
  return read_secret_file(path);
}

crypto::Hash digest_named(std::string_view name) {
  if (name == "SHA256") return crypto::Hash::kSha256;
  if (name == "SHA384") return crypto::Hash::kSha384;
  if (name == "SHA512") return crypto::Hash::kSha512;
  return crypto::Hash::kSha1;
}

// Without a file or variable of AM's password there is none.
Result<std::optional<secrets::LegacyEncoding>> load_legacy(
    const config::LegacyEncryptionConfig& configured, const config::Environment& environment) {
  std::optional<secrets::LegacyEncoding> legacy;
  if (configured.file.empty() && configured.environment.empty()) return legacy;
  legacy.emplace();
  if (!configured.file.empty()) {
    TRY(const auto raw, read_secret_file(configured.file));
    std::string_view text = as_text(raw.view());
    // What an editor puts behind the last line is not part of the password.
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    legacy->password = SecretBytes::from_text(text);
  } else {
    const auto found = environment.find(configured.environment);
    if (found == environment.end())
      return Error{Code::kConfig, "encryption_key_missing",
                   "the environment has no variable " + signet::quoted(configured.environment) +
                       " for legacy_encryption"};
    legacy->password = SecretBytes::from_text(found->second);
  }
  legacy->digest = digest_named(configured.digest);
  legacy->iterations = configured.iterations;
  legacy->key_bits = configured.bits;
  return legacy;
}

}  // namespace

Result<SecretBytes> read_secret_file(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.ok()) return system_error("file_unreadable", path);
  struct stat info {};
  if (::fstat(file.fd(), &info) != 0) return system_error("file_unreadable", path);
  if (info.st_mode & (S_IRWXG | S_IRWXO))
    return Error{Code::kConfig, "file_permissions",
                 signet::quoted(path, 256) + " may be read by others than its owner; chmod 600"};
  if (info.st_size < 0 || static_cast<std::size_t>(info.st_size) > kMaxSecretFile)
    return Error{Code::kConfig, "file_too_large", signet::quoted(path, 256) + " is no secret"};
  SecretBytes content(static_cast<std::size_t>(info.st_size));
  std::size_t have = 0;
  while (have < content.size()) {
    const ssize_t got = ::read(file.fd(), content.span().data() + have, content.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return system_error("file_unreadable", path);
    have += static_cast<std::size_t>(got);
  }
  return content;
}

void remove_unfinished_files(const std::string& folder) {
  std::error_code ec;
  std::filesystem::directory_iterator it(folder, ec);
  for (const std::filesystem::directory_iterator end; !ec && it != end; it.increment(ec)) {
    const std::string name = it->path().filename().string();
    const std::size_t at = name.rfind(kUnfinished);
    if (at == name.npos) continue;
    const char* const stop = name.data() + name.size();
    pid_t writer = 0;
    const auto read = std::from_chars(name.data() + at + kUnfinished.size(), stop, writer);
    if (read.ec != std::errc() || read.ptr != stop || writer <= 0) continue;
    // In a container the process that was killed had our number.
    const bool is_gone = writer == ::getpid() || (::kill(writer, 0) != 0 && errno == ESRCH);
    if (is_gone) ::unlink(it->path().c_str());
  }
}

Status write_new_secret_file(const std::string& path, ByteView content) {
  // Written beside and linked into place, so that no reader ever sees half of it and no old file is
  // lost.
  const std::string temporary = path + std::string(kUnfinished) + std::to_string(::getpid());
  ::unlink(temporary.c_str());
  {
    const File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file.ok()) return system_error("file_unwritable", path);
    std::size_t written = 0;
    while (written < content.size()) {
      const ssize_t put = ::write(file.fd(), content.data() + written, content.size() - written);
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) {
        const Error error = system_error("file_unwritable", path);
        ::unlink(temporary.c_str());
        return error;
      }
      written += static_cast<std::size_t>(put);
    }
    if (::fsync(file.fd()) != 0) {
      const Error error = system_error("file_unwritable", path);
      ::unlink(temporary.c_str());
      return error;
    }
  }
  const bool linked = ::link(temporary.c_str(), path.c_str()) == 0;
  const int why = errno;
  ::unlink(temporary.c_str());
  if (!linked) {
    errno = why;
    if (why == EEXIST)
      return Error{Code::kConflict, "file_exists", signet::quoted(path, 256) + " exists already"};
    return system_error("file_unwritable", path);
  }
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const File directory(
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // What it seals must not outlive it: its name is durable before anybody uses it.
  if (!directory.ok() || (::fsync(directory.fd()) != 0 && errno != EINVAL))
    return system_error("file_unwritable", folder);
  return Done{};
}

Result<std::shared_ptr<const secrets::EncodingKeys>> load_encoding_keys(
    const config::ServerConfig& config, const config::Environment& environment, bool has_data,
    Random& random) {
  std::vector<secrets::EncodingKeys::Key> keys;
  for (std::size_t i = 0; i < config.encryption_keys.size(); ++i) {
    const auto& configured = config.encryption_keys[i];
    const std::string path = "encryption_keys[" + std::to_string(i) + ']';
    if (!configured.file.empty()) {
      auto raw = read_secret_file(configured.file);
      if (!raw.ok())
        return config::at_setting(config.places, path + ".file", std::move(raw).error());
      keys.push_back({configured.name, secrets::EncodingKeys::master_from(std::move(*raw))});
      continue;
    }
    const auto found = environment.find(configured.environment);
    if (found == environment.end())
      return config::at_setting(
          config.places, path + ".environment",
          {Code::kConfig, "encryption_key_missing",
           "the environment has no variable " + signet::quoted(configured.environment) +
               " for key " + signet::quoted(configured.name)});
    keys.push_back({configured.name,
                    secrets::EncodingKeys::master_from(SecretBytes::from_text(found->second))});
  }
  if (config.encryption_keys.empty()) {
    TRY(auto raw, load_or_make(config.data_dir + "/master.key", has_data, random));
    keys.push_back({"master", secrets::EncodingKeys::master_from(std::move(raw))});
  }
  TRY(auto legacy, load_legacy(config.legacy_encryption, environment));
  return secrets::EncodingKeys::make(std::move(keys), std::move(legacy));
}

}  // namespace signet::app

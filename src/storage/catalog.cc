#include "storage/catalog.h"

#include "base/text.h"
#include "storage/memory/memory_storage.h"
#include "storage/postgres/postgres_storage.h"
#include "storage/sqlite/sqlite_storage.h"

namespace signet::storage {

bool is_shared(const std::string& url) {
  return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

Result<std::shared_ptr<Storage>> open(const std::string& url, const Clock& clock,
                                      postgres::Options options) {
  if (is_shared(url)) return postgres::open(url, clock, std::move(options));
  const std::size_t colon = url.find(':');
  const std::string scheme = url.substr(0, colon);
  const std::string rest = colon == std::string::npos ? "" : url.substr(colon + 1);
  if (colon != std::string::npos && scheme == "memory" && rest.empty()) {
    return memory::open(clock);
  }
  if (scheme == "sqlite" && !rest.empty() && rest.find('\0') == std::string::npos) {
    return sqlite::open(rest, clock);
  }
  // Only the scheme is told back: the rest of such a URL may hold a password.
  return Error{
      Code::kConfig, "storage_url_invalid",
      "a storage URL is 'sqlite:PATH', 'memory:' or 'postgresql://...'; the scheme given is " +
          quoted(scheme)};
}

}  // namespace signet::storage

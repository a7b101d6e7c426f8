#pragma once
// What the tests of all stores need: a folder that goes away, a context, keys, and answers at once.

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "secrets/stores/catalog.h"
#include "support/matchers.h"

namespace signet::secrets {

using test::fails;
using test::fails_with_code;
using test::is_ok;

/// A folder of mode 0700 that is deleted at the end.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;

  std::string str() const;
  std::filesystem::path operator/(const std::string& name) const;
  void write(const std::string& name, std::string_view content, mode_t mode = 0600) const;

 private:
  std::filesystem::path path_;
};

template <class T>
Result<T> now(Task<T> task) {
  return async::run_now(std::move(task));
}

StoreContext test_context();

std::shared_ptr<Store> make_store(std::string_view type, const json::Object& settings,
                                  StoreContext context = test_context());

Status try_make(std::string_view type, const json::Object& settings);

json::Object settings(std::string_view text);

/// A lookup that knows one password under every ID.
PasswordLookup knows_password(std::string password);

std::string pem_of(std::string_view spec);

std::string text_of(const Secret& secret);

}  // namespace signet::secrets

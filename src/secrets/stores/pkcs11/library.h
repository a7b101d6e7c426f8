#pragma once
// One PKCS#11 module, loaded and initialised once in this process, whoever uses it.

#include <p11-kit/pkcs11.h>

#include <atomic>
#include <memory>
#include <shared_mutex>
#include <string>

#include "base/result.h"

namespace signet::secrets::pkcs11 {

/// A failed call as an Error: `what` names the call, the detail the CKR_ constant. Reasons:
/// "pkcs11_lost" (kUnavailable: session, login, token or device is gone; opening anew may help),
/// "pkcs11_pin_incorrect", "pkcs11_pin_locked", "pkcs11_pin_expired" (kConfig), "pkcs11_key_gone"
/// (kUnavailable: a handle that is none any more), "pkcs11_refused" (kDenied),
/// "remote_operation_unsupported" (kUnsupported), "pkcs11_data_invalid" (kDenied),
/// "pkcs11_sessions_used_up" (kUnavailable), "pkcs11_failed" (kUnavailable).
Error failed(const char* what, CK_RV code);
bool is_lost(const Error& error);
bool is_about_pin(const Error& error);

/// Shared by all threads. Calls go through Use; the module is finalised when its last holder is
/// gone, and never while a call is under way.
class Library : public std::enable_shared_from_this<Library> {
 public:
  /// The module of that file, initialised (CKF_OS_LOCKING_OK). Blocks. kConfig
  /// "pkcs11_library_unusable".
  static Result<std::shared_ptr<Library>> open(const std::string& path);
  ~Library();
  Library(const Library&) = delete;

  /// While one is held nobody finalises the module.
  class Use {
   public:
    const CK_FUNCTION_LIST* operator->() const { return functions_; }
    const CK_FUNCTION_LIST& operator*() const { return *functions_; }
    std::uint64_t epoch() const { return epoch_; }

   private:
    friend class Library;
    Use(std::shared_mutex& mutex, const CK_FUNCTION_LIST* functions, std::uint64_t epoch)
        : hold_(mutex), functions_(functions), epoch_(epoch) {}
    std::shared_lock<std::shared_mutex> hold_;
    const CK_FUNCTION_LIST* functions_;
    std::uint64_t epoch_;
  };
  Use use() const;

  /// Finalises and initialises anew, so that the module looks at its slots again, unless somebody
  /// did since `seen`. Every session of every user is gone then. Waits for calls under way; never
  /// call it while holding a Use.
  Status restart(std::uint64_t seen);

 private:
  struct Loaded;
  explicit Library(std::shared_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}
  std::shared_ptr<Loaded> loaded_;
};

}  // namespace signet::secrets::pkcs11

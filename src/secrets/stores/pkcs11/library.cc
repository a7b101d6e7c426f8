#include "secrets/stores/pkcs11/library.h"

#include <dlfcn.h>

#include <array>
#include <map>
#include <mutex>
#include <string_view>

#include "base/text.h"

namespace signet::secrets::pkcs11 {
namespace {

std::string name_of(CK_RV code) {
#define SIGNET_CKR(name) \
  case name:             \
    return #name;
  switch (code) {
    SIGNET_CKR(CKR_HOST_MEMORY)
    SIGNET_CKR(CKR_SLOT_ID_INVALID)
    SIGNET_CKR(CKR_GENERAL_ERROR)
    SIGNET_CKR(CKR_FUNCTION_FAILED)
    SIGNET_CKR(CKR_ARGUMENTS_BAD)
    SIGNET_CKR(CKR_ATTRIBUTE_READ_ONLY)
    SIGNET_CKR(CKR_ATTRIBUTE_VALUE_INVALID)
    SIGNET_CKR(CKR_DATA_INVALID)
    SIGNET_CKR(CKR_DATA_LEN_RANGE)
    SIGNET_CKR(CKR_DEVICE_ERROR)
    SIGNET_CKR(CKR_DEVICE_MEMORY)
    SIGNET_CKR(CKR_DEVICE_REMOVED)
    SIGNET_CKR(CKR_ENCRYPTED_DATA_INVALID)
    SIGNET_CKR(CKR_ENCRYPTED_DATA_LEN_RANGE)
    SIGNET_CKR(CKR_FUNCTION_CANCELED)
    SIGNET_CKR(CKR_FUNCTION_NOT_SUPPORTED)
    SIGNET_CKR(CKR_KEY_HANDLE_INVALID)
    SIGNET_CKR(CKR_KEY_SIZE_RANGE)
    SIGNET_CKR(CKR_KEY_TYPE_INCONSISTENT)
    SIGNET_CKR(CKR_KEY_FUNCTION_NOT_PERMITTED)
    SIGNET_CKR(CKR_MECHANISM_INVALID)
    SIGNET_CKR(CKR_MECHANISM_PARAM_INVALID)
    SIGNET_CKR(CKR_OBJECT_HANDLE_INVALID)
    SIGNET_CKR(CKR_OPERATION_ACTIVE)
    SIGNET_CKR(CKR_OPERATION_NOT_INITIALIZED)
    SIGNET_CKR(CKR_PIN_INCORRECT)
    SIGNET_CKR(CKR_PIN_INVALID)
    SIGNET_CKR(CKR_PIN_LEN_RANGE)
    SIGNET_CKR(CKR_PIN_EXPIRED)
    SIGNET_CKR(CKR_PIN_LOCKED)
    SIGNET_CKR(CKR_SESSION_CLOSED)
    SIGNET_CKR(CKR_SESSION_COUNT)
    SIGNET_CKR(CKR_SESSION_HANDLE_INVALID)
    SIGNET_CKR(CKR_SESSION_READ_ONLY)
    SIGNET_CKR(CKR_TEMPLATE_INCOMPLETE)
    SIGNET_CKR(CKR_TEMPLATE_INCONSISTENT)
    SIGNET_CKR(CKR_TOKEN_NOT_PRESENT)
    SIGNET_CKR(CKR_TOKEN_NOT_RECOGNIZED)
    SIGNET_CKR(CKR_TOKEN_WRITE_PROTECTED)
    SIGNET_CKR(CKR_USER_NOT_LOGGED_IN)
    SIGNET_CKR(CKR_USER_PIN_NOT_INITIALIZED)
    SIGNET_CKR(CKR_USER_ANOTHER_ALREADY_LOGGED_IN)
    SIGNET_CKR(CKR_WRAPPED_KEY_INVALID)
    SIGNET_CKR(CKR_WRAPPED_KEY_LEN_RANGE)
    SIGNET_CKR(CKR_CRYPTOKI_NOT_INITIALIZED)
    default:
      break;
  }
#undef SIGNET_CKR
  const std::array<std::uint8_t, 4> bytes = {
      static_cast<std::uint8_t>(code >> 24), static_cast<std::uint8_t>(code >> 16),
      static_cast<std::uint8_t>(code >> 8), static_cast<std::uint8_t>(code)};
  return "CKR 0x" + hex(bytes);
}

struct Kind {
  Code code;
  const char* reason;
};

Kind kind_of(CK_RV code) {
  switch (code) {
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_SESSION_CLOSED:
    case CKR_USER_NOT_LOGGED_IN:
    case CKR_DEVICE_REMOVED:
    case CKR_DEVICE_ERROR:
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_TOKEN_NOT_RECOGNIZED:
    case CKR_SLOT_ID_INVALID:
    case CKR_CRYPTOKI_NOT_INITIALIZED:
    case CKR_OPERATION_NOT_INITIALIZED:
    // What modules say when the ground is gone under them, for want of a better word.
    case CKR_GENERAL_ERROR:
    case CKR_FUNCTION_FAILED:
      return {Code::kUnavailable, "pkcs11_lost"};
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
      return {Code::kConfig, "pkcs11_pin_incorrect"};
    case CKR_PIN_LOCKED:
      return {Code::kConfig, "pkcs11_pin_locked"};
    case CKR_PIN_EXPIRED:
    case CKR_USER_PIN_NOT_INITIALIZED:
      return {Code::kConfig, "pkcs11_pin_expired"};
    case CKR_OBJECT_HANDLE_INVALID:
    case CKR_KEY_HANDLE_INVALID:
      return {Code::kUnavailable, "pkcs11_key_gone"};
    case CKR_KEY_FUNCTION_NOT_PERMITTED:
    case CKR_SESSION_READ_ONLY:
    case CKR_TOKEN_WRITE_PROTECTED:
    case CKR_USER_ANOTHER_ALREADY_LOGGED_IN:
      return {Code::kDenied, "pkcs11_refused"};
    case CKR_MECHANISM_INVALID:
    case CKR_MECHANISM_PARAM_INVALID:
    case CKR_ARGUMENTS_BAD:
    case CKR_FUNCTION_NOT_SUPPORTED:
    case CKR_KEY_TYPE_INCONSISTENT:
    case CKR_KEY_SIZE_RANGE:
      return {Code::kUnsupported, "remote_operation_unsupported"};
    case CKR_DATA_INVALID:
    case CKR_DATA_LEN_RANGE:
    case CKR_ENCRYPTED_DATA_INVALID:
    case CKR_ENCRYPTED_DATA_LEN_RANGE:
    case CKR_WRAPPED_KEY_INVALID:
    case CKR_WRAPPED_KEY_LEN_RANGE:
      return {Code::kDenied, "pkcs11_data_invalid"};
    case CKR_SESSION_COUNT:
      return {Code::kUnavailable, "pkcs11_sessions_used_up"};
    default:
      return {Code::kUnavailable, "pkcs11_failed"};
  }
}

}  // namespace

Error failed(const char* what, CK_RV code) {
  const Kind kind = kind_of(code);
  return {kind.code, kind.reason, std::string(what) + " gives " + name_of(code)};
}

bool is_lost(const Error& error) {
  return error.reason == std::string_view("pkcs11_lost");
}

bool is_about_pin(const Error& error) {
  return std::string_view(error.reason).starts_with("pkcs11_pin_");
}

/// A loaded file; it stays loaded to the end of the process, because not every module survives
/// being unloaded.
struct Library::Loaded {
  const CK_FUNCTION_LIST* functions = nullptr;
  std::shared_mutex calls;
  std::atomic<std::uint64_t> epoch{0};
  std::size_t users = 0;  ///< under the registry's mutex
  bool is_ours = false;   ///< we initialised it, so we finalise it

  Status initialise() {
    CK_C_INITIALIZE_ARGS arguments{};
    arguments.flags = CKF_OS_LOCKING_OK;
    const CK_RV code = functions->C_Initialize(&arguments);
    if (code != CKR_OK && code != CKR_CRYPTOKI_ALREADY_INITIALIZED)
      return Error{Code::kUnavailable, "pkcs11_failed", failed("C_Initialize", code).detail};
    is_ours = is_ours || code == CKR_OK;
    ++epoch;
    return Done{};
  }
};

namespace {

std::mutex& registry_mutex() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

Result<std::shared_ptr<Library>> Library::open(const std::string& path) {
  static std::map<std::string, std::shared_ptr<Loaded>> registry;
  const std::lock_guard hold(registry_mutex());
  const auto unusable = [&](const std::string& why) {
    return Error{Code::kConfig, "pkcs11_library_unusable", quoted(path, 256) + ": " + why};
  };
  std::shared_ptr<Loaded>& slot = registry[path];
  if (!slot) {
    void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      registry.erase(path);
      const char* why = ::dlerror();
      return unusable(why == nullptr ? "cannot be loaded" : quoted(why, 256));
    }
    auto get = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(handle, "C_GetFunctionList"));
    CK_FUNCTION_LIST* functions = nullptr;
    if (get == nullptr || get(&functions) != CKR_OK || functions == nullptr) {
      ::dlclose(handle);
      registry.erase(path);
      return unusable("it is no PKCS#11 module");
    }
    slot = std::make_shared<Loaded>();
    slot->functions = functions;
  }
  if (slot->users == 0) {
    const std::unique_lock alone(slot->calls);
    TRY(slot->initialise());
  }
  ++slot->users;
  return std::shared_ptr<Library>(new Library(slot));
}

Library::~Library() {
  const std::lock_guard hold(registry_mutex());
  if (--loaded_->users > 0) return;
  const std::unique_lock alone(loaded_->calls);
  if (loaded_->is_ours) loaded_->functions->C_Finalize(nullptr);
  loaded_->is_ours = false;
  ++loaded_->epoch;
}

Library::Use Library::use() const {
  // The epoch cannot change while the lock is held.
  Use use(loaded_->calls, loaded_->functions, 0);
  use.epoch_ = loaded_->epoch;
  return use;
}

Status Library::restart(std::uint64_t seen) {
  const std::unique_lock alone(loaded_->calls);
  if (loaded_->epoch != seen) return Done{};
  if (loaded_->is_ours) loaded_->functions->C_Finalize(nullptr);
  return loaded_->initialise();
}

}  // namespace signet::secrets::pkcs11

#pragma once
// One token: where it is, its sessions, and how it is found again after it was lost.

#include <functional>
#include <map>
#include <mutex>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/strong.h"
#include "secrets/stores/pkcs11/session.h"
#include "secrets/stores/pkcs11/token_choice.h"

namespace signet::secrets::pkcs11 {

/// A token as it was found. Immutable.
struct Place {
  std::shared_ptr<Library> library;
  std::uint64_t library_epoch = 0;
  std::uint64_t number = 0;  ///< another one after each loss: object handles are good for one place
  CK_SLOT_ID slot = 0;
  std::string label, serial;
  CK_FLAGS flags = 0;
  std::map<CK_MECHANISM_TYPE, CK_MECHANISM_INFO> mechanisms;

  /// Whether the mechanism is there with all these CKF_ flags.
  bool can(CK_MECHANISM_TYPE mechanism, CK_FLAGS flags) const;
};
using PlacePtr = std::shared_ptr<const Place>;

/// Shared by all threads; everything but the PIN's setters blocks. Sessions are kept for the next
/// call: there are never more than threads that call. What was lost (session, login, token) is
/// opened anew once, at last with the module initialised anew; then the token is left alone for a
/// second, doubling up to a minute: "pkcs11_lost" without asking. A PIN that the token refused is
/// never sent again, because tokens lock themselves.
class Token {
 public:
  using Find = std::function<Result<TokenChoice>()>;
  Token(StoreName store, Find find, bool has_pin, std::shared_ptr<Clock> clock,
        std::shared_ptr<Random> random);
  ~Token();
  Token(const Token&) = delete;

  /// True where there is no PIN yet, or the last one was refused.
  bool wants_pin() const;
  void set_pin(std::shared_ptr<const SecretBytes> pin);

  enum class Work : std::uint8_t {
    kUse,    ///< of a key
    kRead,   ///< of what there is: it counts only if the login held to its end
    kWrite,  ///< in a session that may write; after a loss in the middle it is not run again
  };
  /// Runs `work` in a logged-in session. Errors name the store.
  template <class T>
  Result<T> run(Work kind, const std::function<Result<T>(Session&, const Place&)>& work) {
    for (int attempt = 0;; ++attempt) {
      bool has_begun = false;
      Result<T> result = once(kind, work, has_begun);
      if (result.ok()) {
        note_success();
        return result;
      }
      if (!is_lost(result.error()) || (has_begun && kind == Work::kWrite))
        return told(result.error());
      if (Status more = recover(attempt, has_begun, result.error()); !more.ok())
        return told(more.error());
    }
  }

 private:
  /// A session while it is in use.
  struct Lease {
    PlacePtr place;
    std::optional<Library::Use> use;
    CK_SESSION_HANDLE handle = CK_INVALID_HANDLE;
  };

  template <class T>
  Result<T> once(Work kind, const std::function<Result<T>(Session&, const Place&)>& work,
                 bool& has_begun) {
    TRY(Lease lease, take(kind == Work::kWrite));
    has_begun = true;
    Session session(**lease.use, lease.handle);
    Result<T> result = work(session, *lease.place);
    // Without a login private objects are not refused: they seem not to be there.
    const bool is_doubtful = result.ok()
                                 ? kind == Work::kRead
                                 : result.error().reason == std::string_view("pkcs11_key_gone");
    if (is_doubtful && !is_logged_in(lease)) result = login_gone();
    // After a failure an operation may still be under way in the session.
    give_back(std::move(lease), result.ok() && kind != Work::kWrite);
    return result;
  }

  Result<Lease> take(bool writes);
  void give_back(Lease lease, bool is_good);
  static bool is_logged_in(const Lease& lease);
  static Error login_gone();
  Result<PlacePtr> place();
  Result<PlacePtr> connect();
  Status log_in(const CK_FUNCTION_LIST& f, const Place& place, CK_SESSION_HANDLE session);
  /// Ok: try once more. Otherwise what to say.
  Status recover(int attempt, bool has_begun, const Error& error);
  void forget();
  void note_success();
  Error told(const Error& error) const;

  const StoreName store_;
  const Find find_;
  const bool has_pin_;
  const std::shared_ptr<Clock> clock_;
  const std::shared_ptr<Random> random_;

  std::mutex connecting_;
  mutable std::mutex mutex_;  ///< for all below
  std::shared_ptr<Library> library_;
  PlacePtr place_;
  std::uint64_t places_ = 0;
  std::vector<CK_SESSION_HANDLE> free_;  ///< of place_
  std::shared_ptr<const SecretBytes> pin_, refused_pin_;
  std::string refusal_;
  int failures_ = 0;
  Milliseconds retry_at_{0};  ///< of the monotone clock
  std::string last_failure_;
};

}  // namespace signet::secrets::pkcs11

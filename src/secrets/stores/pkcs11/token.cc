#include "secrets/stores/pkcs11/token.h"

#include <algorithm>

#include "base/text.h"

namespace signet::secrets::pkcs11 {
namespace {

constexpr int kMostAttempts = 3;
constexpr Milliseconds kFirstPause{1'000};
constexpr Milliseconds kLongestPause{60'000};

/// A login holds for all sessions of this process, those of other stores included.
bool is_user(const CK_SESSION_INFO& info) {
  return info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS;
}

}  // namespace

bool Place::can(CK_MECHANISM_TYPE mechanism, CK_FLAGS wanted) const {
  const auto found = mechanisms.find(mechanism);
  return found != mechanisms.end() && (found->second.flags & wanted) == wanted;
}

Token::Token(StoreName store, Find find, bool has_pin, std::shared_ptr<Clock> clock,
             std::shared_ptr<Random> random)
    : store_(std::move(store)),
      find_(std::move(find)),
      has_pin_(has_pin),
      clock_(std::move(clock)),
      random_(std::move(random)) {}

Token::~Token() {
  forget();
}

bool Token::wants_pin() const {
  const std::lock_guard hold(mutex_);
  return has_pin_ && !pin_;
}

void Token::set_pin(std::shared_ptr<const SecretBytes> pin) {
  const std::lock_guard hold(mutex_);
  pin_ = std::move(pin);
}

Error Token::told(const Error& error) const {
  return {error.code, error.reason, "store " + quoted(store_.view()) + ": " + error.detail};
}

Result<PlacePtr> Token::place() {
  {
    const std::lock_guard hold(mutex_);
    if (place_) return place_;
  }
  const std::lock_guard alone(connecting_);
  {
    const std::lock_guard hold(mutex_);
    if (place_) return place_;
  }
  return connect();
}

Result<PlacePtr> Token::connect() {
  TRY(const TokenChoice choice, find_());
  std::shared_ptr<Library> library;
  {
    const std::lock_guard hold(mutex_);
    library = library_;
  }
  if (!library) {
    TRY(library, Library::open(choice.library));
  }
  auto place = std::make_shared<Place>();
  const Library::Use f = library->use();
  {
    // Known from here on, so that recover() can start the module anew.
    const std::lock_guard hold(mutex_);
    library_ = library;
  }
  place->library = library;
  place->library_epoch = f.epoch();
  TRY(place->slot, choose_slot(*f, choice));
  CK_TOKEN_INFO info{};
  if (const CK_RV code = f->C_GetTokenInfo(place->slot, &info); code != CKR_OK)
    return failed("C_GetTokenInfo", code);
  place->label = fixed_field(info.label, sizeof info.label);
  place->serial = fixed_field(info.serialNumber, sizeof info.serialNumber);
  place->flags = info.flags;
  if (!choice.label.empty() && place->label != choice.label) {
    return token_lost("the slot holds the token " + quoted(place->label) + ", not " +
                      quoted(choice.label));
  }
  CK_ULONG count = 0;
  if (const CK_RV code = f->C_GetMechanismList(place->slot, nullptr, &count); code != CKR_OK)
    return failed("C_GetMechanismList", code);
  std::vector<CK_MECHANISM_TYPE> types(count);
  if (const CK_RV code = f->C_GetMechanismList(place->slot, types.data(), &count); code != CKR_OK)
    return failed("C_GetMechanismList", code);
  types.resize(std::min<std::size_t>(count, types.size()));
  for (const CK_MECHANISM_TYPE type : types) {
    CK_MECHANISM_INFO about{};
    if (f->C_GetMechanismInfo(place->slot, type, &about) == CKR_OK)
      place->mechanisms.emplace(type, about);
  }
  const std::lock_guard hold(mutex_);
  place->number = ++places_;
  place_ = place;
  return PlacePtr(place);
}

Result<Token::Lease> Token::take(bool writes) {
  {
    const std::lock_guard hold(mutex_);
    if (clock_->monotone() < retry_at_)
      return token_lost("left alone for a moment after a failure: " + last_failure_);
  }
  Lease lease;
  TRY(lease.place, place());
  lease.use.emplace(lease.place->library->use());
  if (lease.use->epoch() != lease.place->library_epoch)
    return token_lost("the module was initialised anew");
  const Library::Use& f = *lease.use;
  if (!writes) {
    const std::lock_guard hold(mutex_);
    if (place_ == lease.place && !free_.empty()) {
      lease.handle = free_.back();
      free_.pop_back();
      return lease;
    }
  }
  const CK_FLAGS flags = CKF_SERIAL_SESSION | (writes ? CKF_RW_SESSION : 0);
  if (const CK_RV code =
          f->C_OpenSession(lease.place->slot, flags, nullptr, nullptr, &lease.handle);
      code != CKR_OK) {
    return failed("C_OpenSession", code);
  }
  if (Status in = log_in(*f, *lease.place, lease.handle); !in.ok()) {
    f->C_CloseSession(lease.handle);
    return in.error();
  }
  return lease;
}

bool Token::is_logged_in(const Lease& lease) {
  if ((lease.place->flags & CKF_LOGIN_REQUIRED) == 0) return true;
  CK_SESSION_INFO info{};
  return (*lease.use)->C_GetSessionInfo(lease.handle, &info) == CKR_OK && is_user(info);
}

Error Token::login_gone() {
  return token_lost("the login is gone");
}

Status Token::log_in(const CK_FUNCTION_LIST& f, const Place& place, CK_SESSION_HANDLE session) {
  if ((place.flags & CKF_LOGIN_REQUIRED) == 0) return Done{};
  CK_SESSION_INFO info{};
  if (const CK_RV code = f.C_GetSessionInfo(session, &info); code != CKR_OK)
    return failed("C_GetSessionInfo", code);
  if (is_user(info)) return Done{};

  const std::lock_guard hold(mutex_);  // one login at a time, so that a wrong PIN is sent once
  const bool has_pad = (place.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
  if (!pin_ && !(has_pad && !has_pin_)) {
    if (refused_pin_) return Error{Code::kConfig, "pkcs11_pin_incorrect", refusal_};
    return Error{Code::kConfig, "pkcs11_pin_missing",
                 "the token wants a PIN: set storePassword to the secret ID of it"};
  }
  if (pin_ && refused_pin_ && constant_time_equal(pin_->view(), refused_pin_->view())) {
    pin_.reset();
    return Error{Code::kConfig, "pkcs11_pin_incorrect", refusal_};
  }
  CK_TOKEN_INFO now{};
  if (f.C_GetTokenInfo(place.slot, &now) == CKR_OK && (now.flags & CKF_USER_PIN_FINAL_TRY) != 0) {
    return Error{Code::kConfig, "pkcs11_pin_final_try",
                 "one more wrong PIN locks the token, so none is sent: log in once with the "
                 "vendor's tool"};
  }
  CK_RV code = CKR_OK;
  if (pin_) {
    const ByteView pin = pin_->view();
    code = f.C_Login(session, CKU_USER, const_cast<CK_UTF8CHAR*>(pin.data()), pin.size());
  } else {
    code = f.C_Login(session, CKU_USER, nullptr, 0);
  }
  if (code == CKR_OK || code == CKR_USER_ALREADY_LOGGED_IN) {
    refused_pin_.reset();
    return Done{};
  }
  Error error = failed("C_Login", code);
  if (is_about_pin(error)) {
    refused_pin_ = std::move(pin_);
    pin_.reset();
    refusal_ = error.detail + "; this PIN is not tried again";
    error.detail = refusal_;
  }
  return error;
}

void Token::give_back(Lease lease, bool is_good) {
  if (is_good) {
    const std::lock_guard hold(mutex_);
    if (place_ == lease.place) {
      free_.push_back(lease.handle);
      return;
    }
  }
  (*lease.use)->C_CloseSession(lease.handle);
}

void Token::forget() {
  PlacePtr place;
  std::vector<CK_SESSION_HANDLE> sessions;
  {
    const std::lock_guard hold(mutex_);
    place = std::exchange(place_, nullptr);
    sessions = std::exchange(free_, {});
  }
  if (!place) return;
  const Library::Use f = place->library->use();
  if (f.epoch() != place->library_epoch) return;
  for (const CK_SESSION_HANDLE session : sessions)
    f->C_CloseSession(session);
}

Status Token::recover(int attempt, bool has_begun, const Error& error) {
  // A fresh session and the same failure: it is the key's or the call's own, not the token's.
  if (attempt > 0 && has_begun) return error;
  std::shared_ptr<Library> library;
  {
    const std::lock_guard hold(mutex_);
    if (clock_->monotone() < retry_at_) return error;
    if (attempt + 1 >= kMostAttempts) {
      const Milliseconds pause =
          std::min(kFirstPause * (1 << std::min(failures_, 10)), kLongestPause);
      ++failures_;
      std::uint8_t byte = 0;
      random_->fill({&byte, 1});
      retry_at_ = clock_->monotone() + pause * 3 / 4 + pause * byte / 512;
      last_failure_ = error.detail;
      return error;
    }
    library = library_;
  }
  const std::uint64_t epoch = library ? library->use().epoch() : 0;
  forget();
  // Opening anew was not enough: a module looks at its slots when it is initialised.
  if (attempt > 0 && library) return library->restart(epoch);
  return Done{};
}

void Token::note_success() {
  const std::lock_guard hold(mutex_);
  failures_ = 0;
}

}  // namespace signet::secrets::pkcs11

#include "secrets/stores/shared/shared_certificate.h"

#include <array>
#include <mutex>

#include "async/single_flight.h"
#include "base/backoff.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "secrets/stores/on_pool.h"
#include "secrets/stores/pem_password.h"
#include "secrets/stores/shared/key_bundle.h"
#include "secrets/stores/warnings.h"

namespace signet::secrets {
namespace {

constexpr std::uint32_t kCreateTries = 3;
constexpr std::uint32_t kReadTries =
    6;  // together less than a store has to answer (keys.store_timeout)
constexpr Milliseconds kFirstWait{100};
constexpr Milliseconds kLongestWait{2'000};
constexpr auto kExpiryNotice = std::chrono::hours(24 * 30);

using ValuePtr = std::shared_ptr<const SecretBytes>;

/// A random UUID (RFC 9562 §5.4): the form that AWS wants of a request token.
std::string new_request_token(Random& random) {
  Bytes bytes(16);
  random.fill(bytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x40U);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
  std::string text = hex(bytes);
  for (const std::size_t at : {8U, 13U, 18U, 23U})
    text.insert(at, 1, '-');
  return text;
}

class SharedCertificateStore : public Store,
                               public DefaultMapper,
                               public std::enable_shared_from_this<SharedCertificateStore> {
 public:
  SharedCertificateStore(StoreName name, SharedCertificateSettings settings,
                         std::shared_ptr<SharedSlot> slot, StoreContext context, async::Pause pause)
      : name_(std::move(name)),
        settings_(std::move(settings)),
        slot_(std::move(slot)),
        context_(std::move(context)),
        pause_(std::move(pause)) {}

  const StoreName& name() const override { return name_; }
  Ordering ordering() const override { return Ordering::kByMapping; }
  bool has_changing_aliases() const override { return true; }
  std::vector<std::string> warnings() const override { return warnings_.all(); }
  std::vector<Mapping> default_mappings() const override;

  Task<std::vector<Secret>> fetch(Alias alias) override {
    if (alias.view() != settings_.alias) co_return std::vector<Secret>();
    CO_TRY(const HeldPtr held, co_await current());
    co_return held->secrets;
  }
  Task<std::vector<Alias>> aliases() override {
    std::vector<Alias> only(1, Alias(settings_.alias));
    co_return only;
  }
  Task<std::string> fingerprint() override {
    CO_TRY(const HeldPtr held, co_await current());
    co_return held->stamp;
  }
  Task<Done> probe() override {
    CO_TRY(const HeldPtr held, co_await look_now());
    co_return Done{};
  }
  void forget_cached() override {
    const std::lock_guard lock(mutex_);
    ++epoch_;
  }

 private:
  /// What the slot held when it was last read.
  struct Held {
    std::vector<Secret> secrets;
    std::string stamp;
    Instant read_at;
    std::uint64_t epoch = 0;  ///< when it was asked for
  };
  using HeldPtr = std::shared_ptr<const Held>;

  Task<HeldPtr> current() {
    {
      const std::lock_guard lock(mutex_);
      const Instant now = context_.clock->now();
      const bool is_fresh = last_ && last_->epoch == epoch_ && now >= last_->read_at &&
                            now - last_->read_at < settings_.reread;
      if (is_fresh) co_return last_;
    }
    co_return co_await look_now();
  }
  Task<HeldPtr> look_now() {
    std::function<Task<HeldPtr>()> work = [self = shared_from_this()] { return self->look(); };
    auto held = co_await flight_.run(std::move(work));
    if (held) co_return held;
    Error error = std::move(held).error();
    error.detail = "store " + quoted(name_.view()) + ": " + error.detail;
    co_return error;
  }

  std::uint64_t epoch() {
    const std::lock_guard lock(mutex_);
    return epoch_;
  }

  Task<HeldPtr> look() {
    const std::uint64_t asked = epoch();
    CO_TRY(auto found, co_await slot_->read());
    if (!found) co_return co_await make(asked);
    ValuePtr value = std::make_shared<const SecretBytes>(std::move(*found));
    co_return co_await take(std::move(value), asked);
  }

  Task<HeldPtr> make(std::uint64_t asked) {
    CO_TRY(ValuePtr ours, co_await generate());
    CO_TRY(const SharedSlot::Created created, co_await create(ours));
    if (created == SharedSlot::Created::kNobody) {
      co_return Error{Code::kInternal, "shared_certificate_undecided",
                      slot_->describe() + " did not say who was first"};
    }
    const bool is_ours = created == SharedSlot::Created::kOurs;
    tell(is_ours ? "shared_certificate_made" : "shared_certificate_made_by_another");
    CO_TRY(ValuePtr there, co_await read_existing());
    if (is_ours && !constant_time_equal(there->view(), ours->view())) {
      tell("shared_certificate_replaced");
    }
    co_return co_await take(std::move(there), asked);
  }

  void tell(std::string_view event) const {
    const std::string place = slot_->describe();
    log::info(event, {{"store", name_.str()}, {"place", place}});
  }

  Task<ValuePtr> generate() {
    auto work = [self = shared_from_this()]() -> Result<ValuePtr> {
      TRY(SecretBytes pem, make_key_pem(self->settings_.key, self->settings_.terms,
                                        self->context_.clock->now(), *self->context_.random));
      return std::make_shared<const SecretBytes>(std::move(pem));
    };
    co_return co_await on_pool<ValuePtr>(context_.pool, std::move(work));
  }

  Task<Done> wait_after(std::uint32_t failures) {
    co_return co_await pause_(
        backoff_delay(failures, kFirstWait, kLongestWait, context_.random.get()));
  }

  // An answer that was lost is asked for again with the same token and value: the service then
  // knows its own.
  Task<SharedSlot::Created> create(ValuePtr ours) {
    const std::string token = new_request_token(*context_.random);
    for (std::uint32_t tries = 1;; ++tries) {
      auto created = co_await slot_->create(ours, token);
      if (created || !is_transient(created.error().code) || tries == kCreateTries) {
        co_return created;
      }
      CO_TRY(co_await wait_after(tries));
    }
  }

  // It is there, so "nothing" is a service that has not caught up with itself, or a right to read
  // that is missing.
  Task<ValuePtr> read_existing() {
    for (std::uint32_t tries = 1;; ++tries) {
      auto found = co_await slot_->read();
      if (found && *found) co_return std::make_shared<const SecretBytes>(std::move(**found));
      if (!found && (!is_transient(found.error().code) || tries == kReadTries)) {
        co_return std::move(found).error();
      }
      if (tries == kReadTries) {
        co_return Error{Code::kConfig, "shared_certificate_unreadable",
                        slot_->describe() + " exists and cannot be read: missing is the right " +
                            slot_->right_to_read()};
      }
      CO_TRY(co_await wait_after(tries));
    }
  }

  Task<HeldPtr> take(ValuePtr value, std::uint64_t asked) {
    std::shared_ptr<const SecretBytes> password;
    if (settings_.value_password) {
      CO_TRY(password, co_await find_password(context_.password, *settings_.value_password));
    }
    auto work = [self = shared_from_this(), value, password, asked] {
      return self->read(*value, password.get(), asked);
    };
    CO_TRY(HeldPtr held, co_await on_pool<HeldPtr>(context_.pool, std::move(work)));
    const std::lock_guard lock(mutex_);
    last_ = held;
    co_return held;
  }

  Result<HeldPtr> read(const SecretBytes& value, const SecretBytes* password, std::uint64_t asked) {
    std::optional<ByteView> opens;
    if (password) opens = password->view();
    auto secrets = read_key_bundle(value.view(), opens);
    if (!secrets) {
      Error error = std::move(secrets).error();
      if (error.code == Code::kInvalid) error.code = Code::kConfig;  // the value, not a caller
      error.detail = slot_->describe() + ": " + error.detail;
      return error;
    }
    if (secrets->size() != 1 || secrets->front().kind != SecretKind::kKeyPair) {
      return Error{Code::kConfig, "shared_certificate_unusable",
                   slot_->describe() + " holds no private key"};
    }
    auto held = std::make_shared<Held>();
    Secret& secret = secrets->front();
    secret.alias = Alias(settings_.alias);
    secret.store = name_;
    held->stamp = secret.kid.str();
    for (const crypto::Certificate& certificate : secret.certificates)
      held->stamp += "/" + hex(certificate.thumbprint(crypto::Hash::kSha256));
    held->read_at = context_.clock->now();
    held->epoch = asked;
    warnings_.set(settings_.alias, complaints_about(secret, held->read_at));
    held->secrets = std::move(*secrets);
    return HeldPtr(std::move(held));
  }

  std::vector<std::string> complaints_about(const Secret& secret, Instant now) const {
    std::vector<std::string> complaints;
    if (secret.certificates.empty()) {
      complaints.push_back(slot_->describe() + " holds a key without a certificate");
    } else if (secret.certificates.front().not_after() < now + kExpiryNotice) {
      complaints.push_back("the certificate in " + slot_->describe() + " is valid until " +
                           to_rfc3339(secret.certificates.front().not_after()));
    }
    return complaints;
  }

  StoreName name_;
  SharedCertificateSettings settings_;
  std::shared_ptr<SharedSlot> slot_;
  StoreContext context_;
  async::Pause pause_;
  Warnings warnings_;
  async::SingleFlight<HeldPtr> flight_;
  std::mutex mutex_;
  HeldPtr last_;
  std::uint64_t epoch_ = 0;  ///< forget_cached() begins another: what was read before is old
};

// Each signing ID whose default key would be of the same kind.
std::vector<Mapping> SharedCertificateStore::default_mappings() const {
  std::vector<Mapping> mappings;
  for (const Mapping& usual : secrets::default_mappings()) {
    const SecretIdRow* row = find_row(usual.id);
    if (!row || row->purpose != Purpose::kSigning) continue;
    for (const auto& [alias, spec] : default_keys()) {
      if (alias != usual.aliases.front().view() || spec.type != KeySpec::Type::kKeyPair ||
          spec.kind != settings_.key.kind) {
        continue;
      }
      auto mapping = Mapping::make(usual.id, std::vector<Alias>(1, Alias(settings_.alias)), false);
      if (mapping) mappings.push_back(std::move(mapping).value());
    }
  }
  return mappings;
}

}  // namespace

std::shared_ptr<Store> make_shared_certificate_store(StoreName name,
                                                     SharedCertificateSettings settings,
                                                     std::shared_ptr<SharedSlot> slot,
                                                     StoreContext context, async::Pause pause) {
  return std::make_shared<SharedCertificateStore>(
      std::move(name), std::move(settings), std::move(slot), std::move(context), std::move(pause));
}

}  // namespace signet::secrets

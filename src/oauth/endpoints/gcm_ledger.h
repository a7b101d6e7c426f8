#pragma once
// The uses of resource servers' keys for AES-GCM with random IVs, over all instances and restarts.

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "async/single_flight.h"
#include "base/clock.h"
#include "jose/gcm_uses.h"
#include "jose/jwk.h"
#include "storage/storage.h"

namespace signet::oauth {

/// NIST SP 800-38D §8.3 allows a key 2^32 of them, whoever makes them. So uses are taken from
/// storage in blocks, durably, before they are made; a block that an instance has not used up when
/// it ends is lost. Blocks begin small and double, so that little is lost by those who use little.
/// A key is known by its material: in whatever realm, for whatever resource server, under whatever
/// kid. Shared by all threads.
class GcmLedger {
 public:
  struct Settings {
    std::uint64_t first_block = std::uint64_t{1} << 12, largest_block = std::uint64_t{1} << 20;
    std::uint64_t most = jose::GcmUses::kMost;
  };

  /// One key.
  class Account {
   public:
    /// What encryptors take from. Lives as long as the account.
    static std::shared_ptr<jose::GcmUses> uses_of(const std::shared_ptr<Account>& account) {
      return {account, &account->uses_};
    }
    const jose::GcmUses& uses() const { return uses_; }

   private:
    friend class GcmLedger;
    explicit Account(std::string id) : id_(std::move(id)) {}
    const std::string id_;
    jose::GcmUses uses_ = jose::GcmUses::to_be_granted();
    std::atomic<std::uint64_t> block_{0};      ///< the last one that was granted
    std::atomic<bool> is_ahead_{false};        ///< somebody reserves the next block already
    std::atomic<std::int64_t> not_before_{0};  ///< after a failure; ms since 1970
    async::SingleFlight<Done> flight_;
  };
  using AccountPtr = std::shared_ptr<Account>;

  GcmLedger() = default;
  explicit GcmLedger(Settings settings) : settings_(settings) {}

  /// Finds or makes; asks nobody. `key` is symmetric.
  AccountPtr account(const jose::Jwk& key);

  /// What to do before a token is made. Two relaxed loads where there is enough.
  enum class Wish : std::uint8_t {
    kNothing,
    kAhead,  ///< reserve(): half of the block is gone. Told to one caller at a time
    kNow,    ///< reserve(): nothing is left
  };
  Wish wish(Account& account, Instant now) const;

  /// Takes a block from storage; all who wait for the same key wait for one taking. "key_worn_out"
  /// after 2^32 over all; "gcm_uses_malformed" where what is stored is no count; kUnavailable
  /// "gcm_uses_contended" where others were faster many times; what storage says.
  Task<Done> reserve(std::shared_ptr<storage::Storage> storage, AccountPtr account, Instant now);

  /// How many of the 2^32 were taken by all instances, used or not.
  Task<std::uint64_t> reserved(std::shared_ptr<storage::Storage> storage, jose::Jwk key) const;

  const Settings& settings() const { return settings_; }

 private:
  Task<Done> take_block(std::shared_ptr<storage::Storage> storage, AccountPtr account);

  const Settings settings_{};
  std::mutex mutex_;
  std::unordered_map<std::string, AccountPtr> accounts_;
};

}  // namespace signet::oauth

#pragma once
// The invariants of security-requirements.md 4.5 that concern keys, on every state of a simulation.

#include "secrets/keeper/invariants.h"
#include "simulator/verifiers.h"

namespace signet::simulator {

class Checker {
 public:
  Checker(std::shared_ptr<storage::Storage> shared, std::shared_ptr<const Truth> truth,
          const Rules& rules, std::vector<RingName> rings);

  /// A token was answered; `snapshot_at`: when the request took its ring from the instance.
  void issued(const Instance& by, const secrets::LiveRing& ring, const RealmName& realm,
              Milliseconds snapshot_at, Milliseconds expires);
  /// Storage changed: the journal and the audit trail are read before the next check.
  void changed() { is_changed_ = true; }
  /// Everything that must hold now.
  void check(const std::vector<Instance>& instances, const std::vector<Verifier>& verifiers);
  /// What must hold once nothing is broken any more.
  void check_calm(const std::vector<Instance>& instances);
  void violated(const std::string& how);

  const std::vector<std::string>& violations() const { return violations_; }
  std::size_t tokens() const { return issued_; }
  std::size_t activations() const { return activations_; }
  std::size_t retirements() const { return retirements_; }
  /// The remembered keys of a ring that are not gone.
  std::vector<storage::KeyRecord> living(const RingName& ring) const;

 private:
  using KeyName = std::tuple<RealmName, std::string, KeyId>;
  void read_audit();
  void read_journal();
  bool is_excused(const KeyId& kid) const;
  void excuse(const KeyId& kid, Milliseconds until);
  void excuse_surprises(const std::vector<Instance>& instances);
  void check_tokens(const std::vector<Instance>& instances, const std::vector<Verifier>& verifiers);
  void check_gone(const std::vector<Instance>& instances);
  void check_health(const std::vector<Instance>& instances);

  const std::shared_ptr<storage::Storage> shared_;
  const std::shared_ptr<const Truth> truth_;
  const Rules& rules_;
  const std::vector<RingName> rings_;
  std::vector<std::string> violations_;
  std::size_t issued_ = 0, activations_ = 0, retirements_ = 0;
  bool is_changed_ = true;
  std::map<Token, Milliseconds> tokens_;  ///< and when the last of a kind expires
  std::map<KeyName, storage::KeyRecord> records_;
  std::map<KeyName, Milliseconds> inactive_since_;
  std::map<KeyId, Milliseconds> excused_;      ///< tokens of these may fail until then
  std::map<KeyId, Milliseconds> surprises_;    ///< signing before all know them, and since when
  std::map<KeyId, Milliseconds> compromised_;  ///< and since when
  std::int64_t audited_ = 0;
  Bytes chain_;
  secrets::LifePaths paths_;
};

}  // namespace signet::simulator

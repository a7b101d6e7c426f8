#pragma once
// What a change of a mapping means for the keys behind it, before anything is written.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "secrets/keeper/journal.h"
#include "secrets/keeper/keeper.h"

namespace signet::secrets {

class StepPlan {
 public:
  /// `step` and `policy` outlive this. `is_activation`: the list stays, so what is asked is that
  /// its waiting first key signs. `missing`: the live instances that do not publish a prepared key
  /// yet, in words.
  StepPlan(const Keeper::StepRequest& step, std::vector<JournalEntry> entries,
           const RotationPolicy& policy, Instant now, bool is_activation,
           std::function<std::vector<std::string>(const KeyId&)> missing);

  /// `before`, `after`: the keys of the list in its order; `added`: those of aliases that are new.
  /// What refuse_activation() and refuse_retirement() say, unless the step is forced, and kConflict
  /// "retirement_last_key".
  Status make(const std::vector<Secret>& before, const std::vector<Secret>& after,
              const std::vector<Secret>& added);

  /// The changed records and the audit events.
  void add_to(storage::Transaction& transaction) const;

 private:
  JournalEntry* find(const KeyId& kid);
  void changed(const char* name, const KeyId& kid, const Secret* secret);
  void publish(const Secret& secret, bool is_added);
  Status activate(const std::vector<Secret>& before, const std::vector<Secret>& after);
  Status retire(const Secret& secret, const std::vector<Secret>& after);

  const Keeper::StepRequest& step_;
  std::vector<JournalEntry> entries_;
  const RotationPolicy policy_;
  const Instant now_;
  const bool is_activation_;
  const std::function<std::vector<std::string>(const KeyId&)> missing_;
  std::optional<KeyId> active_before_;
  std::vector<KeyId> changed_;
  std::vector<KeyEvent> events_;
};

}  // namespace signet::secrets

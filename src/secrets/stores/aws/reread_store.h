#pragma once
// What the stores of AWS that read by alias have in common.

#include <map>
#include <memory>
#include <mutex>

#include "secrets/stores/aws/client.h"
#include "secrets/stores/warnings.h"

namespace signet::secrets::aws {

/// Reads an alias again when its last reading is older than `reread` (an absent one sooner), and
/// tells by what it found whether something changed: AWS tells nobody by itself. It has no list:
/// the documented rights do not allow one.
class RereadStore : public Store {
 public:
  const StoreName& name() const override { return name_; }
  Task<std::vector<Secret>> fetch(Alias alias) override;
  std::size_t aliases_at_once() const override { return kAliasesAtOnce; }
  Task<std::vector<Alias>> aliases() override;  ///< kUnsupported "aliases_unsupported"
  /// Of what was read, without asking AWS; empty while a reading is too old to be told again. So
  /// each alias is asked for by a fetch() of its own, and one that fails, or takes all the time
  /// that a question may take, is no failure of the store.
  Task<std::string> fingerprint() override;
  std::vector<std::string> warnings() const override { return warnings_.all(); }
  void forget_cached() override;

 protected:
  /// What was read of one alias.
  struct Reading {
    std::vector<Secret> secrets;  ///< without alias and store, which fetch() puts in
    std::string stamp;            ///< differs when the secrets may
    std::vector<std::string> warnings;
  };

  RereadStore(StoreName name, std::string service, Seconds reread, AccessPtr access)
      : name_(std::move(name)),
        service_(std::move(service)),
        reread_(reread),
        access_(std::move(access)) {}

  /// Errors as AWS says them: told() is put around them.
  virtual Task<Reading> read(Alias alias) = 0;
  /// The same error with the words that an operator needs.
  virtual Error told(const Alias& alias, Error error) const = 0;
  Error in_this_store(Error error) const;
  /// Keeps what was just read or made as the alias's reading; its secrets, with alias and store.
  std::vector<Secret> keep(const Alias& alias, Reading reading);

  const Access& access() const { return *access_; }

 private:
  struct Kept {
    Reading reading;
    Milliseconds at;          ///< of the monotone clock
    std::uint64_t epoch = 0;  ///< when it was asked for
  };
  using KeptPtr = std::shared_ptr<const Kept>;
  bool is_fresh(const Kept& kept, Milliseconds now) const;  ///< under the mutex
  Task<KeptPtr> current(Alias alias);
  KeptPtr store_reading(const Alias& alias, Reading reading, Milliseconds at, std::uint64_t epoch);

  const StoreName name_;
  const std::string service_;  ///< for people: "AWS KMS"
  const Seconds reread_;
  const AccessPtr access_;
  Warnings warnings_;
  std::mutex mutex_;
  std::map<Alias, KeptPtr> kept_;
  std::uint64_t epoch_ = 0;  ///< forget_cached() begins another: readings of those before are old
};

}  // namespace signet::secrets::aws

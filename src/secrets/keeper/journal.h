#pragma once
// The remembered life of keys, between storage records and the pure histories.

#include <map>
#include <string>
#include <vector>

#include "secrets/rotation.h"
#include "secrets/secret.h"
#include "storage/storage.h"

namespace signet::secrets {

struct JournalEntry {
  KeyHistory history;
  std::string public_jwk;     ///< JSON; empty for symmetric keys
  std::int64_t revision = 0;  ///< 0: not stored yet
};

/// What is remembered of the keys of one realm (or of the global ones), by secret ID.
class Journal {
 public:
  static Result<Journal> of(const std::vector<storage::KeyRecord>& records);

  const std::vector<JournalEntry>& entries(const SecretId& id) const;
  /// Whether any key of the ID is remembered that is not retired.
  bool has_living(const SecretId& id) const;
  /// Whether a key of the ID was ever active.
  bool has_signed(const SecretId& id) const;
  bool is_empty() const { return by_id_.empty(); }
  /// When the first key came into the key set of this ID (key_sets.h) by another ID; nothing if
  /// none did, or if nobody fetches keys of this ID.
  std::optional<Instant> first_published_beside(const SecretId& id) const;
  /// Whether a living key of that kid was in that set at that moment or before, by another ID and
  /// for the same use.
  bool has_published_beside(const SecretId& id, const KeyId& kid, Instant until) const;

 private:
  std::map<std::string, std::vector<JournalEntry>> by_id_;
};

const JournalEntry* find_entry(const std::vector<JournalEntry>& entries, const KeyId& kid);
std::vector<KeyHistory> histories_of(const std::vector<JournalEntry>& entries);

/// A kid names one key for ever: "kid_reused" where the secret is another one than is remembered
/// under its kid.
Status check_same_as_remembered(const Secret& secret, const std::vector<JournalEntry>& entries);

/// The public half as JSON; empty for a symmetric key.
std::string public_text(const Secret& secret);
/// Whether there is any such text, which is not made for it.
inline bool has_public_half(const Secret& secret) {
  return secret.key && !secret.key->jwk().is_symmetric();
}

/// What happened to which key.
struct KeyEvent {
  const char* name;  ///< "key.activated", ...
  KeyId kid;
  Alias alias;
  StoreName store;
  RealmName store_realm;  ///< whose store; empty: a global one
  bool is_forced = false;
  bool is_early = false;  ///< nothing else could sign
  /// Of an activation: the time that was to pass after its publication.
  std::optional<Seconds> publish_ahead{};
};

storage::Change put_key(const RealmName& realm, const SecretId& id, const JournalEntry& entry);
/// The same where nothing but the horizon was raised. Of an active key the other instances are not
/// told, each of which would read all its stores and keys again: who retires it reads the journal
/// then, and who signs with it raises what it knows of. Of a key that signs no more they are, since
/// until when it is needed is shown.
storage::Change put_horizon(const RealmName& realm, const SecretId& id, const JournalEntry& entry);
storage::Change audit_key(const RealmName& realm, const SecretId& id, const KeyEvent& event,
                          const std::string& actor, Instant now);

}  // namespace signet::secrets

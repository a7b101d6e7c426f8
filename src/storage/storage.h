#pragma once
// storage: what must survive. One interface, several engines (catalog.h); every engine passes the
// same exam, storage_contract.h. SQL is nowhere else.
//
// Reads are separate calls; every change goes through commit(): a Transaction is applied whole or
// not at all, and its answer comes after it is durable. Engines gather the transactions that wait
// and sync once for all of them (group commit).

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "async/task.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/strong.h"

namespace signet::storage {

/// How many documents or events a reader of all of them asks for at once.
inline constexpr std::size_t kPage = 500;

/// What operators configure: realms, clients, resource servers, scopes, stores, mappings. The text
/// is JSON whose meaning belongs to the rooms below; storage only keeps it.
struct Document {
  std::string
      kind;  ///< "realm", "client", "resource_server", "scope", "secret_store", "mapping", ...
  RealmName realm;  ///< empty for what is global
  std::string id;
  std::string text;
  std::int64_t revision = 0;  ///< grows with every change of this document; 0: not stored yet
};

/// State of an opaque token, found by the hash of its value (the value itself is never stored).
struct TokenRecord {
  Bytes hash;  ///< 32 bytes that tell the token but not its value (tokens::opaque_key)
  RealmName realm;
  ClientId client;
  std::string kind;  ///< "access", later "refresh", "code"
  Instant issued, expires;
  std::string claims;  ///< JSON
};

/// A token that must no longer be accepted although it would verify: the deny list of RFC 7009.
struct DeniedToken {
  RealmName realm;
  Bytes id_hash;    ///< SHA-256 of the jti
  Instant expires;  ///< kept until then
};

/// The life of one key under one secret ID, so that restarts and other instances know it.
/// States: prepared (published, does not sign), active, passive (verifies, decrypts), retired,
/// compromised.
struct KeyRecord {
  RealmName realm;  ///< empty: global
  std::string secret_id;
  KeyId kid;
  std::string state;
  std::string public_jwk;  ///< JSON; empty for symmetric keys
  std::optional<Instant> published{}, activated{}, deactivated{}, retired{};
  /// No token signed or encrypted with this key may live longer than this. Raised, durably, before
  /// a token that would outlive it is issued.
  Instant horizon{};
  std::int64_t revision = 0;
};

struct AuditEvent {
  std::int64_t sequence = 0;  ///< given by storage
  Instant at;
  RealmName realm;
  std::string event;   ///< "key.activated", ...
  std::string actor;   ///< who
  std::string detail;  ///< JSON, never a secret
  Bytes chain{};       ///< SHA-256 over the previous chain value and this event; given by storage
};

// The changes a transaction may hold.
/// Adds or replaces; `expected` set: only if the stored revision is that one (0: must not exist),
/// else kConflict "revision_conflict".
struct PutDocument {
  Document document;
  std::optional<std::int64_t> expected;
};
struct EraseDocument {
  std::string kind;
  RealmName realm;
  std::string id;
  std::optional<std::int64_t> expected;
};
/// Changes nothing: the document must be there, else kConflict "document_missing".
struct RequireDocument {
  std::string kind;
  RealmName realm;
  std::string id;
};
/// Changes nothing: when its turn in the transaction comes the realm must hold no document of the
/// kind, else kConflict "documents_present".
struct RequireNoDocuments {
  std::string kind;
  RealmName realm;
};
/// Removes a document that nobody can need any more, if it is word for word and by its revision
/// the one that was read; nothing happens if it is not. Nobody is told, and unless it is the newest
/// change of all nothing is remembered: its revisions begin anew, so
/// that a number alone no longer tells the old document from a new one.
struct ForgetDocument {
  Document document;
};
struct PutToken {
  TokenRecord token;
};
/// Removes the token, if there is one.
struct EraseToken {
  Bytes hash;
};
struct DenyToken {
  DeniedToken token;
};
/// A value that may be used once (an assertion's jti): kConflict "already_used" if it is there.
struct UseOnce {
  RealmName realm;
  Bytes key_hash;
  Instant expires;
};
/// Adds or replaces; `expected` is the stored revision (0: must not exist), else
/// kConflict "revision_conflict". Never lowers a horizon that is stored. One that is raised is a
/// new revision like any other change, so that who decided on the one before decides anew.
struct PutKey {
  KeyRecord key;
  std::int64_t expected;
  /// Whether other instances are told that keys changed. Not of what each reads before it decides
  /// on it: the horizon of an active key rises all the time.
  bool is_told = true;
};
struct AppendAudit {
  AuditEvent event;
};
/// Removes what expired before `before`: tokens, denials, used-once values.
struct Purge {
  Instant before;
};

using Change =
    std::variant<PutDocument, EraseDocument, RequireDocument, RequireNoDocuments, ForgetDocument,
                 PutToken, EraseToken, DenyToken, UseOnce, PutKey, AppendAudit, Purge>;
using Transaction = std::vector<Change>;

/// A Purge removes at most this many rows of each kind, so that it never holds up others for long.
/// All that expired are removed by purge_expired (expired.h).
inline constexpr std::size_t kPurgeSlice = 1000;

struct DocumentChange {
  std::int64_t sequence;
  std::string kind;
  RealmName realm;
  std::string id;
};

/// What another instance over the same storage changed.
struct Changed {
  bool documents = false, denials = false, keys = false;
  /// The storage was away: what was told meanwhile is lost, and what was followed so far may have
  /// been undone (a replica took over, a back-up was restored). Begin anew.
  bool everything = false;
};

/// Shared by all threads. Every call may fail with kUnavailable ("storage_unavailable",
/// "storage_full") or kInternal ("storage_corrupt"); what else is written at each.
class Storage {
 public:
  virtual ~Storage() = default;

  /// Durable and whole when it answers with success. Never half-applied.
  virtual Task<Done> commit(Transaction transaction) = 0;

  virtual Task<std::optional<Document>> document(std::string kind, RealmName realm,
                                                 std::string id) = 0;
  /// In order of id, those after `after`, at most `limit`; fewer only where there are no more. For
  /// all of them see document_pages.h.
  virtual Task<std::vector<Document>> documents(std::string kind, RealmName realm,
                                                std::string after, std::size_t limit) = 0;
  virtual Task<std::int64_t> count_documents(std::string kind, RealmName realm) = 0;
  /// What changed after `sequence`, oldest first; the way instances follow each other.
  virtual Task<std::vector<DocumentChange>> changes_since(std::int64_t sequence,
                                                          std::size_t limit) = 0;
  virtual Task<std::int64_t> last_change() = 0;

  virtual Task<std::optional<TokenRecord>> token(Bytes hash) = 0;
  virtual Task<bool> is_denied(RealmName realm, Bytes id_hash) = 0;
  /// Denials still in force, for the in-memory list at start; in order of rowid after `after_row`.
  virtual Task<std::vector<DeniedToken>> denials_since(std::int64_t after_row, std::size_t limit,
                                                       std::int64_t* last_row) = 0;
  /// How many rows expired before `before`, of each kind that a Purge removes at most `limit` (of
  /// three kinds together three times that).
  virtual Task<std::int64_t> count_expired(Instant before, std::size_t limit) = 0;
  virtual Task<std::vector<KeyRecord>> keys(RealmName realm) = 0;
  virtual Task<std::vector<AuditEvent>> audit(std::int64_t after_sequence, std::size_t limit) = 0;

  /// A cheap proof that the storage answers.
  virtual Task<Done> ping() = 0;

  /// `listener` is called soon after a commit of another instance, on a thread of the storage; it
  /// must not wait. It replaces the one before; an empty one ends the calls, also one under way. A
  /// call may be lost: ask at intervals as well. Engines for one instance never call.
  virtual void on_change(std::function<void(const Changed&)> listener) {
    static_cast<void>(listener);
  }
};

}  // namespace signet::storage

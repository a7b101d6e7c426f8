#pragma once
// secrets/stores: where secrets live. One folder per kind of store behind one interface; what they
// may do is in their catalogue row (catalog.h).

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/blocking_pool.h"
#include "async/task.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "net/http_client.h"
#include "secrets/chosen_kids.h"
#include "secrets/mapping.h"
#include "secrets/secret.h"

namespace signet::secrets {

/// Who puts a store's secrets in order.
enum class Ordering : std::uint8_t {
  kByMapping,   ///< aliases are mapped to IDs: keystores, HSMs
  kByStore,     ///< one alias per ID; its versions are the order: Secret Manager, KMS, Vault
  kSelfNaming,  ///< the ID is the name: file volumes, environment
};

/// Of one store over the network: half of the connections that the HTTP client opens to one host,
/// since keys in boxes sign over the same ones.
inline constexpr std::size_t kAliasesAtOnce = 8;

/// Where secrets live. Shared by all threads. Implementations block only on the pool they are
/// given.
class Store {
 public:
  virtual ~Store() = default;
  virtual const StoreName& name() const = 0;
  virtual Ordering ordering() const = 0;

  /// The secrets behind an alias (kByMapping, kByStore) or a secret ID's own name (kSelfNaming),
  /// active first. Unknown: an empty list. kUnavailable/kTimeout: could not be asked; kConfig: it
  /// is there but cannot be read ("secret_unreadable", "keystore_password_wrong", ...), with the
  /// reason.
  virtual Task<std::vector<Secret>> fetch(Alias alias) = 0;

  /// How many aliases may be fetched at the same time. One, where fetching holds a thread of the
  /// pool or a session of the box, and where one reading answers for all of them: several would
  /// take them from requests and be no sooner. kAliasesAtOnce, where it waits for the network.
  virtual std::size_t aliases_at_once() const { return 1; }

  /// All aliases there are, for `signet secrets list` and `doctor`; kUnsupported where a store
  /// cannot tell.
  virtual Task<std::vector<Alias>> aliases() = 0;

  /// A text that differs whenever fetch() might answer differently (mtime and inode of files, a
  /// version number), so that the keeper re-reads only what changed. Empty: unknown, always
  /// re-read.
  virtual Task<std::string> fingerprint() = 0;

  /// Reaches the store and proves that it can be read.
  virtual Task<Done> probe() = 0;

  /// The next question is answered by what is behind the store at that moment, not by what was
  /// read a while ago: an operator wants it now, or a token names a key that is not known yet. For
  /// stores that ask less often than they are asked. What cannot change (the public key of a
  /// version) may be kept. Any thread.
  virtual void forget_cached() {}

  /// What the operator should know though nothing failed: an entry that was skipped because it
  /// cannot be read, a password file that ends with a newline. Of the last fetch of each alias, for
  /// health.
  virtual std::vector<std::string> warnings() const { return {}; }

  /// Whether other keys come behind the same alias by themselves (versions, a value that somebody
  /// replaces to rotate), so that no kid can be chosen for what is behind it.
  virtual bool has_changing_aliases() const { return ordering() == Ordering::kByStore; }

  /// Whether two aliases that differ in the case of ASCII letters alone are one.
  virtual bool ignores_case() const { return false; }
  /// As the alias is compared and stored; in small letters where the case says nothing.
  Alias canonical(const Alias& alias) const;
  /// The same of a list, where the second name of one alias is left out.
  std::vector<Alias> canonical(const std::vector<Alias>& aliases) const;

  /// The operator's kids, which whoever asks the store gives to its answers; to be set before
  /// others have the store.
  void choose_kids(ChosenKids kids) { chosen_kids_ = std::move(kids); }
  const ChosenKids& chosen_kids() const { return chosen_kids_; }

 private:
  ChosenKids chosen_kids_;
};

/// An optional ability: stores that can make keys.
class KeyMaker {
 public:
  virtual ~KeyMaker() = default;
  /// Whether its configuration allows it: kUnsupported "store_makes_no_keys". Asks nobody.
  virtual Status may_make_keys() const { return Done{}; }
  /// Makes a key pair under a new alias; never replaces one (kConflict "alias_exists"). What
  /// may_make_keys() says.
  virtual Task<Secret> make_key(Alias alias, crypto::KeyKind kind, std::size_t bits) = 0;
  /// Makes a key that can take the place of `model`, which is of this store: of its kind and size,
  /// and for its use where the store tells uses apart. As make_key(), which it calls unless it is
  /// overridden; kUnsupported "rotate_needs_key_pair" for what the store cannot make anew.
  virtual Task<Secret> make_like(Alias alias, Secret model);
  /// What the names of the keys after `alias` are made of: the alias itself, unless it is a name
  /// that nobody can choose.
  virtual Alias family(const Alias& alias) const { return alias; }
};

/// An optional ability of stores that put their secrets in order themselves (kByStore): a new
/// version of an alias, which they put first.
class VersionMaker {
 public:
  virtual ~VersionMaker() = default;
  /// Whether its configuration allows it: kUnsupported "store_makes_no_keys". Asks nobody.
  virtual Status may_make_versions() const { return Done{}; }
  /// Sees to it that the alias has a usable version newer than `after`, a Secret::version of it:
  /// makes one, of the same kind and size, only where there is none. So whoever does not know how
  /// an earlier call ended calls again. Two callers at the same moment may make two, of which the
  /// store puts the newer one first. kUnavailable "version_pending": it was made and cannot be used
  /// yet, call again; kNotFound "alias_unknown"; what may_make_versions() says.
  virtual Task<Done> make_version(Alias alias, std::string after) = 0;
};

/// What keeps a store that serves `most` versions of an alias from making more: the one that signs
/// would be served no more once its successor is there, and that would sign before anybody knows
/// it. Two at the same moment (VersionMaker) leave room as well. kConfig "store_versions_few".
Status check_served_versions(const StoreName& name, std::size_t most);

/// One key that a store sealed itself.
struct SealedKey {
  Alias alias;
  std::string key_id;     ///< of the sealing key; empty: none can be told
  bool in_clear = false;  ///< it is not sealed
};

/// An optional ability: stores that seal what they make with the server's own encryption keys, and
/// can seal it anew (StoreContext::encoding_keys; the first one seals).
class SelfSealing {
 public:
  virtual ~SelfSealing() = default;
  /// Everything that the store holds, and under which key it is. Opens and makes nothing.
  virtual Task<std::vector<SealedKey>> sealed() = 0;
  /// Seals what is not under the first key anew; what cannot be opened stays as it is. May be cut
  /// off anywhere and done again: each key opens with the keys there are. How many were written.
  virtual Task<std::size_t> renew_sealed() = 0;
};

/// An optional ability: stores that know what their secrets are for. Asked where the configuration
/// says nothing of their mappings.
class DefaultMapper {
 public:
  virtual ~DefaultMapper() = default;
  virtual std::vector<Mapping> default_mappings() const = 0;
  /// Whether the store may lack some of these aliases, which then are not mapped.
  virtual bool may_lack_defaults() const { return false; }
};

/// How a store finds the passwords that other stores hold: text secrets by secret ID.
using PasswordLookup = std::function<Task<Secret>(SecretId)>;

enum class ValueFormat : std::uint8_t;

/// An environment store that some realm asks beside this one: it sees the same variables.
struct OtherEnvironment {
  ValueFormat format;
  bool is_of_realm = false;  ///< a realm's own, which is asked for no key of the whole server
};

/// What a factory is given.
struct StoreContext {
  std::shared_ptr<async::BlockingPool> pool;
  std::shared_ptr<Clock> clock;
  std::shared_ptr<Random> random;
  /// Passwords of this store (a keystore's) and of PEM files; resolved over the other stores.
  PasswordLookup password;
  /// The server's encryption keys by name, for the encrypted value formats; see encoded_value.h.
  std::shared_ptr<const class EncodingKeys> encoding_keys;
  /// Environment variables as they were at start.
  std::map<std::string, std::string> environment;
  /// For environment stores: the others among which a value may have its owner.
  std::vector<OtherEnvironment> other_environments;
  /// The way out, for stores behind a network; null where none was made (tests, some tools).
  std::shared_ptr<net::HttpClient> http;
};

/// A variable of an environment as StoreContext holds it; "" where it is not set.
std::string variable(const std::map<std::string, std::string>& environment,
                     const std::string& name);

}  // namespace signet::secrets

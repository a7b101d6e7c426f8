#pragma once
// signet.yaml as a struct.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "config/overlay.h"
#include "config/problem.h"

namespace signet::config {

struct TlsConfig {
  std::string certificate, private_key;  ///< PEM files
  bool request_client_certificate = false;
};

struct LimitsConfig {
  std::size_t header_bytes = 0, body_bytes = 0, connections = 0;
  Seconds header_timeout{}, body_timeout{}, idle_timeout{};
};

struct ListenerConfig {
  std::string address;
  std::uint16_t port = 0;
};

struct PublicConfig : ListenerConfig {
  std::string public_url;  ///< without a slash at the end; derived from the listener if not given
  std::size_t loops = 0;   ///< to kMaxLoops; 0: loops_for the cores
  bool shares_port = false;
  std::optional<TlsConfig> tls;
  std::vector<std::string> cors_origins;
  bool hsts = false;
  LimitsConfig limits;
};

/// One secret ID whose keys are rotated by themselves.
struct RotationConfig {
  std::string id, store, realm;  ///< realm empty: a global store
  Seconds every{}, publish_ahead{}, keep{};
};

/// How long keys of one secret ID may be active.
struct CryptoperiodConfig {
  std::string id, realm;  ///< realm empty: wherever no other item is about it
  Seconds period{};
};

struct KeysConfig {
  Seconds publish_ahead{}, clock_skew{}, refresh{}, lease{}, store_timeout{}, cryptoperiod{};
  std::vector<RotationConfig> rotation;
  std::vector<CryptoperiodConfig> cryptoperiods;
};

/// One of the server's own sealing keys: exactly one of the two is set.
struct SealingKeyConfig {
  std::string name, file, environment;
};

/// What AM sealed its values with. Without file and environment there is none.
struct LegacyEncryptionConfig {
  std::string file, environment;
  std::string digest;  ///< "SHA1", "SHA256", "SHA384" or "SHA512"
  std::uint32_t iterations = 0;
  unsigned bits = 0;
};

struct PostgresConfig {
  std::size_t connections = 0;
  Seconds timeout{};
  std::string password_secret_id;  ///< empty: none
};

struct StoreConfig {
  std::string name, type;
  json::Object settings;  ///< for the store's own factory
  /// Secret ID → aliases, the active one first; in the order of the file.
  std::vector<std::pair<std::string, std::vector<std::string>>> mappings;
  bool has_mappings = false;  ///< whether they are given at all; "mappings: {}" says none
  /// Alias → the kid of the key behind it.
  std::vector<std::pair<std::string, std::string>> kids = {};
};

/// Thinkwise Indicium's shared signing certificate: exactly one of the two is set.
struct SharedSigningConfig {
  std::string aws_secret_name, key_vault_certificate_url;
};

struct RealmConfig {
  std::string name;
  json::Object document;  ///< for the realms room; durations are whole seconds
  std::vector<json::Object> resource_servers, clients, inject_policies;
  std::vector<StoreConfig> secret_stores;
};

/// The way out.
struct OutboundConfig {
  std::string ca_file;  ///< empty: the system's
  std::string proxy;    ///< empty: the environment's; may hold a password
};

/// How the key sets that resource servers publish by URL are read.
struct KeySetsConfig {
  Seconds timeout{};
  std::size_t max_body = 0, max_redirects = 0;
  Seconds min_age{}, max_age{}, last_good{};
  std::vector<std::string> allow_private_hosts;
  bool allow_http = false;
};

struct ServerConfig {
  std::string data_dir;
  PublicConfig server;
  ListenerConfig management;
  std::string storage_url;  ///< may hold a password
  PostgresConfig postgres;
  std::string log_level;  ///< "debug", "info", "warn", "error" or "off"
  bool log_as_json = true;
  KeysConfig keys;
  OutboundConfig outbound;
  KeySetsConfig key_sets;
  std::size_t cached_clients = 0;
  std::size_t cached_resource_servers = 0;
  std::size_t max_requests_per_second = 0;        ///< at the OAuth endpoints; 0: no limit
  std::vector<SealingKeyConfig> encryption_keys;  ///< empty: data_dir/master.key
  std::vector<std::string> lost_encryption_keys;  ///< ids
  LegacyEncryptionConfig legacy_encryption;
  std::vector<StoreConfig> secret_stores;  ///< empty: the built-in "local" one
  /// Takes the place of the local store, and stands before `secret_stores`.
  std::optional<SharedSigningConfig> shared_signing;
  std::vector<RealmConfig> realms;

  /// For what other rooms find wrong with the values.
  Places places;
  /// What is allowed but unwise; to be logged at start.
  Problems warnings;
  /// Everything that holds, defaults included and secrets replaced by "(hidden)".
  json::Object shown;
};

/// Realms of conformed values (a member "realms").
std::vector<RealmConfig> read_realms(const json::Array& from);

/// A configuration with what is wrong in it, so that what other rooms find in the same text can be
/// told beside it. Sections in which a setting by itself is wrong are left out of `config`.
struct Loaded {
  ServerConfig config;
  Problems problems;  ///< must be empty before `config` is used
};
/// As load() below. Fails only where the text cannot be read at all.
Result<Loaded, Problems> load_with_problems(std::string_view text, std::string_view filename,
                                            const Environment& environment);

/// Reads the text (YAML; JSON where the name ends in ".json"), puts the environment over it, checks
/// each setting and then what must hold between settings. A file named appsettings*.json that holds
/// OpenIDServerSigningSettings, or no setting of the server at all, is Indicium's own: comments,
/// trailing commas and members that are not ours are accepted there.
Result<ServerConfig, Problems> load(std::string_view text, std::string_view filename,
                                    const Environment& environment);

}  // namespace signet::config

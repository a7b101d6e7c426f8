#include "config/server_checks.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/loopback.h"
#include "base/text.h"
#include "config/findings.h"
#include "config/key_checks.h"
#include "config/web_address.h"

namespace signet::config {
namespace {

// Host of an http(s) URI that the schema has accepted.
std::string_view host_of(std::string_view uri) {
  uri.remove_prefix(uri.find("://") + 3);
  uri = uri.substr(0, uri.find_first_of("/?"));
  if (uri.starts_with('[')) return uri.substr(0, uri.find(']') + 1);
  return uri.substr(0, uri.find(':'));
}

class Checks {
 public:
  Checks(ServerConfig& config, const Conformed& conformed, Problems& problems)
      : config_(config), findings_(config, conformed, problems) {}

  void run() {
    check_public_url();
    check_listeners();
    check_key_times(config_, findings_);
    check_outbound();
    check_key_sets();
    check_key_rules(config_, findings_);
    check_sealing_keys();
    check_stores(config_.secret_stores, "secret_stores");
    check_storage();
    check_realms();
    check_shared_signing();
  }

 private:
  void check_public_url() {
    auto& server = config_.server;
    const std::string path = "server.public_url";
    if (server.public_url.empty()) {
      if (!is_loopback(server.address)) {
        findings_.refuse(path, "is missing while the server listens on " + quoted(server.address),
                         "give the address that clients use, such as https://login.example.com");
        return;
      }
      const bool is_v6 = server.address.find(':') != std::string::npos;
      server.public_url = std::string(server.tls ? "https" : "http") + "://" +
                          (is_v6 ? '[' + server.address + ']' : server.address) + ':' +
                          std::to_string(server.port);
      return;
    }
    while (server.public_url.ends_with('/'))
      server.public_url.pop_back();
    const std::string_view rest =
        std::string_view(server.public_url).substr(server.public_url.find("://") + 3);
    if (rest.find_first_of("/?") != std::string_view::npos) {
      findings_.refuse(path, "has a path or a query", "give scheme, host and port only");
    } else if (!is_port_part(rest.substr(host_of(server.public_url).size()))) {
      findings_.refuse(path, "has a port that there is not", "give one from 1 to 65535, or none");
    }
    if (server.public_url.starts_with("http://") && !is_loopback(host_of(server.public_url))) {
      findings_.warn(path, "is http beyond loopback: tokens and secrets travel readable",
                     "use https");
    }
  }

  void check_listeners() {
    const PublicConfig& server = config_.server;
    const ListenerConfig& management = config_.management;
    const auto is_any = [](const std::string& a) { return a == "0.0.0.0" || a == "::"; };
    const bool same_address = server.address == management.address || is_any(server.address) ||
                              is_any(management.address);
    if (server.port != 0 && server.port == management.port && same_address) {
      findings_.refuse("management.port",
                       std::to_string(management.port) + " is the public listener's port",
                       "give it a port of its own");
    }
    if (!is_loopback(management.address)) {
      findings_.warn("management.address",
                     "the management listener is open beyond loopback, without TLS",
                     "use 127.0.0.1, or make sure that only administrators reach it");
    }
    if (server.hsts && !server.tls && !server.public_url.starts_with("https://")) {
      findings_.refuse("server.hsts", "needs https",
                       "set server.tls or an https server.public_url");
    }
    const auto& origins = server.cors_origins;
    if (origins.size() > 1 && std::find(origins.begin(), origins.end(), "*") != origins.end()) {
      findings_.refuse("server.cors_origins", "\"*\" stands beside other origins",
                       "give one or the other");
    }
    for (const auto& origin : origins) {
      if (origin != "*" && !is_origin(origin))
        findings_.refuse(
            "server.cors_origins", quoted_url(origin) + " is no origin that a browser sends",
            "write https://HOST or https://HOST:PORT, in small letters and without a path");
    }
  }

  void check_outbound() {
    const std::string& proxy = config_.outbound.proxy;
    if (proxy.empty() || proxy.starts_with("http://") || proxy.starts_with("https://")) return;
    findings_.refuse(
        "outbound.proxy", "is no http or https proxy",
        "give http://host:port, with user:password@ before the host if it asks for them");
  }

  void check_key_sets() {
    const KeySetsConfig& sets = config_.key_sets;
    if (sets.max_age < sets.min_age) {
      findings_.refuse("resource_servers.jwks.max_age",
                       "is shorter than resource_servers.jwks.min_age", "make it longer");
    }
    for (const auto& host : sets.allow_private_hosts) {
      if (!host.empty() && host.find_first_of("/@?# ") == std::string::npos) continue;
      findings_.refuse(
          "resource_servers.jwks.allow_private_hosts", quoted(host) + " is no host",
          "give the host alone, as it stands in the URL: keys.internal, 10.0.0.7 or [fd00::7]");
    }
    if (sets.allow_http) {
      findings_.warn(
          "resource_servers.jwks.allow_http",
          "is on: whoever is on the way can replace the keys that tokens are encrypted with",
          "use https");
    }
  }

  void check_sealing_keys() {
    std::set<std::string> names;
    for (std::size_t i = 0; i < config_.encryption_keys.size(); ++i) {
      const auto& key = config_.encryption_keys[i];
      const std::string path = "encryption_keys[" + std::to_string(i) + ']';
      check_name(key.name, path + ".name", names);
      if (key.file.empty() == key.environment.empty()) {
        findings_.refuse(path, "needs exactly one of file and environment", "give one of them");
      }
    }
    for (std::size_t i = 0; i < config_.lost_encryption_keys.size(); ++i) {
      const std::string& id = config_.lost_encryption_keys[i];
      if (id.size() != 16 || id.find_first_not_of("0123456789abcdef") != id.npos) {
        findings_.refuse("lost_encryption_keys[" + std::to_string(i) + ']',
                         quoted(id) + " is no id of a sealing key",
                         "give the 16 hex digits that the server named");
      }
    }
    const auto& legacy = config_.legacy_encryption;
    if (!legacy.file.empty() && !legacy.environment.empty())
      findings_.refuse("legacy_encryption", "has a file and an environment", "give one of them");
  }

  void check_name(const std::string& name, const std::string& path, std::set<std::string>& names) {
    const bool is_good =
        !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
          return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
        });
    if (!is_good) {
      findings_.refuse(path, quoted(name) + " is not a name",
                       "use 1 to 64 letters, digits, '-', '_' and '.'");
    } else if (!names.insert(name).second) {
      findings_.refuse(path, quoted(name) + " is already taken", "give each its own name");
    }
  }

  void check_stores(const std::vector<StoreConfig>& stores, const std::string& list) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < stores.size(); ++i) {
      check_name(stores[i].name, list + '[' + std::to_string(i) + "].name", names);
    }
  }

  // Instances that share a database share what it seals and who signs.
  void check_storage() {
    const std::string& url = config_.storage_url;
    if (!url.starts_with("postgresql://") && !url.starts_with("postgres://")) return;
    if (config_.encryption_keys.empty()) {
      findings_.refuse(
          "storage.url", "names a database that instances share, but there are no encryption_keys",
          "give encryption_keys, the same at every instance: what one sealed the others must open");
    }
    if (config_.secret_stores.empty()) {
      findings_.refuse(
          "storage.url", "names a database that instances share, but there are no secret_stores",
          "give secret_stores that every instance reaches: keys of one alone are lost to the "
          "others");
    }
  }

  void check_realms() {
    std::set<std::string> names;
    for (std::size_t i = 0; i < config_.realms.size(); ++i) {
      const auto& realm = config_.realms[i];
      const std::string path = "realms[" + std::to_string(i) + ']';
      // A realm below another one is named by its path.
      for (const auto segment : split(realm.name, '/')) {
        std::set<std::string> none;
        check_name(std::string(segment), path + ".name", none);
      }
      if (!names.insert(realm.name).second) {
        findings_.refuse(path + ".name", quoted(realm.name) + " is already taken",
                         "give each its own name");
      }
      check_stores(realm.secret_stores, path + ".secret_stores");
      check_unique(realm.clients, path + ".clients", "client_id", "give each client its own");
      check_unique(realm.resource_servers, path + ".resource_servers", "name",
                   "give each resource server its own");
      check_unique(realm.inject_policies, path + ".inject_policies", "name",
                   "give each policy its own");
      check_one_default(realm.resource_servers, path + ".resource_servers");
      check_scopes(realm, path);
    }
  }

  void check_unique(const std::vector<json::Object>& items, const std::string& path,
                    const std::string& member, const std::string& remedy) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::string& name = *items[i].find(member)->if_string();
      if (seen.insert(name).second) continue;
      findings_.refuse(path + '[' + std::to_string(i) + "]." + member,
                       quoted(name) + " is already taken", remedy);
    }
  }

  void check_one_default(const std::vector<json::Object>& servers, const std::string& path) {
    bool has_default = false;
    for (std::size_t i = 0; i < servers.size(); ++i) {
      const json::Value* value = servers[i].find("default");
      if (!value || !*value->if_bool()) continue;
      if (has_default)
        findings_.refuse(path + '[' + std::to_string(i) + "].default", "is the second default",
                         "one resource server of a realm is");
      has_default = true;
    }
  }

  static void add_texts(const json::Object& object, std::string_view name,
                        std::set<std::string>& to) {
    const json::Value* list = object.find(name);
    for (const auto& text : list ? *list->if_array() : json::Array())
      to.insert(*text.if_string());
  }

  // What is listed and defined nowhere here may be defined in storage; else it is not granted.
  void check_scopes(const RealmConfig& realm, const std::string& path) {
    std::set<std::string> defined;
    add_texts(realm.document, "scopes", defined);
    for (const auto& server : realm.resource_servers) {
      const json::Value* scopes = server.find("scopes");
      for (const auto& scope : scopes ? *scopes->if_array() : json::Array())
        defined.insert(*scope.get("name")->if_string());
    }
    for (std::size_t i = 0; i < realm.clients.size(); ++i) {
      std::set<std::string> listed;
      for (const char* list : {"scopes", "default_scopes"})
        add_texts(realm.clients[i], list, listed);
      for (const auto& scope : listed) {
        if (defined.contains(scope)) continue;
        const std::string client = path + ".clients[" + std::to_string(i) + ']';
        const bool is_listed = realm.clients[i].find("scopes") != nullptr;
        findings_.warn(
            client + (is_listed ? ".scopes" : ".default_scopes"),
            quoted(scope) + " is defined nowhere here, and granted only if it is defined",
            "write it into the realm's scopes, or define it at a resource server");
      }
    }
  }

  void check_shared_signing() {
    if (!config_.shared_signing) return;
    const bool is_aws = !config_.shared_signing->aws_secret_name.empty();
    const bool is_azure = !config_.shared_signing->key_vault_certificate_url.empty();
    if (is_aws != is_azure) return;
    findings_.refuse("OpenIDServerSigningSettings",
                     "needs exactly one of AwsSecretManager and KeyVaultCertificateUrl",
                     "give one of them");
  }

  ServerConfig& config_;
  Findings findings_;
};

}  // namespace

void check_between(ServerConfig& config, const Conformed& conformed, Problems& problems) {
  Checks(config, conformed, problems).run();
}

}  // namespace signet::config

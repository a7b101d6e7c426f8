#include "realms/configured_documents.h"

#include "base/json_members.h"
#include "oauth/client.h"
#include "oauth/client_secret.h"
#include "realms/client_secret_use.h"
#include "realms/realm_settings.h"
#include "resource_servers/document.h"
#include "resource_servers/inject_policy.h"
#include "resource_servers/resource_server.h"

namespace signet::realms {
namespace {

namespace rs = resource_servers;

constexpr const char* kRemedy = "see the documents in docs/endpoints.md";

class DocumentChecks {
 public:
  DocumentChecks(const std::vector<config::RealmConfig>& realms, const config::Places& places)
      : realms_(realms), places_(places) {}

  config::Problems run() {
    for (std::size_t i = 0; i < realms_.size(); ++i) {
      const auto& realm = realms_[i];
      const std::string path = "realms[" + std::to_string(i) + ']';
      if (const auto read = RealmSettings::from_json(realm.document); !read.ok())
        add(path, "realm", read.error());
      for (std::size_t j = 0; j < realm.clients.size(); ++j)
        check_client(item(path, "clients", j), realm.clients[j]);
      for (std::size_t j = 0; j < realm.resource_servers.size(); ++j)
        check_resource_server(item(path, "resource_servers", j), realm.resource_servers[j]);
      for (std::size_t j = 0; j < realm.inject_policies.size(); ++j) {
        const auto read = rs::InjectPolicy::from_json(realm.inject_policies[j]);
        if (!read.ok()) add(item(path, "inject_policies", j), "inject_policy", read.error());
      }
    }
    return std::move(problems_);
  }

 private:
  static std::string item(const std::string& path, std::string_view list, std::size_t at) {
    return path + '.' + std::string(list) + '[' + std::to_string(at) + ']';
  }

  void add_one(std::string path, std::string_view what, std::string remedy) {
    config::Place place = config::place_of(places_, path);
    problems_.push_back({std::move(place), std::move(path), std::string(what), std::move(remedy)});
  }

  // "client.scopes: is no list; client.audience: is no list" is one problem for each setting.
  void add(const std::string& path, std::string_view kind, const Error& error) {
    const std::string member = std::string(kind) + '.';
    std::string_view rest = error.detail;
    while (!rest.empty()) {
      const std::size_t end = rest.find("; " + member);
      std::string_view one = rest.substr(0, end);
      rest.remove_prefix(end == rest.npos ? rest.size() : end + 2);
      std::string where = path;
      const std::size_t colon = one.find(": ");
      if (one.starts_with(member) && colon != one.npos) {
        where.append(".").append(one.substr(member.size(), colon - member.size()));
        one.remove_prefix(colon + 2);
      }
      add_one(std::move(where), one, kRemedy);
    }
  }

  void check_client(const std::string& path, json::Object client) {
    const json::Value* given = client.find("secret");
    const std::string secret = given && given->if_string() ? *given->if_string() : std::string();
    const bool is_given = given != nullptr;
    client.erase("secret");
    const auto read = oauth::Client::from_json(client);
    if (!read.ok()) add(path, "client", read.error());
    if (!is_given) return;
    if (read.ok()) {
      if (const auto used = check_secret_has_use(*read); !used.ok()) {
        add_one(path + ".secret", used.error().detail, "");
        return;
      }
    }
    std::optional<jose::JwsAlg> mac;
    if (read.ok() && read->auth_method == oauth::AuthMethod::kSecretJwt)
      mac = read->auth_alg.value_or(jose::JwsAlg::kHs256);
    if (const auto fits = oauth::check_client_secret(secret, mac); !fits.ok())
      add_one(path + ".secret", fits.error().detail,
              "give another, or have one made by signet client create --generate-secret");
  }

  void check_resource_server(const std::string& path, json::Object server) {
    server.erase("default");
    // The built-in one may have another name by now, and keys that were exported without their
    // material may be known: both are seen when it is stored.
    const json::Value* access = server.find("access_token");
    const json::Object* token = access ? access->if_object() : nullptr;
    if (token && json::text_in(*token, "encryption") == rs::to_string(rs::Encryption::kAsRealm))
      server.set(rs::kBuiltIn, true);
    const auto whole = rs::with_known_keys(std::move(server), nullptr);
    if (!whole.ok()) return;
    if (const auto read = rs::ResourceServer::from_json(*whole); !read.ok())
      add(path, "resource_server", read.error());
  }

  const std::vector<config::RealmConfig>& realms_;
  const config::Places& places_;
  config::Problems problems_;
};

}  // namespace

config::Problems check_documents(const std::vector<config::RealmConfig>& realms,
                                 const config::Places& places) {
  return DocumentChecks(realms, places).run();
}

config::Problems check_documents(const config::ServerConfig& config) {
  return check_documents(config.realms, config.places);
}

}  // namespace signet::realms

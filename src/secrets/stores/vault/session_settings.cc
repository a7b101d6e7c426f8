// How Vault is reached and asked for a token: the settings first, then the environment.

#include "base/text.h"
#include "secrets/stores/vault/session.h"

namespace signet::secrets::vault {
namespace {

constexpr std::string_view kServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount/token";

using Method = SessionSettings::Method;

bool is_namespace(std::string_view text) {
  return text.empty() || is_path(text.ends_with('/') ? text.substr(0, text.size() - 1) : text);
}

}  // namespace

SettingNames session_settings() {
  return {
      {"address", "where Vault is, e.g. https://vault.example.com:8200; default VAULT_ADDR"},
      {"namespace", "the namespace; default VAULT_NAMESPACE, else none"},
      {"auth", "token (default), token_file, approle or kubernetes"},
      {"auth_mount", "where the auth method is mounted; default its own name"},
      {"token", "the secret ID of the token, held by another store; default VAULT_TOKEN"},
      {"token_file", "the file of the token, e.g. the sink of an agent"},
      {"role_id", "of the AppRole"},
      {"secret_id", "the secret ID under which another store holds the AppRole's secret_id"},
      {"secret_id_file", "or the file that holds it"},
      {"role", "the role of the Kubernetes login"},
      {"jwt_file", "the service account's token; default where Kubernetes puts it"},
  };
}

SessionSettings read_session(SettingsReader& reader,
                             const std::map<std::string, std::string>& environment) {
  SessionSettings mine;
  const std::string address = reader.text("address", variable(environment, "VAULT_ADDR"));
  if (address.empty()) {
    reader.complain("'address' is required, or VAULT_ADDR");
  } else if (auto parsed = parse_address(address); parsed) {
    mine.address = std::move(*parsed);
  } else {
    reader.complain("'address': " + parsed.error().detail);
  }
  mine.vault_namespace = reader.text("namespace", variable(environment, "VAULT_NAMESPACE"));
  if (!is_namespace(mine.vault_namespace)) reader.complain("'namespace' is no path");

  const std::string auth = reader.text("auth", "token");
  const auto token = reader.password_id("token");
  const std::string token_file = reader.text("token_file");
  const std::string role_id = reader.text("role_id");
  const auto secret_id = reader.password_id("secret_id");
  const std::string secret_id_file = reader.text("secret_id_file");
  const std::string role = reader.text("role");
  const std::string jwt_file = reader.text("jwt_file", kServiceAccount);
  if (auth == "token") {
    mine.secret = token;
    if (!token && variable(environment, "VAULT_TOKEN").empty()) {
      reader.complain("'token' is required, or VAULT_TOKEN");
    }
  } else if (auth == "token_file") {
    mine.method = Method::kTokenFile;
    mine.file = token_file;
    if (token_file.empty()) reader.complain("'token_file' is required");
  } else if (auth == "approle") {
    mine.method = Method::kAppRole;
    mine.role = role_id;
    mine.secret = secret_id;
    mine.file = secret_id_file;
    if (role_id.empty()) reader.complain("'role_id' is required");
    if (secret_id.has_value() == !secret_id_file.empty()) {
      reader.complain("one of 'secret_id' and 'secret_id_file' is required");
    }
  } else if (auth == "kubernetes") {
    mine.method = Method::kKubernetes;
    mine.role = role;
    mine.file = jwt_file;
    if (role.empty()) reader.complain("'role' is required");
  } else {
    reader.complain("'auth' must be token, token_file, approle or kubernetes");
  }
  mine.auth_mount = reader.text("auth_mount", auth);
  if (!is_path(mine.auth_mount)) reader.complain("'auth_mount' is no path");
  return mine;
}

}  // namespace signet::secrets::vault

#include "cli/commands/resource_server_trial.h"

#include <algorithm>

#include "cli/admin_client.h"
#include "cli/documents.h"
#include "cli/key_file.h"
#include "cli/token_text.h"
#include "jose/jwt.h"

namespace signet::cli {
namespace {

// The token inside.
Result<std::string> open(const Context& context, const std::string& token,
                         const TrialOptions& options) {
  TRY(const jose::JweHeader header, jose::parse_jwe_header(token));
  std::optional<SecretBytes> password;
  if (!options.password_file.empty()) {
    TRY(password, context.read_secret(options.password_file));
  }
  TRY(const auto read, read_keys(context, options.key, password ? &*password : nullptr));
  std::vector<jose::KeyPtr> keys;
  for (const auto& key : read)
    keys.push_back(jose::Key::local(key));
  const std::vector<jose::JweAlg> algs{header.alg};
  jose::DecryptOptions how;
  how.keys = keys;
  how.algs = algs;
  how.kid_matching = jose::KidMatching::kIfKeyHasOne;  // PEM has no kid
  how.allow_rsa15 = how.allow_pbes2 = true;            // the operator's own token and key
  TRY(const auto decrypted, jose::decrypt_compact(token, how));
  return std::string(as_text(decrypted.plain.view()));
}

Result<bool> verify(const Context& context, const std::string& token, const std::string& jwks) {
  TRY(const auto keys, read_key_set(context, jwks));
  jose::VerifyOptions how;
  how.keys = keys;
  how.kid_matching = jose::KidMatching::kIfKeyHasOne;
  jose::ClaimRules rules;
  rules.now = context.world.clock->now();
  TRY(jose::verify_jwt(token, how, rules));
  return true;
}

}  // namespace

void TrialOptions::add_to(CLI::App& command) {
  command
      .add_option("--key", key, "File with the resource server's private key (JWK, JWKS or PEM)")
      ->type_name("FILE");
  command.add_option("--password-file", password_file, "What opens an encrypted PEM")
      ->type_name("FILE");
  command
      .add_option("--jwks", jwks,
                  "The authorization server's keys: a file, or an http URL on this machine")
      ->type_name("FILE|URL");
}

Result<int> show_trial(const Context& context, const json::Value& answer,
                       const TrialOptions& options) {
  std::string token = text_of(answer, "token");
  json::Object shown;
  shown.set("resource_server", text_of(answer, "resource_server"));
  shown.set("encryption", text_of(answer, "encryption"));
  shown.set("token", token);
  bool is_encrypted = std::count(token.begin(), token.end(), '.') == 4;
  if (is_encrypted) {
    TRY(const json::Object outer, unverified_token(token));
    shown.set("encrypted_header", *outer.find("header"));
    if (!options.key.empty()) {
      TRY(token, open(context, token, options));
      is_encrypted = false;
    }
  }
  const bool is_signed = !is_encrypted && std::count(token.begin(), token.end(), '.') == 2;
  bool is_verified = false;
  if (is_signed) {
    TRY(const json::Object inner, unverified_token(token));
    shown.set("header", *inner.find("header"));
    shown.set("claims", *inner.find("claims"));
    if (!options.jwks.empty()) {
      TRY(is_verified, verify(context, token, options.jwks));
    }
  }
  shown.set("verified", is_verified);
  if (context.as_json()) {
    context.print(shown);
  } else {
    context.print(as_table(shown));
  }
  if (is_encrypted) context.note("Encrypted: give --key to see what the resource server sees.");
  if (is_signed && !is_verified) context.note("Not verified: give --jwks with the server's keys.");
  return 0;
}

void note_warnings(const Context& context, const json::Value& answer) {
  if (text_of(answer, "untested") == "true")
    context.note("Not tested: the URL of its keys could not be reached.");
  for (const auto& warning : list_of(answer, "warnings"))
    if (warning.is_string()) context.note("Warning: " + *warning.if_string());
}

}  // namespace signet::cli

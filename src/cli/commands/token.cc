#include "cli/command.h"
#include "cli/commands/commands.h"
#include "cli/commands/jose_filters.h"
#include "cli/token_text.h"
#include "jose/jwt.h"

namespace signet::cli {
namespace {

struct TokenOptions {
  std::string jwks, issuer;
  std::vector<std::string> audience, algs;
};

Result<int> decode(const Context& context) {
  TRY(const std::string token, read_token(context));
  TRY(json::Object shown, unverified_token(token));
  const bool is_readable = shown.find("claims") != nullptr;
  shown.set("verified", false);
  context.print(shown);
  context.note(is_readable ? "Not verified: anybody could have written this."
                           : "Encrypted and not verified: only the header can be read.");
  return 0;
}

Result<int> verify(const Context& context, const TokenOptions& options) {
  if (options.jwks == "-")
    return Context::usage("--jwks: name a file or a URL; standard input is the token");
  TRY(const auto keys, read_key_set(context, options.jwks));
  TRY(const auto algs, parse_names<jose::JwsAlg>(options.algs, "--alg", jose::parse_jws_alg));
  TRY(const std::string token, read_token(context));
  jose::VerifyOptions how;
  how.keys = keys;
  how.algs = algs;
  how.kid_matching = jose::KidMatching::kIfKeyHasOne;  // PEM has no kid
  jose::ClaimRules rules;
  rules.now = context.world.clock->now();
  if (!options.issuer.empty()) rules.issuer = options.issuer;
  rules.audience_any_of = options.audience;
  TRY(const auto verified, jose::verify_jwt(token, how, rules));
  json::Object shown;
  shown.set("header", verified.header.members);
  shown.set("claims", verified.claims.members);
  shown.set("verified", true);
  context.print(shown);
  return 0;
}

}  // namespace

void add_token(CLI::App& noun, Context& context) {
  const auto options = std::make_shared<TokenOptions>();
  on_run(verb(noun, "decode", "Prints header and claims of a token, unverified."), context,
         [&context] { return decode(context); });
  CLI::App& command =
      verb(noun, "verify", "Checks signature, times, issuer and audience of a token; prints it.");
  command
      .add_option("--jwks", options->jwks,
                  "Keys: a file (JWK, JWK set or PEM), or an http URL on this machine")
      ->required()
      ->type_name("FILE|URL");
  command.add_option("--issuer", options->issuer, "The only accepted issuer")->type_name("ISSUER");
  repeatable(command, "--audience", options->audience, "Accepted audience; may be repeated");
  repeatable(command, "--alg", options->algs, "Accepted algorithm; may be repeated");
  on_run(command, context, [&context, options] { return verify(context, *options); });
}

}  // namespace signet::cli

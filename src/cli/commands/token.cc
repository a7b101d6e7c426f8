#include "base/base64.h"
#include "cli/command.h"
#include "cli/commands/commands.h"
#include "cli/commands/jose_filters.h"
#include "jose/jwt.h"

namespace signet::cli {
namespace {

struct Options {
  std::string jwks, issuer;
  std::vector<std::string> audience, algs;
};

Result<json::Value> part(std::string_view encoded, const char* name) {
  const auto bytes = base64::url_decode(encoded);
  if (!bytes.ok()) {
    return Error{Code::kInvalid, "token_malformed", std::string(name) + " is not base64url"};
  }
  auto value = json::parse(as_text(*bytes));
  if (!value.ok()) {
    return Error{Code::kInvalid, "token_malformed",
                 std::string(name) + ": " + value.error().detail};
  }
  return value;
}

Result<int> decode(const Context& context) {
  TRY(const std::string token, read_token(context));
  const auto parts = split(token, '.');
  if (parts.size() != 3 && parts.size() != 5) {
    return Error{Code::kInvalid, "token_malformed",
                 "not a compact JWS or JWE: it has " + std::to_string(parts.size()) + " parts"};
  }
  json::Object shown;
  TRY(json::Value header, part(parts[0], "the header"));
  shown.set("header", std::move(header));
  if (parts.size() == 3) {
    TRY(json::Value claims, part(parts[1], "the payload"));
    shown.set("claims", std::move(claims));
  }
  shown.set("verified", false);
  context.print(shown);
  context.note(parts.size() == 3 ? "Not verified: anybody could have written this."
                                 : "Encrypted and not verified: only the header can be read.");
  return 0;
}

Result<jose::JwkSet> read_set(const Context& context, const std::string& source) {
  const bool is_url = source.starts_with("http://") || source.starts_with("https://");
  if (!is_url) {
    TRY(const std::string text, context.read(source, 1 << 20));
    return jose::JwkSet::parse_any(text);
  }
  if (!net::is_loopback_url(source) && !context.globals.unsafe_plain_http) {
    return Error{Code::kDenied, "unsafe_plain_http",
                 "keys fetched over http from another machine prove nothing: fetch the set over "
                 "https into a file, or say --unsafe-plain-http"};
  }
  net::LocalRequest request;
  request.url = source;
  request.max_body = 1 << 20;
  TRY(const net::LocalResponse response, context.world.call(request));
  if (response.status != 200) {
    return Error{Code::kUnavailable, "jwks_unavailable",
                 signet::quoted(source, 200) + " answered " + std::to_string(response.status)};
  }
  return jose::JwkSet::parse(response.body);
}

Result<int> verify(const Context& context, const Options& options) {
  TRY(const jose::JwkSet set, read_set(context, options.jwks));
  const auto keys = jose::local_keys(set);
  TRY(const auto algs, parse_names<jose::JwsAlg>(options.algs, "--alg", jose::parse_jws_alg));
  TRY(const std::string token, read_token(context));
  jose::VerifyOptions how;
  how.keys = keys;
  how.algs = algs;
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
  const auto options = std::make_shared<Options>();
  on_run(verb(noun, "decode", "Prints header and claims of a token, unverified."), context,
         [&context] { return decode(context); });
  CLI::App& command =
      verb(noun, "verify", "Checks signature, times, issuer and audience of a token; prints it.");
  command.add_option("--jwks", options->jwks, "Keys: a file, or an http URL on this machine")
      ->required()
      ->type_name("FILE|URL");
  command.add_option("--issuer", options->issuer, "The only accepted issuer")->type_name("ISSUER");
  repeatable(command, "--audience", options->audience, "Accepted audience; may be repeated");
  repeatable(command, "--alg", options->algs, "Accepted algorithm; may be repeated");
  on_run(command, context, [&context, options] { return verify(context, *options); });
}

}  // namespace signet::cli

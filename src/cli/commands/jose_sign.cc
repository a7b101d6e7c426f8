#include "cli/commands/jose_filters.h"

namespace signet::cli {
namespace {

Result<int> sign(const Context& context, const JoseOptions& options) {
  TRY(const auto keys, keys_of(context, options));
  TRY(const json::Object extra, header_of(options));
  TRY(const std::string payload, context.read("-"));
  if (options.format != "general" && keys.size() > 1) {
    return Context::usage("the file holds several keys: choose one with --kid");
  }
  if (options.format == "compact") {
    TRY(const jose::JwsAlg alg, algorithm_of<jose::JwsAlg>(options, keys[0], jose::parse_jws_alg));
    TRY(const std::string token, jose::sign_compact(keys[0], alg, as_bytes(payload), extra));
    context.print_line(token);
    return 0;
  }
  std::vector<jose::JsonSignature> signatures;
  for (const auto& key : keys) {
    TRY(const jose::JwsAlg alg, algorithm_of<jose::JwsAlg>(options, key, jose::parse_jws_alg));
    signatures.push_back({key, alg, extra, {}});
  }
  TRY(const std::string text,
      jose::sign_json(signatures, as_bytes(payload), options.format == "general"));
  context.print_line(text);
  return 0;
}

Result<int> verify(const Context& context, const JoseOptions& options) {
  TRY(const auto keys, keys_of(context, options));
  TRY(const auto algs, parse_names<jose::JwsAlg>(options.algs, "--alg", jose::parse_jws_alg));
  TRY(const std::string token, read_token(context));
  jose::VerifyOptions how;
  how.keys = keys;
  how.algs = algs;
  how.limits = tool_limits();
  how.kid_matching = jose::KidMatching::kIfKeyHasOne;
  if (!options.detached.empty()) {
    TRY(const std::string payload, context.read(options.detached));
    TRY(const auto verified, token.starts_with('{')
                                 ? jose::verify_json_detached(token, as_bytes(payload), how)
                                 : jose::verify_detached(token, as_bytes(payload), how));
    context.world.out << as_text(verified.payload);
    return 0;
  }
  TRY(const auto verified, jose::verify_any(token, how));
  context.world.out << as_text(verified.payload);
  return 0;
}

}  // namespace

void add_jose_sign(CLI::App& noun, Context& context, std::shared_ptr<JoseOptions> options) {
  CLI::App& command = verb(noun, "sign", "Signs standard input; prints the token.");
  add_key_options(command, *options, false);
  repeatable(command, "--alg", options->algs, "Algorithm (the key's own)");
  one_of(command.add_option("--format", options->format, "Serialization (compact)"),
         {"compact", "flattened", "general"});
  command.add_option("--header", options->header, "Further protected members, as a JSON object")
      ->type_name("JSON");
  on_run(command, context, [&context, options] { return sign(context, *options); });
}

void add_jose_verify(CLI::App& noun, Context& context, std::shared_ptr<JoseOptions> options) {
  CLI::App& command =
      verb(noun, "verify", "Verifies a compact or JSON token; prints its payload if it holds.");
  add_key_options(command, *options, false);
  repeatable(command, "--alg", options->algs, "Accepted algorithm; may be repeated");
  command.add_option("--detached", options->detached, "File with the payload of a detached token")
      ->type_name("FILE");
  on_run(command, context, [&context, options] { return verify(context, *options); });
}

}  // namespace signet::cli

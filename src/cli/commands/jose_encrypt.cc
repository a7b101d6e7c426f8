#include <algorithm>

#include "cli/commands/jose_filters.h"
#include "jose/encryptor.h"

namespace signet::cli {
namespace {

Result<jose::KeyPtr> only_key(const Context& context, const std::string& path) {
  TRY(const auto keys, read_local_keys(context, path));
  if (keys.size() != 1) return Context::usage("--issuer-key: the file must hold one key");
  return keys[0];
}

Result<std::string> encrypt_for_both(const Context& context, const jose::KeyPtr& key,
                                     const jose::EncryptOptions& how,
                                     const std::string& issuer_path, ByteView plain) {
  TRY(const auto issuer_key, only_key(context, issuer_path));
  TRY(const auto encryptor,
      jose::Encryptor::make(key, {how.alg, how.enc, how.extra, how.allow_rsa15, issuer_key}));
  std::string token;
  TRY(encryptor.append(token, plain, *context.world.random));
  return token;
}

Result<int> encrypt(const Context& context, const JoseOptions& options) {
  TRY(const auto keys, keys_of(context, options));
  TRY(const json::Object extra, header_of(options));
  TRY(const auto alg, algorithm_of<jose::JweAlg>(options, keys[0], jose::parse_jwe_alg));
  if (options.encs.size() != 1) return Context::usage("--enc: give one algorithm");
  const auto enc = jose::parse_jwe_enc(options.encs[0]);
  if (!enc) return Context::usage("--enc: " + signet::quoted(options.encs[0]) + " is not known");
  if (options.format != "general" && keys.size() > 1) {
    return Context::usage("the file holds several keys: choose one with --kid");
  }
  TRY(const std::string plain, context.read("-"));
  jose::EncryptOptions how{};
  how.alg = alg;
  how.enc = *enc;
  how.extra = extra;
  // A weak algorithm is used where the operator names it, not where the key does.
  how.allow_rsa15 = options.allow_rsa15 || !options.algs.empty();
  Random& random = *context.world.random;
  if (!options.issuer_key.empty()) {
    if (options.format != "compact") return Context::usage("--issuer-key makes compact tokens");
    if (jose::name(alg).starts_with("PBES2"))
      return Context::usage("--issuer-key does not go with a password");
    TRY(const std::string token,
        encrypt_for_both(context, keys[0], how, options.issuer_key, as_bytes(plain)));
    context.print_line(token);
    return 0;
  }
  if (options.format == "compact") {
    TRY(const std::string token, jose::encrypt_compact(keys[0], as_bytes(plain), how, random));
    context.print_line(token);
    return 0;
  }
  std::vector<jose::JsonRecipient> recipients;
  for (const auto& key : keys)
    recipients.push_back({key, {}});
  TRY(const std::string text, jose::encrypt_json(recipients, as_bytes(plain), how, {}, random));
  context.print_line(text);
  return 0;
}

bool is_named(const std::vector<jose::JweAlg>& algs, std::string_view start) {
  return std::any_of(algs.begin(), algs.end(),
                     [start](jose::JweAlg alg) { return jose::name(alg).starts_with(start); });
}

Result<int> decrypt(const Context& context, const JoseOptions& options) {
  TRY(const auto keys, keys_of(context, options));
  TRY(const auto algs, parse_names<jose::JweAlg>(options.algs, "--alg", jose::parse_jwe_alg));
  TRY(const auto encs, parse_names<jose::JweEnc>(options.encs, "--enc", jose::parse_jwe_enc));
  TRY(const std::string token, read_token(context));
  if (options.as_issuer) {
    TRY(const auto opened, jose::decrypt_as_issuer(token, keys, {}, tool_limits()));
    context.world.out << as_text(opened.plain.view());
    return 0;
  }
  jose::DecryptOptions how;
  how.keys = keys;
  how.algs = algs;
  how.encs = encs;
  how.limits = tool_limits();
  how.kid_matching = jose::KidMatching::kIfKeyHasOne;
  // Who names an algorithm allows it; `algs` keeps out those of its family that are not named.
  how.allow_rsa15 = options.allow_rsa15 || is_named(algs, "RSA1_5");
  how.allow_pbes2 = options.allow_pbes2 || is_named(algs, "PBES2");
  // The operator chose the token, and what comes out stays bounded; the server opens none of them.
  how.allow_deflate = true;
  TRY(const auto decrypted, jose::decrypt_any(token, how));
  context.world.out << as_text(decrypted.plain.view());
  return 0;
}

}  // namespace

void add_jose_encrypt(CLI::App& noun, Context& context, std::shared_ptr<JoseOptions> options) {
  CLI::App& command = verb(noun, "encrypt", "Encrypts standard input; prints the token.");
  add_key_options(command, *options, true);
  repeatable(command, "--alg", options->algs, "Key management algorithm (the key's own)");
  repeatable(command, "--enc", options->encs, "Content encryption")->required();
  one_of(command.add_option("--format", options->format, "Serialization (compact)"),
         {"compact", "flattened", "general"});
  command.add_option("--header", options->header, "Further protected members, as a JSON object")
      ->type_name("JSON");
  command.add_flag("--allow-rsa1_5", options->allow_rsa15,
                   "Use RSA1_5 where only the key names it");
  command
      .add_option("--issuer-key", options->issuer_key,
                  "File with the oct key of an issuer who may open the token too")
      ->type_name("FILE");
  on_run(command, context, [&context, options] { return encrypt(context, *options); });
}

void add_jose_decrypt(CLI::App& noun, Context& context, std::shared_ptr<JoseOptions> options) {
  CLI::App& command =
      verb(noun, "decrypt", "Decrypts a compact or JSON token; a nested one comes out as it is.");
  add_key_options(command, *options, true);
  repeatable(command, "--alg", options->algs, "Accepted key management; may be repeated");
  repeatable(command, "--enc", options->encs, "Accepted content encryption; may be repeated");
  command.add_flag("--allow-rsa1_5", options->allow_rsa15, "Accept RSA1_5, as naming it does");
  command.add_flag("--allow-pbes2", options->allow_pbes2, "Accept PBES2, as naming it does");
  auto* as_issuer = command.add_flag("--as-issuer", options->as_issuer,
                                     "The key is the issuer's, not the recipient's");
  for (const char* other : {"--alg", "--enc"})
    as_issuer->excludes(command.get_option(other));
  command.add_flag("--allow-zip", options->allow_zip, "Changes nothing: zip is accepted anyway");
  on_run(command, context, [&context, options] { return decrypt(context, *options); });
}

}  // namespace signet::cli

#include "cli/commands/commands.h"
#include "cli/commands/jose_filters.h"

namespace signet::cli {

void add_key_options(CLI::App& command, JoseOptions& options, bool password_may_be_the_key) {
  auto* key = command.add_option("--key", options.key, "File with a JWK, a JWK set or PEM")
                  ->type_name("FILE");
  if (!password_may_be_the_key) key->required();
  command
      .add_option("--kid", options.kid,
                  "Only the key of this kid; the name of a lone key that has none")
      ->type_name("KID");
  command
      .add_option("--password-file", options.password_file,
                  password_may_be_the_key
                      ? "Password of an encrypted PEM key; without --key the PBES2 password itself"
                      : "Password of an encrypted PEM key")
      ->type_name("FILE");
}

Result<std::vector<jose::KeyPtr>> keys_of(const Context& context, const JoseOptions& options) {
  if (options.password_file.empty()) {
    if (options.key.empty()) return Context::usage("give --key or --password-file");
    return read_local_keys(context, options.key, options.kid);
  }
  if (options.password_file == "-") {
    return Context::usage("--password-file: name a file; standard input is the filter's input");
  }
  TRY(SecretBytes password, context.read_secret(options.password_file));
  if (!options.key.empty()) return read_local_keys(context, options.key, options.kid, &password);
  if (password.empty()) return Context::usage("--password-file: the file is empty");
  return std::vector<jose::KeyPtr>{
      jose::Key::local(jose::Jwk::from_symmetric(std::move(password)))};
}

Result<std::string> read_token(const Context& context) {
  TRY(const std::string text, context.read("-"));
  return std::string(trim(text));
}

jose::Limits tool_limits() {
  jose::Limits limits;
  limits.max_token = kMaxInput;
  return limits;
}

Result<json::Object> header_of(const JoseOptions& options) {
  if (options.header.empty()) return json::Object();
  auto object = json::parse_object(options.header);
  if (!object.ok()) return Context::usage("--header: " + object.error().detail);
  return object;
}

namespace {

Result<int> thumbprint(const Context& context, const JoseOptions& options) {
  TRY(const auto keys, keys_of(context, options));
  for (const auto& key : keys)
    context.print_line(key->jwk().thumbprint());
  return 0;
}

}  // namespace

void add_jose(CLI::App& noun, Context& context) {
  const auto options = std::make_shared<JoseOptions>();
  add_jose_sign(noun, context, options);
  add_jose_verify(noun, context, options);
  add_jose_encrypt(noun, context, options);
  add_jose_decrypt(noun, context, options);
  CLI::App& command = verb(noun, "thumbprint", "Prints the RFC 7638 thumbprint of each key.");
  add_key_options(command, *options, false);
  on_run(command, context, [&context, options] { return thumbprint(context, *options); });
}

}  // namespace signet::cli

#pragma once
// Shared by the filters of `signet jose`.

#include "base/text.h"
#include "cli/command.h"
#include "cli/key_file.h"
#include "jose/jwe.h"

namespace signet::cli {

/// What the filters may be given.
struct JoseOptions {
  std::string key, kid, password_file, header, detached, issuer_key;
  std::string format = "compact";
  std::vector<std::string> algs, encs;
  bool allow_rsa15 = false, allow_pbes2 = false, allow_zip = false, as_issuer = false;
};

void add_jose_sign(CLI::App& noun, Context& context, std::shared_ptr<JoseOptions> options);
void add_jose_verify(CLI::App& noun, Context& context, std::shared_ptr<JoseOptions> options);
void add_jose_encrypt(CLI::App& noun, Context& context, std::shared_ptr<JoseOptions> options);
void add_jose_decrypt(CLI::App& noun, Context& context, std::shared_ptr<JoseOptions> options);

/// --key, --kid and --password-file.
void add_key_options(CLI::App& command, JoseOptions& options, bool password_may_be_the_key);
/// Reads keys by those options. Without --key the password is the key, where that is allowed.
Result<std::vector<jose::KeyPtr>> keys_of(const Context& context, const JoseOptions& options);
/// Standard input without white space around it.
Result<std::string> read_token(const Context& context);
/// The limits of a tool: what fits in memory.
jose::Limits tool_limits();
/// The members of --header; an object.
Result<json::Object> header_of(const JoseOptions& options);

/// Names as algorithms; "usage" for unknown ones.
template <class Alg, class Parse>
Result<std::vector<Alg>> parse_names(const std::vector<std::string>& names, const char* option,
                                     Parse parse) {
  std::vector<Alg> algs;
  for (const auto& name : names) {
    const auto alg = parse(name);
    if (!alg) {
      return Context::usage(std::string(option) + ": " + signet::quoted(name) + " is not known");
    }
    algs.push_back(*alg);
  }
  return algs;
}

/// The algorithm that --alg names, else the one that the key itself names. "usage".
template <class Alg, class Parse>
Result<Alg> algorithm_of(const JoseOptions& options, const jose::KeyPtr& key, Parse parse) {
  if (options.algs.size() > 1) return Context::usage("--alg: give one algorithm");
  const bool is_of_key = options.algs.empty();
  const std::string name = is_of_key ? key->jwk().alg() : options.algs[0];
  if (name.empty()) return Context::usage("--alg is needed: the key names none");
  const auto alg = parse(name);
  if (!alg && is_of_key)
    return Context::usage("--alg is needed: the key's own " + signet::quoted(name) +
                          " is not one for this");
  if (!alg) return Context::usage("--alg: " + signet::quoted(name) + " is not known");
  return *alg;
}

}  // namespace signet::cli

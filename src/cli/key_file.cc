#include "cli/key_file.h"

#include "base/text.h"
#include "keystores/pem.h"

namespace signet::cli {
namespace {

Result<std::vector<jose::Jwk>> from_pem(std::string_view text, const SecretBytes* password) {
  std::optional<ByteView> opener;
  if (password) opener = password->view();
  TRY(keystores::PemContents found, keystores::read_pem(as_bytes(text), opener));
  std::vector<jose::Jwk> keys;
  for (auto& key : found.private_keys)
    keys.push_back(jose::Jwk::from_private(key));
  for (auto& key : found.public_keys)
    keys.push_back(jose::Jwk::from_public(key));
  for (auto& [label, secret] : found.secrets) {
    keys.push_back(jose::Jwk::from_symmetric(std::move(secret)));
  }
  // The chain beside a private key says nothing new; alone, a certificate stands for its key.
  if (keys.empty()) {
    for (const auto& certificate : found.certificates) {
      TRY(crypto::PublicKey key, certificate.public_key());
      keys.push_back(jose::Jwk::from_public(std::move(key)));
    }
  }
  return keys;
}

}  // namespace

Result<std::vector<jose::Jwk>> keys_in(const Context& context, std::string text,
                                       const std::string& source, const SecretBytes* pem_password) {
  std::vector<jose::Jwk> keys;
  Status status = Done{};
  if (text.find("-----BEGIN ") != std::string::npos && !trim(text).starts_with('{')) {
    auto read = from_pem(text, pem_password);
    if (read.ok()) {
      keys = std::move(*read);
    } else {
      status = read.error();
    }
  } else {
    auto set = jose::JwkSet::parse_any(text);
    if (set.ok()) {
      for (const auto& skipped : set->skipped) {
        context.note("signet: a key of the set is skipped: " + std::string(skipped.reason) + ": " +
                     skipped.detail);
      }
      keys = std::move(set->keys);
    } else {
      status = set.error();
    }
  }
  wipe(text);
  TRY(std::move(status));
  if (keys.empty()) {
    return Error{Code::kInvalid, "key_file_empty",
                 signet::quoted(source, 200) + " holds no usable key"};
  }
  return keys;
}

Result<std::vector<jose::Jwk>> read_keys(const Context& context, const std::string& path,
                                         const SecretBytes* pem_password) {
  if (path.empty() || path == "-") {
    return Context::usage("--key: name a file; standard input is the filter's input");
  }
  TRY(std::string text, context.read(path, 1 << 20));
  return keys_in(context, std::move(text), path, pem_password);
}

Result<std::vector<jose::KeyPtr>> read_local_keys(const Context& context, const std::string& path,
                                                  const std::string& kid,
                                                  const SecretBytes* pem_password) {
  TRY(std::vector<jose::Jwk> keys, read_keys(context, path, pem_password));
  if (!kid.empty() && keys.size() == 1 && keys[0].kid().empty()) keys[0] = keys[0].with_kid(kid);
  std::vector<jose::KeyPtr> local;
  for (auto& key : keys) {
    if (kid.empty() || key.kid() == kid) local.push_back(jose::Key::local(std::move(key)));
  }
  if (local.empty()) {
    return Error{Code::kNotFound, "key_not_found",
                 signet::quoted(path, 200) + " has no key of kid " + signet::quoted(kid)};
  }
  return local;
}

}  // namespace signet::cli

#include "secrets/stores/store.h"

#include <algorithm>

#include "base/text.h"

namespace signet::secrets {

Alias Store::canonical(const Alias& alias) const {
  return ignores_case() ? Alias(to_lower(alias.view())) : alias;
}

std::vector<Alias> Store::canonical(const std::vector<Alias>& aliases) const {
  if (!ignores_case()) return aliases;
  std::vector<Alias> out;
  for (const auto& alias : aliases) {
    Alias one = canonical(alias);
    if (std::find(out.begin(), out.end(), one) == out.end()) out.push_back(std::move(one));
  }
  return out;
}

Task<Secret> KeyMaker::make_like(Alias alias, Secret model) {
  if (!model.key || !model.key->jwk().public_key()) {
    co_return Error{Code::kUnsupported, "rotate_needs_key_pair",
                    "this store makes key pairs only; put a new secret into it and publish it"};
  }
  const crypto::PublicKey shape = *model.key->jwk().public_key();
  const std::size_t bits = shape.kind() == crypto::KeyKind::kRsa ? shape.bits() : std::size_t{0};
  co_return co_await make_key(std::move(alias), shape.kind(), bits);
}

Status check_served_versions(const StoreName& name, std::size_t most) {
  constexpr std::size_t kFewest = 3;
  if (most >= kFewest) return Done{};
  return Error{Code::kConfig, "store_versions_few",
               "store " + name.str() + " makes no versions while its setting versions is " +
                   std::to_string(most) +
                   ": the one that signs would go as the next one comes; 3 are needed at least"};
}

std::string variable(const std::map<std::string, std::string>& environment,
                     const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

}  // namespace signet::secrets

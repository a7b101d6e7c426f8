#include "secrets/key_ring.h"

#include <algorithm>

namespace signet::secrets {

KeyRing::KeyRing(SecretId id, std::vector<Secret> secrets)
    : id_(std::move(id)), secrets_(std::move(secrets)) {
  keys_.reserve(secrets_.size());
  for (const auto& secret : secrets_) {
    if (secret.key) keys_.push_back(secret.key);
  }
}

Result<std::shared_ptr<const KeyRing>> KeyRing::make(SecretId id, std::vector<Secret> ordered) {
  if (ordered.empty())
    return Error{Code::kConfig, "ring_empty", "no usable secret for " + id.str()};
  return std::shared_ptr<const KeyRing>(new KeyRing(std::move(id), std::move(ordered)));
}

const Secret* KeyRing::find(std::string_view kid) const {
  const auto found = std::find_if(secrets_.begin(), secrets_.end(), [&](const Secret& secret) {
    return secret.key && secret.kid.view() == kid;
  });
  return found == secrets_.end() ? nullptr : &*found;
}

}  // namespace signet::secrets

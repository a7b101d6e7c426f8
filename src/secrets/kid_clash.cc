#include "secrets/kid_clash.h"

#include "base/text.h"

namespace signet::secrets {
namespace {

std::optional<jose::KeyUse> use_of(const SecretId& id) {
  const SecretIdRow* row = find_row(id);
  if (row == nullptr) return std::nullopt;
  switch (row->purpose) {
    case Purpose::kSigning:
      return jose::KeyUse::kSig;
    case Purpose::kEncryption:
    case Purpose::kDecryption:
      return jose::KeyUse::kEnc;
    case Purpose::kTrust:
    case Purpose::kPassword:
      break;
  }
  return std::nullopt;
}

}  // namespace

KidHolder KidHolder::of(const SecretId& id, const Secret& secret) {
  return {id, secret.store_realm, secret.store, secret.alias};
}

std::string in_words(const KidHolder& holder) {
  if (holder.store.empty()) return holder.id.str() + " (remembered)";
  return holder.id.str() + " (store " + holder.store.str() +
         (holder.store_realm.empty() ? "" : " of realm " + holder.store_realm.str()) + ", alias " +
         quoted(holder.alias.view()) + ")";
}

std::string in_words(const KidClash& clash) {
  return "the kid " + quoted(clash.kid.view()) + " names two keys, that of " + in_words(clash.one) +
         " and that of " + in_words(clash.other);
}

bool is_kid_clash(const SecretId& id, const Secret& secret, const SecretId& other_id,
                  const Secret& other) {
  if (secret.kid.empty() || secret.kid != other.kid || !secret.key || !other.key) return false;
  if (secret.key->jwk().is_symmetric() != other.key->jwk().is_symmetric()) return false;
  if (same_material(secret, other)) return false;  // mostly one key that serves several IDs
  const auto use = use_of(id);
  return use && use == use_of(other_id);
}

Error kid_reused(const KeyId& kid, const KidHolder& other) {
  return {Code::kConflict, "kid_reused",
          "its kid " + quoted(kid.view()) + " is that of another key, of " + in_words(other) +
              ": verifiers could not tell them apart; give one of them another kid"};
}

}  // namespace signet::secrets

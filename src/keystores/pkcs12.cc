#include "keystores/pkcs12.h"

#include <algorithm>

#include "base/text.h"
#include "crypto/pkcs12.h"

namespace signet::keystores {
namespace {

using crypto::Certificate;
using crypto::Pkcs12Bag;

constexpr std::size_t kLongestChain = 10;

// 2: the same localKeyID, 1: the same name, 0: neither.
int nearness(const Pkcs12Bag& key, const Pkcs12Bag& certificate) {
  if (!key.local_key_id.empty() && key.local_key_id == certificate.local_key_id) return 2;
  return !key.friendly_name.empty() && key.friendly_name == certificate.friendly_name ? 1 : 0;
}

const Certificate* leaf_of(const Pkcs12Bag& key, const std::vector<Pkcs12Bag>& bags) {
  const crypto::PublicKey wanted = key.private_key->public_key();
  const Certificate* best = nullptr;
  int best_nearness = -1;
  for (const auto& bag : bags) {
    if (!bag.certificate || nearness(key, bag) <= best_nearness) continue;
    const auto certified = bag.certificate->public_key();
    if (!certified.ok() || !(*certified == wanted)) continue;
    best = &*bag.certificate;
    best_nearness = nearness(key, bag);
  }
  return best;
}

std::vector<Certificate> chain_of(const Pkcs12Bag& key, const std::vector<Pkcs12Bag>& bags) {
  std::vector<Certificate> chain;
  for (const Certificate* next = leaf_of(key, bags); next && chain.size() < kLongestChain;) {
    chain.push_back(*next);
    const Certificate& last = chain.back();
    if (last.names_as_issuer(last)) break;
    const auto issuer = std::find_if(bags.begin(), bags.end(), [&](const Pkcs12Bag& bag) {
      return bag.certificate && last.names_as_issuer(*bag.certificate);
    });
    next = issuer == bags.end() ? nullptr : &*issuer->certificate;
  }
  return chain;
}

std::optional<Entry> entry_of(Pkcs12Bag& bag, const std::vector<Pkcs12Bag>& bags) {
  Entry entry;
  if (bag.certificate) {
    if (!bag.is_trusted) return std::nullopt;
    entry.kind = Entry::kTrustedCertificate;
    entry.chain.push_back(*bag.certificate);
  } else if (bag.secret_key) {
    entry.kind = Entry::kSecretKey;
    entry.secret_key = bag.secret_key->clone();
    entry.secret_key_algorithm = bag.secret_key_algorithm;
  } else if (bag.is_plain_key) {
    entry.unusable = Error{Code::kUnsupported, "keystore_key_not_encrypted",
                           "the key lies in the store unencrypted"};
  } else if (bag.private_key) {
    entry.private_key = bag.private_key;
    entry.chain = chain_of(bag, bags);
  } else {
    entry.unusable = bag.unusable;
  }
  return entry;
}

}  // namespace

Result<std::vector<Entry>> read_pkcs12_store(ByteView der, ByteView password) {
  TRY(auto bags, crypto::read_pkcs12(der, password));
  std::vector<Entry> entries;
  int nameless = 0;
  for (auto& bag : bags) {
    auto entry = entry_of(bag, bags);
    if (!entry) continue;
    entry->alias =
        bag.friendly_name.empty() ? std::to_string(++nameless) : to_lower(bag.friendly_name);
    const auto same = std::find_if(entries.begin(), entries.end(), [&](const Entry& earlier) {
      return earlier.alias == entry->alias;
    });
    if (same == entries.end()) {
      entries.push_back(std::move(*entry));
    } else {
      *same = std::move(*entry);
    }
  }
  return entries;
}

}  // namespace signet::keystores

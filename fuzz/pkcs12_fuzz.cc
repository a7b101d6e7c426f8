// PKCS#12 stores under a fixed password. Seeds without a MAC let the run reach what lies behind it.
#include <set>

#include "base/text.h"
#include "check.h"
#include "keystores/pkcs12.h"

namespace {

using namespace signet;
using namespace signet::keystores;

void check_entry(const Entry& entry) {
  FUZZ_CHECK(!entry.alias.empty() && entry.alias == to_lower(entry.alias));
  FUZZ_CHECK(!(entry.private_key && entry.secret_key));
  if (entry.unusable) {
    FUZZ_CHECK(!entry.private_key && !entry.secret_key);
    FUZZ_CHECK(entry.unusable->reason != nullptr);
    return;
  }
  switch (entry.kind) {
    case Entry::kPrivateKey:
      FUZZ_CHECK(entry.private_key.has_value());
      if (!entry.chain.empty()) {
        const auto leaf = entry.chain.front().public_key();
        FUZZ_CHECK(leaf.ok() && *leaf == entry.private_key->public_key());
      }
      break;
    case Entry::kTrustedCertificate:
      FUZZ_CHECK(entry.chain.size() == 1);
      break;
    case Entry::kSecretKey:
      FUZZ_CHECK(entry.secret_key.has_value());
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto entries = read_pkcs12_store({data, size}, as_bytes("changeit"));
  if (!entries.ok()) return 0;
  std::set<std::string> aliases;
  for (const Entry& entry : *entries) {
    check_entry(entry);
    FUZZ_CHECK(aliases.insert(entry.alias).second);
  }
  return 0;
}

// JKS and JCEKS stores under a fixed password, and the Java objects in them by themselves. The
// integrity is not asked for at first, so that a run gets past the trailer; then it is.
#include <set>

#include "base/text.h"
#include "check.h"
#include "crypto/digest.h"
#include "keystores/java_object.h"
#include "keystores/jks.h"

namespace {

using namespace signet;
using namespace signet::keystores;

constexpr std::string_view kPassword = "changeit";
constexpr std::int64_t kFewIterations = 1000;

void check_entry(const Entry& entry) {
  FUZZ_CHECK(entry.alias == to_lower(entry.alias) && is_utf8(entry.alias));
  FUZZ_CHECK(!(entry.private_key && entry.secret_key));
  if (entry.unusable) {
    FUZZ_CHECK(!entry.private_key && !entry.secret_key);
    return;
  }
  FUZZ_CHECK(entry.private_key.has_value() == (entry.kind == Entry::kPrivateKey));
  FUZZ_CHECK(entry.secret_key.has_value() == (entry.kind == Entry::kSecretKey));
  if (entry.kind == Entry::kTrustedCertificate) FUZZ_CHECK(entry.chain.size() == 1);
  if (entry.private_key && !entry.chain.empty()) {
    const auto leaf = entry.chain.front().public_key();
    FUZZ_CHECK(leaf.ok() && *leaf == entry.private_key->public_key());
  }
}

JksOptions few() {
  JksOptions options;
  options.key_password = as_bytes(kPassword);
  options.most_iterations = options.most_iterations_unproven = kFewIterations;
  return options;
}

// With the trailer that fits, the same is read; with another one, nothing is.
void check_integrity(ByteView file, std::size_t entries) {
  constexpr std::size_t kTrailer = 20;
  Bytes characters;
  for (const char c : kPassword) {
    characters.push_back(0);
    characters.push_back(static_cast<std::uint8_t>(c));
  }
  Bytes sealed = to_bytes(file.first(file.size() - kTrailer));
  const Bytes trailer = crypto::Hasher(crypto::Hash::kSha1)
                            .update(characters)
                            .update(as_bytes("Mighty Aphrodite"))
                            .update(sealed)
                            .finish();
  sealed.insert(sealed.end(), trailer.begin(), trailer.end());
  JksOptions options = few();
  options.store_password = as_bytes(kPassword);
  const auto same = read_jks(sealed, options);
  FUZZ_CHECK(same.ok() && same->size() == entries);
  sealed.back() ^= 1;
  FUZZ_CHECK(!read_jks(sealed, options).ok());
}

void check_object(ByteView data) {
  JavaReader reader(data);
  const auto object = read_java_object(reader);
  FUZZ_CHECK(object.ok() || reader.rest().empty());
  if (object.ok()) FUZZ_CHECK(!object->class_name.empty() && !reader.failed());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView file(data, size);
  check_object(file);
  const auto entries = read_jks(file, few());
  if (!entries.ok()) return 0;
  std::set<std::string> aliases;
  for (const Entry& entry : *entries) {
    check_entry(entry);
    FUZZ_CHECK(aliases.insert(entry.alias).second);
  }
  check_integrity(file, entries->size());
  return 0;
}

// Keystores that others wrote, against what OpenJDK 17 read from each (MANIFEST.json).

#include <algorithm>
#include <map>

#include "base/json.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "keystores/jks.h"
#include "keystores/pkcs12.h"
#include "support/matchers.h"
#include "support/vectors.h"

namespace signet::keystores {
namespace {

using test::is_ok;

std::optional<std::string> text_of(const json::Value& value, std::string_view name) {
  const json::Value* member = value.get(name);
  if (!member || !member->if_string()) return std::nullopt;
  return *member->if_string();
}

std::string sha256_hex(ByteView bytes) {
  return hex(crypto::sha256(bytes));
}

Result<std::vector<Entry>> read_row(const json::Value& row, ByteView file) {
  const auto store_password = text_of(row, "storePassword");
  if (text_of(row, "type") == "PKCS12") {
    return read_pkcs12_store(file, as_bytes(store_password.value_or("")));
  }
  EXPECT_EQ(text_of(row, "type"), is_jks(file) ? "JKS" : "JCEKS");
  const auto key_password = text_of(row, "keyPassword");
  JksOptions options;
  if (store_password) options.store_password = as_bytes(*store_password);
  if (key_password) options.key_password = as_bytes(*key_password);
  return read_jks(file, options);
}

// Keys that OpenJDK gives and that serve nothing here are there, and say why not.
const char* expected_refusal(const std::string& file, const json::Value& theirs) {
  const auto algorithm = text_of(theirs, "algorithm");
  if (algorithm == "ERR UnrecoverableKeyException") return "key_password_wrong";
  if (algorithm == "DSA") return "key_unsupported";
  for (const char* small : {"RSA1024", "keystore-go/keystore.jks"}) {
    if (algorithm == "RSA" && file.find(small) != file.npos) return "rsa_too_small";
  }
  return nullptr;
}

std::string kind_of(const Entry& ours, const json::Value& theirs) {
  // Who wrote the MANIFEST took the one private key without a chain for a secret key.
  const bool is_bare = ours.kind == Entry::kPrivateKey && ours.chain.empty();
  if (is_bare && text_of(theirs, "algorithm") == "RSA") return "secret";
  const char* const kinds[] = {"private", "cert", "secret"};
  return kinds[ours.kind];
}

void expect_same(const Entry& ours, const json::Value& theirs, const std::string& file) {
  SCOPED_TRACE(file + " " + ours.alias);
  EXPECT_EQ(kind_of(ours, theirs), text_of(theirs, "kind"));
  if (!ours.chain.empty()) {
    EXPECT_EQ(sha256_hex(ours.chain.front().der()), text_of(theirs, "certSha256"));
  }
  if (ours.kind == Entry::kPrivateKey) {
    EXPECT_EQ(std::int64_t(ours.chain.size()), theirs.get("chainLength")->if_int());
  }
  const char* const refusal = expected_refusal(file, theirs);
  ASSERT_EQ(ours.unusable.has_value(), refusal != nullptr)
      << (ours.unusable ? ours.unusable->reason : "");
  if (refusal) {
    EXPECT_STREQ(ours.unusable->reason, refusal);
  } else if (ours.private_key) {
    EXPECT_EQ(sha256_hex(ours.private_key->pkcs8().view()), text_of(theirs, "keyEncodedSha256"));
  } else if (ours.secret_key) {
    EXPECT_EQ(sha256_hex(ours.secret_key->view()), text_of(theirs, "keyEncodedSha256"));
    EXPECT_EQ(ours.secret_key_algorithm, text_of(theirs, "algorithm"));
  }
}

void expect_all_the_same(const std::vector<Entry>& entries, const json::Array& expected,
                         const std::string& file) {
  std::size_t listed = 0;
  for (const Entry& entry : entries) {
    // OpenJDK passes over keys that lie in a PKCS#12 store unencrypted; here the entry says why.
    const bool is_plain = entry.unusable && entry.unusable->is("keystore_key_not_encrypted");
    if (is_plain) continue;
    ++listed;
    const auto theirs = std::find_if(
        expected.begin(), expected.end(),
        [&](const json::Value& candidate) { return text_of(candidate, "alias") == entry.alias; });
    ASSERT_NE(theirs, expected.end()) << file << " " << entry.alias;
    expect_same(entry, *theirs, file);
  }
  EXPECT_EQ(listed, expected.size()) << file;
}

TEST(Manifest, sec_114_f_38_every_store_is_read_as_openjdk_reads_it) {
  SIGNET_VECTORS_OR_SKIP(folder, "keystores");
  const auto manifest = json::parse(test::read_file(folder / "MANIFEST.json"));
  ASSERT_THAT(manifest, is_ok());
  std::map<std::string, int> stores;
  for (const json::Value& row : *manifest->if_array()) {
    const std::string file = text_of(row, "file").value();
    const std::string bytes = test::read_file(folder / file);
    const auto entries = read_row(row, as_bytes(bytes));
    ++stores[text_of(row, "type").value()];
    ASSERT_EQ(entries.ok(), *row.get("loads")->if_bool())
        << file << (entries.ok() ? "" : ": " + entries.error().detail);
    if (entries.ok()) {
      expect_all_the_same(*entries, *row.get("entries")->if_array(), file);
    } else {
      const bool is_pkcs12 = text_of(row, "type") == "PKCS12";
      EXPECT_STREQ(entries.error().reason,
                   is_pkcs12 ? "keystore_password_wrong" : "keystore_secret_key_unknown")
          << file;
    }
  }
  // All that are in the MANIFEST; the other files of the folder are plain keys and certificates.
  EXPECT_EQ(stores["JKS"], 11);
  EXPECT_EQ(stores["JCEKS"], 15);
  EXPECT_EQ(stores["PKCS12"], 28);
}

}  // namespace
}  // namespace signet::keystores

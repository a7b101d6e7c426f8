// The set jose-cookbook: RFC 7520 chapters 3 to 6, RFC 8037 and RFC 7797. Every form of every
// output is verified or decrypted; what is deterministic is made again. Not made again, on purpose:
// an unprotected alg (4.7, 4.8, 5.11, 5.12), an unencoded payload (RFC 7797) and compression (5.9),
// which we only read. The file rfc7797/4.2 is of a draft: its header says b64 without crit, which
// RFC 7797 §6 forbids, so it is refused; what the RFC itself prints is verified in jws_test.cc.
#include <filesystem>

#include "jose/algorithm_info.h"
#include "jose/jose_test_support.h"
#include "support/vectors.h"

namespace signet::jose {
namespace {

namespace fs = std::filesystem;
using signet::test::read_file;
using test::is_ok;

const json::Value& at(const json::Value& value, std::initializer_list<std::string_view> path) {
  const json::Value* here = &value;
  for (const std::string_view name : path) {
    here = here->get(name);
    if (!here) throw std::runtime_error("no member " + std::string(name));
  }
  return *here;
}
bool has(const json::Value& value, std::string_view name) {
  return value.get(name) != nullptr;
}
const std::string& text(const json::Value& value, std::initializer_list<std::string_view> path) {
  return *at(value, path).if_string();
}
Bytes decoded(const json::Value& value, std::initializer_list<std::string_view> path) {
  return test::must(base64::url_decode(text(value, path)));
}

std::vector<KeyPtr> keys_in(const json::Value& input) {
  std::vector<KeyPtr> keys;
  if (const json::Value* pwd = input.get("pwd")) {
    keys.push_back(test::key(Jwk::from_symmetric(SecretBytes::from_text(*pwd->if_string()))));
    return keys;
  }
  const json::Value& key = at(input, {"key"});
  if (const json::Array* several = key.if_array()) {
    for (const json::Value& one : *several)
      keys.push_back(test::key(test::must(Jwk::parse(*one.if_object()))));
  } else {
    keys.push_back(test::key(test::must(Jwk::parse(*key.if_object()))));
  }
  return keys;
}

int verify_outputs(const json::Value& document, const std::vector<KeyPtr>& keys,
                   std::string_view payload, bool is_detached) {
  int verified = 0;
  const json::Value& output = at(document, {"output"});
  for (const KeyPtr& key : keys) {
    const std::vector<KeyPtr> one = {key};
    const VerifyOptions options = test::with(one);
    for (const auto& [form, value] : *output.if_object()) {
      const std::string token = form == "compact" ? *value.if_string() : json::dump(value);
      Result<VerifiedJws> result;
      if (form == "compact") {
        result = is_detached ? verify_detached(token, as_bytes(payload), options)
                             : verify_compact(token, options);
      } else {
        result = is_detached ? verify_json_detached(token, as_bytes(payload), options)
                             : verify_json(token, options);
      }
      EXPECT_THAT(result, is_ok()) << form;
      if (result.ok()) {
        EXPECT_EQ(as_text(result->payload), payload);
      }
      ++verified;
    }
  }
  return verified;
}

/// Makes the compact form again where the header is all protected and the signature deterministic.
int remake_signature(const json::Value& document, const KeyPtr& key, std::string_view payload,
                     bool is_detached) {
  const json::Value& signing = at(document, {"signing"});
  if (!has(document, "reproducible") || *at(document, {"reproducible"}).if_bool() == false)
    return 0;
  if (!has(signing, "protected") || at(signing, {"protected"}).get("b64")) return 0;
  const JwsAlg alg = *parse_jws_alg(text(document, {"input", "alg"}));
  const json::Value* unprotected = signing.get("unprotected");
  const JsonSignature one[] = {
      {key, alg, {}, unprotected ? *unprotected->if_object() : json::Object()}};
  json::Object flat = test::object(test::must(sign_json(one, as_bytes(payload))));
  json::Object general = test::object(test::must(sign_json(one, as_bytes(payload), true)));
  if (is_detached) {
    flat.erase("payload");
    general.erase("payload");
  }
  EXPECT_EQ(json::Value(flat), at(document, {"output", "json_flat"}));
  EXPECT_EQ(json::Value(general), at(document, {"output", "json"}));
  if (has(at(document, {"output"}), "compact") && !is_detached) {
    EXPECT_EQ(test::must(sign_compact(key, alg, as_bytes(payload))),
              text(document, {"output", "compact"}));
  }
  return 1;
}

TEST(JoseCookbook, signatures_verify_and_come_out_the_same) {
  SIGNET_VECTORS_OR_SKIP(folder, "jose-cookbook");
  int verified = 0, remade = 0;
  std::vector<fs::path> files = {folder / "curve25519" / "jws.json"};
  for (const char* sub : {"jws", "rfc7797"}) {
    for (const auto& entry : fs::directory_iterator(folder / sub)) {
      if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
  }
  for (const fs::path& file : files) {
    SCOPED_TRACE(file.filename().string());
    const json::Value document = test::must(json::parse(read_file(file)));
    const std::vector<KeyPtr> keys = keys_in(at(document, {"input"}));
    const std::string& payload = text(document, {"input", "payload"});
    if (file.filename() == "4.2.hmac-sha2_b64_false.json") {
      EXPECT_THAT(verify_json(json::dump(at(document, {"output", "json_flat"})), test::with(keys)),
                  test::fails("jws_crit_malformed"));
      continue;
    }
    const bool is_detached = file.filename().string().starts_with("4_5");
    verified += verify_outputs(document, keys, payload, is_detached);
    if (keys.size() == 1) remade += remake_signature(document, keys[0], payload, is_detached);
  }
  EXPECT_EQ(verified, 28);
  EXPECT_EQ(remade, 5);
}

DecryptOptions lenient(std::span<const KeyPtr> keys) {
  DecryptOptions options = test::decrypt_with(keys);
  options.allow_rsa15 = options.allow_pbes2 = options.allow_deflate = true;
  return options;
}

int decrypt_outputs(const json::Value& output, const std::vector<KeyPtr>& keys,
                    std::string_view plaintext) {
  int decrypted = 0;
  for (const KeyPtr& key : keys) {
    const std::vector<KeyPtr> one = {key};
    for (const auto& [form, value] : *output.if_object()) {
      const auto result = form == "compact" ? decrypt_compact(*value.if_string(), lenient(one))
                                            : decrypt_json(json::dump(value), lenient(one));
      EXPECT_THAT(result, is_ok()) << form;
      if (result.ok()) {
        EXPECT_EQ(as_text(result->plain.view()), plaintext);
      }
      ++decrypted;
    }
  }
  return decrypted;
}

/// The random bytes in the order in which encryption asks for them.
std::vector<Bytes> script(const json::Value& document, JweAlg alg) {
  std::vector<Bytes> pieces;
  const JweFamily family = info(alg).family;
  if (family != JweFamily::kDirect) pieces.push_back(decoded(document, {"generated", "cek"}));
  if (family == JweFamily::kGcmKeyWrap)
    pieces.push_back(decoded(document, {"encrypting_key", "iv"}));
  if (family == JweFamily::kPbes2) pieces.push_back(decoded(document, {"encrypting_key", "salt"}));
  pieces.push_back(decoded(document, {"generated", "iv"}));
  return pieces;
}

int remake_encryption(const json::Value& document, const KeyPtr& key, std::string_view plaintext) {
  const auto alg = parse_jwe_alg(text(document, {"input", "alg"}));
  const auto enc = parse_jwe_enc(text(document, {"input", "enc"}));
  if (!alg || !enc) return 0;
  const JweFamily family = info(*alg).family;
  if (family == JweFamily::kRsa || family == JweFamily::kEcdh) return 0;  // random by nature
  const json::Value& content = at(document, {"encrypting_content"});
  if (has(content, "unprotected") || at(content, {"protected"}).get("zip")) return 0;

  EncryptOptions options = test::encryption(*alg, *enc);
  if (const json::Value* count = at(document, {"encrypting_key"}).get("iteration_count"))
    options.pbes2_iterations = static_cast<std::uint32_t>(*count->if_int());
  if (const json::Value* cty = at(content, {"protected"}).get("cty"))
    options.extra.set("cty", *cty);
  const std::string aad =
      has(at(document, {"input"}), "aad") ? text(document, {"input", "aad"}) : "";

  test::ScriptedRandom random(script(document, *alg));
  const std::vector<JsonRecipient> recipients = {{key, {}}};
  const auto flat =
      test::must(encrypt_json(recipients, as_bytes(plaintext), options, as_bytes(aad), random));
  EXPECT_EQ(json::Value(test::object(flat)), at(document, {"output", "json_flat"}));
  if (has(at(document, {"output"}), "compact")) {
    test::ScriptedRandom again(script(document, *alg));
    EXPECT_EQ(test::must(encrypt_compact(key, as_bytes(plaintext), options, again)),
              text(document, {"output", "compact"}));
  }
  return 1;
}

TEST(JoseCookbook, encrypted_texts_decrypt_and_come_out_the_same) {
  SIGNET_VECTORS_OR_SKIP(folder, "jose-cookbook");
  int decrypted = 0, remade = 0;
  std::vector<fs::path> files = {folder / "curve25519" / "ecdh-es.json"};
  for (const auto& entry : fs::directory_iterator(folder / "jwe"))
    files.push_back(entry.path());
  for (const fs::path& file : files) {
    SCOPED_TRACE(file.filename().string());
    json::Value document = test::must(json::parse(read_file(file)));
    if (!has(document, "encrypting_key")) {
      json::Object with_empty = *document.if_object();
      with_empty.set("encrypting_key", json::Object());
      document = with_empty;
    }
    const std::vector<KeyPtr> keys = keys_in(at(document, {"input"}));
    const std::string& plaintext = text(document, {"input", "plaintext"});
    decrypted += decrypt_outputs(at(document, {"output"}), keys, plaintext);
    if (keys.size() == 1) remade += remake_encryption(document, keys[0], plaintext);
  }
  EXPECT_EQ(decrypted, 39);
  EXPECT_EQ(remade, 5);
}

TEST(JoseCookbook, nested_example_of_chapter_six_is_decrypted_and_verified) {
  SIGNET_VECTORS_OR_SKIP(folder, "jose-cookbook");
  const json::Value document =
      test::must(json::parse(read_file(folder / "6.nesting_signatures_and_encryption.json")));
  const std::vector<KeyPtr> signers = keys_in(at(document, {"sign", "input"}));
  const std::vector<KeyPtr> readers = keys_in(at(document, {"encrypt", "input"}));
  EXPECT_EQ(decrypt_outputs(at(document, {"encrypt", "output"}), readers,
                            text(document, {"sign", "output", "compact"})),
            3);
  ClaimRules rules;
  rules.now = from_unix_seconds(1300819300);
  rules.issuer = "hobbiton.example";
  EXPECT_THAT(verify_nested_jwt(text(document, {"encrypt", "output", "compact"}),
                                test::decrypt_with(readers), test::with(signers), rules),
              is_ok());
}

TEST(JoseCookbook, keys_of_chapter_three_are_read_and_written_back) {
  SIGNET_VECTORS_OR_SKIP(folder, "jose-cookbook");
  int checked = 0;
  for (const auto& entry : fs::directory_iterator(folder / "jwk")) {
    const json::Object original = test::object(read_file(entry.path()));
    EXPECT_EQ(test::must(Jwk::parse(original)).private_json(), original);
    ++checked;
  }
  EXPECT_EQ(checked, 6);
}

}  // namespace
}  // namespace signet::jose

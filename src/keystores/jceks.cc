#include "keystores/jceks.h"

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "crypto/der.h"
#include "crypto/java_keys.h"
#include "keystores/java_object.h"

namespace signet::keystores {
namespace {

constexpr std::string_view kSealedClass = "com.sun.crypto.provider.SealedObjectForKeyProtector";
constexpr std::string_view kSealAlgorithm = "PBEWithMD5AndTripleDES";

Error malformed_sealed_key(std::string_view what) {
  return Error{Code::kInvalid, "key_malformed", std::string(what)};
}
Error wrong_password() {
  return Error{Code::kDenied, "key_password_wrong", "the password does not open it"};
}

}  // namespace

Status Iterations::spend(ByteView count) {
  std::int64_t wanted = count.size() <= 4 ? 0 : std::numeric_limits<std::int64_t>::max();
  if (wanted == 0) {
    for (const std::uint8_t byte : count)
      wanted = wanted << 8 | byte;
  }
  if (wanted < 1 || wanted > left) {
    return Error{Code::kInvalid, "keystore_iterations_excessive",
                 "opening it would take more work than the limit allows"};
  }
  left -= wanted;
  return Done{};
}

Result<SecretBytes> open_jceks_cipher(ByteView parameters, ByteView cipher, ByteView password,
                                      Iterations& budget) {
  // PBEParameter ::= SEQUENCE { salt OCTET STRING, iterationCount INTEGER }
  auto fields = crypto::der_take(parameters, crypto::kDerSequence);
  if (!fields || !parameters.empty())
    return malformed_sealed_key("parameters of a password encryption");
  const auto salt = crypto::der_take(*fields, crypto::kDerOctetString);
  const auto count = crypto::der_take_unsigned(*fields);
  if (!salt || !count || !fields->empty()) {
    return malformed_sealed_key("parameters of a password encryption");
  }
  const bool is_ascii = std::all_of(password.begin(), password.end(),
                                    [](std::uint8_t character) { return character < 0x80; });
  if (!is_ascii) {
    return Error{Code::kDenied, "key_password_wrong",
                 "the password is not ASCII, as Java wants it for this encryption"};
  }
  TRY(budget.spend(*count));
  std::uint32_t iterations = 0;
  for (const std::uint8_t byte : *count)
    iterations = iterations << 8 | byte;
  return crypto::open_jceks_sealed(cipher, *salt, iterations, password);
}

Result<SealedKey> read_sealed_key(JavaReader& reader) {
  TRY(JavaObject object, read_java_object(reader));
  const bool is_sealed = object.class_name == kSealedClass &&
                         as_text(object.field("sealAlg")) == kSealAlgorithm &&
                         as_text(object.field("paramsAlg")) == kSealAlgorithm;
  if (!is_sealed) {
    return Error{Code::kUnsupported, "keystore_secret_key_unknown",
                 "a secret key that is not sealed as the JDK seals them"};
  }
  return SealedKey{SecretBytes(object.field("encryptedContent")),
                   SecretBytes(object.field("encodedParams"))};
}

Result<JavaSecretKey> open_sealed_key(const SealedKey& sealed, ByteView password,
                                      Iterations& budget) {
  TRY(const SecretBytes plain,
      open_jceks_cipher(sealed.parameters.view(), sealed.content.view(), password, budget));
  JavaReader reader(plain.view());
  auto object = read_java_object(reader);
  if (!object) {
    if (object.error().code == Code::kUnsupported) {
      return Error{Code::kUnsupported, "key_unsupported", object.error().detail};
    }
    // One wrong password in 256 leaves padding that happens to be right.
    return wrong_password();
  }
  if (!reader.rest().empty()) return wrong_password();
  JavaSecretKey key;
  key.algorithm = as_text(object->field("algorithm"));
  if (object->class_name == "javax.crypto.spec.SecretKeySpec") {
    key.bytes = SecretBytes(object->field("key"));
  } else if (object->class_name == "java.security.KeyRep" &&
             as_text(object->field("type")) == "SECRET" &&
             as_text(object->field("format")) == "RAW") {
    key.bytes = SecretBytes(object->field("encoded"));
  } else {
    return Error{Code::kUnsupported, "key_unsupported",
                 "a sealed " + quoted(object->class_name) + " that is no secret key"};
  }
  return key;
}

}  // namespace signet::keystores

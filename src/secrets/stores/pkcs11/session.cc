#include "secrets/stores/pkcs11/session.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace signet::secrets::pkcs11 {
namespace {

constexpr std::size_t kMostObjects = 10'000;
constexpr std::size_t kMostAttributeBytes = 64 * 1024;
// Of RSA with 16384 bits.
constexpr std::size_t kLargestSignature = 2048;

std::vector<CK_ATTRIBUTE> raw(const Template& wanted) {
  std::vector<CK_ATTRIBUTE> out;
  out.reserve(wanted.size());
  for (const Attribute& each : wanted)
    out.push_back({each.type, const_cast<std::uint8_t*>(each.bytes.data()), each.bytes.size()});
  return out;
}

CK_MECHANISM raw(const Mechanism& mechanism) {
  return {
      mechanism.type,
      mechanism.parameter.empty() ? nullptr : const_cast<std::uint8_t*>(mechanism.parameter.data()),
      mechanism.parameter.size()};
}

CK_BYTE* raw(ByteView bytes) {
  return const_cast<CK_BYTE*>(bytes.data());
}

/// A failure of the step that got the ciphertext: modules say a wrong one in many ways, and some as
/// if the ground were gone.
Error data_failed(const char* what, CK_RV code) {
  if (code == CKR_GENERAL_ERROR || code == CKR_FUNCTION_FAILED || code == CKR_ARGUMENTS_BAD)
    return failed(what, CKR_ENCRYPTED_DATA_INVALID);
  return failed(what, code);
}

bool is_told(const CK_ATTRIBUTE& attribute) {
  return attribute.ulValueLen != CK_UNAVAILABLE_INFORMATION &&
         attribute.ulValueLen <= kMostAttributeBytes;
}

}  // namespace

Attribute Attribute::number(CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
  Bytes bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return {type, std::move(bytes)};
}

Attribute Attribute::flag(CK_ATTRIBUTE_TYPE type, bool value) {
  return {type, Bytes(1, value ? CK_TRUE : CK_FALSE)};
}

Attribute Attribute::text(CK_ATTRIBUTE_TYPE type, std::string_view value) {
  return {type, to_bytes(value)};
}

CK_ULONG number_in(const std::optional<Bytes>& value, CK_ULONG otherwise) {
  CK_ULONG number = otherwise;
  if (value && value->size() == sizeof number) std::memcpy(&number, value->data(), sizeof number);
  return number;
}

bool flag_in(const std::optional<Bytes>& value, bool otherwise) {
  return value && value->size() == 1 ? value->front() != CK_FALSE : otherwise;
}

Result<std::vector<Object>> Session::find(const Template& wanted) {
  auto attributes = raw(wanted);
  if (const CK_RV code = f_.C_FindObjectsInit(handle_, attributes.data(), attributes.size());
      code != CKR_OK) {
    return failed("C_FindObjectsInit", code);
  }
  std::vector<Object> found;
  CK_RV code = CKR_OK;
  while (found.size() <= kMostObjects) {
    std::array<Object, 64> some;
    CK_ULONG count = 0;
    code = f_.C_FindObjects(handle_, some.data(), some.size(), &count);
    if (code != CKR_OK || count == 0) break;
    found.insert(found.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(count));
  }
  const CK_RV end = f_.C_FindObjectsFinal(handle_);
  if (code != CKR_OK) return failed("C_FindObjects", code);
  if (end != CKR_OK) return failed("C_FindObjectsFinal", end);
  if (found.size() > kMostObjects)
    return Error{Code::kConfig, "pkcs11_too_many_objects", "the token holds more than 10,000"};
  return found;
}

Result<std::vector<std::optional<Bytes>>> Session::read(Object object,
                                                        std::span<const CK_ATTRIBUTE_TYPE> types) {
  std::vector<CK_ATTRIBUTE> attributes;
  for (const CK_ATTRIBUTE_TYPE type : types)
    attributes.push_back({type, nullptr, 0});
  // Some attributes may be refused or unknown: the others are told all the same.
  const auto is_fine = [](CK_RV code) {
    return code == CKR_OK || code == CKR_ATTRIBUTE_SENSITIVE || code == CKR_ATTRIBUTE_TYPE_INVALID;
  };
  CK_RV code = f_.C_GetAttributeValue(handle_, object, attributes.data(), attributes.size());
  if (!is_fine(code)) return failed("C_GetAttributeValue", code);
  std::vector<std::optional<Bytes>> values(types.size());
  std::vector<CK_ATTRIBUTE> told;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    if (!is_told(attributes[i])) continue;
    values[i].emplace(attributes[i].ulValueLen);
    told.push_back({attributes[i].type, values[i]->data(), values[i]->size()});
    places.push_back(i);
  }
  if (told.empty()) return values;
  code = f_.C_GetAttributeValue(handle_, object, told.data(), told.size());
  if (!is_fine(code)) return failed("C_GetAttributeValue", code);
  for (std::size_t i = 0; i < told.size(); ++i) {
    auto& value = values[places[i]];
    if (is_told(told[i]) && told[i].ulValueLen <= value->size()) {
      value->resize(told[i].ulValueLen);
    } else {
      value.reset();
    }
  }
  return values;
}

Result<Bytes> Session::sign(const Mechanism& mechanism, Object key, ByteView data) {
  CK_MECHANISM how = raw(mechanism);
  if (const CK_RV code = f_.C_SignInit(handle_, &how, key); code != CKR_OK)
    return failed("C_SignInit", code);
  Bytes signature(kLargestSignature);
  CK_ULONG size = signature.size();
  if (const CK_RV code = f_.C_Sign(handle_, raw(data), data.size(), signature.data(), &size);
      code != CKR_OK) {
    return failed("C_Sign", code);
  }
  signature.resize(std::min<std::size_t>(size, signature.size()));
  return signature;
}

Result<SecretBytes> Session::decrypt(const Mechanism& mechanism, Object key, ByteView data) {
  CK_MECHANISM how = raw(mechanism);
  if (const CK_RV code = f_.C_DecryptInit(handle_, &how, key); code != CKR_OK)
    return failed("C_DecryptInit", code);
  SecretBytes plain(kLargestSignature);
  CK_ULONG size = plain.size();
  if (const CK_RV code = f_.C_Decrypt(handle_, raw(data), data.size(), plain.span().data(), &size);
      code != CKR_OK) {
    return data_failed("C_Decrypt", code);
  }
  plain.truncate(std::min<std::size_t>(size, plain.size()));
  return plain;
}

Result<SecretBytes> Session::unwrap(const Mechanism& mechanism, Object key, ByteView wrapped) {
  // The content key of one message, made to be read; the key that wrapped it never is.
  const Template wanted = {Attribute::number(CKA_CLASS, CKO_SECRET_KEY),
                           Attribute::number(CKA_KEY_TYPE, CKK_GENERIC_SECRET),
                           Attribute::flag(CKA_TOKEN, false), Attribute::flag(CKA_SENSITIVE, false),
                           Attribute::flag(CKA_EXTRACTABLE, true)};
  auto attributes = raw(wanted);
  CK_MECHANISM how = raw(mechanism);
  Object content_key = CK_INVALID_HANDLE;
  if (const CK_RV code = f_.C_UnwrapKey(handle_, &how, key, raw(wrapped), wrapped.size(),
                                        attributes.data(), attributes.size(), &content_key);
      code != CKR_OK) {
    return data_failed("C_UnwrapKey", code);
  }
  SecretBytes bytes(kLargestSignature);
  CK_ATTRIBUTE value{CKA_VALUE, bytes.span().data(), bytes.size()};
  const CK_RV code = f_.C_GetAttributeValue(handle_, content_key, &value, 1);
  f_.C_DestroyObject(handle_, content_key);
  if (code != CKR_OK || !is_told(value) || value.ulValueLen > bytes.size())
    return failed("C_GetAttributeValue", code == CKR_OK ? CKR_FUNCTION_FAILED : code);
  bytes.truncate(value.ulValueLen);
  return bytes;
}

Result<Object> Session::generate_pair(const Mechanism& mechanism, const Template& public_half,
                                      const Template& private_half, Object& public_object) {
  CK_MECHANISM how = raw(mechanism);
  auto open = raw(public_half);
  auto closed = raw(private_half);
  Object made = CK_INVALID_HANDLE;
  const CK_RV code = f_.C_GenerateKeyPair(handle_, &how, open.data(), open.size(), closed.data(),
                                          closed.size(), &public_object, &made);
  if (code != CKR_OK) return failed("C_GenerateKeyPair", code);
  return made;
}

Result<Object> Session::generate_key(const Mechanism& mechanism, const Template& secret) {
  CK_MECHANISM how = raw(mechanism);
  auto attributes = raw(secret);
  Object made = CK_INVALID_HANDLE;
  const CK_RV code = f_.C_GenerateKey(handle_, &how, attributes.data(), attributes.size(), &made);
  if (code != CKR_OK) return failed("C_GenerateKey", code);
  return made;
}

Status Session::destroy(Object object) {
  const CK_RV code = f_.C_DestroyObject(handle_, object);
  if (code != CKR_OK) return failed("C_DestroyObject", code);
  return Done{};
}

}  // namespace signet::secrets::pkcs11

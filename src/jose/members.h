#pragma once
// Typed reading of JSON members, for the sources of this room.

#include "base/base64.h"
#include "base/json.h"

namespace signet::jose {

/// The member as text, or null if it is absent; `bad` if it is there and not a string.
inline Result<const std::string*> text_member(const json::Object& object, std::string_view name,
                                              const Error& bad) {
  const json::Value* value = object.find(name);
  if (!value) return static_cast<const std::string*>(nullptr);
  const std::string* text = value->if_string();
  if (!text) return bad;
  return text;
}

/// A member that must be there and be strict base64url.
inline Result<Bytes> bytes_member(const json::Object& object, std::string_view name,
                                  const Error& bad) {
  TRY(const std::string* text, text_member(object, name, bad));
  if (!text) return bad;
  auto bytes = base64::url_decode(*text);
  if (!bytes.ok()) return bad;
  return std::move(bytes).value();
}

/// The same for key material.
inline Result<SecretBytes> secret_member(const json::Object& object, std::string_view name,
                                         const Error& bad) {
  TRY(const std::string* text, text_member(object, name, bad));
  if (!text) return bad;
  SecretBytes bytes(text->size() * 3 / 4 + 3);
  const std::size_t size = base64::url_decode_into(*text, bytes.span().data());
  if (size == SIZE_MAX) return bad;
  bytes.truncate(size);
  return bytes;
}

/// Overwrites the texts of private members in a tree of our own.
inline void wipe_secret_members(json::Object& object) {
  for (const std::string_view name : {"d", "p", "q", "dp", "dq", "qi", "k"}) {
    json::Value* value = object.find(name);
    if (value && value->is_string()) {
      // The tree hands out its texts as const, but it is ours and it is not.
      wipe(const_cast<std::string&>(*value->if_string()));
    }
  }
}

}  // namespace signet::jose

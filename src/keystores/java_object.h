#pragma once
// The little of Java's object serialisation (JDK specification, chapter 6) that keystores hold.

#include <map>
#include <string>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "keystores/java_reader.h"

namespace signet::keystores {

/// One object. A field that is null is absent; a text is UTF-8; a constant of an enum is its name.
struct JavaObject {
  std::string class_name;
  std::map<std::string, SecretBytes> fields;  ///< with those of the superclasses

  /// Empty where there is no such field.
  ByteView field(const std::string& name) const;
};

/// Reads a stream with one object. Only the classes of sealed and plain secret keys are known, by
/// name and version; their fields are byte arrays, texts, and the kind of a java.security.KeyRep.
/// Nothing is ever made of a class that is not known: "keystore_secret_key_unknown". What is no
/// such stream fails the reader too: "keystore_malformed".
Result<JavaObject> read_java_object(JavaReader& reader);

}  // namespace signet::keystores

#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace signet::keystores {

enum class FileType : std::uint8_t { kPkcs12, kJks, kJceks };
std::string_view to_string(FileType type);  ///< as the JDK calls it: "PKCS12", "JKS", "JCEKS"
/// In any case, and "PKCS#12" too.
std::optional<FileType> parse_file_type(std::string_view name);
/// By how the file begins; nothing where it can be none of them.
std::optional<FileType> file_type_of(ByteView file);

}  // namespace signet::keystores

#include "keystores/file_type.h"

#include "base/text.h"
#include "keystores/jks.h"

namespace signet::keystores {

std::string_view to_string(FileType type) {
  switch (type) {
    case FileType::kPkcs12:
      return "PKCS12";
    case FileType::kJks:
      return "JKS";
    case FileType::kJceks:
      return "JCEKS";
  }
  return "";
}

std::optional<FileType> parse_file_type(std::string_view name) {
  for (const FileType type : {FileType::kPkcs12, FileType::kJks, FileType::kJceks}) {
    if (equal_ignoring_case(name, to_string(type))) return type;
  }
  if (equal_ignoring_case(name, "PKCS#12")) return FileType::kPkcs12;
  return std::nullopt;
}

std::optional<FileType> file_type_of(ByteView file) {
  constexpr std::uint8_t kDerSequence = 0x30;
  if (is_jks(file)) return FileType::kJks;
  if (is_jceks(file)) return FileType::kJceks;
  if (!file.empty() && file[0] == kDerSequence) return FileType::kPkcs12;
  return std::nullopt;
}

}  // namespace signet::keystores

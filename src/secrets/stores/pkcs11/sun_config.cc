#include "secrets/stores/pkcs11/sun_config.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace signet::secrets::pkcs11 {
namespace {

constexpr std::size_t kMostConfigBytes = 64 * 1024;

// They shape how Java asks, not what is asked of the token.
constexpr std::string_view kJavaOnly[] = {"description",
                                          "showInfo",
                                          "attributes",
                                          "keyStoreCompatibilityMode",
                                          "explicitCancel",
                                          "omitInitialize",
                                          "allowSingleThreadedModules",
                                          "functionList",
                                          "insertionCheckInterval",
                                          "handleStartupErrors",
                                          "useEcX963Encoding",
                                          "destroyTokenAfterLogout",
                                          "cleaner.shortInterval",
                                          "cleaner.longInterval",
                                          "allowLegacy"};

Error fault(std::size_t line, const std::string& what) {
  return {Code::kConfig, "pkcs11_file_invalid", "line " + std::to_string(line) + ": " + what};
}

std::string without_comment(std::string_view line) {
  bool is_quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') is_quoted = !is_quoted;
    if (line[i] == '#' && !is_quoted) return std::string(trim(line.substr(0, i)));
  }
  return std::string(trim(line));
}

Result<std::string> value_of(std::string_view text, std::size_t line,
                             const std::map<std::string, std::string>& environment) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  std::string out;
  while (!text.empty()) {
    const std::size_t start = text.find("${");
    out += text.substr(0, start);
    if (start == text.npos) break;
    const std::size_t end = text.find('}', start);
    if (end == text.npos) return fault(line, "\"${\" without \"}\"");
    const std::string name(text.substr(start + 2, end - start - 2));
    const auto found = environment.find(name);
    if (found == environment.end())
      return fault(line, "there is no environment variable " + quoted(name));
    out += found->second;
    text.remove_prefix(end + 1);
  }
  return out;
}

Result<std::uint64_t> number_in(std::string_view text, std::size_t line) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
    base = 16;
  }
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size())
    return fault(line, quoted(text) + " is not a number");
  return number;
}

}  // namespace

Result<SunConfig> parse_sun_config(std::string_view text,
                                   const std::map<std::string, std::string>& environment) {
  if (text.size() > kMostConfigBytes) return fault(1, "the file is larger than 64 KiB");
  SunConfig config;
  std::size_t number = 0;
  bool is_in_braces = false;
  while (!text.empty()) {
    ++number;
    const std::size_t end = text.find('\n');
    const std::string line = without_comment(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.empty()) continue;
    if (is_in_braces) {
      is_in_braces = line.back() != '}';
      continue;
    }
    // attributes(*, CKO_PRIVATE_KEY, *) = { ... }
    const bool has_parts = line.find('(') < line.find('=');
    const std::size_t equals = line.find('=', has_parts ? line.find(')') : 0);
    if (equals == line.npos) return fault(number, "there is no \"=\"");
    std::string name(trim(std::string_view(line).substr(0, equals)));
    name = std::string(trim(std::string_view(name).substr(0, name.find('('))));
    const std::string raw(trim(std::string_view(line).substr(equals + 1)));
    if (std::find(std::begin(kJavaOnly), std::end(kJavaOnly), name) != std::end(kJavaOnly)) {
      config.skipped.push_back(name);
      is_in_braces = raw.starts_with('{') && raw.back() != '}';
      continue;
    }
    if (name == "enabledMechanisms" || name == "disabledMechanisms" || name.starts_with("nss")) {
      return fault(number, quoted(name) +
                               " is not supported: limit the key in the token instead "
                               "(CKA_ALLOWED_MECHANISMS)");
    }
    TRY(const std::string value, value_of(raw, number, environment));
    if (name == "name") {
      config.name = value;
    } else if (name == "library") {
      config.library = value;
    } else if (name == "slot") {
      TRY(config.slot, number_in(value, number));
    } else if (name == "slotListIndex") {
      TRY(config.slot_list_index, number_in(value, number));
    } else {
      return fault(number, "unknown setting " + quoted(name));
    }
  }
  if (is_in_braces) return fault(number, "\"{\" without \"}\"");
  if (config.library.empty()) return fault(number, "library is missing");
  if (config.slot && config.slot_list_index)
    return fault(number, "slot and slotListIndex exclude each other");
  // Java's rule for a file that names no slot.
  if (!config.slot && !config.slot_list_index) config.slot_list_index = 0;
  return config;
}

}  // namespace signet::secrets::pkcs11

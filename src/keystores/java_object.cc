#include "keystores/java_object.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/text.h"

namespace signet::keystores {
namespace {

constexpr std::uint32_t kStreamHeader = 0xaced0005;  // magic and version
constexpr std::uint32_t kFirstHandle = 0x7e0000;
constexpr std::size_t kMostHandles = 64;
constexpr std::size_t kMostFields = 16;
constexpr int kMostAncestors = 4;

enum StreamTag : std::uint8_t {
  kNull = 0x70,
  kReference = 0x71,
  kClass = 0x72,
  kObject = 0x73,
  kString = 0x74,
  kArray = 0x75,
  kEndOfAnnotations = 0x78,
  kEnum = 0x7e,
};
enum Flag : std::uint8_t { kSerializable = 0x02, kIsEnum = 0x10 };

struct KnownClass {
  std::string_view name;
  std::uint64_t version;
  std::uint8_t flags;
};
constexpr KnownClass kKnownClasses[] = {
    {"com.sun.crypto.provider.SealedObjectForKeyProtector", 0xcd57ca59e730bb53, kSerializable},
    {"javax.crypto.SealedObject", 0x3e363da6c3b75470, kSerializable},
    {"javax.crypto.spec.SecretKeySpec", 0x5b470b66e230614d, kSerializable},
    {"java.security.KeyRep", 0xbdf94fb3889aa543, kSerializable},
    {"java.security.KeyRep$Type", 0, kSerializable | kIsEnum},
    {"java.lang.Enum", 0, kSerializable | kIsEnum},
    {"[B", 0xacf317f8060854e0, kSerializable},
};
constexpr std::string_view kBytes = "[B";
constexpr std::string_view kText = "Ljava/lang/String;";
constexpr std::string_view kKeyKind = "Ljava/security/KeyRep$Type;";

struct Field {
  std::string name, type;
};
struct Class {
  std::string name;
  std::vector<Field> fields;
  int parent = -1;        ///< an index of Stream::classes_
  bool is_whole = false;  ///< so that it is no ancestor of its own
};
// What a later reference may name.
struct Handle {
  enum Kind { kClass, kText, kBytes, kConstant, kOther };
  Kind kind = kOther;
  int of_class = -1;
  SecretBytes value;
};

class Stream {
 public:
  explicit Stream(JavaReader& reader) : in_(reader) {}

  Result<JavaObject> read() {
    if (in_.u32() != kStreamHeader || in_.u8() != kObject) return malformed();
    TRY(const int description, class_description(0));
    if (description < 0) return malformed();
    TRY(add({Handle::kOther, description, {}}));
    std::vector<int> lineage;
    for (int at = description; at >= 0; at = classes_[index(at)].parent)
      lineage.push_back(at);
    JavaObject object;
    object.class_name = classes_[index(description)].name;
    // The fields of the oldest ancestor come first.
    for (auto at = lineage.rbegin(); at != lineage.rend(); ++at) {
      for (const Field& field : std::vector<Field>(classes_[index(*at)].fields)) {
        TRY(auto value, read_value(field.type));
        if (value) object.fields.insert_or_assign(field.name, std::move(*value));
      }
    }
    return object;
  }

 private:
  static std::size_t index(int at) { return static_cast<std::size_t>(at); }

  Error malformed() {
    in_.fail();
    return Error{Code::kInvalid, "keystore_malformed", "a secret key that is not in Java's form"};
  }
  Error unknown(const std::string& name) {
    in_.fail();
    return Error{Code::kUnsupported, "keystore_secret_key_unknown",
                 "a secret key of the class " + quoted(name)};
  }

  Status add(Handle handle) {
    if (in_.failed() || handles_.size() >= kMostHandles) return malformed();
    handles_.push_back(std::move(handle));
    return Done{};
  }

  Result<const Handle*> reference(Handle::Kind kind) {
    const std::uint32_t at = in_.u32();
    if (in_.failed() || at < kFirstHandle || at - kFirstHandle >= handles_.size()) {
      return malformed();
    }
    const Handle& handle = handles_[at - kFirstHandle];
    if (handle.kind != kind) return malformed();
    return &handle;
  }

  // Gives the index of the class, or -1 for null.
  Result<int> class_description(int depth) {
    if (depth > kMostAncestors) return malformed();
    switch (in_.u8()) {
      case kNull:
        return -1;
      case kReference: {
        TRY(const Handle* known, reference(Handle::kClass));
        return known->of_class;
      }
      case kClass:
        return new_class(depth);
      default:
        return malformed();
    }
  }

  Result<int> new_class(int depth) {
    Class made;
    made.name = in_.text();
    const std::uint64_t version = in_.u64();
    const int at = static_cast<int>(classes_.size());
    TRY(add({Handle::kClass, at, {}}));
    const std::uint8_t flags = in_.u8();
    const bool is_known =
        std::any_of(std::begin(kKnownClasses), std::end(kKnownClasses), [&](const KnownClass& row) {
          return row.name == made.name && row.version == version && row.flags == flags;
        });
    if (in_.failed()) return malformed();
    if (!is_known) return unknown(made.name);
    classes_.emplace_back();
    const std::size_t count = in_.u16();
    if (count > kMostFields) return malformed();
    for (std::size_t i = 0; i < count; ++i) {
      TRY(Field field, field_description());
      made.fields.push_back(std::move(field));
    }
    if (in_.u8() != kEndOfAnnotations) return malformed();
    TRY(made.parent, class_description(depth + 1));
    if (made.parent >= 0 && !classes_[index(made.parent)].is_whole) return malformed();
    made.is_whole = true;
    classes_[index(at)] = std::move(made);
    return at;
  }

  Result<Field> field_description() {
    const std::uint8_t code = in_.u8();
    Field field;
    field.name = in_.text();
    if (code != '[' && code != 'L') return malformed();
    TRY(const auto type, read_text());
    if (!type) return malformed();
    field.type = as_text(type->view());
    if (field.type != kBytes && field.type != kText && field.type != kKeyKind) {
      return unknown(field.type);
    }
    return field;
  }

  Result<std::optional<SecretBytes>> read_value(std::string_view type) {
    if (type == kText) return read_text();
    if (type == kBytes) return read_bytes();
    return read_constant();
  }

  Result<std::optional<SecretBytes>> read_text() {
    switch (in_.u8()) {
      case kNull:
        return std::optional<SecretBytes>();
      case kReference: {
        TRY(const Handle* known, reference(Handle::kText));
        return std::optional<SecretBytes>(known->value.clone());
      }
      case kString:
        return keep(Handle::kText, SecretBytes::from_text(in_.text()));
      default:
        return malformed();
    }
  }

  Result<std::optional<SecretBytes>> read_bytes() {
    switch (in_.u8()) {
      case kNull:
        return std::optional<SecretBytes>();
      case kReference: {
        TRY(const Handle* known, reference(Handle::kBytes));
        return std::optional<SecretBytes>(known->value.clone());
      }
      case kArray: {
        TRY(const int type, class_description(0));
        if (type < 0 || classes_[index(type)].name != kBytes) return malformed();
        return keep(Handle::kBytes, SecretBytes(in_.take(in_.u32())));
      }
      default:
        return malformed();
    }
  }

  Result<std::optional<SecretBytes>> read_constant() {
    switch (in_.u8()) {
      case kNull:
        return std::optional<SecretBytes>();
      case kReference: {
        TRY(const Handle* known, reference(Handle::kConstant));
        return std::optional<SecretBytes>(known->value.clone());
      }
      case kEnum: {
        TRY(const int type, class_description(0));
        if (type < 0 || classes_[index(type)].name != "java.security.KeyRep$Type") {
          return malformed();
        }
        // The constant has its number before its name has one.
        const std::size_t at = handles_.size();
        TRY(add({Handle::kConstant, type, {}}));
        TRY(auto name, read_text());
        if (!name) return malformed();
        handles_[at].value = name->clone();
        return name;
      }
      default:
        return malformed();
    }
  }

  Result<std::optional<SecretBytes>> keep(Handle::Kind kind, SecretBytes value) {
    TRY(add({kind, -1, value.clone()}));
    return std::optional<SecretBytes>(std::move(value));
  }

  JavaReader& in_;
  std::vector<Class> classes_;
  std::vector<Handle> handles_;
};

}  // namespace

ByteView JavaObject::field(const std::string& name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? ByteView() : found->second.view();
}

Result<JavaObject> read_java_object(JavaReader& reader) {
  return Stream(reader).read();
}

}  // namespace signet::keystores

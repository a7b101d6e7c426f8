#include "config/conform.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/text.h"
#include "config/units.h"

namespace signet::config {
namespace {

using Kind = Node::Kind;

std::string at(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : path + '.' + std::string(name);
}

// The grammar of secret IDs (secrets/secret_id.h), which is above this room.
bool is_secret_id(std::string_view text) {
  if (text.empty() || text.size() > 255 || text.front() == '.' || text.back() == '.') return false;
  if (text.find("..") != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '.' || std::isalnum(static_cast<unsigned char>(c));
  });
}

bool is_http_uri(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return false;
  if (text.substr(0, scheme) != "https" && text.substr(0, scheme) != "http") return false;
  const std::string_view rest = text.substr(scheme + 3);
  return !rest.empty() && rest.front() != '/' && rest.front() != ':' &&
         std::all_of(rest.begin(), rest.end(), [](char c) {
           return c > 0x20 && c < 0x7f &&
                  std::string_view("@#\\\"<>^`{|}").find(c) == std::string_view::npos;
         });
}

class Conformer {
 public:
  Conformer(Fill fill, Unknown unknown) : fill_(fill), unknown_(unknown) {}
  Problems problems;
  Conformed result;

  json::Object group(const Node& node, const Field& field, const std::string& path) {
    json::Object object;
    for (const auto& child : node.children) {
      if (field.find(child.name)) continue;
      if (unknown_ == Unknown::kRefuse) refuse_unknown(child, field, path);
    }
    for (const auto& child : field.fields) {
      const std::string child_path = at(path, child.name);
      const Node* written = node.find(child.name);
      if (written && written->kind == Kind::kNull && child.row->empty_counts) {
        // A list whose items were all taken out must not say what no list says.
        complain(*written, child_path, "has no value", "write [] for none, or leave it out");
      } else if (written && written->kind != Kind::kNull) {
        result.places[child_path] = written->place();
        if (auto value = one(*written, child, child_path)) {
          object.append_unchecked(child.name, std::move(*value));
        }
      } else if (child.row->is_required) {
        complain(node, child_path, "is missing", "give it: " + std::string(child.row->summary));
      } else {
        fill_in(object, child, child_path);
      }
    }
    return object;
  }

 private:
  void complain(const Node& node, const std::string& path, std::string what, std::string remedy) {
    problems.push_back({node.place(), path, std::move(what), std::move(remedy)});
  }

  void refuse_unknown(const Node& child, const Field& field, const std::string& path) {
    const std::string near = nearest(child.name, field.names());
    complain(child, at(path, child.name), "unknown setting " + quoted(child.name),
             near.empty() ? "remove it; known here: " + join(field.names(), ", ")
                          : "did you mean " + quoted(near) + "?");
  }

  void fill_in(json::Object& object, const Field& field, const std::string& path) {
    if (fill_ == Fill::kNone || (fill_ == Fill::kServer && field.row->level == Level::kRealm)) {
      return;
    }
    if (field.is_group()) {
      // A group that needs something written is there only when it is written.
      const bool needs = std::any_of(field.fields.begin(), field.fields.end(),
                                     [](const Field& f) { return f.row->is_required; });
      if (needs) return;
      Node absent;
      absent.kind = Kind::kMap;
      json::Object filled = group(absent, field, path);
      if (!filled.empty()) object.append_unchecked(field.name, std::move(filled));
    } else if (auto value = default_value(*field.row)) {
      object.append_unchecked(field.name, std::move(*value));
    }
  }

  std::optional<json::Value> one(const Node& node, const Field& field, const std::string& path) {
    switch (field.row->type) {
      case Type::kGroup:
        if (node.kind == Kind::kMap) return json::Value(group(node, field, path));
        break;
      case Type::kOpaque:
        if (node.kind == Kind::kMap) return to_json(node);
        break;
      case Type::kItems:
        if (node.kind == Kind::kList) return items(node, field, path);
        break;
      case Type::kTexts:
        if (node.kind == Kind::kList) return texts(node, *field.row, path);
        break;
      case Type::kMappings:
        if (node.kind == Kind::kMap) return mappings(node, *field.row, path);
        break;
      case Type::kKids:
        if (node.kind == Kind::kMap) return kids(node, path);
        break;
      default:
        if (node.kind == Kind::kScalar) return scalar(node, *field.row, path);
    }
    wrong_kind(node, *field.row, path);
    return std::nullopt;
  }

  void wrong_kind(const Node& node, const Setting& row, const std::string& path) {
    const char* is = node.kind == Kind::kMap    ? "an object"
                     : node.kind == Kind::kList ? "a list"
                                                : "a single value";
    const std::string_view remedy = row.type == Type::kTexts      ? "write a list: [a, b]"
                                    : row.type == Type::kItems    ? "write a list of objects"
                                    : row.type == Type::kMappings ? "write secret.id: [alias, ...]"
                                    : row.type == Type::kKids     ? "write ALIAS: KID"
                                    : row.type == Type::kGroup || row.type == Type::kOpaque
                                        ? "write its settings indented below it"
                                        : "write one value";
    complain(node, path, std::string("is ") + is + ", not a " + std::string(to_string(row.type)),
             std::string(remedy));
  }

  json::Value items(const Node& node, const Field& field, const std::string& path) {
    json::Array array;
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const Node& child = node.children[i];
      const std::string child_path = path + '[' + std::to_string(i) + ']';
      result.places[child_path] = child.place();
      if (child.kind == Kind::kMap) {
        array.push_back(group(child, field, child_path));
      } else {
        complain(child, child_path, "is not an object", "write its settings as NAME: VALUE");
      }
    }
    return array;
  }

  json::Value texts(const Node& node, const Setting& row, const std::string& path) {
    json::Array array;
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const Node& child = node.children[i];
      if (child.kind == Kind::kScalar) {
        array.push_back(child.text);
      } else {
        complain(child, path + '[' + std::to_string(i) + ']', "is not a text",
                 row.type == Type::kMappings ? "write an alias" : "write a text");
      }
    }
    return array;
  }

  json::Value mappings(const Node& node, const Setting& row, const std::string& path) {
    json::Object object;
    for (const auto& child : node.children) {
      const std::string child_path = at(path, child.name);
      result.places[child_path] = child.place();
      if (!is_secret_id(child.name)) {
        complain(child, child_path, quoted(child.name) + " is not a secret ID",
                 "use letters, digits and single inner periods, at most 255");
      } else if (child.kind != Kind::kList || child.children.empty()) {
        complain(child, child_path, "has no list of aliases",
                 "write [alias, ...], the active first");
      } else {
        object.append_unchecked(child.name, texts(child, row, child_path));
      }
    }
    return object;
  }

  json::Value kids(const Node& node, const std::string& path) {
    json::Object object;
    for (const auto& child : node.children) {
      const std::string child_path = at(path, child.name);
      result.places[child_path] = child.place();
      if (child.kind == Kind::kScalar) {
        object.append_unchecked(child.name, child.text);
      } else {
        complain(child, child_path, "has no kid", "write ALIAS: KID");
      }
    }
    return object;
  }

  std::optional<json::Value> scalar(const Node& node, const Setting& row, const std::string& path) {
    const std::string shown = row.is_secret ? std::string("the value") : quoted(node.text);
    switch (row.type) {
      case Type::kText:
        return json::Value(node.text);
      case Type::kPath:
        if (!node.text.empty()) return json::Value(node.text);
        complain(node, path, "is empty", "name a file or folder");
        return std::nullopt;
      case Type::kUri:
        if (is_http_uri(node.text)) return json::Value(node.text);
        complain(node, path, quoted_url(node.text) + " is not an absolute http or https URI",
                 "write https://HOST, without user, password and fragment");
        return std::nullopt;
      case Type::kBool:
        if (node.is_plain) {
          const auto value = to_json(node);
          if (value.is_bool()) return value;
        }
        complain(node, path, shown + " is not a boolean", "write true or false");
        return std::nullopt;
      case Type::kEnum: {
        if (std::find(row.choices.begin(), row.choices.end(), node.text) != row.choices.end()) {
          return json::Value(node.text);
        }
        std::vector<std::string> known(row.choices.begin(), row.choices.end());
        const std::string near = nearest(node.text, known);
        complain(node, path, shown + " is not a choice",
                 (near.empty() ? "" : "did you mean " + quoted(near) + "? ") +
                     std::string("one of ") + join(known, ", "));
        return std::nullopt;
      }
      case Type::kInteger: {
        std::int64_t number = 0;
        const char* end = node.text.data() + node.text.size();
        const auto r = std::from_chars(node.text.data(), end, number);
        const bool has_leading_zero = node.text.size() > 1 && node.text.front() == '0';
        if (node.is_plain && r.ec == std::errc() && r.ptr == end && !has_leading_zero) {
          return bounded(node, row, path, number);
        }
        complain(node, path, shown + " is not an integer", "write decimal digits without quotes");
        return std::nullopt;
      }
      case Type::kDuration: {
        if (const auto duration = parse_duration(node.text)) {
          return bounded(node, row, path, duration->count());
        }
        complain(node, path, shown + " is not a duration", "write PT10M, 10m or seconds");
        return std::nullopt;
      }
      case Type::kSize: {
        if (const auto size = parse_size(node.text)) return bounded(node, row, path, *size);
        complain(node, path, shown + " is not a size", "write 64KiB, 1MiB or bytes");
        return std::nullopt;
      }
      default:
        return std::nullopt;
    }
  }

  std::optional<json::Value> bounded(const Node& node, const Setting& row, const std::string& path,
                                     std::int64_t number) {
    if (number < row.min) {
      complain(node, path, node.text + " is below the minimum " + row.written(row.min), "raise it");
      return std::nullopt;
    }
    if (number > row.max) {
      complain(node, path, node.text + " is above the maximum " + row.written(row.max), "lower it");
      return std::nullopt;
    }
    return json::Value(number);
  }

  Fill fill_;
  Unknown unknown_;
};

}  // namespace

Result<Conformed, Problems> conform(const Node& node, const Field& schema, Fill fill,
                                    Unknown unknown, std::string path) {
  Conformer conformer(fill, unknown);
  if (node.kind != Kind::kMap) {
    return Problems{{node.place(), path, "is not an object", "write its settings as NAME: VALUE"}};
  }
  conformer.result.values = conformer.group(node, schema, path);
  if (!conformer.problems.empty()) return std::move(conformer.problems);
  return std::move(conformer.result);
}

}  // namespace signet::config

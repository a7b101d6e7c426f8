#pragma once
// Identifiers that cannot be swapped by mistake.

#include <compare>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>

namespace signet {

/// A text with a meaning of its own; `Tag` keeps two meanings apart.
template <class Tag>
class StrongText {
 public:
  StrongText() = default;
  explicit StrongText(std::string text) : text_(std::move(text)) {}
  explicit StrongText(std::string_view text) : text_(text) {}
  explicit StrongText(const char* text) : text_(text) {}

  const std::string& str() const { return text_; }
  std::string_view view() const { return text_; }
  bool empty() const { return text_.empty(); }

  friend auto operator<=>(const StrongText&, const StrongText&) = default;
  friend bool operator==(const StrongText&, const StrongText&) = default;
  friend std::ostream& operator<<(std::ostream& out, const StrongText& text) {
    return out << text.text_;
  }

 private:
  std::string text_;
};

using RealmName = StrongText<struct RealmNameTag>;  ///< "root", or a name below it
using ClientId = StrongText<struct ClientIdTag>;
using Alias = StrongText<struct AliasTag>;  ///< the name of one secret inside one store
using StoreName = StrongText<struct StoreNameTag>;
using KeyId = StrongText<struct KeyIdTag>;  ///< the `kid` of JOSE

}  // namespace signet

template <class Tag>
struct std::hash<signet::StrongText<Tag>> {
  std::size_t operator()(const signet::StrongText<Tag>& text) const {
    return std::hash<std::string>()(text.str());
  }
};

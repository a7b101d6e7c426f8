#pragma once
// Values on their way to a statement, in PostgreSQL's binary format.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/strong.h"

namespace signet::storage::postgres {

class Parameters {
 public:
  template <class... Values>
  static Parameters of(const Values&... values) {
    Parameters out;
    out.values_.reserve(sizeof...(values));
    (out.add(values), ...);
    return out;
  }

  std::size_t size() const { return values_.size(); }
  const std::optional<std::string>& at(std::size_t i) const { return values_[i]; }

 private:
  void add(const std::string& text) { values_.emplace_back(text); }
  void add(const Bytes& bytes) { values_.emplace_back(as_text(bytes)); }
  template <class Tag>
  void add(const StrongText<Tag>& text) {
    values_.emplace_back(text.str());
  }
  void add(std::int64_t number) {
    std::string big_endian(8, '\0');
    auto bits = static_cast<std::uint64_t>(number);
    for (std::size_t i = 8; i-- > 0; bits >>= 8)
      big_endian[i] = static_cast<char>(bits & 0xff);
    values_.emplace_back(std::move(big_endian));
  }
  void add(Instant instant) { add(std::int64_t{instant.time_since_epoch().count()}); }
  template <class T>
  void add(const std::optional<T>& value) {
    if (value) {
      add(*value);
    } else {
      values_.emplace_back(std::nullopt);
    }
  }

  std::vector<std::optional<std::string>> values_;
};

}  // namespace signet::storage::postgres

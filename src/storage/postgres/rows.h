#pragma once
// Values of a result, in PostgreSQL's binary format.

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "storage/postgres/session.h"

namespace signet::storage::postgres {

/// One row of a result that outlives it.
class Row {
 public:
  Row(const PGresult* result, int row) : result_(result), row_(row) {}

  std::string text(int column) const {
    return std::string(PQgetvalue(result_, row_, column), length(column));
  }
  Bytes blob(int column) const {
    return to_bytes(std::string_view(PQgetvalue(result_, row_, column), length(column)));
  }
  /// Of four or eight bytes; other widths are a bug and give 0.
  std::int64_t integer(int column) const {
    const auto* bytes = reinterpret_cast<const unsigned char*>(PQgetvalue(result_, row_, column));
    const std::size_t size = length(column);
    if (size != 4 && size != 8) return 0;
    std::uint64_t bits = size == 4 && (bytes[0] & 0x80) != 0 ? ~std::uint64_t{0} : 0;
    for (std::size_t i = 0; i < size; ++i)
      bits = bits << 8 | bytes[i];
    return static_cast<std::int64_t>(bits);
  }
  Instant instant(int column) const { return Instant(Milliseconds(integer(column))); }
  std::optional<Instant> maybe_instant(int column) const {
    if (PQgetisnull(result_, row_, column)) return std::nullopt;
    return instant(column);
  }

 private:
  std::size_t length(int column) const {
    return static_cast<std::size_t>(PQgetlength(result_, row_, column));
  }
  const PGresult* result_;
  int row_;
};

}  // namespace signet::storage::postgres

#pragma once
// Small tools for text.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace signet {

std::string to_lower(std::string_view text);                       ///< ASCII only
std::string to_upper(std::string_view text);                       ///< ASCII only
bool equal_ignoring_case(std::string_view a, std::string_view b);  ///< ASCII only; not for secrets
std::string_view trim(std::string_view text);                      ///< spaces, tabs, CR, LF
/// Pieces between separators, empty ones included.
std::vector<std::string_view> split(std::string_view text, char separator);
/// Words between spaces, empty ones dropped: the scope syntax of RFC 6749 §3.3.
std::vector<std::string_view> split_words(std::string_view text);
std::string join(const std::vector<std::string>& pieces, std::string_view separator);
std::string hex(ByteView bytes);  ///< lower case
std::optional<Bytes> from_hex(std::string_view text);
/// Foreign text made fit for a log or an error: cut at `max` bytes, control characters, quotes
/// and bytes outside ASCII as \xNN, in single quotes.
std::string quoted(std::string_view text, std::size_t max = 64);
/// The same of a URL, which may be no good one, without what may be secret: user information, query
/// and fragment. All up to the last "@" goes as "...@", wherever that stands.
std::string quoted_url(std::string_view url, std::size_t max = 200);
/// The length of the well-formed UTF-8 sequence at `at` (Unicode table 3-7); 0 where there is none.
std::size_t utf8_length(std::string_view text, std::size_t at);
bool is_utf8(std::string_view text);
/// The known name nearest to `name` (edit distance at most a third of its length), or empty:
/// for "unknown setting 'x', did you mean 'y'?".
std::string nearest(std::string_view name, const std::vector<std::string>& known);
/// Compares without telling by time where two texts differ. Different lengths return at once.
bool constant_time_equal(ByteView a, ByteView b);

}  // namespace signet

#include "http/chunked.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "http/grammar.h"

namespace signet::http {
namespace {

bool is_text(std::string_view line) {
  return std::all_of(line.begin(), line.end(),
                     [](char c) { return c == '\t' || (c >= 0x20 && c < 0x7F); });
}

void skip_blanks(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
}

bool take_token(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && is_token(text.substr(n, 1)))
    ++n;
  text.remove_prefix(n);
  return n > 0;
}

bool take_quoted(std::string_view& text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

// chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS value ] ), but a blank right after the size is
// refused: senders do not write it, and parsers differ about it.
bool is_extensions(std::string_view text) {
  while (!text.empty()) {
    if (text.front() != ';') return false;
    text.remove_prefix(1);
    skip_blanks(text);
    if (!take_token(text)) return false;
    skip_blanks(text);
    if (text.empty() || text.front() != '=') continue;
    text.remove_prefix(1);
    skip_blanks(text);
    if (text.empty() || !(text.front() == '"' ? take_quoted(text) : take_token(text))) return false;
    skip_blanks(text);
  }
  return true;
}

}  // namespace

ChunkedDecoder::State ChunkedDecoder::line(const char* data, std::size_t length) {
  const std::string_view text(data, length);
  if (!is_text(text)) return State::kBad;
  if (phase_ == Phase::kDataEnd) {
    if (!text.empty()) return State::kBad;
    phase_ = Phase::kSize;
    return State::kMore;
  }
  if (phase_ == Phase::kTrailer) {
    if (text.empty()) return State::kDone;
    trailers_ += length + 2;
    const bool is_field = is_token(text.substr(0, text.find(':'))) && text.find(':') != text.npos;
    return is_field && trailers_ <= kMaxTrailers ? State::kMore : State::kBad;
  }
  std::size_t digits = 0, value = 0;
  for (; digits < text.size(); ++digits) {
    const char c = text[digits];
    const char lower = static_cast<char>(c | 0x20);
    if (c >= '0' && c <= '9') {
      value = value * 16 + static_cast<std::size_t>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value * 16 + static_cast<std::size_t>(lower - 'a' + 10);
    } else {
      break;
    }
    if (digits == 8) return State::kBad;
  }
  if (digits == 0 || !is_extensions(text.substr(digits))) return State::kBad;
  if (value > max_body_ - body_) return State::kTooLarge;
  left_ = value;
  phase_ = value == 0 ? Phase::kTrailer : Phase::kData;
  return State::kMore;
}

ChunkedDecoder::State ChunkedDecoder::decode(char* data, std::size_t& size) {
  std::size_t at = body_;  // next raw byte
  State state = State::kMore;
  while (state == State::kMore && at < size) {
    if (phase_ == Phase::kData) {
      const std::size_t take = std::min(left_, size - at);
      std::memmove(data + body_, data + at, take);
      body_ += take;
      at += take;
      left_ -= take;
      if (left_ == 0) phase_ = Phase::kDataEnd;
      continue;
    }
    const void* found = std::memchr(data + at, '\n', size - at);
    if (found == nullptr) {
      const std::size_t limit = phase_ == Phase::kTrailer ? kMaxTrailers : kMaxLine;
      // After data only CRLF may come: say so at once, the sender may be waiting.
      if (size - at > limit || (phase_ == Phase::kDataEnd && data[at] != '\r')) state = State::kBad;
      break;
    }
    const auto length = static_cast<std::size_t>(static_cast<const char*>(found) - (data + at));
    if (length == 0 || data[at + length - 1] != '\r' ||
        (phase_ != Phase::kTrailer && length > kMaxLine)) {
      state = State::kBad;
      break;
    }
    framing_ += length + 1;
    if (framing_ > kMaxFraming) {
      state = State::kTooLarge;
      break;
    }
    state = line(data + at, length - 1);
    at += length + 1;
  }
  std::memmove(data + body_, data + at, size - at);
  size -= at - body_;
  return state;
}

}  // namespace signet::http

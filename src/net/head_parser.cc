#include "net/head_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <charconv>

#include "base/text.h"
#include "http/grammar.h"

namespace signet::net {
namespace {

namespace beast = boost::beast;

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

http::Method method_of(beast::http::verb method) {
  using beast::http::verb;
  switch (method) {
    case verb::get:
      return http::Method::kGet;
    case verb::head:
      return http::Method::kHead;
    case verb::post:
      return http::Method::kPost;
    case verb::put:
      return http::Method::kPut;
    case verb::delete_:
      return http::Method::kDelete;
    case verb::patch:
      return http::Method::kPatch;
    case verb::options:
      return http::Method::kOptions;
    default:
      return http::Method::kOther;
  }
}

// Some front ends turn '_' into '-' on the way to us or from us.
bool is_framing_in_disguise(std::string_view name) {
  return equal_ignoring_case(name, "Transfer_Encoding") ||
         equal_ignoring_case(name, "Content_Length");
}

// A framing header swallowed by the value of another: legal, but only ever written by somebody who
// hopes that the next parser cuts the line there.
bool holds_framing(std::string_view value) {
  static constexpr std::string_view kName = "Transfer-Encoding";
  for (std::size_t at = value.find(':'); at != value.npos; at = value.find(':', at + 1)) {
    if (at >= kName.size() &&
        equal_ignoring_case(value.substr(at - kName.size(), kName.size()), kName)) {
      return true;
    }
  }
  return false;
}

// "HTTP/" and two digits around a dot at the end of the request line, whatever they are.
bool names_a_version(std::string_view head) {
  const std::string_view line = head.substr(0, head.find('\r'));
  if (line.size() < 9) return false;
  const std::string_view version = line.substr(line.size() - 9);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return version.starts_with(" HTTP/") && digit(version[6]) && version[7] == '.' &&
         digit(version[8]);
}

// Keeps fields as views instead of copying them as beast::http::parser does, and adds our rules.
class HeadParser : public beast::http::basic_parser<true> {
 public:
  HeadParser(const ServerLimits& limits, http::Request& out, HeadFacts& facts)
      : limits_(limits), out_(out), facts_(facts) {
    header_limit(static_cast<std::uint32_t>(limits.max_head + 1));
    body_limit(boost::none);  // the connection holds bodies to their limit
  }

  void refuse(int status) {
    if (facts_.refusal == 0) facts_.refusal = status;
  }
  /// After the last field: what only the whole head can tell.
  void conclude();

 private:
  void on_request_impl(beast::http::verb verb, beast::string_view method, beast::string_view target,
                       int version, beast::error_code&) override;
  void on_field_impl(beast::http::field field, beast::string_view name, beast::string_view value,
                     beast::error_code&) override;
  void on_header_impl(beast::error_code&) override {}
  void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view body, beast::error_code&) override {
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body,
                                 beast::error_code&) override {
    return body.size();
  }
  void on_finish_impl(beast::error_code&) override {}

  void take_target(std::string_view target);
  void take_length(std::string_view value);

  const ServerLimits& limits_;
  http::Request& out_;
  HeadFacts& facts_;
  std::string_view authority_;  // of an absolute-form target
  std::string_view host_;
  std::size_t hosts_ = 0, lengths_ = 0, encodings_ = 0;
};

void HeadParser::on_request_impl(beast::http::verb verb, beast::string_view,
                                 beast::string_view target, int version, beast::error_code&) {
  out_.method = method_of(verb);
  if (version != 10 && version != 11) refuse(505);
  facts_.is_http10 = version == 10;
  // We are no proxy, and a method nobody has registered is more likely half a smuggled line.
  if (verb == beast::http::verb::unknown || verb == beast::http::verb::connect) refuse(400);
  take_target(view(target));
}

void HeadParser::take_target(std::string_view target) {
  if (target.size() > limits_.max_target) return refuse(414);
  if (target == "*") {
    if (out_.method != http::Method::kOptions) refuse(400);
    out_.target = out_.path = target;
    out_.query = {};
    return;
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() > scheme.size() &&
        equal_ignoring_case(target.substr(0, scheme.size()), scheme)) {
      target.remove_prefix(scheme.size());
      const std::size_t end = std::min(target.find_first_of("/?"), target.size());
      authority_ = target.substr(0, end);
      target.remove_prefix(end);
      if (authority_.empty()) return refuse(400);
      break;
    }
  }
  out_.target = target;
  const std::size_t mark = target.find('?');
  out_.path = target.substr(0, mark);
  out_.query = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
  if (out_.path.empty() && !authority_.empty()) out_.path = "/";
  if (!http::is_target_text(target) || !http::is_canonical_path(out_.path)) refuse(400);
}

void HeadParser::take_length(std::string_view value) {
  ++lengths_;
  const bool digits =
      !value.empty() && value.size() <= 18 &&
      std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return refuse(400);
  std::from_chars(value.data(), value.data() + value.size(), facts_.content_length);
}

void HeadParser::on_field_impl(beast::http::field known, beast::string_view name_text,
                               beast::string_view value_text, beast::error_code&) {
  const std::string_view name = view(name_text), value = view(value_text);
  if (out_.headers.size() == limits_.max_headers) return refuse(431);
  out_.headers.push_back({name, value});
  using beast::http::field;
  switch (known) {
    case field::host:
      ++hosts_;
      host_ = value;
      break;
    case field::content_length:
      take_length(value);
      break;
    case field::transfer_encoding:
      ++encodings_;
      if (!equal_ignoring_case(value, "chunked")) refuse(400);
      break;
    case field::content_encoding:
      // We undo no coding, and "chunked" here is one of the disguises.
      if (!equal_ignoring_case(value, "identity")) {
        refuse(equal_ignoring_case(value, "chunked") ? 400 : 415);
      }
      break;
    case field::expect:
      if (!equal_ignoring_case(value, "100-continue")) refuse(417);
      facts_.expects_continue = true;
      break;
    case field::unknown:
      if (is_framing_in_disguise(name)) refuse(400);
      break;
    default:
      break;
  }
  if (holds_framing(value)) refuse(400);
}

void HeadParser::conclude() {
  if (encodings_ > 1 || lengths_ > 1 || (encodings_ > 0 && lengths_ > 0)) refuse(400);
  if (encodings_ > 0 && facts_.is_http10) refuse(400);
  if (hosts_ > 1 || (hosts_ == 0 && !facts_.is_http10)) refuse(400);
  if (hosts_ == 1 && !http::is_host(host_)) refuse(400);
  // RFC 9112 §3.2.2 lets the target's authority win; that the two differ is refused instead.
  if (!authority_.empty() && hosts_ == 1 && !equal_ignoring_case(authority_, host_)) refuse(400);
  if (!authority_.empty() && !http::is_host(authority_)) refuse(400);
  facts_.is_chunked = encodings_ == 1;
  facts_.keep_alive = keep_alive();
  if (facts_.is_http10) facts_.expects_continue = false;  // RFC 9110 §10.1.1
}

}  // namespace

HeadFacts parse_head(std::string_view head, const ServerLimits& limits, http::Request& out) {
  HeadFacts facts;
  out.headers.clear();
  HeadParser parser(limits, out, facts);
  beast::error_code ec;
  parser.put(boost::asio::const_buffer(head.data(), head.size()), ec);
  if (ec || !parser.is_header_done()) {
    const bool is_other_version = ec == beast::http::error::bad_version && names_a_version(head);
    parser.refuse(is_other_version ? 505 : 400);
    return facts;
  }
  parser.conclude();
  return facts;
}

}  // namespace signet::net

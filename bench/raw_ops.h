#pragma once
// The raw crypto operations that no server can avoid, by every library at hand, each prepared as
// far as its interface allows. What remains in run() is the operation alone.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

struct RawOp {
  std::string name;     ///< "RS256", "ES256-verify", "HS256", "RSA-OAEP-256", ...
  std::string library;  ///< "openssl", "libsodium", "nettle"
  std::function<void()> run;
};

/// Names that candidates() knows.
const std::vector<std::string>& op_names();

/// One entry per library that can do it (or only that of `library`); empty for an unknown name.
/// Ends the process if a library refuses to prepare. Not thread-safe: an op keeps its context.
std::vector<RawOp> candidates(std::string_view name, std::string_view library = {});

/// CPU microseconds of one run, over about `seconds` of CPU time of this thread.
double cpu_us(const RawOp& op, double seconds);

/// The candidate that is fastest now.
RawOp fastest(std::string_view name);

}  // namespace bench

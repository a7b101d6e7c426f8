#include "jose/inflate.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "jose/content.h"

namespace signet::jose {
namespace {

class Stream {
 public:
  Stream() { ok_ = inflateInit2(&z_, -MAX_WBITS) == Z_OK; }
  ~Stream() {
    if (ok_) inflateEnd(&z_);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  bool ok() const { return ok_; }
  z_stream& z() { return z_; }

 private:
  z_stream z_{};
  bool ok_ = false;
};

SecretBytes grown(SecretBytes old, std::size_t size) {
  SecretBytes larger(size);
  std::copy(old.view().begin(), old.view().end(), larger.span().begin());
  return larger;
}

}  // namespace

Result<SecretBytes> inflate_raw(ByteView compressed, std::size_t max_size, std::size_t max_ratio) {
  const Error over{Code::kDenied, "jwe_inflate_limit", "the content inflates beyond the limit"};
  std::size_t limit = max_size;
  if (compressed.size() < max_size / std::max<std::size_t>(max_ratio, 1))
    limit = compressed.size() * max_ratio;

  Stream stream;
  if (!stream.ok())
    return Error{Code::kInternal, "jwe_inflate_unavailable", "zlib could not start"};
  z_stream& z = stream.z();
  z.next_in = const_cast<Bytef*>(compressed.data());
  z.avail_in = static_cast<uInt>(compressed.size());

  // One byte more than allowed is room to see that the limit was passed.
  SecretBytes out(std::min(limit + 1, std::max<std::size_t>(compressed.size() * 4, 512)));
  std::size_t size = 0;
  for (;;) {
    z.next_out = out.span().data() + size;
    z.avail_out = static_cast<uInt>(out.size() - size);
    const int code = inflate(&z, Z_NO_FLUSH);
    size = out.size() - z.avail_out;
    if (size > limit) return over;
    if (code == Z_STREAM_END) break;
    if (code != Z_OK || z.avail_out != 0) return decrypt_failed();
    const std::size_t next = std::min(limit + 1, out.size() * 2);
    out = grown(std::move(out), next);
  }
  if (z.avail_in != 0) return decrypt_failed();
  out.truncate(size);
  return out;
}

}  // namespace signet::jose

#pragma once
// What a sender makes of a text that says `zip` (RFC 1951, without a wrapper), as small as it gets.

#include <zlib.h>

#include <cstdlib>

#include "base/bytes.h"

namespace signet::test {

inline Bytes deflated(ByteView plain) {
  Bytes out(plain.size() + 1024);
  z_stream z{};
  deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  z.next_in = const_cast<Bytef*>(plain.data());
  z.avail_in = static_cast<uInt>(plain.size());
  z.next_out = out.data();
  z.avail_out = static_cast<uInt>(out.size());
  if (deflate(&z, Z_FINISH) != Z_STREAM_END) std::abort();
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

}  // namespace signet::test

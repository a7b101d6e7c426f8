#pragma once

#include "base/result.h"

namespace signet::net {

/// Sets libcurl up, once per process, so that every piece of memory it gives back is overwritten
/// first: headers and bodies with secrets pass through its buffers. kInternal "outbound_library".
Status init_curl();

}  // namespace signet::net

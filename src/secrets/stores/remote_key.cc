#include "secrets/stores/remote_key.h"

namespace signet::secrets {
namespace {

Error unsupported(const char* what) {
  return Error{Code::kUnsupported, "remote_operation_unsupported",
               std::string("this remote key cannot ") + what};
}

}  // namespace

Task<Done> RemoteKey::verify(jose::JwsAlg, Bytes, Bytes) const {
  co_return unsupported("verify");
}

Task<SecretBytes> RemoteKey::unwrap(jose::JweAlg, Bytes) const {
  co_return unsupported("unwrap");
}

}  // namespace signet::secrets

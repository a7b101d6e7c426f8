#include "crypto/openssl_ptr.h"

namespace signet::crypto {

bool ran_out_of_memory() {
  bool found = false;
  while (const unsigned long error = ERR_get_error())
    found = found || ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
  return found;
}

Error decrypt_failed() {
  ERR_clear_error();
  return Error{Code::kInvalid, "decrypt_failed", "the ciphertext does not decrypt"};
}

Error library_error(Code code, const char* reason, std::string_view what) {
  std::string detail(what);
  if (const char* words = ERR_reason_error_string(ERR_peek_last_error())) {
    detail.append(": ").append(words);
  }
  ERR_clear_error();
  return Error{code, reason, std::move(detail)};
}

}  // namespace signet::crypto

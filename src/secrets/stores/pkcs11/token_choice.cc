#include "secrets/stores/pkcs11/token_choice.h"

#include "base/text.h"

namespace signet::secrets::pkcs11 {
namespace {

Result<std::vector<CK_SLOT_ID>> slots_with_tokens(const CK_FUNCTION_LIST& f) {
  for (int attempt = 0; attempt < 4; ++attempt) {
    CK_ULONG count = 0;
    if (const CK_RV code = f.C_GetSlotList(CK_TRUE, nullptr, &count); code != CKR_OK)
      return failed("C_GetSlotList", code);
    std::vector<CK_SLOT_ID> slots(count + 4);
    count = slots.size();
    const CK_RV code = f.C_GetSlotList(CK_TRUE, slots.data(), &count);
    if (code == CKR_BUFFER_TOO_SMALL) continue;
    if (code != CKR_OK) return failed("C_GetSlotList", code);
    slots.resize(count);
    return slots;
  }
  return token_lost("the slots of the module do not keep still");
}

}  // namespace

std::string fixed_field(const unsigned char* bytes, std::size_t size) {
  return std::string(trim(std::string_view(reinterpret_cast<const char*>(bytes), size)));
}

Error token_lost(std::string detail) {
  return {Code::kUnavailable, "pkcs11_lost", std::move(detail)};
}

Result<CK_SLOT_ID> choose_slot(const CK_FUNCTION_LIST& f, const TokenChoice& choice) {
  if (choice.slot) return *choice.slot;
  TRY(const std::vector<CK_SLOT_ID> slots, slots_with_tokens(f));
  if (choice.slot_list_index) {
    if (*choice.slot_list_index < slots.size()) return slots[*choice.slot_list_index];
    return token_lost("there is no slot of index " + std::to_string(*choice.slot_list_index) +
                      " among " + std::to_string(slots.size()) + " with a token");
  }
  std::vector<CK_SLOT_ID> found;
  std::vector<std::string> labels;
  for (const CK_SLOT_ID slot : slots) {
    CK_TOKEN_INFO info{};
    if (f.C_GetTokenInfo(slot, &info) != CKR_OK || (info.flags & CKF_TOKEN_INITIALIZED) == 0)
      continue;
    const std::string label = fixed_field(info.label, sizeof info.label);
    labels.push_back(quoted(label));
    if (choice.label.empty() || label == choice.label) found.push_back(slot);
  }
  if (found.size() == 1) return found.front();
  const std::string there =
      labels.empty() ? "no token is there" : "there are " + join(labels, ", ");
  if (found.empty())
    return token_lost(choice.label.empty()
                          ? there
                          : "no token is labelled " + quoted(choice.label) + "; " + there);
  return Error{Code::kConfig, "pkcs11_token_ambiguous",
               "several tokens fit, name one by tokenLabel or slot: " + there};
}

}  // namespace signet::secrets::pkcs11

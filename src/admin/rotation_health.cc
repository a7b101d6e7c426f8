// What keeps a rule of planned rotation from going on.

#include "admin/handlers.h"
#include "base/text.h"

namespace signet::admin {

std::string rotation_fault(const secrets::RotationStatus& status) {
  const auto& memory = status.memory;
  std::string out;
  if (!status.possible.ok()) {
    const Error& why = status.possible.error();
    out = std::string(why.reason) + ": " + why.detail;
  }
  // What is impossible fails as well, once it was tried.
  if (memory.failures == 0 || memory.last_error == out) return out;
  if (!out.empty()) out += "; ";
  return out + memory.last_error + "; next try " + to_rfc3339(memory.retry_at.value_or(Instant{}));
}

std::string rotation_fault_of(const AdminServices& services, const RealmName& realm,
                              const secrets::SecretId& id) {
  std::vector<std::string> faults;
  if (!services.rotation) return {};
  for (const auto& status : services.rotation->status()) {
    if (status.rule.id != id || status.rule.realm != realm) continue;
    std::string fault = rotation_fault(status);
    if (!fault.empty()) faults.push_back(std::move(fault));
  }
  return join(faults, "; ");
}

}  // namespace signet::admin

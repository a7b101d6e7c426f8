#include "storage/audit_chain.h"

#include "crypto/digest.h"

namespace signet::storage {
namespace {

constexpr std::string_view kDomain = "signet-audit-1";

void append_number(Bytes& out, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(number >> shift));
  }
}

// The length goes first, so that no two different events have the same encoding.
void append_text(Bytes& out, std::string_view text) {
  append_number(out, text.size());
  out.insert(out.end(), text.begin(), text.end());
}

}  // namespace

Bytes audit_chain(ByteView previous, const AuditEvent& event) {
  Bytes encoded;
  encoded.reserve(160 + event.detail.size());
  append_text(encoded, kDomain);
  append_text(encoded, as_text(previous));
  append_number(encoded, static_cast<std::uint64_t>(event.sequence));
  append_number(encoded, static_cast<std::uint64_t>(event.at.time_since_epoch().count()));
  append_text(encoded, event.realm.view());
  append_text(encoded, event.event);
  append_text(encoded, event.actor);
  append_text(encoded, event.detail);
  const auto hash = crypto::sha256(encoded);
  return Bytes(hash.begin(), hash.end());
}

Result<std::int64_t> verify_audit(const std::vector<AuditEvent>& events, Bytes previous_chain) {
  const auto broken = [](const AuditEvent& event, const char* why) {
    return Error{Code::kInternal, "audit_chain_broken",
                 "audit event " + std::to_string(event.sequence) + " " + why};
  };
  std::optional<std::int64_t> previous_sequence;
  if (previous_chain.empty()) previous_sequence = 0;
  for (const AuditEvent& event : events) {
    if (previous_sequence && event.sequence != *previous_sequence + 1) {
      return broken(event, "does not follow the one before it");
    }
    if (!same_bytes(audit_chain(previous_chain, event), event.chain)) {
      return broken(event, "does not fit the chain");
    }
    previous_sequence = event.sequence;
    previous_chain = event.chain;
  }
  return static_cast<std::int64_t>(events.size());
}

}  // namespace signet::storage

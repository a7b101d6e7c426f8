#pragma once
// The kinds of the documents of this room.

#include <string_view>

namespace signet::secrets {

/// Mappings that operators changed (mapping_document.h).
inline constexpr const char* kMappingKind = "mapping";
/// What a mapping was before its last change; the id is that of the mapping (undo.h).
inline constexpr const char* kMappingBeforeKind = "mapping_before";
/// Compromised keys; the id is the kid.
inline constexpr const char* kCompromisedKind = "compromised_key";
/// In which instances report themselves; the id is the instance's.
inline constexpr const char* kInstanceKind = "instance";
/// Leases.
inline constexpr const char* kLeaseKind = "lease";
/// What is remembered of rotations by schedule.
inline constexpr const char* kRotationKind = "rotation";
/// In which instances add up uses; the id is the instance's.
inline constexpr const char* kUsageKind = "usage";
/// That a realm was served global rings.
inline constexpr const char* kGlobalUseKind = "global_rings";

/// Whether a change of such a document may change key rings: an instance that hears of it refreshes
/// at once.
inline bool changes_rings(std::string_view kind) {
  return kind == kMappingKind || kind == kCompromisedKind;
}

/// What instances write for each other all the time, or what is only read when it is asked for;
/// whoever follows the feed of changes passes over it.
inline bool is_bookkeeping(std::string_view kind) {
  return kind == kInstanceKind || kind == kLeaseKind || kind == kRotationKind ||
         kind == kUsageKind || kind == kGlobalUseKind || kind == kMappingBeforeKind;
}

}  // namespace signet::secrets

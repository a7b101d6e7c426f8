#pragma once
// What is remembered of a schedule, as the text of its document.

#include <string>
#include <string_view>

#include "secrets/rotation_schedule.h"

namespace signet::secrets {

std::string rotation_memory_text(const RotationMemory& memory);
/// Members that are missing or of another type, and times that no clock shows, are as if nothing
/// was remembered. Fails as json::parse_object().
Result<RotationMemory> parse_rotation_memory(std::string_view text);

}  // namespace signet::secrets

#pragma once
// What answers of the admin API say of those who depend on keys, in words.

#include "cli/context.h"

namespace signet::cli {

/// The realms, clients and resource servers that a step touches: a line each.
void note_impact(const Context& context, const json::Value& answer);

/// Which algorithms no key does after the step, and who asks for them; nothing where it takes none.
void note_taken(const Context& context, const json::Value& answer);

}  // namespace signet::cli

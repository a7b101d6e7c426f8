#pragma once

#include "storage/postgres/session.h"

namespace signet::storage::postgres {

/// The version this program writes (table schema_version).
std::int64_t newest_schema();

/// Brings the schema up to date in one transaction; of instances that start at once one does it and
/// the others wait. kConfig "storage_too_new", "storage_open_failed" (no privilege to make the
/// tables); else what the server answers.
Status migrate(Session& session, SteadyTime deadline);

}  // namespace signet::storage::postgres

#pragma once

namespace signet::storage::postgres {

/// The tables and functions, as one text of statements.
extern const char* const kFirstSchema;

}  // namespace signet::storage::postgres

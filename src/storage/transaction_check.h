#pragma once
// What every engine asks of a transaction before it touches anything.

#include "storage/storage.h"

namespace signet::storage {

/// Refuses what must never reach a disk: a token, denial or used-once value that is not the 32
/// bytes of a SHA-256 (a value in clear would be longer or shorter), a document or key without a
/// name. kInvalid "storage_hash_malformed", "storage_name_missing".
Status check_transaction(const Transaction& transaction);

/// True for a change that may answer kConflict. Such a change looks before it writes:
/// when it refuses, it has written nothing.
bool is_conditional(const Change& change);

/// True for an error that is the transaction's own, so that its neighbours are not concerned.
bool is_refusal(const Error& error);

/// The errors that the engines share.
Error revision_conflict(std::string_view what, std::int64_t stored);
Error already_used();
Error document_missing(std::string_view id);
Error documents_present(std::string_view kind);

}  // namespace signet::storage

#pragma once

#include <string>

#include "storage/postgres/work.h"
#include "storage/storage.h"

namespace signet::storage::postgres {

/// A transaction as the server is asked for it.
struct Request {
  Work work;                        ///< without its `done`
  std::vector<std::size_t> change;  ///< for each call the change it belongs to
};

/// `self` names this instance in what it tells the others (told_by()).
Request request_of(const Transaction& transaction, const std::string& self);

/// What became of the transaction.
Status status_of(const Transaction& transaction, const Request& request,
                 const Result<Answers, Failure>& outcome);

/// What a notification says, or nothing if it is `self`'s own or not understood.
std::optional<Changed> read_notification(const std::string& payload, const std::string& self);

}  // namespace signet::storage::postgres

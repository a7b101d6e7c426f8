#pragma once
// Every statement that runs while the server serves. Prepared once per connection.

#include <array>
#include <cstdint>
#include <string_view>

namespace signet::storage::postgres {

enum class Statement : std::uint8_t {
  kTakeOrder,  ///< from here to the end of the transaction, this one alone appends to what is
               ///< ordered
  kNotify,
  kPutDocument,
  kEraseDocument,
  kRequireDocument,
  kRequireNoDocuments,
  kForgetDocument,
  kPutToken,
  kEraseToken,
  kDenyToken,
  kUseOnce,       ///< raises where it was used
  kUseOnceAlone,  ///< affects no row where it was used, so that others in its group go on
  kPutKey,
  kAppendAudit,
  kPurgeTokens,
  kPurgeDenials,
  kPurgeUsedOnce,
  kFindDocument,
  kListDocuments,
  kCountDocuments,
  kListChanges,
  kLastChange,
  kFindToken,
  kFindDenial,
  kListDenials,
  kCountExpired,
  kListKeys,
  kListAudit,
  kPing,
  kCount_,
};
inline constexpr std::size_t kStatementCount = static_cast<std::size_t>(Statement::kCount_);

struct StatementText {
  const char* name;
  const char* sql;
};
const StatementText& text_of(Statement statement);

/// Where commits tell that they changed something, and what is asked for at the start of a session.
inline constexpr const char* kChannel = "signet";

}  // namespace signet::storage::postgres

#pragma once
// What storage keeps sealed under the server's own keys: the secrets of clients whose algorithm
// needs the value, key sets of resource servers with symmetric keys, and keys for `dir`.

#include <map>

#include "admin/admin_api.h"
#include "storage/document_pages.h"

namespace signet::admin {

/// The value that a document keeps sealed, and which somebody may have to open at `now`; empty
/// where the document cannot be read; nothing where it is of a kind that keeps none, or keeps none
/// itself.
std::optional<std::string> sealed_value_of(const storage::Document& document, Instant now);

struct SealedDocument {
  storage::Document document;
  std::string text;  ///< sealed_value_of() it
};

/// A walk over all of them, realm after realm. As DocumentPages: what changes meanwhile may be seen
/// or not.
class SealedDocuments {
 public:
  /// Keys that no token can hold any more at `now` are passed over: nobody opens them.
  SealedDocuments(std::shared_ptr<storage::Storage> storage, Instant now);
  /// Those of one more page of documents, which may be none; nothing where there are no more pages.
  Task<std::optional<std::vector<SealedDocument>>> next();

 private:
  Task<bool> find_next_pages();

  const std::shared_ptr<storage::Storage> storage_;
  const Instant now_;
  storage::DocumentPages realm_pages_;
  std::vector<RealmName> realms_;  ///< of the last page of them
  std::size_t realm_ = 0, kind_ = 0;
  std::unique_ptr<storage::DocumentPages> pages_;
};

/// How many values there are under each key.
struct SealedSurvey {
  struct OfKey {
    std::size_t count = 0;
    std::vector<storage::Document> first;  ///< without their texts; at most kMostShown
  };
  std::map<std::string, OfKey> by_key;  ///< by its id; empty: values that name no key
};
Task<SealedSurvey> survey_sealed_values(std::shared_ptr<storage::Storage> storage, Instant now);

/// Seals what is not under the first key anew, each value in a write that holds for the revision
/// that was read: a change by somebody else wins, and what it left is looked at again. What cannot
/// be opened stays as it is. Answers how many were written. `event` is written with the first of
/// them. May end anywhere and be done again: every value always opens with the keys there are.
Task<std::size_t> renew_sealed_values(const AdminServices& services, storage::AppendAudit event);

}  // namespace signet::admin

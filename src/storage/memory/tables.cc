#include "storage/memory/tables.h"

#include <algorithm>

#include "storage/audit_chain.h"
#include "storage/transaction_check.h"

namespace signet::storage::memory {

void Tables::record_change(const DocumentName& name, std::int64_t revision, Undo& undo) {
  const auto last = last_changes.find(name);
  if (last != last_changes.end()) undo.put(changes, last->second.sequence, std::nullopt);
  undo.set(last_sequence, last_sequence + 1);
  undo.put(last_changes, name, LastChange{last_sequence, revision});
  undo.put(changes, last_sequence, name);
}

void Tables::put_denial(const HashName& name, Denial denial, Undo& undo) {
  if (const Denial* before = denials.find(name)) undo.put(denial_rows, before->row, std::nullopt);
  undo.put(denial_rows, denial.row, name);
  denials.put(name, denial, undo);
}

struct Tables::Apply {
  Tables& tables;
  Undo& undo;

  Status operator()(const PutDocument& c) {
    const DocumentName name{c.document.kind, c.document.realm, c.document.id};
    const auto found = tables.documents.find(name);
    const std::int64_t stored = found == tables.documents.end() ? 0 : found->second.revision;
    if (c.expected && *c.expected != stored) return revision_conflict(c.document.id, stored);

    const auto last = tables.last_changes.find(name);
    Document document = c.document;
    document.revision = (last == tables.last_changes.end() ? 0 : last->second.revision) + 1;
    const std::int64_t revision = document.revision;
    undo.put(tables.documents, name, std::move(document));
    tables.record_change(name, revision, undo);
    return Done{};
  }

  Status operator()(const EraseDocument& c) {
    const DocumentName name{c.kind, c.realm, c.id};
    const auto found = tables.documents.find(name);
    const std::int64_t stored = found == tables.documents.end() ? 0 : found->second.revision;
    if (c.expected && *c.expected != stored) return revision_conflict(c.id, stored);
    if (stored == 0) return Done{};
    undo.put(tables.documents, name, std::nullopt);
    tables.record_change(name, stored, undo);
    return Done{};
  }

  Status operator()(const RequireDocument& c) {
    if (tables.documents.contains({c.kind, c.realm, c.id})) return Done{};
    return document_missing(c.id);
  }

  Status operator()(const RequireNoDocuments& c) {
    if (tables.count_documents(c.kind, c.realm) == 0) return Done{};
    return documents_present(c.kind);
  }

  Status operator()(const ForgetDocument& c) {
    const DocumentName name{c.document.kind, c.document.realm, c.document.id};
    const auto found = tables.documents.find(name);
    if (found == tables.documents.end() || found->second.revision != c.document.revision ||
        found->second.text != c.document.text)
      return Done{};
    undo.put(tables.documents, name, std::nullopt);
    const std::int64_t sequence = tables.last_changes.at(name).sequence;
    if (sequence == tables.last_sequence) return Done{};
    undo.put(tables.changes, sequence, std::nullopt);
    undo.put(tables.last_changes, name, std::nullopt);
    return Done{};
  }

  Status operator()(const PutToken& c) {
    tables.tokens.put(c.token.hash, c.token, undo);
    return Done{};
  }
  Status operator()(const EraseToken& c) {
    tables.tokens.put(c.hash, std::nullopt, undo);
    return Done{};
  }

  Status operator()(const DenyToken& c) {
    const HashName name{c.token.realm, c.token.id_hash};
    if (const Denial* found = tables.denials.find(name)) {
      if (found->expires >= c.token.expires) return Done{};
    }
    // A longer denial gets a new row, so that those who follow by row learn of it.
    undo.set(tables.last_denial_row, tables.last_denial_row + 1);
    tables.put_denial(name, Denial{tables.last_denial_row, c.token.expires}, undo);
    return Done{};
  }

  Status operator()(const UseOnce& c) {
    const HashName name{c.realm, c.key_hash};
    if (tables.used.find(name)) return already_used();
    tables.used.put(name, Used{c.expires}, undo);
    return Done{};
  }

  Status operator()(const PutKey& c) {
    const KeyName name{c.key.realm, c.key.secret_id, c.key.kid};
    const auto found = tables.keys.find(name);
    const std::int64_t stored = found == tables.keys.end() ? 0 : found->second.revision;
    if (c.expected != stored) return revision_conflict(c.key.kid.view(), stored);
    KeyRecord key = c.key;
    key.revision = stored + 1;
    if (stored != 0) key.horizon = std::max(key.horizon, found->second.horizon);
    undo.put(tables.keys, name, std::move(key));
    return Done{};
  }

  Status operator()(const AppendAudit& c) {
    AuditEvent event = c.event;
    event.sequence = static_cast<std::int64_t>(tables.audit.size()) + 1;
    event.chain = audit_chain(tables.audit.empty() ? Bytes{} : tables.audit.back().chain, event);
    undo.append(tables.audit, std::move(event));
    return Done{};
  }

  Status operator()(const Purge& c) {
    tables.tokens.purge(c.before, kPurgeSlice, undo);
    tables.used.purge(c.before, kPurgeSlice, undo);
    for (const Denial& denial : tables.denials.purge(c.before, kPurgeSlice, undo))
      undo.put(tables.denial_rows, denial.row, std::nullopt);
    return Done{};
  }
};

Status Tables::apply(const Transaction& transaction) {
  Undo undo;
  for (const Change& change : transaction)
    TRY(std::visit(Apply{*this, undo}, change));
  undo.keep();
  return Done{};
}

}  // namespace signet::storage::memory

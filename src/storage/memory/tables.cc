#include "storage/memory/tables.h"

#include "storage/audit_chain.h"
#include "storage/transaction_check.h"

namespace signet::storage::memory {

void Tables::record_change(const DocumentName& name, std::int64_t revision, Undo& undo) {
  LastChange& last = last_changes[name];
  const LastChange before = last;
  changes.erase(before.sequence);
  last = {++last_sequence, revision};
  changes[last.sequence] = name;
  undo.push_back([this, name, before] {
    changes.erase(last_changes[name].sequence);
    --last_sequence;
    if (before.sequence == 0) {
      last_changes.erase(name);
    } else {
      last_changes[name] = before;
      changes[before.sequence] = name;
    }
  });
}

void Tables::put_denial(const HashName& name, std::optional<Denial> denial) {
  const std::optional<Denial> before = denials.exchange(name, denial);
  if (before) denial_rows.erase(before->row);
  if (denial) denial_rows[denial->row] = name;
}

struct Tables::Apply {
  Tables& tables;
  Undo& undo;

  Status operator()(const PutDocument& c) {
    const DocumentName name{c.document.kind, c.document.realm, c.document.id};
    const auto found = tables.documents.find(name);
    std::optional<Document> before;
    if (found != tables.documents.end()) before = found->second;
    const std::int64_t stored = before ? before->revision : 0;
    if (c.expected && *c.expected != stored) return revision_conflict(c.document.id, stored);

    const auto last = tables.last_changes.find(name);
    Document document = c.document;
    document.revision = (last == tables.last_changes.end() ? 0 : last->second.revision) + 1;
    tables.documents[name] = document;
    undo.push_back([t = &tables, name, before] { t->restore(name, before); });
    tables.record_change(name, document.revision, undo);
    return Done{};
  }

  Status operator()(const EraseDocument& c) {
    const DocumentName name{c.kind, c.realm, c.id};
    const auto found = tables.documents.find(name);
    const std::int64_t stored = found == tables.documents.end() ? 0 : found->second.revision;
    if (c.expected && *c.expected != stored) return revision_conflict(c.id, stored);
    if (stored == 0) return Done{};
    undo.push_back([t = &tables, name, before = found->second] { t->restore(name, before); });
    tables.documents.erase(found);
    tables.record_change(name, stored, undo);
    return Done{};
  }

  Status operator()(const PutToken& c) { return exchange_token(c.token.hash, c.token); }
  Status operator()(const EraseToken& c) { return exchange_token(c.hash, std::nullopt); }
  Status exchange_token(const Bytes& hash, std::optional<TokenRecord> token) {
    auto before = tables.tokens.exchange(hash, std::move(token));
    undo.push_back(
        [t = &tables, hash, before = std::move(before)] { t->tokens.exchange(hash, before); });
    return Done{};
  }

  Status operator()(const DenyToken& c) {
    const HashName name{c.token.realm, c.token.id_hash};
    std::optional<Denial> before;
    if (const Denial* found = tables.denials.find(name)) {
      if (found->expires >= c.token.expires) return Done{};
      before = *found;
    }
    // A longer denial gets a new row, so that those who follow by row learn of it.
    tables.put_denial(name, Denial{++tables.last_denial_row, c.token.expires});
    undo.push_back([t = &tables, name, before] { t->put_denial(name, before); });
    return Done{};
  }

  Status operator()(const UseOnce& c) {
    const HashName name{c.realm, c.key_hash};
    if (tables.used.find(name)) return already_used();
    tables.used.exchange(name, Used{c.expires});
    undo.push_back([t = &tables, name] { t->used.exchange(name, std::nullopt); });
    return Done{};
  }

  Status operator()(const PutKey& c) {
    const KeyName name{c.key.realm, c.key.secret_id, c.key.kid};
    const auto found = tables.keys.find(name);
    const std::int64_t stored = found == tables.keys.end() ? 0 : found->second.revision;
    if (c.expected != stored) return revision_conflict(c.key.kid.view(), stored);
    KeyRecord key = c.key;
    key.revision = stored + 1;
    if (stored == 0) {
      undo.push_back([t = &tables, name] { t->keys.erase(name); });
    } else {
      key.horizon = std::max(key.horizon, found->second.horizon);
      undo.push_back([t = &tables, name, before = found->second] { t->keys[name] = before; });
    }
    tables.keys[name] = key;
    return Done{};
  }

  Status operator()(const RaiseHorizon& c) {
    const auto found = tables.keys.find({c.realm, c.secret_id, c.kid});
    if (found == tables.keys.end()) return key_unknown(c);
    const Instant before = found->second.horizon;
    found->second.horizon = std::max(before, c.horizon);
    undo.push_back([t = &tables, name = found->first, before] { t->keys[name].horizon = before; });
    return Done{};
  }

  Status operator()(const AppendAudit& c) {
    AuditEvent event = c.event;
    event.sequence = static_cast<std::int64_t>(tables.audit.size()) + 1;
    event.chain = audit_chain(tables.audit.empty() ? Bytes{} : tables.audit.back().chain, event);
    tables.audit.push_back(std::move(event));
    undo.push_back([t = &tables] { t->audit.pop_back(); });
    return Done{};
  }

  Status operator()(const Purge& c) {
    auto tokens = tables.tokens.purge(c.before, kPurgeSlice);
    auto used = tables.used.purge(c.before, kPurgeSlice);
    auto denials = tables.denials.purge(c.before, kPurgeSlice);
    for (const auto& [name, denial] : denials)
      tables.denial_rows.erase(denial.row);
    undo.push_back([t = &tables, tokens = std::move(tokens), used = std::move(used),
                    denials = std::move(denials)] {
      for (const auto& [hash, token] : tokens)
        t->tokens.exchange(hash, token);
      for (const auto& [name, value] : used)
        t->used.exchange(name, value);
      for (const auto& [name, denial] : denials)
        t->put_denial(name, denial);
    });
    return Done{};
  }
};

void Tables::restore(const DocumentName& name, const std::optional<Document>& before) {
  if (before) {
    documents[name] = *before;
  } else {
    documents.erase(name);
  }
}

Status Tables::apply(const Transaction& transaction) {
  Undo undo;
  for (const Change& change : transaction) {
    Status applied = std::visit(Apply{*this, undo}, change);
    if (applied.ok()) continue;
    for (auto step = undo.rbegin(); step != undo.rend(); ++step)
      (*step)();
    return applied;
  }
  return Done{};
}

}  // namespace signet::storage::memory

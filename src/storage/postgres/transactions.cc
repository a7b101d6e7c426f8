#include "storage/postgres/transactions.h"

#include <algorithm>

#include "storage/transaction_check.h"

namespace signet::storage::postgres {
namespace {

/// What a transaction touches.
struct Extent {
  Changed changed{};
  bool is_ordered = false;

  void operator()(const PutDocument&) { changed.documents = is_ordered = true; }
  void operator()(const EraseDocument&) { changed.documents = is_ordered = true; }
  // What they look at is settled only in the order; they tell nobody anything.
  void operator()(const RequireDocument&) { is_ordered = true; }
  void operator()(const RequireNoDocuments&) { is_ordered = true; }
  void operator()(const ForgetDocument&) { is_ordered = true; }
  void operator()(const DenyToken&) { changed.denials = is_ordered = true; }
  void operator()(const PutKey& c) {
    is_ordered = true;
    changed.keys |= c.is_told;
  }
  void operator()(const AppendAudit&) { is_ordered = true; }
  void operator()(const PutToken&) {}
  void operator()(const EraseToken&) {}
  void operator()(const UseOnce&) {}
  void operator()(const Purge&) {}
};

struct AddCalls {
  std::vector<Call>& calls;
  bool is_alone;

  void operator()(const PutDocument& c) {
    const Document& d = c.document;
    add(Statement::kPutDocument, d.kind, d.realm, d.id, d.text, c.expected);
  }
  void operator()(const EraseDocument& c) {
    add(Statement::kEraseDocument, c.kind, c.realm, c.id, c.expected);
  }
  void operator()(const RequireDocument& c) {
    add(Statement::kRequireDocument, c.kind, c.realm, c.id);
  }
  void operator()(const RequireNoDocuments& c) {
    add(Statement::kRequireNoDocuments, c.kind, c.realm);
  }
  void operator()(const ForgetDocument& c) {
    const Document& d = c.document;
    add(Statement::kForgetDocument, d.kind, d.realm, d.id, d.revision, d.text);
  }
  void operator()(const PutToken& c) {
    const TokenRecord& t = c.token;
    add(Statement::kPutToken, t.hash, t.realm, t.client, t.kind, t.issued, t.expires, t.claims);
  }
  void operator()(const EraseToken& c) { add(Statement::kEraseToken, c.hash); }
  void operator()(const DenyToken& c) {
    add(Statement::kDenyToken, c.token.realm, c.token.id_hash, c.token.expires);
  }
  void operator()(const UseOnce& c) {
    add(is_alone ? Statement::kUseOnceAlone : Statement::kUseOnce, c.realm, c.key_hash, c.expires);
  }
  void operator()(const PutKey& c) {
    const KeyRecord& k = c.key;
    add(Statement::kPutKey, k.realm, k.secret_id, k.kid, k.state, k.public_jwk, k.published,
        k.activated, k.deactivated, k.retired, k.horizon, c.expected);
  }
  void operator()(const AppendAudit& c) {
    const AuditEvent& e = c.event;
    add(Statement::kAppendAudit, e.at, e.realm, e.event, e.actor, e.detail);
  }
  void operator()(const Purge& c) {
    const auto limit = static_cast<std::int64_t>(kPurgeSlice);
    for (const auto statement :
         {Statement::kPurgeTokens, Statement::kPurgeDenials, Statement::kPurgeUsedOnce})
      add(statement, c.before, limit);
  }

 private:
  template <class... Values>
  void add(Statement statement, const Values&... values) {
    calls.push_back({statement, Parameters::of(values...)});
  }
};

std::string notification(const Changed& changed, const std::string& self) {
  return self + ':' + (changed.documents ? "d" : "") + (changed.denials ? "n" : "") +
         (changed.keys ? "k" : "");
}

// Names what refused, as the other engines do.
struct NameRefusal {
  const Failure& failure;

  Error operator()(const PutDocument& c) const { return conflict(c.document.id); }
  Error operator()(const EraseDocument& c) const { return conflict(c.id); }
  Error operator()(const PutKey& c) const { return conflict(c.key.kid.view()); }
  Error operator()(const UseOnce&) const { return already_used(); }
  Error operator()(const RequireDocument& c) const { return document_missing(c.id); }
  Error operator()(const RequireNoDocuments& c) const { return documents_present(c.kind); }
  Error operator()(const ForgetDocument&) const { return failure.error; }
  Error operator()(const PutToken&) const { return failure.error; }
  Error operator()(const EraseToken&) const { return failure.error; }
  Error operator()(const DenyToken&) const { return failure.error; }
  Error operator()(const AppendAudit&) const { return failure.error; }
  Error operator()(const Purge&) const { return failure.error; }

 private:
  Error conflict(std::string_view what) const { return revision_conflict(what, failure.revision); }
};

bool is_use_alone(const Transaction& transaction) {
  return transaction.size() == 1 && std::holds_alternative<UseOnce>(transaction.front());
}

bool is_append(const Transaction& transaction) {
  return is_use_alone(transaction) ||
         std::all_of(transaction.begin(), transaction.end(),
                     [](const Change& change) { return std::holds_alternative<PutToken>(change); });
}

}  // namespace

Request request_of(const Transaction& transaction, const std::string& self) {
  Extent extent;
  for (const Change& change : transaction)
    std::visit(extent, change);

  Request request;
  Work& work = request.work;
  work.kind = extent.is_ordered        ? Work::Kind::kOrdered
              : is_append(transaction) ? Work::Kind::kAppend
                                       : Work::Kind::kWrite;
  // First of all, so that nobody holds a row that another waits for while it waits for the order.
  if (extent.is_ordered) {
    work.calls.push_back({Statement::kTakeOrder, {}});
    request.change.push_back(0);
  }
  for (std::size_t i = 0; i < transaction.size(); ++i) {
    std::visit(AddCalls{work.calls, is_use_alone(transaction)}, transaction[i]);
    request.change.resize(work.calls.size(), i);
  }
  if (extent.changed.documents || extent.changed.denials || extent.changed.keys) {
    work.calls.push_back({Statement::kNotify, Parameters::of(notification(extent.changed, self))});
    request.change.push_back(0);
  }
  return request;
}

Status status_of(const Transaction& transaction, const Request& request,
                 const Result<Answers, Failure>& outcome) {
  if (!outcome.ok()) {
    const Failure& failure = outcome.error();
    if (!is_refusal(failure.error) || failure.call >= request.change.size()) return failure.error;
    return std::visit(NameRefusal{failure}, transaction[request.change[failure.call]]);
  }
  if (is_use_alone(transaction)) {
    const std::string_view added = PQcmdTuples(outcome->front().get());
    if (added == "0") return already_used();
  }
  return Done{};
}

std::optional<Changed> read_notification(const std::string& payload, const std::string& self) {
  const std::size_t colon = payload.rfind(':');
  if (colon == std::string::npos || payload.compare(0, colon, self) == 0) return std::nullopt;
  const std::string_view kinds = std::string_view(payload).substr(colon + 1);
  Changed changed;
  changed.documents = kinds.find('d') != kinds.npos;
  changed.denials = kinds.find('n') != kinds.npos;
  changed.keys = kinds.find('k') != kinds.npos;
  return changed;
}

}  // namespace signet::storage::postgres

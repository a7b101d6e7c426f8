#include "storage/transaction_check.h"

#include "base/text.h"

namespace signet::storage {
namespace {

constexpr std::size_t kHashSize = 32;

Status check_hash(ByteView hash) {
  if (hash.size() == kHashSize) return Done{};
  return Error{Code::kInvalid, "storage_hash_malformed",
               "expected a hash of 32 bytes, got " + std::to_string(hash.size()) + " bytes"};
}

Status check_name(std::string_view kind, std::string_view id) {
  if (!kind.empty() && !id.empty()) return Done{};
  return Error{Code::kInvalid, "storage_name_missing", "a record needs a kind and an ID"};
}

struct Check {
  Status operator()(const PutDocument& c) const {
    return check_name(c.document.kind, c.document.id);
  }
  Status operator()(const EraseDocument& c) const { return check_name(c.kind, c.id); }
  Status operator()(const RequireDocument& c) const { return check_name(c.kind, c.id); }
  Status operator()(const RequireNoDocuments& c) const { return check_name(c.kind, "any"); }
  Status operator()(const ForgetDocument& c) const {
    return check_name(c.document.kind, c.document.id);
  }
  Status operator()(const PutToken& c) const { return check_hash(c.token.hash); }
  Status operator()(const EraseToken& c) const { return check_hash(c.hash); }
  Status operator()(const DenyToken& c) const { return check_hash(c.token.id_hash); }
  Status operator()(const UseOnce& c) const { return check_hash(c.key_hash); }
  Status operator()(const PutKey& c) const { return check_name(c.key.secret_id, c.key.kid.view()); }
  Status operator()(const AppendAudit& c) const { return check_name("audit", c.event.event); }
  Status operator()(const Purge&) const { return Done{}; }
};

struct Conditional {
  bool operator()(const PutDocument& c) const { return c.expected.has_value(); }
  bool operator()(const EraseDocument& c) const { return c.expected.has_value(); }
  bool operator()(const RequireDocument&) const { return true; }
  bool operator()(const RequireNoDocuments&) const { return true; }
  bool operator()(const UseOnce&) const { return true; }
  bool operator()(const PutKey&) const { return true; }
  bool operator()(const ForgetDocument&) const { return false; }
  bool operator()(const PutToken&) const { return false; }
  bool operator()(const EraseToken&) const { return false; }
  bool operator()(const DenyToken&) const { return false; }
  bool operator()(const AppendAudit&) const { return false; }
  bool operator()(const Purge&) const { return false; }
};

}  // namespace

Status check_transaction(const Transaction& transaction) {
  for (const Change& change : transaction) {
    TRY(std::visit(Check{}, change));
  }
  return Done{};
}

bool is_conditional(const Change& change) {
  return std::visit(Conditional{}, change);
}

bool is_refusal(const Error& error) {
  return error.code == Code::kConflict || error.code == Code::kInvalid;
}

Error revision_conflict(std::string_view what, std::int64_t stored) {
  return {Code::kConflict, "revision_conflict",
          signet::quoted(what) + " is stored with revision " + std::to_string(stored)};
}

Error already_used() {
  return {Code::kConflict, "already_used", "a value that may be used once was used before"};
}

Error document_missing(std::string_view id) {
  return {Code::kConflict, "document_missing", signet::quoted(id) + " is not stored"};
}

Error documents_present(std::string_view kind) {
  return {Code::kConflict, "documents_present",
          "there are documents of the kind " + signet::quoted(kind)};
}

}  // namespace signet::storage

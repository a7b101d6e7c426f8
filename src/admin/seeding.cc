#include "admin/seeding.h"

#include <algorithm>
#include <stdexcept>

#include "admin/inject_policy_change.h"
#include "admin/operator_change.h"
#include "admin/resource_server_change.h"
#include "base/text.h"

namespace signet::admin {
namespace {

namespace rs = resource_servers;

std::string memory_kind(std::string_view kind) {
  return "seeded_" + std::string(kind);
}

// Nothing of an item that is new. What is there without a memory is remembered; it may be deleted
// at this moment: it was there.
Task<std::optional<Seeded>> known_seed(const AdminServices& services, Seed item) {
  auto& storage = *services.oauth->storage;
  CO_TRY(const auto memory, co_await storage.document(memory_kind(item.kind), item.realm, item.id));
  CO_TRY(const auto document, co_await storage.document(item.kind, item.realm, item.id));
  std::optional<Seeded> out;
  if (!memory && !document) co_return out;
  out.emplace();
  out->outcome = document ? SeedOutcome::kThere : SeedOutcome::kGone;
  if (memory) co_return out;
  storage::Transaction transaction;
  transaction.emplace_back(seeded_once(item.kind, item.realm, item.id));
  const auto done = co_await storage.commit(std::move(transaction));
  // Where another instance that starts now was quicker it is remembered.
  if (!done.ok() && !done.error().is("revision_conflict")) co_return done.error();
  co_return out;
}

// What it could not have of what it asks for, if anything.
Task<std::optional<Error>> store_seed(const AdminServices& services, Seed item) {
  std::optional<Error> out;
  std::string actor = "configuration";
  if (item.kind == "realm") {
    CO_TRY(co_await put_realm(services, std::move(item.document), 0, std::move(actor),
                              Origin::kConfiguration));
  } else if (item.kind == "client") {
    CO_TRY(co_await put_client(services, item.realm, std::move(item.document), 0, std::move(actor),
                               Origin::kConfiguration));
  } else if (item.kind == rs::kPolicyKind) {
    CO_TRY(co_await put_inject_policy(services, item.realm, std::move(item.document), 0,
                                      std::move(actor), Origin::kConfiguration));
  } else if (item.kind == rs::kKind) {
    ResourceServerPut put;
    put.document = std::move(item.document);
    put.expected = 0;
    put.trial = Trial::kInlineOnly;
    put.actor = std::move(actor);
    put.origin = Origin::kConfiguration;
    CO_TRY(const auto stored, co_await put_resource_server(services, item.realm, std::move(put)));
    if (!stored.kept_default.empty())
      out = Error{Code::kConflict, "resource_server_default_kept",
                  "it is stored, but the default is " + quoted(stored.kept_default, 128)};
  } else {
    throw std::logic_error("documents of the kind " + item.kind + " are not seeded");
  }
  co_return out;
}

// What stands against an item without being wrong in it: a name, a URI or a scope that others took,
// and what is named and is not there.
bool is_of_what_is_stored(const Error& error) {
  constexpr std::string_view kNotThere[] = {"realm_unknown", "client_unknown",
                                            "resource_server_unknown", "scope_undefined"};
  return error.code == Code::kConflict ||
         std::any_of(std::begin(kNotThere), std::end(kNotThere),
                     [&](auto reason) { return error.is(reason); });
}

}  // namespace

storage::PutDocument seeded_once(std::string_view kind, const RealmName& realm,
                                 const std::string& id) {
  storage::PutDocument put;
  put.document = {memory_kind(kind), realm, id, "{}", 0};
  put.expected = 0;
  return put;
}

Task<Seeded> seed(const AdminServices& services, Seed item) {
  CO_TRY(const auto known, co_await known_seed(services, item));
  if (known) co_return *known;
  auto stored = co_await store_seed(services, item);
  Seeded out;
  if (stored.ok()) {
    out.conflict = std::move(*stored);
    co_return out;
  }
  if (!is_of_what_is_stored(stored.error())) co_return std::move(stored).error();
  // Another instance that starts now may have been quicker.
  CO_TRY(const auto meanwhile, co_await known_seed(services, item));
  if (meanwhile) co_return *meanwhile;
  out.outcome = SeedOutcome::kRefused;
  out.conflict = std::move(stored).error();
  co_return out;
}

}  // namespace signet::admin

#include "admin/handlers.h"
#include "base/text.h"

namespace signet::admin {
namespace {

/// How many the sentence names; the list beside it has more.
constexpr std::size_t kMostClashesNamed = 3;

json::Object shown_holder(const secrets::KidHolder& holder) {
  json::Object out;
  out.set("secret_id", holder.id.str());
  out.set("store", holder.store.view());
  out.set("store_realm", holder.store_realm.view());
  out.set("alias", holder.alias.view());
  return out;
}

json::Object shown_clash(const RealmName& realm, const secrets::KidClash& clash) {
  json::Object out;
  out.set("realm", realm.view());
  out.set("kid", clash.kid.view());
  json::Array keys;
  keys.emplace_back(shown_holder(clash.one));
  keys.emplace_back(shown_holder(clash.other));
  out.set("keys", std::move(keys));
  return out;
}

}  // namespace

KidHealth kid_health(const oauth::Services& services) {
  KidHealth out;
  const auto clashes = services.keeper->kid_clashes();
  out.is_ok = clashes.empty();
  if (out.is_ok) return out;
  std::vector<std::string> named;
  for (const auto& [realm, clash] : clashes) {
    if (out.clashes.size() >= kMostShown) break;
    out.clashes.emplace_back(shown_clash(realm, clash));
    if (named.size() < kMostClashesNamed) {
      named.push_back((realm.empty() ? "" : "in realm " + realm.str() + " ") +
                      secrets::in_words(clash));
    }
  }
  out.detail = "verifiers know one key of a kid, and what the other one signs is refused: " +
               join(named, "; ");
  if (clashes.size() > named.size())
    out.detail += "; " + std::to_string(clashes.size() - named.size()) + " more";
  out.detail += ". Give one of the two another kid";
  return out;
}

}  // namespace signet::admin

#include "secrets/resolve.h"

#include <algorithm>

#include "base/text.h"

namespace signet::secrets {
namespace {

Status check_window(const Secret& secret, Instant now) {
  if (secret.not_before && now < *secret.not_before) {
    return Error{Code::kConfig, "secret_not_yet_valid",
                 "its store lets it begin in " +
                     std::to_string(unix_seconds(*secret.not_before) - unix_seconds(now)) +
                     " seconds"};
  }
  if (secret.not_after && now >= *secret.not_after)
    return Error{Code::kConfig, "secret_expired", "its store says that its time is over"};
  return Done{};
}

/// The usable secrets of one answer, in order; what is left out goes to `skipped`.
std::vector<Secret> usable(const SecretId& id, const StoreAnswer& answer, Instant now,
                           std::vector<Skipped>& skipped) {
  std::vector<Secret> out;
  for (const auto& secret : answer.secrets) {
    Status fits = check_usable(id, secret, now);
    const auto twin = std::find_if(out.begin(), out.end(), [&](const Secret& other) {
      return !secret.kid.empty() && other.kid == secret.kid;
    });
    if (fits.ok() && twin != out.end()) {
      if (same_material(*twin, secret)) continue;  // the same key under two names
      fits = Error{Code::kConfig, "kid_reused",
                   "another key has the kid " + quoted(secret.kid.view()) + " already"};
    }
    if (fits.ok()) {
      out.push_back(secret);
    } else {
      skipped.push_back(
          {answer.store, secret.alias, secret.kid, std::move(fits).error(), answer.realm});
    }
  }
  return out;
}

/// False where the search is over: found, or a store in the way cannot be asked.
bool search(const SecretId& id, const std::vector<StoreAnswer>& level, Instant now,
            Resolution& resolution) {
  for (const auto& answer : level) {
    resolution.asked.push_back(answer.store);
    if (!resolution.ordered.empty()) {
      std::vector<Skipped> ignored;
      resolution.is_ambiguous |= !usable(id, answer, now, ignored).empty();
      continue;
    }
    if (answer.outage && (answer.secrets.empty() || answer.is_unread)) {
      resolution.blocked_by = answer.store;
      resolution.outage = answer.outage;
      resolution.is_unread = answer.is_unread;
      if (answer.is_unread) {
        resolution.outage->detail = "store " + answer.store.str() +
                                    " was not read since the start: " + answer.outage->detail;
      }
      return false;
    }
    resolution.ordered = usable(id, answer, now, resolution.skipped);
  }
  return resolution.ordered.empty();
}

}  // namespace

Status check_usable(const SecretId& id, const Secret& secret, Instant now) {
  TRY(check_window(secret, now));
  return check_fits(id, secret);
}

Resolution resolve(const SecretId& id, const std::vector<StoreAnswer>& realm_stores,
                   const std::vector<StoreAnswer>& global_stores, Instant now) {
  Resolution resolution;
  const SecretIdRow* row = find_row(id);
  const bool is_global = row != nullptr && row->scope == Scope::kGlobal;
  if (!is_global && !search(id, realm_stores, now, resolution)) {
    resolution.from_realm = !resolution.ordered.empty();
    return resolution;
  }
  search(id, global_stores, now, resolution);
  return resolution;
}

}  // namespace signet::secrets

// What a store is known to hold, without asking it: its mappings, its answer for an ID, its health.

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "secrets/keeper/mapping_document.h"
#include "secrets/keeper/store_cache.h"

namespace signet::secrets {

StoreMappingsPtr StoreCache::mappings_by(const std::vector<storage::Document>& documents) const {
  std::map<SecretId, std::vector<Alias>> effective;
  std::vector<SecretId> order;
  const auto put = [&](const Mapping& mapping) {
    if (!effective.contains(mapping.id)) order.push_back(mapping.id);
    effective[mapping.id] = store()->canonical(mapping.aliases);
  };
  std::set<SecretId> by_default;
  for (const auto& mapping : configured_.mappings) {
    put(mapping);
    if (configured_.may_lack_mapped) by_default.insert(mapping.id);
  }
  const std::string prefix = name().str() + "/";
  for (const auto& document : documents) {
    if (!document.id.starts_with(prefix)) continue;
    auto mapping = mapping_in(document, is_versioned());
    if (mapping.ok() && prefix + mapping->id.str() != document.id) {
      mapping = Error{Code::kInternal, "mapping_malformed",
                      "the document " + quoted(document.id) + " is about another ID"};
    }
    if (!mapping.ok()) {
      log::failure("mapping_document_broken", mapping.error(), {{"store", name().str()}});
      for (const auto& old : mappings_) {
        if (prefix + old.id.str() == document.id) put(old);
      }
      continue;
    }
    put(*mapping);
    by_default.erase(mapping->id);
  }
  StoreMappings mappings;
  for (auto& id : order) {
    if (!effective[id].empty()) mappings.all.push_back({id, effective[id]});
  }
  mappings.by_default = std::move(by_default);
  // Mostly nothing changed, and nobody has to keep them twice.
  if (mappings == *all_mappings_) return all_mappings_;
  return std::make_shared<const StoreMappings>(std::move(mappings));
}

// A change of one ID is newer than readings that began before it and end after it.
void StoreCache::set_mappings(StoreMappingsPtr mappings, std::uint64_t number) {
  std::erase_if(mapped_, [&](const auto& pair) { return pair.second < number; });
  if (!mapped_.empty()) {
    StoreMappings merged = *mappings;
    for (const auto& [id, since] : mapped_) {
      const Mapping* newer = all_mappings_->find(id);
      merged.put(id, newer != nullptr ? newer->aliases : std::vector<Alias>());
    }
    mappings = std::make_shared<const StoreMappings>(std::move(merged));
  }
  all_mappings_ = std::move(mappings);
  leave_out_absent_defaults();
}

void StoreCache::set_mapping(const SecretId& id, std::vector<Alias> aliases, std::uint64_t number) {
  StoreMappings changed = *all_mappings_;
  changed.put(id, std::move(aliases));
  all_mappings_ = std::make_shared<const StoreMappings>(std::move(changed));
  mapped_[id] = number;
  leave_out_absent_defaults();
}

bool StoreCache::has_read(const std::vector<Alias>& aliases) const {
  return std::all_of(aliases.begin(), aliases.end(), [&](const Alias& alias) {
    const auto found = entries_.find(alias);
    return found != entries_.end() && found->second.good_at.wall != Instant{};
  });
}

// What the store said last counts while it is out, so that an outage maps nothing.
bool StoreCache::is_absent_default(const Mapping& mapping) const {
  return configured_.may_lack_mapped &&
         std::all_of(mapping.aliases.begin(), mapping.aliases.end(), [&](const Alias& alias) {
           const auto found = entries_.find(alias);
           return found != entries_.end() && found->second.is_absent;
         });
}

void StoreCache::leave_out_absent_defaults() {
  mappings_ = all_mappings_->all;
  std::erase_if(mappings_, [&](const Mapping& mapping) {
    return all_mappings_->by_default.contains(mapping.id) && is_absent_default(mapping);
  });
}

std::vector<Alias> StoreCache::configured_aliases(const SecretId& id) const {
  for (const auto& mapping : configured_.mappings) {
    if (mapping.id == id && !is_absent_default(mapping)) return store()->canonical(mapping.aliases);
  }
  return {};
}

const Mapping* StoreCache::mapping(const SecretId& id) const {
  const auto found = std::find_if(mappings_.begin(), mappings_.end(),
                                  [&](const Mapping& mapping) { return mapping.id == id; });
  return found == mappings_.end() ? nullptr : &*found;
}

std::set<SecretId> StoreCache::ids() const {
  std::set<SecretId> ids;
  for (const auto& mapping : mappings_) {
    if (has_ring(find_row(mapping.id))) ids.insert(mapping.id);
  }
  for (const auto& name : names_)
    ids.insert(SecretId::literal(name.view()));
  return ids;
}

std::optional<StoreAnswer> StoreCache::answer(const SecretId& id, std::vector<Skipped>& unread) {
  std::vector<Alias> aliases;
  if (!is_self_naming()) {
    const Mapping* found = mapping(id);
    if (found == nullptr) return std::nullopt;
    aliases = found->aliases;
  } else if (names_.contains(Alias(id.str()))) {
    aliases.emplace_back(id.str());
  } else if (is_listed_) {
    return std::nullopt;
  }
  StoreAnswer answer{name(), {}, outage_};
  const bool was_never_good = last_good_ == Instant{};
  answer.is_unread = outage_ && was_never_good && aliases.empty();
  for (const auto& alias : aliases) {
    const auto found = entries_.find(alias);
    if (found == entries_.end()) {
      answer.is_unread |= outage_ && was_never_good;
      if (outage_) unread.push_back({name(), alias, KeyId(), *outage_});
      continue;
    }
    Entry& entry = found->second;
    // That it cannot be read is an answer; that it could not be asked for is none.
    answer.is_unread |= was_never_good && entry.is_away() && entry.good_at.wall == Instant{};
    if (entry.unread && !(outage_ && entry.is_away())) {
      unread.push_back({name(), alias, KeyId(), *entry.unread});
      if (!answer.outage) answer.outage = entry.unread;
    } else if (entry.unread && entry.good_at.wall == Instant{}) {
      unread.push_back({name(), alias, KeyId(), *entry.unread});  // mapped, and never read so far
    } else if (entry.secrets.empty() && !outage_ && !is_self_naming()) {
      unread.push_back(
          {name(), alias, KeyId(),
           Error{Code::kConfig, "alias_unknown", "there is no alias " + quoted(alias.view())}});
    }
    auto bound = entry.bound.find(id);
    if (bound == entry.bound.end()) {
      std::vector<Secret> secrets;
      for (const auto& secret : entry.secrets)
        secrets.push_back(bound_to(id, secret));
      bound = entry.bound.emplace(id, std::move(secrets)).first;
    }
    answer.secrets.insert(answer.secrets.end(), bound->second.begin(), bound->second.end());
  }
  return answer;
}

void StoreCache::warn_of_unused_kids(std::vector<std::string>& warnings) const {
  for (const auto& [alias, kid] : store()->chosen_kids().all()) {
    const auto found = entries_.find(alias);
    std::string why;
    if (found != entries_.end()) {
      why = why_unnamed(found->second.secrets);
    } else {
      why = is_self_naming() ? "it is not there" : "no secret ID is mapped to it";
    }
    if (why.empty()) continue;
    warnings.push_back("the kid " + quoted(kid.view()) + " that is chosen for " +
                       quoted(alias.view()) + " is not used: " + why);
  }
}

StoreHealth StoreCache::health(const KeeperOptions& options) const {
  StoreHealth health;
  health.name = name();
  health.realm = realm();
  health.last_good = last_good_;
  std::optional<Error> fault = outage_;
  bool has_given = entries_.empty();
  for (const auto& [alias, entry] : entries_) {
    const Instant read_at = entry.good_at.wall;
    has_given |= read_at != Instant{};
    if (!entry.unread) continue;
    // The store answers, but what it gave of this alias before ages all the same.
    if (read_at != Instant{}) health.last_good = std::min(health.last_good, read_at);
    if (fault) continue;
    fault = entry.unread;
    fault->detail = quoted(alias.view()) + ": " + fault->detail;
  }
  if (!has_given) health.last_good = Instant{};
  if (health.last_good != Instant{}) health.lease_until = health.last_good + options.lease;
  health.ok = !fault && last_good_ != Instant{};
  health.warnings = warnings_;
  health.detail = fault       ? std::string(fault->reason) + ": " + fault->detail
                  : health.ok ? ""
                              : "not asked yet";
  for (const auto& mapping : mappings_) {
    for (const auto& alias : mapping.aliases) {
      const auto found = entries_.find(alias);
      if (fault || found == entries_.end() || !found->second.secrets.empty()) continue;
      health.warnings.push_back(quoted(alias.view()) + " is mapped to " + mapping.id.str() +
                                " and is not there");
    }
  }
  if (!fault && last_good_ != Instant{}) warn_of_unused_kids(health.warnings);
  return health;
}

}  // namespace signet::secrets

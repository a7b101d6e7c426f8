#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "oauth/endpoints/services.h"
#include "storage/document_pages.h"

namespace signet::oauth {

struct DirectKeySweepSettings {
  Seconds every{6 * 3600};   ///< from the beginning of one walk to that of the next
  std::size_t realms = 100;  ///< that one step looks at
};

/// Takes keys for `dir` out of storage when no token can hold them any more: those that resource
/// servers dropped, and those that came from a URL under ever new kids. Walks through the realms
/// step by step, so that no step takes long. Used by one thread.
class DirectKeySweep {
 public:
  explicit DirectKeySweep(std::shared_ptr<const Services> services,
                          DirectKeySweepSettings settings = {});

  /// The next step, if a walk is under way or due. Fails as storage does; the one after it tries
  /// the same again.
  Task<Done> step();

 private:
  Task<Done> find_realms();
  /// Whether that was the last page of the realm.
  Task<bool> sweep_page(RealmName realm);

  const std::shared_ptr<const Services> services_;
  const DirectKeySweepSettings settings_;
  std::optional<Milliseconds> next_;  ///< when a walk is due, by the monotone clock; at once
  std::optional<storage::DocumentPages> realms_;  ///< of the walk that is under way
  std::deque<RealmName> waiting_;
  std::string after_;  ///< in the first of them
  std::size_t forgotten_ = 0;
};

}  // namespace signet::oauth

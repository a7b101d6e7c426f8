#include <algorithm>

#include "secrets/test_life.h"

namespace signet::secrets::test {

const Lineup& Life::line(const std::vector<KeyId>& ordered, const std::vector<KeyId>& verify_only) {
  last = line_up(ordered, histories, policy, now, verify_only, neighbours);
  for (const auto& change : last.changes) {
    const auto found = std::find_if(histories.begin(), histories.end(),
                                    [&](const KeyHistory& key) { return key.kid == change.kid; });
    if (found == histories.end()) {
      histories.push_back(change);
    } else {
      *found = change;
    }
  }
  return last;
}

KeyHistory& Life::of(const KeyId& kid) {
  return *std::find_if(histories.begin(), histories.end(),
                       [&](const KeyHistory& key) { return key.kid == kid; });
}

}  // namespace signet::secrets::test

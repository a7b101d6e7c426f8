#pragma once
// A journal that lineups are applied to, for tests.

#include <vector>

#include "secrets/rotation.h"

namespace signet::secrets::test {

inline const Instant kBegin = from_unix_seconds(1'700'000'000);

struct Life {
  RotationPolicy policy;
  Instant now = kBegin;
  std::vector<KeyHistory> histories;
  Neighbours neighbours;
  Lineup last;

  /// Lines these keys up now and remembers what changed.
  const Lineup& line(const std::vector<KeyId>& ordered, const std::vector<KeyId>& verify_only = {});
  /// Of a key that was lined up before.
  KeyHistory& of(const KeyId& kid);
};

}  // namespace signet::secrets::test

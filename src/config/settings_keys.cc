// The life of keys, and the keys that seal what the server keeps.

#include "config/settings_rows.h"

namespace signet::config {

std::vector<Setting> key_settings() {
  return {
      {.path = "keys", .type = Type::kGroup, .summary = "The life of keys."},
      {.path = "keys.publish_ahead",
       .type = Type::kDuration,
       .fallback = "PT10M",
       .summary = "How long a key is published before it may sign; the JWKS may be cached for half "
                  "of it.",
       .min = 1,
       .max = 30 * 86400},
      {.path = "keys.clock_skew",
       .type = Type::kDuration,
       .fallback = "PT1M",
       .summary = "How far clocks may be apart.",
       .min = 0,
       .max = 600},
      {.path = "keys.refresh",
       .type = Type::kDuration,
       .fallback = "PT10S",
       .summary = "How often secret stores are asked for changes.",
       .min = 1,
       .max = 3600},
      {.path = "keys.lease",
       .type = Type::kDuration,
       .fallback = "PT24H",
       .summary = "How long the last good secrets of an unreachable store are used.",
       .min = 60,
       .max = 30 * 86400},
      {.path = "keys.store_timeout",
       .type = Type::kDuration,
       .fallback = "PT5S",
       .summary = "How long one question to a store may take; a signature by a key in a box too.",
       .min = 1,
       .max = 300},

      {.path = "keys.rotation[]",
       .type = Type::kItems,
       .summary = "Secret IDs whose keys are rotated by themselves, in stores that can make keys."},
      {.path = "keys.rotation[].id", .summary = "The secret ID.", .is_required = true},
      {.path = "keys.rotation[].store",
       .summary =
           "The store that makes the keys; its mapping is changed, unless it rotates by versions.",
       .is_required = true},
      {.path = "keys.rotation[].realm",
       .summary = "The realm whose store it is; without it a global one."},
      {.path = "keys.rotation[].every",
       .type = Type::kDuration,
       .fallback = "P90D",
       .summary = "How long after the last key a new one is made.",
       .min = 60,
       .max = 3650 * 86400LL},
      {.path = "keys.rotation[].publish_ahead",
       .type = Type::kDuration,
       .summary = "How long the new key is published before it signs; keys.publish_ahead at least.",
       .min = 1,
       .max = 365 * 86400},
      {.path = "keys.rotation[].keep",
       .type = Type::kDuration,
       .fallback = "P7D",
       .summary = "How long a key that signs no more is kept at least; not for versions.",
       .min = 0,
       .max = 3650 * 86400LL},
  };
}

std::vector<Setting> sealing_key_settings() {
  return {
      {.path = "encryption_keys[]",
       .type = Type::kItems,
       .summary = "The server's own sealing keys; the first seals, all open. Without any, "
                  "<data_dir>/master.key is made at the first start."},
      {.path = "encryption_keys[].name",
       .summary = "A name for people: in lists and errors. Sealed values carry an id of the "
                  "material.",
       .is_required = true},
      {.path = "encryption_keys[].file",
       .type = Type::kPath,
       .summary = "A file that holds the key. Either this or environment."},
      {.path = "encryption_keys[].environment",
       .summary = "The environment variable that holds the key. Either this or file."},

      {.path = "lost_encryption_keys",
       .type = Type::kTexts,
       .fallback = "[]",
       .summary = "Ids of sealing keys that are gone for good: the server starts although nobody "
                  "opens what they sealed."},

      {.path = "legacy_encryption",
       .type = Type::kGroup,
       .summary = "What opens values that AM's encode.jsp and ampassword sealed."},
      {.path = "legacy_encryption.file",
       .type = Type::kPath,
       .summary = "A file that holds AM's am.encryption.pwd. Either this or environment."},
      {.path = "legacy_encryption.environment",
       .summary = "The environment variable that holds it. Either this or file."},
      {.path = "legacy_encryption.digest",
       .type = Type::kEnum,
       .fallback = "SHA1",
       .summary = "AM's org.forgerock.openam.encryption.key.digest.",
       .choices = {"SHA1", "SHA256", "SHA384", "SHA512"}},
      {.path = "legacy_encryption.iterations",
       .type = Type::kInteger,
       .fallback = "10000",
       .summary = "AM's org.forgerock.openam.encryption.key.iterations.",
       .min = 10'000,
       .max = 10'000'000},
      {.path = "legacy_encryption.size",
       .type = Type::kInteger,
       .fallback = "128",
       .summary = "AM's org.forgerock.openam.encryption.key.size: 128, 192 or 256 bits.",
       .min = 128,
       .max = 256},
  };
}

}  // namespace signet::config

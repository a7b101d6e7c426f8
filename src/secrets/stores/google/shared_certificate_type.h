#pragma once

#include "secrets/stores/catalog.h"

namespace signet::secrets::google {

/// "google_shared_certificate": secrets/stores/shared over a SecretManagerSlot.
StoreType shared_certificate_store_type();

}  // namespace signet::secrets::google

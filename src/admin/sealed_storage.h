#pragma once
// Nothing is sealed under a key that is not registered.

#include <memory>

#include "base/clock.h"
#include "secrets/stores/encoded_value.h"
#include "storage/storage.h"

namespace signet::admin {

/// `storage` for all who write sealed values: the registration of the key that sealed one, if it is
/// of `keys`, is written in the same transaction, anew each time. So wherever such a value is there
/// is the registration of its key, whatever was forgotten since this instance started; and one that
/// is still at the revision that was read before all values were looked at may be forgotten, since
/// nothing was sealed under its key meanwhile (forget_sealing_key()).
std::shared_ptr<storage::Storage> registering_sealing_keys(
    std::shared_ptr<storage::Storage> storage, std::shared_ptr<const secrets::EncodingKeys> keys,
    std::shared_ptr<const Clock> clock);

}  // namespace signet::admin

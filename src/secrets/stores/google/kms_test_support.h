#pragma once
// Keys in the fake Cloud KMS, and a store over them, for tests.

#include "secrets/stores/google/google_test_support.h"

namespace signet::secrets::google {

/// Versions of keys: new ones on a curve, RSA keys that are made once, MAC keys of equal bytes.
FakeKeyVersion ec_version(std::string algorithm, crypto::KeyKind kind);
FakeKeyVersion rsa_version(std::string algorithm);
FakeKeyVersion mac_version(std::string algorithm);

/// A store over the key ring; `more`: other settings, each with a comma before it.
std::shared_ptr<Store> kms_store_over(
    FakeGoogle& google, std::string_view more = "",
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>());

/// The one secret of an answer; the test fails where there is another number of them.
Secret only(const Result<std::vector<Secret>>& secrets);

/// The versions of an answer in its order; the test fails where there is none.
std::vector<std::string> versions_of(const Result<std::vector<Secret>>& secrets);

}  // namespace signet::secrets::google

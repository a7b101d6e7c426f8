#pragma once
// Local stores in a folder of a test, with sealing keys by name.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "secrets/stores/encoded_value.h"
#include "secrets/stores/store_test_support.h"

namespace signet::secrets {

/// The sealing keys of these names, the first of which seals; a name is always the same key.
std::shared_ptr<const EncodingKeys> local_sealing_keys(const std::vector<std::string>& names);
std::string id_of_sealing_key(const std::string& name);
StoreContext sealing_context(const std::vector<std::string>& names = {"k1"});

/// Small and quick keys "a" and "b": most tests are about files.
inline constexpr std::string_view kTwoSmallKeys = R"(,"key":"P-256","aliases":["a","b"])";

std::shared_ptr<Store> local_store_of(const std::string& directory,
                                      std::string_view more = kTwoSmallKeys,
                                      StoreContext context = sealing_context());
/// The same with other sealing keys.
std::shared_ptr<Store> local_store_under(const std::string& directory,
                                         const std::vector<std::string>& keys);

/// The kid behind an alias; "" where it cannot be read.
std::string kid_of(const std::shared_ptr<Store>& store, std::string_view alias);

/// What a sealed file holds; "" where these keys do not open it.
std::string opened_file(const std::filesystem::path& file, const std::vector<std::string>& keys);
/// The whole content of a file; "" where there is none.
std::string content_of(const std::filesystem::path& file);

}  // namespace signet::secrets

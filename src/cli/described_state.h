#pragma once
// What files for `signet apply` say that a server should have.

#include <array>
#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/store_mappings.h"

namespace signet::cli {

/// What belongs to a realm. In this order they are made, in the other one deleted: a policy names
/// a client and a resource server.
struct DescribedKind {
  const char* list;    ///< in files and in answers
  const char* member;  ///< of an answer
  const char* label;
  const char* id;
  std::string (*path)(const std::string& realm, const std::string& id);
  const char* segment;
  const config::Field& (*schema)();
};
inline constexpr std::array<DescribedKind, 3> kDescribedKinds = {{
    {"resource_servers", "resource_server", "resource server", "name", resource_server_path,
     "/resource-servers", config::resource_server_schema},
    {"clients", "client", "client", "client_id", client_path, "/clients", config::client_schema},
    {"inject_policies", "inject_policy", "inject policy", "name", inject_policy_path,
     "/inject-policies", config::inject_policy_schema},
}};

struct DescribedItem {
  std::string written;  ///< where: "keys.yaml:4: realms[0].clients[1]"
  std::string id;
  json::Object document;
};
struct DescribedRealm {
  std::string written;
  std::string name;
  json::Object document;  ///< without what belongs to it
  std::array<std::vector<DescribedItem>, kDescribedKinds.size()> items;  ///< by kind
};

/// What all files say.
struct DescribedState {
  std::vector<DescribedRealm> realms;
  std::vector<StoreMappings> stores;
};
/// "usage" where a realm, a store or an item is described twice, where a realm has two default
/// resource servers, and where a file describes nothing.
Result<DescribedState> read_described(const Context& context,
                                      const std::vector<std::string>& files);

}  // namespace signet::cli

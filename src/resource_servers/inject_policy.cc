#include "resource_servers/inject_policy.h"

#include <algorithm>

#include "base/json_fields.h"
#include "base/text.h"
#include "oauth/scope.h"

namespace signet::resource_servers {
namespace {

bool is_policy_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

}  // namespace

Result<InjectPolicy> InjectPolicy::from_json(const json::Object& document) {
  InjectPolicy policy;
  json::Fields f(document, "inject_policy");
  policy.name = f.required_text("name");
  if (!is_policy_name(policy.name))
    f.fault("name", "must be 1 to 64 letters, digits, '.', '_' and '-', the first not '.'");
  policy.client = ClientId(f.required_text("client_id"));
  policy.resource_server = f.text("resource_server");
  policy.scopes = f.texts("scopes");
  for (const auto& scope : policy.scopes)
    if (!oauth::is_scope_token(scope))
      f.fault("scopes", quoted(scope) + " is not a scope token (RFC 6749 §3.3)");
  policy.renew_before = f.duration("renew_before", Seconds(60), Seconds(1), Seconds(86400));
  TRY(f.finish());
  return policy;
}

}  // namespace signet::resource_servers

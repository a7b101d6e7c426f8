#include "resource_servers/selection.h"

#include "base/json_fields.h"
#include "base/text.h"

namespace signet::resource_servers {
namespace {

Status check_not_built_in_default(const State& state, std::string_view name,
                                  std::string_view what) {
  if (name != state.identity_provider || name != state.default_name) return Done{};
  std::string detail = quoted(name);
  detail += " is the default resource server and cannot be ";
  detail += what;
  detail += "; make another one the default first";
  return Error{Code::kConflict, "resource_server_is_default", std::move(detail)};
}

}  // namespace

Result<State> State::from_json(const json::Object& document) {
  State state;
  json::Fields f(document, "resource_server_state");
  state.default_name = f.text("default");
  state.identity_provider = f.text("identity_provider");
  TRY(f.finish());
  return state;
}

json::Object State::to_json() const {
  json::Object out;
  if (!default_name.empty()) out.set("default", default_name);
  if (!identity_provider.empty()) out.set("identity_provider", identity_provider);
  return out;
}

std::string_view select(const State& state, std::optional<std::string_view> parameter) {
  if (parameter) return *parameter;
  if (!state.default_name.empty()) return state.default_name;
  return state.identity_provider;
}

Result<State> after_delete(const State& state, std::string_view name) {
  TRY(check_not_built_in_default(state, name, "deleted"));
  State after = state;
  if (name == after.identity_provider) after.identity_provider.clear();
  if (name == after.default_name) after.default_name = after.identity_provider;
  return after;
}

Result<State> after_rename(const State& state, std::string_view name, std::string_view new_name) {
  TRY(check_not_built_in_default(state, name, "renamed"));
  State after = state;
  if (name == after.identity_provider) after.identity_provider = new_name;
  if (name == after.default_name) after.default_name = new_name;
  return after;
}

}  // namespace signet::resource_servers

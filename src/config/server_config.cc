#include "config/server_config.h"

#include <algorithm>
#include <array>

#include "base/json_members.h"
#include "base/text.h"
#include "config/conform.h"
#include "config/indicium.h"
#include "config/other_names.h"
#include "config/server_checks.h"

namespace signet::config {
namespace {

using json::flag_in;
using json::text_in;

// Readers of conformed values: the schema has checked kinds and filled defaults, so an absent
// member is an optional one.
std::int64_t number(const json::Object& object, std::string_view name) {
  return json::number_in(object, name).value_or(0);
}
std::size_t size(const json::Object& object, std::string_view name) {
  return static_cast<std::size_t>(number(object, name));
}
Seconds duration(const json::Object& object, std::string_view name) {
  return Seconds(number(object, name));
}
const json::Object& group(const json::Object& object, std::string_view name) {
  static const json::Object kEmpty;
  const json::Value* value = object.find(name);
  return value && value->is_object() ? *value->if_object() : kEmpty;
}
const json::Array& list(const json::Object& object, std::string_view name) {
  static const json::Array kEmpty;
  const json::Value* value = object.find(name);
  return value && value->is_array() ? *value->if_array() : kEmpty;
}
std::vector<std::string> texts(const json::Array& array) {
  std::vector<std::string> out;
  for (const auto& item : array)
    out.push_back(*item.if_string());
  return out;
}

PublicConfig read_public(const json::Object& from) {
  PublicConfig to;
  to.address = text_in(from, "address");
  to.port = static_cast<std::uint16_t>(number(from, "port"));
  to.public_url = text_in(from, "public_url");
  to.loops = size(from, "loops");
  to.shares_port = flag_in(from, "share_port");
  if (from.find("tls")) {
    const auto& tls = group(from, "tls");
    to.tls = TlsConfig{text_in(tls, "certificate"), text_in(tls, "private_key"),
                       text_in(tls, "client_certificates") == "request"};
  }
  to.cors_origins = texts(list(from, "cors_origins"));
  to.hsts = flag_in(from, "hsts");
  const auto& limits = group(from, "limits");
  to.limits = {size(limits, "header_bytes"),     size(limits, "body_bytes"),
               size(limits, "connections"),      duration(limits, "header_timeout"),
               duration(limits, "body_timeout"), duration(limits, "idle_timeout")};
  return to;
}

std::vector<StoreConfig> read_stores(const json::Array& from) {
  std::vector<StoreConfig> to;
  for (const auto& item : from) {
    const json::Object& store = *item.if_object();
    StoreConfig out{text_in(store, "name"), text_in(store, "type"), group(store, "settings"), {}};
    out.has_mappings = store.find("mappings") != nullptr;
    for (const auto& [id, aliases] : group(store, "mappings")) {
      out.mappings.emplace_back(id, texts(*aliases.if_array()));
    }
    for (const auto& [alias, kid] : group(store, "kids"))
      out.kids.emplace_back(alias, *kid.if_string());
    to.push_back(std::move(out));
  }
  return to;
}

}  // namespace

std::vector<RealmConfig> read_realms(const json::Array& from) {
  std::vector<RealmConfig> to;
  for (const auto& item : from) {
    RealmConfig out;
    out.document = *item.if_object();
    out.name = text_in(out.document, "name");
    out.secret_stores = read_stores(list(out.document, "secret_stores"));
    const auto take = [&out](std::string_view name, std::vector<json::Object>& into) {
      for (const auto& one : list(out.document, name))
        into.push_back(*one.if_object());
      out.document.erase(name);
    };
    take("resource_servers", out.resource_servers);
    take("clients", out.clients);
    take("inject_policies", out.inject_policies);
    out.document.erase("secret_stores");
    to.push_back(std::move(out));
  }
  return to;
}

namespace {

ServerConfig read_all(const json::Object& from) {
  ServerConfig to;
  to.data_dir = text_in(from, "data_dir");
  to.server = read_public(group(from, "server"));
  const auto& management = group(from, "management");
  to.management = {text_in(management, "address"),
                   static_cast<std::uint16_t>(number(management, "port"))};
  to.storage_url = text_in(group(from, "storage"), "url");
  if (to.storage_url.empty()) to.storage_url = "sqlite:" + to.data_dir + "/signet.db";
  const auto& postgres = group(group(from, "storage"), "postgres");
  to.postgres = {size(postgres, "connections"), duration(postgres, "timeout"),
                 text_in(postgres, "password_secret_id")};
  to.log_level = text_in(group(from, "log"), "level");
  to.log_as_json = text_in(group(from, "log"), "format") == "json";
  const auto& keys = group(from, "keys");
  to.keys = {duration(keys, "publish_ahead"),
             duration(keys, "clock_skew"),
             duration(keys, "refresh"),
             duration(keys, "lease"),
             duration(keys, "store_timeout"),
             duration(keys, "cryptoperiod"),
             {},
             {}};
  for (const auto& item : list(keys, "cryptoperiods")) {
    const json::Object& rule = *item.if_object();
    to.keys.cryptoperiods.push_back(
        {text_in(rule, "id"), text_in(rule, "realm"), duration(rule, "period")});
  }
  for (const auto& item : list(keys, "rotation")) {
    const json::Object& rule = *item.if_object();
    const bool is_ahead_given = rule.find("publish_ahead") != nullptr;
    to.keys.rotation.push_back(
        {text_in(rule, "id"), text_in(rule, "store"), text_in(rule, "realm"),
         duration(rule, "every"),
         is_ahead_given ? duration(rule, "publish_ahead") : to.keys.publish_ahead,
         duration(rule, "keep")});
  }
  const auto& outbound = group(from, "outbound");
  to.outbound = {text_in(outbound, "ca_file"), text_in(outbound, "proxy")};
  const auto& jwks = group(group(from, "resource_servers"), "jwks");
  to.key_sets = {duration(jwks, "timeout"),
                 size(jwks, "max_body"),
                 size(jwks, "max_redirects"),
                 duration(jwks, "min_age"),
                 duration(jwks, "max_age"),
                 duration(jwks, "last_good"),
                 texts(list(jwks, "allow_private_hosts")),
                 flag_in(jwks, "allow_http")};
  to.cached_clients = size(group(from, "cache"), "clients");
  to.cached_resource_servers = size(group(from, "cache"), "resource_servers");
  to.max_requests_per_second = size(group(from, "oauth"), "max_requests_per_second");
  for (const auto& item : list(from, "encryption_keys")) {
    const json::Object& key = *item.if_object();
    to.encryption_keys.push_back(
        {text_in(key, "name"), text_in(key, "file"), text_in(key, "environment")});
  }
  to.lost_encryption_keys = texts(list(from, "lost_encryption_keys"));
  const auto& legacy = group(from, "legacy_encryption");
  to.legacy_encryption = {text_in(legacy, "file"), text_in(legacy, "environment"),
                          text_in(legacy, "digest"),
                          static_cast<std::uint32_t>(number(legacy, "iterations")),
                          static_cast<unsigned>(number(legacy, "size"))};
  to.secret_stores = read_stores(list(from, "secret_stores"));
  if (from.find("OpenIDServerSigningSettings")) {
    const auto& signing = group(from, "OpenIDServerSigningSettings");
    to.shared_signing =
        SharedSigningConfig{text_in(group(signing, "AwsSecretManager"), "SecretName"),
                            text_in(signing, "KeyVaultCertificateUrl")};
  }
  to.realms = read_realms(list(from, "realms"));
  return to;
}

// A database URL without the password that it may hold, in either place.
std::string without_password(const std::string& url) {
  std::string out = url;
  const std::size_t start = out.find("://");
  if (start == out.npos) return out;
  const std::size_t end = out.find_first_of("/?", start + 3);
  const std::size_t at = out.rfind('@', end);
  const std::size_t colon = out.find(':', start + 3);
  if (at != out.npos && at > start && colon < at)
    out.replace(colon + 1, at - colon - 1, "(hidden)");
  const std::size_t query = out.find('?');
  if (query == out.npos) return out;
  std::vector<std::string> parameters;
  for (const std::string_view parameter : split(std::string_view(out).substr(query + 1), '&')) {
    const std::string_view name = parameter.substr(0, parameter.find('='));
    // libpq takes names with escapes too.
    const bool is_suspect = name.find("password") != name.npos || name.find('%') != name.npos;
    parameters.push_back(is_suspect ? std::string(name) + "=(hidden)" : std::string(parameter));
  }
  return out.substr(0, query + 1) + join(parameters, "&");
}

/// The private members of a JWK (RFC 7518 §6).
bool is_key_material(const json::Object& object, std::string_view name) {
  constexpr std::array<std::string_view, 7> kMembers = {"k", "d", "p", "q", "dp", "dq", "qi"};
  return object.find("kty") && std::find(kMembers.begin(), kMembers.end(), name) != kMembers.end();
}

// Secrets by their row; in what belongs to other rooms by what the name suggests, since this room
// cannot know.
void hide_secrets(json::Value& value, const Field* field) {
  constexpr std::string_view kHidden = "(hidden)";
  if (field && field->row && field->row->is_secret) {
    value = json::Value(kHidden);
  } else if (json::Array* array = value.if_array()) {
    for (auto& item : *array)
      hide_secrets(item, field);
  } else if (json::Object* object = value.if_object()) {
    for (auto& [name, member] : *object) {
      const Field* child = field ? field->find(name) : nullptr;
      const std::string lower = to_lower(name);
      const bool is_suspect =
          !child && (lower.find("password") != std::string::npos ||
                     lower.find("secret") != std::string::npos ||
                     lower.find("token") != std::string::npos || is_key_material(*object, name));
      if (is_suspect && member.is_string()) {
        member = json::Value(kHidden);
      } else {
        hide_secrets(member, child);
      }
    }
  }
}

// SIGNET_SERVER__PORT looks like a setting and is none.
void warn_of_near_names(const Environment& environment, Problems& warnings) {
  constexpr std::string_view kNear = "SIGNET_", kPrefix = "SIGNET__";
  for (const auto& [name, value] : environment) {
    const std::string upper = to_upper(name);
    if (!upper.starts_with(kNear) || upper.starts_with(kPrefix)) continue;
    if (upper.find("__") == std::string::npos) continue;
    warnings.push_back({{"environment variable " + name, 0},
                        "",
                        "is not read",
                        "settings begin with SIGNET__: two underscores"});
  }
}

}  // namespace

Result<ServerConfig, Problems> load(std::string_view text, std::string_view filename,
                                    const Environment& environment) {
  TRY(Loaded loaded, load_with_problems(text, filename, environment));
  if (!loaded.problems.empty()) return std::move(loaded.problems);
  return std::move(loaded.config);
}

namespace {

// The sections in which nothing is wrong so far, for other rooms to look at. What must hold between
// settings is not asked: one that is left out would be found missing.
Result<Loaded, Problems> rest_of(Document document, Problems problems) {
  for (const Problem& problem : problems) {
    const std::string section = problem.path.substr(0, problem.path.find_first_of(".["));
    std::erase_if(document.root.children, [&](const Node& node) { return node.name == section; });
  }
  auto conformed = conform(document.root, server_schema(), Fill::kServer);
  if (!conformed.ok()) return problems;
  ServerConfig config = read_all(conformed->values);
  config.places = std::move(conformed->places);
  return Loaded{std::move(config), std::move(problems)};
}

}  // namespace

Result<Loaded, Problems> load_with_problems(std::string_view text, std::string_view filename,
                                            const Environment& environment) {
  const bool is_appsettings = is_appsettings_name(filename);
  const std::string cleaned = is_appsettings ? without_json_extras(text) : std::string();
  TRY(Document document, parse(is_appsettings ? std::string_view(cleaned) : text, filename));
  Problems problems = settle_signing_settings(document);
  Problems passed_over;
  if (is_appsettings) passed_over = keep_signing_settings(document);
  const auto add = [&problems](const Problems& found) {
    problems.insert(problems.end(), found.begin(), found.end());
  };
  add(settle_other_names(document));
  add(overlay(document, server_schema(), environment));
  // Those in a group that a variable gave as a whole.
  add(settle_other_names(document));
  auto conformed = conform(document.root, server_schema(), Fill::kServer);
  if (!conformed.ok()) {
    add(conformed.error());
    return rest_of(std::move(document), std::move(problems));
  }
  ServerConfig config = read_all(conformed->values);
  check_between(config, *conformed, problems);
  config.warnings.insert(config.warnings.end(), passed_over.begin(), passed_over.end());
  warn_of_near_names(environment, config.warnings);

  json::Value shown(conformed->values);
  hide_secrets(shown, &server_schema());
  json::Value* storage = shown.if_object()->find("storage");
  if (storage && storage->if_object() && storage->if_object()->find("url"))
    storage->if_object()->set("url", without_password(config.storage_url));
  config.shown = std::move(*shown.if_object());
  config.places = std::move(conformed->places);
  return Loaded{std::move(config), std::move(problems)};
}

}  // namespace signet::config

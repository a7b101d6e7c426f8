#include "cli/doctor_checks.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "cli/admin_client.h"
#include "crypto/digest.h"
#include "http/freshness.h"

namespace signet::cli {
namespace {

namespace fs = std::filesystem;

Finding good(std::string check, std::string detail = {}) {
  return {std::move(check), Health::kGood, std::move(detail)};
}
Finding bad(std::string check, std::string detail) {
  return {std::move(check), Health::kBad, std::move(detail)};
}
Finding unwise(std::string check, std::string detail) {
  return {std::move(check), Health::kWarning, std::move(detail)};
}

// Everything in the data directory is a secret or a database of them.
void check_modes(const std::string& data_dir, std::vector<Finding>& findings) {
  std::size_t seen = 0;
  std::error_code ec;
  for (fs::recursive_directory_iterator it(data_dir, ec), end; !ec && it != end; it.increment(ec)) {
    struct stat info {};
    if (++seen > 10'000 || ::lstat(it->path().c_str(), &info) != 0) continue;
    if (S_ISLNK(info.st_mode)) continue;
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
      findings.push_back(bad("permissions", it->path().string() + " is open to others: chmod " +
                                                (S_ISDIR(info.st_mode) ? "700" : "600") + " it"));
    } else if (info.st_uid != ::geteuid() && ::geteuid() != 0) {
      findings.push_back(unwise("permissions", it->path().string() + " belongs to another user"));
    }
  }
  if (ec) findings.push_back(unwise("permissions", data_dir + ": " + ec.message()));
}

std::string marker_path(const config::ServerConfig& config) {
  return config.data_dir + "/master.key.backup";
}

Result<std::string> fingerprint(const Context& context, const config::ServerConfig& config) {
  TRY(const SecretBytes key, context.read_secret(config.data_dir + "/master.key"));
  return hex(crypto::sha256(key.view()));
}

Finding check_clock(const Context& context, const net::LocalResponse& response) {
  const auto theirs = http::parse_http_date(response.header("Date"));
  if (!theirs) return unwise("clock", "the server sent no date to compare with");
  const auto apart = std::chrono::duration_cast<Seconds>(context.world.clock->now() - *theirs);
  const std::string text = std::to_string(apart.count()) + " s apart from the server's";
  if (apart > Seconds(5) || apart < Seconds(-5)) return bad("clock", text + ": set both by NTP");
  return good("clock", text);
}

void check_health(const AdminClient& admin, std::vector<Finding>& findings) {
  const auto health = admin.get("/admin/health");
  if (!health.ok()) {
    findings.push_back(
        bad("administration", std::string(health.error().reason) + ": " + health.error().detail));
    return;
  }
  const std::string status = text_of(*health, "status");
  const std::size_t whole = findings.size();
  findings.push_back(status == "ok" ? good("health", status) : bad("health", status));
  for (const auto& store : list_of(*health, "stores")) {
    const std::string name = "store " + text_of(store, "name");
    if (text_of(store, "ok") == "true") {
      findings.push_back(good(name));
    } else {
      const std::string last_good = text_of(store, "last_good");
      const std::string since =
          last_good.empty() ? std::string("no good answer since the server started")
                            : "last good answer " + last_good + ", its secrets are used until " +
                                  text_of(store, "lease_until");
      findings.push_back(bad(name, text_of(store, "detail") + ", " + since));
    }
    for (const auto& warning : list_of(store, "warnings")) {
      if (const std::string* text = warning.if_string()) findings.push_back(unwise(name, *text));
    }
  }
  for (const auto& check : list_of(*health, "checks")) {
    const std::string name = check.is_object() ? text_of(check, "name") : json::dump(check);
    const bool is_good = text_of(check, "ok") != "false";
    const bool is_warning = text_of(check, "warning") == "true";
    findings.push_back({name,
                        is_good      ? Health::kGood
                        : is_warning ? Health::kWarning
                                     : Health::kBad,
                        text_of(check, "detail")});
  }
  // What is degraded by warnings alone is no worse than they are.
  Health worst = Health::kGood;
  for (std::size_t i = whole + 1; i < findings.size(); ++i)
    worst = std::max(worst, findings[i].health);
  if (status != "ok" && worst == Health::kWarning) findings[whole].health = Health::kWarning;
}

void check_sealing(const AdminClient& admin, std::vector<Finding>& findings) {
  const auto answer = admin.patient().get("/admin/sealing");
  if (!answer.ok()) {
    findings.push_back(
        unwise("sealing keys", std::string(answer.error().reason) + ": " + answer.error().detail));
    return;
  }
  for (const auto& key : list_of(*answer, "keys")) {
    std::string name = text_of(key, "name");
    if (name.empty()) name = text_of(key, "id");
    const std::string check = "sealing key " + (name.empty() ? std::string("unknown") : name);
    const std::string why = text_of(key, "why"), values = text_of(key, "values");
    if (text_of(key, "seals") == "true") {
      findings.push_back(good(check, "seals; " + values + " values are under it"));
    } else if (text_of(key, "may_be_removed") == "true") {
      findings.push_back(good(check, "may be removed: " + why));
    } else if (text_of(key, "known") == "true" || values == "0") {
      findings.push_back(unwise(check, why));
    } else {
      findings.push_back(bad(check, values + " values: " + why));
    }
  }
  const std::size_t in_clear = list_of(*answer, "in_clear").size();
  if (in_clear > 0)
    findings.push_back(unwise("keys in clear", std::to_string(in_clear) +
                                                   " keys of secret stores lie in clear: signet "
                                                   "seal renew seals them"));
}

}  // namespace

std::vector<Finding> check_files(const config::ServerConfig& config) {
  std::vector<Finding> findings;
  struct stat info {};
  if (::stat(config.data_dir.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    findings.push_back(
        unwise("data directory", config.data_dir + " is not there: the first start makes it"));
    return findings;
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    findings.push_back(bad("data directory", config.data_dir + " is open to others: chmod 700 it"));
  } else {
    findings.push_back(good("data directory", config.data_dir));
  }
  check_modes(config.data_dir, findings);
  if (::stat((config.data_dir + "/admin.token").c_str(), &info) != 0) {
    findings.push_back(unwise("admin.token", "is not there: the server makes it when it starts"));
  } else if ((info.st_mode & (S_IRWXG | S_IRWXO)) == 0) {
    findings.push_back(good("admin.token", "for its owner only"));
  }  // else check_modes() has named it
  return findings;
}

std::vector<Finding> check_backup(const Context& context, const config::ServerConfig& config) {
  if (!config.encryption_keys.empty()) return {};
  const auto now = fingerprint(context, config);
  if (!now.ok()) return {};
  const auto marked = context.read(marker_path(config), 4096);
  const std::string remedy = "keep a copy elsewhere, then say signet doctor --confirm-backup";
  if (!marked.ok()) return {unwise("master key", "no back-up was confirmed: " + remedy)};
  if (trim(*marked) != *now) {
    return {bad("master key", "is not the one that was backed up: " + remedy)};
  }
  return {good("master key", "back-up confirmed")};
}

Status confirm_backup(const Context& context, const config::ServerConfig& config) {
  TRY(const std::string text, fingerprint(context, config));
  const mode_t before = ::umask(0077);
  std::ofstream file(marker_path(config), std::ios::trunc);
  file << text << '\n';
  file.close();
  ::umask(before);
  if (!file) return Error{Code::kConfig, "file_unwritable", marker_path(config)};
  return Done{};
}

std::vector<Finding> check_invariants(const Context& context) {
  std::vector<Finding> findings;
  const auto admin = AdminClient::make(context);
  const Result<json::Value> answer =
      admin.ok() ? admin->get("/admin/invariants") : Result<json::Value>(admin.error());
  if (!answer.ok()) {
    findings.push_back(
        bad("invariants", std::string(answer.error().reason) + ": " + answer.error().detail));
    return findings;
  }
  for (const auto& invariant : list_of(*answer, "invariants")) {
    const std::string name = "invariant " + text_of(invariant, "name");
    if (text_of(invariant, "holds") == "true") {
      findings.push_back(good(name, text_of(invariant, "checked") + " checked"));
      continue;
    }
    findings.push_back(bad(name, text_of(invariant, "violation_count") +
                                     " violations: " + texts_of(invariant, "violations")));
  }
  return findings;
}

std::vector<Finding> check_server(const Context& context) {
  std::vector<Finding> findings;
  const auto admin = AdminClient::make(context);
  if (!admin.ok()) {
    findings.push_back(
        bad("administration", std::string(admin.error().reason) + ": " + admin.error().detail));
    return findings;
  }
  const auto live = admin->raw("/health/live", false);
  if (!live.ok()) {
    findings.push_back(bad("management listener", live.error().detail + ": is signetd running?"));
    return findings;
  }
  findings.push_back(good("management listener", admin->url()));
  const auto ready = admin->raw("/health/ready", false);
  if (!ready.ok() || ready->status != 200) {
    findings.push_back(bad(
        "ready", ready.ok() ? "answers " + std::to_string(ready->status) : ready.error().detail));
  } else {
    findings.push_back(good("ready"));
  }
  findings.push_back(check_clock(context, *live));
  check_health(*admin, findings);
  check_sealing(*admin, findings);
  return findings;
}

}  // namespace signet::cli

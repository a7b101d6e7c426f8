#include <algorithm>
#include <functional>
#include <set>

#include "base/json_members.h"
#include "base/text.h"
#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/commands/commands.h"
#include "cli/commands/resource_server_trial.h"
#include "cli/described_state.h"
#include "cli/difference_report.h"
#include "cli/shared_keys.h"

namespace signet::cli {
namespace {

struct ApplyOptions {
  std::vector<std::string> files;
  bool dry_run = false, check = false, prune = false, set_secrets = false, untested = false;
  bool is_dry() const { return dry_run || check; }
};

/// What a step is about, for words on it.
struct Thing {
  std::string written;  ///< file, line and setting; empty for what no file describes
  std::string label;

  std::string words() const { return written.empty() ? label : written + ": " + label; }
  Error refusal(Error why) const {
    why.detail = words() + ": " + why.detail;
    return why;
  }
};

class Application {
 public:
  Application(const Context& context, const AdminClient& admin, const ApplyOptions& options)
      : context_(context), admin_(admin), options_(options), report_(context) {}

  Result<int> run(const DescribedState& wanted) {
    Status done = everything(wanted);
    // Nothing at all is begun that is known to stop half-way.
    if (done.ok() && !refusals_.empty()) {
      done = Error{Code::kInvalid, "plan_refused", join(refusals_, "\n")};
    } else if (done.ok()) {
      done = take_steps();
    }
    // Also after a failure: what was done until then is done.
    if (context_.as_json()) {
      json::Object out;
      out.set("differences", report_.take());
      out.set("waiting", waiting_);
      if (!refusals_.empty()) out.set("refused", json::Array(refusals_.begin(), refusals_.end()));
      context_.print(out);
    } else if (done.ok() && report_.count() == 0) {
      context_.print_line("no differences");
    }
    if (!done.ok()) return done.error();
    if (options_.check) return report_.count() > 0 ? 3 : 0;
    if (options_.dry_run) return report_.count() > 0 ? 2 : 0;
    return waiting_ > 0 ? 1 : 0;
  }

 private:
  using Step = std::function<Status()>;

  // Finds every difference, and leaves the steps to be taken.
  Status everything(const DescribedState& wanted) {
    const std::vector<DescribedRealm>& realms = wanted.realms;
    for (const auto& realm : realms) {
      TRY(const bool is_new, one_realm(realm));
      if (is_new) new_realms_.insert(realm.name);
      for (std::size_t i = 0; i < kDescribedKinds.size(); ++i) {
        for (const auto& item : realm.items[i]) {
          TRY(one_item(realm, kDescribedKinds[i], item, is_new));
        }
      }
      if (is_new) continue;
      for (std::size_t i = kDescribedKinds.size(); i > 0; --i) {
        TRY(others(realm, kDescribedKinds[i - 1], realm.items[i - 1]));
      }
    }
    if (options_.prune || options_.check) {
      TRY(other_realms(realms));
    }
    for (const auto& store : wanted.stores) {
      TRY(one_store(store));
    }
    if (options_.check) {
      TRY(other_stores(wanted.stores));
    }
    return Done{};
  }

  // Null where the thing does not exist.
  Result<json::Value> find(const std::string& path) const {
    auto answer = admin_.get(path);
    if (!answer.ok() && answer.error().code == Code::kNotFound) return json::Value();
    return answer;
  }

  Result<bool> one_realm(const DescribedRealm& realm) {
    TRY(const json::Value answer, find(realm_path(realm.name)));
    return one(answer, "realm", {realm.written, "realm " + realm.name}, realm_path(realm.name),
               realm.document, config::realm_schema());
  }

  // True if it is new.
  Result<bool> one(const json::Value& answer, const char* member, const Thing& thing,
                   const std::string& path, const json::Object& wanted,
                   const config::Field& schema) {
    if (answer.is_null()) {
      report_.tell('+', thing.label);
      refuse_without_secret(thing, member, wanted, nullptr);
      put_later(thing, path, wanted, {{"If-None-Match", "*"}});
      return true;
    }
    const json::Value* running = answer.get(member);
    const json::Object before =
        running && running->is_object() ? *running->if_object() : json::Object();
    TRY(std::vector<Change> changes,
        differences(comparable(before, wanted), without_shared_keys(wanted), schema));
    const bool has_secret = wanted.find("secret") != nullptr || has_shared_keys(wanted);
    const bool adds_secret = std::any_of(changes.begin(), changes.end(),
                                         [](const Change& c) { return c.path == "secret"; });
    if (options_.set_secrets && has_secret && !adds_secret) {
      changes.push_back({'~', "secret", "(hidden)", "(hidden)"});
    }
    if (changes.empty()) return false;
    report_.tell('~', thing.label);
    report_.tell(changes);
    refuse_without_secret(thing, member, wanted, &before);
    json::Object document = wanted;
    if (!adds_secret && !options_.set_secrets) {
      document.erase("secret");
      document = without_shared_keys(std::move(document), &before);
    }
    put_later(thing, path, std::move(document), AdminClient::condition_of(answer));
    return false;
  }

  // As the server would, which cannot tell before the client is sent; `before`: null for a new one.
  void refuse_without_secret(const Thing& thing, std::string_view member,
                             const json::Object& wanted, const json::Object* before) {
    if (member != "client" || wanted.find("secret") != nullptr) return;
    const std::string method = json::text_in(wanted, "token_endpoint_auth_method");
    if (!method.empty() && !method.starts_with("client_secret_")) return;
    const json::Value* known = before != nullptr ? before->find("has_secret") : nullptr;
    if (before != nullptr && (known == nullptr || *known != json::Value(false))) return;
    refuse(thing,
           "client_secret_missing: this client authenticates by a secret, and has none: give "
           "'secret', make it by signet client create --generate-secret, or choose another method");
  }

  // A document that does not say whether it is the default leaves that as it is.
  static json::Object comparable(json::Object running, const json::Object& wanted) {
    if (!wanted.find("default")) running.erase("default");
    return running;
  }

  void put_later(const Thing& thing, const std::string& path, json::Object document,
                 net::LocalHeaders condition) {
    later([this, thing, path, document = std::move(document), condition = std::move(condition)] {
      const auto answer = admin_.put(path, document, condition);
      if (!answer.ok()) return Status(thing.refusal(answer.error()));
      note_warnings(context_, *answer);
      return Status(Done{});
    });
  }

  void later(Step step) {
    if (!options_.is_dry()) steps_.push_back(std::move(step));
  }

  Status take_steps() {
    for (const Step& step : steps_) {
      TRY(step());
    }
    return Done{};
  }

  void refuse(const Thing& thing, const std::string& why) {
    refusals_.push_back(thing.words() + ": " + why);
  }

  Status one_item(const DescribedRealm& realm, const DescribedKind& kind, const DescribedItem& item,
                  bool realm_is_new) {
    json::Value answer;
    const std::string path = kind.path(realm.name, item.id);
    if (!realm_is_new) {
      TRY(json::Value found, find(path));
      answer = std::move(found);
    }
    const bool may_be_untested = options_.untested && kind.path == resource_server_path;
    TRY(one(answer, kind.member, {item.written, label_of(realm, kind, item.id)},
            may_be_untested ? path + "?untested=true" : path, item.document, kind.schema()));
    return Done{};
  }

  static std::string label_of(const DescribedRealm& realm, const DescribedKind& kind,
                              const std::string& id) {
    return std::string(kind.label) + ' ' + realm.name + '/' + id;
  }

  // What a realm has and no file describes; the built-in resource server is always there.
  Status others(const DescribedRealm& realm, const DescribedKind& kind,
                const std::vector<DescribedItem>& items) {
    std::set<std::string> described;
    for (const auto& item : items)
      described.insert(item.id);
    auto all = admin_.all(realm_path(realm.name) + kind.segment, kind.list);
    if (!all.ok() && all.error().code == Code::kNotFound) return Done{};
    if (!all.ok()) return std::move(all).error();
    bool has_built_in = kind.path != resource_server_path;
    for (const auto& found : *all) {
      const json::Value* document = found.get(kind.member);
      const std::string id = document ? text_of(*document, kind.id) : "";
      has_built_in = has_built_in || (document && text_of(*document, "built_in") == "true");
      if (id.empty() || described.contains(id) || text_of(*document, "built_in") == "true")
        continue;
      TRY(drop(label_of(realm, kind, id), kind.path(realm.name, id)));
    }
    // No file can say that, so that it is no difference, and it should not stay unseen.
    if (options_.check && !has_built_in)
      context_.note("realm " + realm.name + " has no built-in resource server: it was removed");
    return Done{};
  }

  Status other_realms(const std::vector<DescribedRealm>& realms) {
    TRY(const json::Array running, admin_.all("/admin/realms", "realms"));
    for (const auto& item : running) {
      const std::string name = text_of(item, "name");
      const bool is_described =
          std::any_of(realms.begin(), realms.end(),
                      [&](const DescribedRealm& realm) { return realm.name == name; });
      // Nothing of root is pruned by files that do not name it; a check shows it all the same.
      if (is_described || (name == "root" && !options_.check)) continue;
      // Only an empty realm is deleted.
      DescribedRealm undescribed;
      undescribed.name = name;
      for (std::size_t i = kDescribedKinds.size(); i > 0; --i) {
        TRY(others(undescribed, kDescribedKinds[i - 1], {}));
      }
      if (name == "root") continue;
      TRY(drop("realm " + name, realm_path(name)));
    }
    return Done{};
  }

  Status one_store(const StoreMappings& store) {
    if (new_realms_.contains(store.realm)) {
      store_of_new_realm(store);
      return Done{};
    }
    const auto asked = running_mappings(admin_, store.realm, store.store);
    if (!asked.ok()) {
      const std::string written = store.written.empty() ? "" : store.written.begin()->second;
      return Thing{written, "store " + store.store}.refusal(asked.error());
    }
    const StoreMappings& running = *asked;
    for (const auto& [id, aliases] : store.aliases) {
      static const std::vector<std::string> kNone;
      const auto* found = running.find(id);
      TRY(one_mapping(store, id, found != nullptr ? *found : kNone, spelled_as(running, aliases)));
    }
    for (const auto& [id, aliases] : running.aliases) {
      if (store.find(id) != nullptr || is_left_to_the_store(running, id)) continue;
      const std::string label = cli::label_of(store, id);
      if (!is_surplus_dropped(label)) continue;
      later([this, label, &store, id = id, aliases = aliases] {
        settle(label, unmap(admin_, store, id, aliases));
        return Status(Done{});
      });
    }
    return Done{};
  }

  // The server knows no mappings of a realm before it has the realm.
  void store_of_new_realm(const StoreMappings& store) {
    for (const auto& [id, aliases] : store.aliases) {
      const std::string label = cli::label_of(store, id);
      report_.tell('+', label);
      report_.tell(steps_between({}, aliases));
      std::string unknown = label;
      unknown.append(" is of a realm that is only about to be made: whether the server takes it ")
          .append("is not known yet");
      context_.note(unknown);
      later([this, label, &store, id = id, aliases = aliases]() -> Status {
        TRY(const StoreMappings running, running_mappings(admin_, store.realm, store.store));
        static const std::vector<std::string> kNone;
        const auto* found = running.find(id);
        settle(label, bring_to(admin_, store, id, found != nullptr ? *found : kNone, aliases));
        return Done{};
      });
    }
  }

  // What a store brings by itself is there on every fresh server.
  bool is_left_to_the_store(const StoreMappings& running, const std::string& id) const {
    return options_.check && !options_.prune && running.brought.contains(id);
  }

  // Stores that no file names: shown by a check, never pruned.
  Status other_stores(const std::vector<StoreMappings>& described) {
    TRY(const std::vector<StoreMappings> others, other_mappings(admin_, described));
    for (const auto& running : others) {
      for (const auto& [id, aliases] : running.aliases) {
        if (!running.brought.contains(id)) report_.tell('-', cli::label_of(running, id));
      }
    }
    return Done{};
  }

  Status one_mapping(const StoreMappings& store, const std::string& id,
                     const std::vector<std::string>& running,
                     const std::vector<std::string>& wanted) {
    if (running == wanted) return Done{};
    const std::string label = cli::label_of(store, id);
    report_.tell(running.empty() ? '+' : '~', label);
    report_.tell(steps_between(running, wanted));
    if (!options_.check) {
      const std::string why = why_never(admin_, store, id, running, wanted);
      if (!why.empty()) refuse({store.written.at(id), label}, why);
    }
    later([this, label, &store, id, running, wanted] {
      settle(label, bring_to(admin_, store, id, running, wanted));
      return Status(Done{});
    });
    return Done{};
  }

  // What is not safe yet is no reason to leave out the rest: the same command goes on with it
  // later.
  void settle(const std::string& label, const Status& outcome) {
    if (outcome.ok()) return;
    ++waiting_;
    context_.note(label + " is not there yet: " + std::string(outcome.error().reason) + ": " +
                  outcome.error().detail);
  }

  /// Whether what no file describes is to go; says so either way.
  bool is_surplus_dropped(const std::string& label) {
    if (!options_.prune && !options_.check) {
      context_.note(label + " is in no file; --prune would delete it");
      return false;
    }
    report_.tell('-', label);
    return options_.prune;
  }

  Status drop(const std::string& label, const std::string& path) {
    if (!is_surplus_dropped(label)) return Done{};
    later([this, label, path] {
      Status removed = admin_.remove(path);
      if (removed.ok()) return removed;
      return Status(Thing{"", label}.refusal(removed.error()));
    });
    return Done{};
  }

  const Context& context_;
  const AdminClient& admin_;
  const ApplyOptions& options_;
  DifferenceReport report_;
  int waiting_ = 0;
  std::set<std::string> new_realms_;
  std::vector<Step> steps_;
  std::vector<std::string> refusals_;
};

Result<int> apply(const Context& context, const ApplyOptions& options) {
  TRY(const DescribedState wanted, read_described(context, options.files));
  TRY(const AdminClient admin, AdminClient::make(context));
  return Application(context, admin, options).run(wanted);
}

}  // namespace

void add_apply(CLI::App& command, Context& context) {
  const auto options = std::make_shared<ApplyOptions>();
  command
      .add_option("file", options->files,
                  "YAML or JSON files with realms, what belongs to them, and mappings")
      ->required()
      ->type_name("FILE");
  command.add_flag("--dry-run", options->dry_run,
                   "Only print the differences; exit code 2 if there are any");
  command.add_flag(
      "--check", options->check,
      "Only print where the server differs, also what no file describes; exit code 3 if "
      "it does");
  command.add_flag("--prune", options->prune,
                   "Delete what no file describes (never root, nor Identity Provider)");
  command.add_flag("--set-secrets", options->set_secrets,
                   "Set the secrets in the files even where there is one");
  command.add_flag("--untested", options->untested,
                   "Store resource servers even where the URL of their keys cannot be reached now");
  on_run(command, context, [&context, options] { return apply(context, *options); });
}

}  // namespace signet::cli

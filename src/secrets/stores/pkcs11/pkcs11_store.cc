#include "secrets/stores/pkcs11/pkcs11_store.h"

#include <limits>

#include "base/text.h"
#include "secrets/stores/folder.h"
#include "secrets/stores/on_pool.h"
#include "secrets/stores/pem_password.h"
#include "secrets/stores/pkcs11/hsm_key.h"
#include "secrets/stores/pkcs11/key_maker.h"
#include "secrets/stores/pkcs11/sun_config.h"
#include "secrets/stores/settings.h"

namespace signet::secrets {
namespace {

using pkcs11::Place;
using pkcs11::ReadAlias;
using pkcs11::Session;
using pkcs11::Token;
using pkcs11::TokenChoice;

constexpr std::size_t kMostQueued = 1000;

/// A file that names a library to load: others may read it, never write it.
Result<SecretBytes> read_config(const std::string& path) {
  const auto [directory, name] = split_path(path);
  const auto read = [&, &file = name](const Folder& folder) -> Result<SecretBytes> {
    TRY(const auto stamp, folder.stamp(file));
    if (stamp && (stamp->mode & 022) != 0) {
      return Error{Code::kConfig, "secret_file_permissions",
                   quoted(path, 256) +
                       " names a library to load and others may write it: "
                       "chmod go-w"};
    }
    FileRules rules;
    rules.unsafe_permissions = true;
    TRY(auto bytes, folder.read(file, rules));
    if (!bytes)
      return Error{Code::kConfig, "pkcs11_file_invalid", "there is no file " + quoted(path, 256)};
    return std::move(*bytes);
  };
  return read_consistently(directory, read);
}

Result<TokenChoice> choose(const Pkcs11Settings& settings,
                           const std::map<std::string, std::string>& environment,
                           Warnings& warnings) {
  TokenChoice choice;
  choice.library = settings.library;
  choice.slot = settings.slot;
  choice.slot_list_index = settings.slot_list_index;
  choice.label = settings.token_label;
  if (settings.file.empty()) return choice;
  TRY(const SecretBytes bytes, read_config(settings.file));
  TRY(const auto config, pkcs11::parse_sun_config(as_text(bytes.view()), environment));
  choice.library = config.library;
  choice.slot = config.slot;
  choice.slot_list_index = config.slot_list_index;
  std::vector<std::string> skipped;
  if (!config.skipped.empty()) {
    skipped.push_back(quoted(settings.file, 256) +
                      ": settings for Java alone are passed over: " + join(config.skipped, ", "));
  }
  warnings.set("", std::move(skipped));  // no alias is empty
  if (!choice.library.starts_with('/')) {
    return Error{Code::kConfig, "pkcs11_file_invalid",
                 "library must be a whole path: " + quoted(choice.library, 256)};
  }
  return choice;
}

}  // namespace

Pkcs11Store::Pkcs11Store(StoreName name, Pkcs11Settings settings, StoreContext context)
    : name_(std::move(name)), settings_(std::move(settings)), context_(std::move(context)) {
  auto find = [settings = settings_, environment = context_.environment, warnings = warnings_] {
    return choose(settings, environment, *warnings);
  };
  token_ =
      std::make_shared<pkcs11::Token>(name_, std::move(find), settings_.store_password.has_value(),
                                      context_.clock, context_.random);
  pool_ = std::make_shared<async::BlockingPool>("pkcs11-" + name_.str(), settings_.sessions,
                                                kMostQueued);
}

Pkcs11Store::~Pkcs11Store() = default;

Task<Done> Pkcs11Store::ready() {
  if (!token_->wants_pin()) co_return Done{};
  CO_TRY(std::shared_ptr<const SecretBytes> pin,
         co_await find_password(context_.password, *settings_.store_password));
  token_->set_pin(std::move(pin));
  co_return Done{};
}

Task<std::vector<Secret>> Pkcs11Store::fetch(Alias alias) {
  CO_TRY(co_await ready());
  auto work = [token = token_, random = context_.random, label = alias.str()] {
    const std::function<Result<ReadAlias>(Session&, const Place&)> read = [&](Session& session,
                                                                              const Place& place) {
      return pkcs11::read_alias(session, place, label, *random);
    };
    return token->run<ReadAlias>(Token::Work::kRead, read);
  };
  CO_TRY(ReadAlias found, co_await on_pool<ReadAlias>(pool_, std::move(work)));
  for (std::string& warning : found.warnings)
    warning = quoted(alias.view()) + ": " + warning;
  warnings_->set(alias.str(), std::move(found.warnings));

  std::vector<Secret> secrets;
  if (found.key) {
    auto key = std::make_shared<pkcs11::HsmKey>(token_, pool_, found.key->name, found.key->facts);
    secrets.push_back(Secret::of_remote_key(*found.key->public_half, found.key->signs,
                                            std::move(key), found.key->kid));
    secrets.back().unwraps = found.key->unwraps;
  } else if (found.public_key) {
    secrets.push_back(Secret::of_key(jose::Jwk::from_public(*found.public_key)));
  } else if (!found.certificates.empty()) {
    secrets.push_back(Secret::of_certificates(std::move(found.certificates)));
  }
  for (Secret& secret : secrets) {
    secret.alias = alias;
    secret.store = name_;
  }
  co_return secrets;
}

Task<std::vector<Alias>> Pkcs11Store::aliases() {
  CO_TRY(co_await ready());
  auto work = [token = token_] {
    const std::function<Result<std::vector<std::string>>(Session&, const Place&)> read =
        [](Session& session, const Place&) { return pkcs11::read_labels(session); };
    return token->run<std::vector<std::string>>(Token::Work::kRead, read);
  };
  CO_TRY(const auto labels, co_await on_pool<std::vector<std::string>>(pool_, std::move(work)));
  std::vector<Alias> aliases;
  for (const std::string& label : labels)
    aliases.emplace_back(label);
  co_return aliases;
}

Task<std::string> Pkcs11Store::fingerprint() {
  CO_TRY(co_await ready());
  auto work = [token = token_] {
    const std::function<Result<std::string>(Session&, const Place&)> read = [](Session& session,
                                                                               const Place& place) {
      return pkcs11::read_fingerprint(session, place);
    };
    return token->run<std::string>(Token::Work::kRead, read);
  };
  co_return co_await on_pool<std::string>(pool_, std::move(work));
}

Task<Done> Pkcs11Store::probe() {
  CO_TRY(co_await fingerprint());
  co_return Done{};
}

Task<Secret> Pkcs11Store::make_key(Alias alias, crypto::KeyKind kind, std::size_t bits) {
  Maker maker = [random = context_.random, label = alias.str(), kind, bits](Session& session,
                                                                            const Place& place) {
    return pkcs11::make_pair(session, place, label, kind, bits, *random);
  };
  co_return co_await make(std::move(alias), std::move(maker));
}

Task<Secret> Pkcs11Store::make_like(Alias alias, Secret model) {
  // An AES key that nobody else has would unwrap nothing, so that only MAC keys are made anew.
  const bool is_mac = model.key && model.key->jwk().is_hidden() && model.unwraps.empty();
  if (!is_mac) co_return co_await KeyMaker::make_like(std::move(alias), std::move(model));
  const std::size_t bytes = model.key->jwk().symmetric_size();
  Maker maker = [random = context_.random, label = alias.str(), bytes](Session& session,
                                                                       const Place& place) {
    return pkcs11::make_mac_key(session, place, label, bytes, *random);
  };
  co_return co_await make(std::move(alias), std::move(maker));
}

Task<Secret> Pkcs11Store::make(Alias alias, Maker maker) {
  CO_TRY(co_await ready());
  auto work = [token = token_, maker = std::move(maker)] {
    return token->run<Done>(Token::Work::kWrite, maker);
  };
  CO_TRY(co_await on_pool<Done>(pool_, std::move(work)));
  CO_TRY(std::vector<Secret> made, co_await fetch(alias));
  if (made.empty()) {
    co_return Error{Code::kUnavailable, "pkcs11_key_gone",
                    "store " + quoted(name_.view()) + ": the new key is not there"};
  }
  co_return std::move(made.front());
}

namespace {

std::optional<std::uint64_t> read_number(SettingsReader& reader, const json::Object& settings,
                                         std::string_view name) {
  if (settings.find(name) == nullptr) return std::nullopt;
  return static_cast<std::uint64_t>(
      reader.number(name, 0, 0, std::numeric_limits<std::int64_t>::max()));
}

void check_together(SettingsReader& reader, const Pkcs11Settings& mine) {
  const bool has_slot = mine.slot || mine.slot_list_index;
  if (mine.file.empty() == mine.library.empty())
    reader.complain("exactly one of \"library\" and \"file\" is needed");
  if (!mine.library.empty() && !mine.library.starts_with('/'))
    reader.complain("\"library\" must be a whole path, from \"/\" on");
  if (!mine.file.empty() && !mine.file.starts_with('/'))
    reader.complain("\"file\" must be a whole path, from \"/\" on");
  if (!mine.file.empty() && has_slot) reader.complain("with \"file\" the slot is told there");
  if (mine.slot && mine.slot_list_index)
    reader.complain("\"slot\" and \"slotListIndex\" exclude each other");
}

}  // namespace

StoreType pkcs11_store_type() {
  StoreType type;
  type.name = "pkcs11";
  type.ordering = Ordering::kByMapping;
  type.summary = "A hardware security module by PKCS#11; its keys sign inside and never leave.";
  type.settings = {
      {"library", "the whole path of the PKCS#11 module; this or file"},
      {"file", "a configuration of Java's SunPKCS11 provider that names library and slot"},
      {"slot", "the number of the slot"},
      {"slotListIndex", "or its place among the slots with a token, from 0"},
      {"tokenLabel", "or the label of the token; with a slot: what must be in it"},
      {"storePassword", "the secret ID of the PIN, held by another store; default: no PIN is sent"},
      {"sessions", "how many sessions and threads, 1 to 256; default 8"},
      {"providerGuiceKey", "of AM: names a Java provider, refused here"},
  };
  type.make = [](StoreName name, const json::Object& settings,
                 StoreContext context) -> Result<std::shared_ptr<Store>> {
    const StoreType self = pkcs11_store_type();
    SettingsReader reader(name, settings, self.settings);
    Pkcs11Settings mine;
    mine.library = reader.text("library");
    mine.file = reader.text("file");
    mine.slot = read_number(reader, settings, "slot");
    mine.slot_list_index = read_number(reader, settings, "slotListIndex");
    mine.token_label = reader.text("tokenLabel");
    mine.sessions = static_cast<std::size_t>(reader.number("sessions", 8, 1, 256));
    if (!reader.text("providerGuiceKey").empty()) {
      reader.complain(
          "\"providerGuiceKey\" names a binding of a Java provider, which only Java has: give "
          "\"library\" or \"file\" instead");
    }
    if (const std::string id = reader.text("storePassword"); !id.empty()) {
      auto parsed = SecretId::parse(id);
      if (parsed.ok()) {
        mine.store_password = std::move(parsed).value();
      } else {
        // Not quoted: somebody may have put the PIN itself here.
        reader.complain(
            "\"storePassword\" must be a secret ID (letters, digits, inner periods), under which "
            "another store holds the PIN; never the PIN itself");
      }
    }
    check_together(reader, mine);
    TRY(reader.done());
    return std::shared_ptr<Store>(
        std::make_shared<Pkcs11Store>(std::move(name), std::move(mine), std::move(context)));
  };
  return type;
}

}  // namespace signet::secrets

#include "base/text.h"
#include "secrets/stores/settings.h"
#include "secrets/stores/shared/shared_certificate.h"
#include "secrets/stores/vault/kv_store.h"

namespace signet::secrets::vault {
namespace {

constexpr std::string_view kLostRace = "check-and-set parameter did not match";

}  // namespace

KvSlot::KvSlot(std::shared_ptr<Session> session, std::string mount, std::string path,
               std::string field)
    : session_(std::move(session)),
      mount_(std::move(mount)),
      path_(std::move(path)),
      field_(std::move(field)) {}

std::string KvSlot::describe() const {
  return "Vault secret " + quoted(mount_ + "/" + path_, 128) + " at " + session_->address();
}

Task<std::optional<SecretBytes>> KvSlot::read() {
  std::string path = path_encode(mount_ + "/data/" + path_);
  CO_TRY(const net::OutboundResponse answer, co_await session_->ask("GET", path));
  if (answer.status == 404) {
    // Of a deleted version the metadata are still told; of what never was, nothing is.
    const auto body = json::parse_object(answer.body);
    if (!body || !body->find("data")) co_return std::optional<SecretBytes>();
    const Error deleted{Code::kConfig, "vault_secret_deleted",
                        describe() +
                            " was there and is deleted; undelete it, or delete its metadata to "
                            "have a new one made"};
    co_return deleted;
  }
  if (answer.status != 200) {
    co_return session_->at_store(error_of(answer.status, answer.body, describe()));
  }
  auto body = json::parse_object(answer.body);
  if (!body) {
    Error malformed{Code::kUnavailable, "vault_answer_malformed",
                    describe() + ": the answer is no JSON object"};
    co_return session_->at_store(std::move(malformed));
  }
  auto value = parse_kv_data(*body, field_);
  if (!value) co_return session_->at_store(std::move(value).error());
  co_return std::optional<SecretBytes>(std::move(value->value));
}

Task<SharedSlot::Created> KvSlot::create(std::shared_ptr<const SecretBytes> value, std::string) {
  std::string body;
  body.reserve(value->size() * 2 + 128);  // no copies of the key behind a string that grows
  body += R"({"options":{"cas":0},"data":)";
  {
    json::ObjectWriter writer(body);
    writer.add(field_, as_text(value->view()));
    writer.end();
  }
  body += '}';
  std::string path = path_encode(mount_ + "/data/" + path_);
  CO_TRY(const net::OutboundResponse answer, co_await session_->ask("POST", path, std::move(body)));
  if (answer.status == 200 || answer.status == 204) co_return Created::kOurs;
  if (answer.status == 400 && complains_of(answer.body, kLostRace)) co_return Created::kTheirs;
  if (answer.status == 403) {
    // A policy with "create" and without "update" denies what is there already, before cas is
    // asked.
    const auto there = co_await read();
    if (there && *there) co_return Created::kTheirs;
  }
  co_return session_->at_store(error_of(answer.status, answer.body, describe()));
}

StoreType shared_certificate_store_type() {
  StoreType type;
  type.name = "vault_shared_certificate";
  type.ordering = Ordering::kByMapping;
  type.summary =
      "One signing certificate in Vault or OpenBao that the first instance makes and all share.";
  const SettingNames own = {
      {"mount", "where the KV engine (version 2) is mounted; default secret"},
      {"path", "the secret that holds the certificate; required"},
      {"field", "the field of the secret; default value"},
  };
  type.settings = joined({session_settings(), own, shared_certificate_settings()});
  type.make = [](StoreName name, const json::Object& settings,
                 StoreContext context) -> Result<std::shared_ptr<Store>> {
    const StoreType self = shared_certificate_store_type();
    SettingsReader reader(name, settings, self.settings);
    SessionSettings session = read_session(reader, context.environment);
    const std::string mount = reader.text("mount", "secret");
    const std::string path = reader.required_text("path");
    const std::string field = reader.text("field", "value");
    SharedCertificateSettings shared = read_shared_certificate_settings(reader);
    if (!is_path(mount)) reader.complain("'mount' is no path");
    if (!path.empty() && !is_path(path)) reader.complain("'path' is no path");
    TRY(reader.done());
    auto link = std::make_shared<Session>(name, std::move(session), context);
    auto slot = std::make_shared<KvSlot>(std::move(link), mount, path, field);
    return make_shared_certificate_store(std::move(name), std::move(shared), std::move(slot),
                                         std::move(context));
  };
  return type;
}

}  // namespace signet::secrets::vault

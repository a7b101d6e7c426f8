#include "secrets/stores/aws/secrets_manager.h"

#include "base/base64.h"
#include "base/text.h"
#include "secrets/stores/aws/wire.h"

namespace signet::secrets::aws {
namespace {

Error malformed_secret() {
  return Error{Code::kUnavailable, "aws_answer_malformed",
               "GetSecretValue: the answer holds no value, or one that is not base64"};
}

Result<SecretVersion> version_of(json::Object answer) {
  SecretVersion version;
  version.id = text_member(answer, "VersionId");
  version.value = take_secret(answer, "SecretString");
  const SecretBytes binary = take_secret(answer, "SecretBinary");
  if (version.value.empty() && !binary.empty()) {
    auto decoded = base64::decode(as_text(binary.view()));
    if (!decoded) return malformed_secret();
    version.value = std::move(decoded).value();
  }
  if (version.value.empty()) return malformed_secret();
  return version;
}

/// The body of CreateSecret, made in secret memory but for what lies between.
std::shared_ptr<const SecretBytes> creation_of(const std::string& name, const std::string& kms_key,
                                               const SecretBytes& value, const std::string& token) {
  std::string body;
  body.reserve(value.size() * 2 + 1024);
  json::ObjectWriter writer(body);
  writer.add("Name", name)
      .add("ClientRequestToken", token)
      .add("Description", "Signet: the shared signing certificate")
      .add("SecretString", as_text(value.view()));
  if (!kms_key.empty()) writer.add("KmsKeyId", kms_key);
  writer.end();
  auto kept = std::make_shared<const SecretBytes>(SecretBytes::from_text(body));
  wipe(body);
  return kept;
}

class Slot : public SharedSlot {
 public:
  Slot(std::shared_ptr<Client> client, AccessPtr access, std::string name, std::string kms_key)
      : client_(std::move(client)),
        access_(std::move(access)),
        name_(std::move(name)),
        kms_key_(std::move(kms_key)) {}

  // A missing secret has no suffix in its ARN, so a policy for "<name>-*" does not match it and the
  // answer is "denied" (the same as for a policy that allows nothing). Creating tells.
  Task<std::optional<SecretBytes>> read() override {
    auto found = co_await get_secret(client_, name_, "AWSCURRENT");
    if (!found && found.error().is("aws_access_denied")) co_return std::optional<SecretBytes>();
    if (!found) co_return told(std::move(found).error());
    if (!*found) co_return std::optional<SecretBytes>();
    co_return std::optional<SecretBytes>(std::move((*found)->value));
  }

  Task<Created> create(std::shared_ptr<const SecretBytes> value, std::string token) override {
    auto body = creation_of(name_, kms_key_, *value, token);
    auto answer = co_await client_->call_with("CreateSecret", std::move(body));
    if (answer) co_return Created::kOurs;
    Error error = std::move(answer).error();
    if (error.is("aws_exists")) co_return Created::kTheirs;
    if (error.is("aws_access_denied")) {
      error.detail +=
          "; missing is the right secretsmanager:CreateSecret for this name, or, if the secret is "
          "there, secretsmanager:GetSecretValue; no other certificate is used";
    }
    co_return told(std::move(error));
  }

  std::string describe() const override {
    const std::string region = access_->settings.region;
    return "AWS Secrets Manager " + quoted(name_, 512) + (region.empty() ? "" : " in " + region);
  }
  std::string right_to_read() const override { return "secretsmanager:GetSecretValue"; }

 private:
  Error told(Error error) const {
    error.detail = describe() + ": " + error.detail;
    return error;
  }

  std::shared_ptr<Client> client_;
  AccessPtr access_;
  std::string name_, kms_key_;
};

}  // namespace

Task<std::optional<SecretVersion>> get_secret(std::shared_ptr<Client> client, std::string secret,
                                              std::string stage) {
  json::Object arguments;
  arguments.set("SecretId", secret);
  arguments.set("VersionStage", stage);
  auto answer = co_await client->call("GetSecretValue", std::move(arguments));
  if (!answer && answer.error().is("aws_not_found")) co_return std::optional<SecretVersion>();
  if (!answer) co_return std::move(answer).error();
  CO_TRY(SecretVersion version, version_of(std::move(answer).value()));
  co_return std::optional<SecretVersion>(std::move(version));
}

std::shared_ptr<SharedSlot> make_slot(std::shared_ptr<Client> client, AccessPtr access,
                                      std::string secret_name, std::string kms_key) {
  return std::make_shared<Slot>(std::move(client), std::move(access), std::move(secret_name),
                                std::move(kms_key));
}

}  // namespace signet::secrets::aws

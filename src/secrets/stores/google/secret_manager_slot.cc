#include "secrets/stores/google/secret_manager_slot.h"

#include "base/log.h"
#include "base/text.h"

namespace signet::secrets::google {
namespace {

using Created = SharedSlot::Created;

}  // namespace

SecretManagerSlot::SecretManagerSlot(std::shared_ptr<SecretManagerClient> client,
                                     std::string secret)
    : client_(std::move(client)), secret_(std::move(secret)) {}

std::string SecretManagerSlot::describe() const {
  return "Google Secret Manager " + quoted(secret_) + " in " + client_->parent();
}

Error SecretManagerSlot::in_this_slot(Error error) const {
  error.detail = describe() + ": " + error.detail;
  return error;
}

Task<std::optional<SecretBytes>> SecretManagerSlot::read() {
  const auto keep = shared_from_this();
  auto found = co_await client_->access(secret_, "1");
  if (!found && found.error().is("google_failed_precondition")) {
    found = co_await client_->access(secret_, "latest");
    const bool is_disabled = !found && (found.error().is("google_failed_precondition") ||
                                        found.error().is("google_not_found"));
    if (is_disabled) {
      co_return in_this_slot({Code::kConfig, "google_shared_disabled",
                              "version 1 and the newest version are disabled or destroyed; enable "
                              "one, add one, or delete the secret to have a new certificate made"});
    }
  }
  if (found) co_return std::optional<SecretBytes>(found->data->clone());
  const bool is_nothing = found.error().is("google_not_found") || found.error().is("google_denied");
  if (is_nothing) co_return std::optional<SecretBytes>();
  co_return in_this_slot(std::move(found).error());
}

Task<Created> SecretManagerSlot::create(std::shared_ptr<const SecretBytes> value, std::string) {
  const auto keep = shared_from_this();
  const auto first = co_await client_->access(secret_, "1");
  if (first) {
    const bool is_ours = constant_time_equal(first->data->view(), value->view());
    co_return is_ours ? Created::kOurs : Created::kTheirs;
  }
  if (first.error().is("google_failed_precondition")) co_return Created::kTheirs;
  const bool is_hidden = first.error().is("google_denied");
  if (!is_hidden && !first.error().is("google_not_found")) co_return in_this_slot(first.error());

  // A secret without versions may be there already: made by an operator, or by an instance that
  // ended before it could add one.
  if (!is_hidden) {
    auto added = co_await add(value);
    const bool needs_secret =
        !added && (added.error().is("google_not_found") || added.error().is("google_denied"));
    if (!needs_secret) co_return added;
  }
  const auto made = co_await client_->create(secret_);
  if (!made && made.error().is("google_exists") && is_hidden) {
    co_return in_this_slot({Code::kDenied, "google_denied",
                            "the secret is there, and this identity may not read it: give it "
                            "roles/secretmanager.secretAccessor"});
  }
  if (!made && !made.error().is("google_exists")) co_return in_this_slot(made.error());
  auto added = co_await add(value);
  if (!added && added.error().is("google_denied")) {
    co_return in_this_slot({Code::kDenied, "google_denied",
                            "this identity may not add a version: give it "
                            "roles/secretmanager.secretVersionAdder"});
  }
  co_return added;
}

Task<Created> SecretManagerSlot::add(std::shared_ptr<const SecretBytes> value) {
  const auto number = co_await client_->add_version(secret_, value);
  if (!number) co_return in_this_slot(number.error());
  if (*number == 1) co_return Created::kOurs;
  const auto destroyed = co_await client_->destroy(secret_, *number);
  if (!destroyed) {
    log::failure("google_stray_version_left", destroyed.error(),
                 {{"secret", secret_}, {"version", static_cast<std::int64_t>(*number)}});
  }
  co_return Created::kTheirs;
}

}  // namespace signet::secrets::google

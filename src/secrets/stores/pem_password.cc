#include "secrets/stores/pem_password.h"

#include <string_view>

#include "secrets/stores/on_pool.h"

namespace signet::secrets {

const SecretId& pem_password_id() {
  static const SecretId id = SecretId::literal("am.global.services.secret.pem.decryption");
  return id;
}

Task<std::shared_ptr<const SecretBytes>> find_password(PasswordLookup lookup, SecretId id) {
  if (!lookup) {
    co_return Error{Code::kConfig, "password_missing",
                    "nothing can look up the password " + id.str() + " here"};
  }
  auto found = co_await lookup(id);
  if (!found && is_transient(found.error().code)) co_return std::move(found).error();
  if (!found) {
    co_return Error{
        Code::kConfig, "password_missing",
        "the password " + id.str() + " was not found in the other stores: " + found.error().detail};
  }
  if (found->kind != SecretKind::kText || !found->text) {
    co_return Error{Code::kConfig, "secret_wrong_kind",
                    id.str() + " must be a text: it is the password of another secret"};
  }
  co_return found->text;
}

Task<std::vector<Secret>> read_with_pem_password(StoreContext context, SecretId id,
                                                 ReadWithPassword read) {
  auto without = [read] { return read(std::nullopt); };
  auto first = co_await on_pool<std::vector<Secret>>(context.pool, std::move(without));
  const bool wants_password = !first && first.error().is("pem_password_missing");
  if (!wants_password || id == pem_password_id()) co_return first;
  auto password = co_await find_password(context.password, pem_password_id());
  if (!password) {
    if (is_transient(password.error().code)) co_return std::move(password).error();
    co_return Error{Code::kConfig, "pem_password_missing",
                    "an encrypted PEM needs a password: " + password.error().detail};
  }
  auto with = [read, kept = *password] { return read(kept->view()); };
  co_return co_await on_pool<std::vector<Secret>>(context.pool, std::move(with));
}

}  // namespace signet::secrets

#pragma once
// A hardware security module by PKCS#11: keys that sign in their token and never leave it.

#include <functional>
#include <optional>

#include "secrets/stores/catalog.h"
#include "secrets/stores/warnings.h"

namespace signet::secrets {

namespace pkcs11 {
class Session;
class Token;
struct Place;
}  // namespace pkcs11

struct Pkcs11Settings {
  std::string file;  ///< a SunPKCS11 configuration; then library and slots are its own
  std::string library;
  std::optional<std::uint64_t> slot;
  std::optional<std::uint64_t> slot_list_index;
  std::string token_label;
  std::optional<SecretId> store_password;  ///< none: the token's own PIN pad, or no login
  std::size_t sessions = 8;
};

/// By mapping: an alias is a CKA_LABEL, told apart by case. One pool of threads per store, each
/// with one session: so many signatures are under way at once.
class Pkcs11Store : public Store,
                    public KeyMaker,
                    public std::enable_shared_from_this<Pkcs11Store> {
 public:
  Pkcs11Store(StoreName name, Pkcs11Settings settings, StoreContext context);
  ~Pkcs11Store() override;

  const StoreName& name() const override { return name_; }
  Ordering ordering() const override { return Ordering::kByMapping; }
  Task<std::vector<Secret>> fetch(Alias alias) override;
  Task<std::vector<Alias>> aliases() override;
  Task<std::string> fingerprint() override;
  Task<Done> probe() override;
  std::vector<std::string> warnings() const override { return warnings_->all(); }
  /// RSA and the NIST curves, made in the token: sensitive, never extractable.
  Task<Secret> make_key(Alias alias, crypto::KeyKind kind, std::size_t bits) override;
  /// Also MAC keys.
  Task<Secret> make_like(Alias alias, Secret model) override;

 private:
  using Maker = std::function<Status(pkcs11::Session&, const pkcs11::Place&)>;
  Task<Done> ready();
  /// Has `maker` put a key under the alias's label, and reads it.
  Task<Secret> make(Alias alias, Maker maker);

  StoreName name_;
  Pkcs11Settings settings_;
  StoreContext context_;
  std::shared_ptr<Warnings> warnings_ = std::make_shared<Warnings>();
  std::shared_ptr<pkcs11::Token> token_;
  std::shared_ptr<async::BlockingPool> pool_;  ///< never held by what runs on it
};

StoreType pkcs11_store_type();

}  // namespace signet::secrets

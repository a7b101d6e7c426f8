#pragma once
// A SoftHSM2 token of a test's own, for the tests of this folder.

#include <cstdlib>

#include "base/base64.h"

#include "secrets/stores/pkcs11/session.h"
#include "secrets/stores/store_test_support.h"

namespace signet::secrets::pkcs11::test {

inline constexpr const char* kPin = "canary-pin-4711";

inline std::string soft_hsm_library() {
  for (const char* path :
       {"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so"}) {
    if (std::filesystem::exists(path)) return path;
  }
  return "";
}

inline bool has_soft_hsm() {
  return !soft_hsm_library().empty() &&
         std::system("softhsm2-util --version > /dev/null 2>&1") == 0;
}

/// A token in a folder of its own; one at a time, because the module finds it by the environment.
class SoftHsm {
 public:
  SoftHsm() {
    std::filesystem::create_directory(folder_ / "tokens");
    folder_.write("softhsm2.conf", "directories.tokendir = " + folder_.str() +
                                       "/tokens\nobjectstore.backend = file\nlog.level = ERROR\n");
    ::setenv("SOFTHSM2_CONF", (folder_ / "softhsm2.conf").c_str(), 1);
    init_token("signet");
  }
  ~SoftHsm() { ::unsetenv("SOFTHSM2_CONF"); }

  void init_token(const std::string& label) const {
    util("--init-token --free --label " + label + " --so-pin so-pin-0815 --pin " + kPin);
  }
  /// A key of ours, as an operator would import it.
  crypto::PrivateKey import(const std::string& label, crypto::KeyKind kind, const std::string& id,
                            const std::string& token = "signet") const {
    const auto key = crypto::PrivateKey::generate(kind, kind == crypto::KeyKind::kRsa ? 2048 : 0);
    const SecretBytes der = key->pkcs8();
    folder_.write("key.pem", "-----BEGIN PRIVATE KEY-----\n" + base64::encode(der.view()) +
                                 "\n-----END PRIVATE KEY-----\n");
    util("--import " + (folder_ / "key.pem").string() + " --token " + token + " --label " + label +
         " --id " + id + " --pin " + kPin);
    return *key;
  }
  json::Object settings(const std::string& more = "") const {
    return secrets::settings(R"({"library":")" + soft_hsm_library() +
                             R"(","storePassword":"hsm.pin")" + more + "}");
  }
  StoreContext context() const {
    StoreContext context = test_context();
    context.clock = clock;
    context.password = knows_password(kPin);
    return context;
  }
  std::shared_ptr<Store> open(const std::string& more = "") const {
    return make_store("pkcs11", settings(more), context());
  }
  void take_away() const {
    std::filesystem::rename(folder_ / "tokens", folder_ / "gone");
    std::filesystem::create_directory(folder_ / "tokens");
  }
  void bring_back() const {
    std::filesystem::remove_all(folder_ / "tokens");
    std::filesystem::rename(folder_ / "gone", folder_ / "tokens");
  }

  /// Calls the module as another part of this process would, in a session that may write.
  void as_user(const std::function<void(const CK_FUNCTION_LIST&, CK_SESSION_HANDLE)>& act) const {
    const auto library = Library::open(soft_hsm_library());
    ASSERT_THAT(library, is_ok());
    const auto f = (*library)->use();
    CK_SLOT_ID slots[8];
    CK_ULONG count = 8;
    ASSERT_EQ(f->C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
    ASSERT_GT(count, 0u);
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    ASSERT_EQ(
        f->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session),
        CKR_OK);
    std::string pin = kPin;
    const CK_RV in =
        f->C_Login(session, CKU_USER, reinterpret_cast<CK_UTF8CHAR*>(pin.data()), pin.size());
    ASSERT_TRUE(in == CKR_OK || in == CKR_USER_ALREADY_LOGGED_IN);
    act(*f, session);
    f->C_CloseSession(session);
  }
  /// A secret key with these bytes.
  void put_secret(const std::string& label, CK_KEY_TYPE type, ByteView bytes) const {
    as_user([&](const CK_FUNCTION_LIST& f, CK_SESSION_HANDLE session) {
      const Template wanted = {Attribute::number(CKA_CLASS, CKO_SECRET_KEY),
                               Attribute::number(CKA_KEY_TYPE, type),
                               Attribute::flag(CKA_TOKEN, true),
                               Attribute::flag(CKA_PRIVATE, true),
                               Attribute::flag(CKA_SENSITIVE, true),
                               Attribute::flag(CKA_EXTRACTABLE, false),
                               Attribute::flag(CKA_SIGN, true),
                               Attribute::flag(CKA_VERIFY, true),
                               Attribute::flag(CKA_UNWRAP, true),
                               Attribute::text(CKA_LABEL, label),
                               Attribute{CKA_VALUE, Bytes(bytes.begin(), bytes.end())}};
      std::vector<CK_ATTRIBUTE> raw;
      for (const Attribute& each : wanted)
        raw.push_back({each.type, const_cast<std::uint8_t*>(each.bytes.data()), each.bytes.size()});
      CK_OBJECT_HANDLE made = 0;
      EXPECT_EQ(f.C_CreateObject(session, raw.data(), raw.size(), &made), CKR_OK);
    });
  }

  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();

 private:
  void util(const std::string& arguments) const {
    const std::string command = "softhsm2-util " + arguments + " > /dev/null 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0) << arguments;
  }
  TempFolder folder_;
};

}  // namespace signet::secrets::pkcs11::test

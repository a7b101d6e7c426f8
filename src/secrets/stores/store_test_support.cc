#include "secrets/stores/store_test_support.h"

#include <fcntl.h>
#include <unistd.h>
#include <fstream>

#include "secrets/stores/encoded_value.h"
#include "secrets/stores/local/key_spec.h"

namespace signet::secrets {

TempFolder::TempFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "signet-stores-XXXXXX").string();
  path_ = ::mkdtemp(pattern.data());
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempFolder::str() const {
  return path_.string();
}

std::filesystem::path TempFolder::operator/(const std::string& name) const {
  return path_ / name;
}

void TempFolder::write(const std::string& name, std::string_view content, mode_t mode) const {
  std::filesystem::create_directories((path_ / name).parent_path());
  std::ofstream(path_ / name, std::ios::binary | std::ios::trunc) << content;
  ::chmod((path_ / name).c_str(), mode);
}

StoreContext test_context() {
  StoreContext context;
  context.pool = std::make_shared<async::BlockingPool>("stores_test", 4, 1000);
  context.clock = std::make_shared<ManualClock>();
  context.random = std::make_shared<SystemRandom>();
  return context;
}

std::shared_ptr<Store> make_store(std::string_view type, const json::Object& settings,
                                  StoreContext context) {
  auto store = find_store_type(type)->make(StoreName("the-store"), settings, std::move(context));
  EXPECT_THAT(store, is_ok());
  return store ? *store : nullptr;
}

Status try_make(std::string_view type, const json::Object& settings) {
  auto store = find_store_type(type)->make(StoreName("the-store"), settings, test_context());
  if (!store) return std::move(store).error();
  return Done{};
}

json::Object settings(std::string_view text) {
  return json::parse_object(text).value();
}

PasswordLookup knows_password(std::string password) {
  return [password](SecretId) -> Task<Secret> {
    co_return Secret::of_text(SecretBytes::from_text(password));
  };
}

std::string pem_of(std::string_view spec) {
  SystemRandom random;
  const auto pem = make_key_pem(parse_key_spec(spec).value(), CertificateTerms{},
                                from_unix_seconds(1'700'000'000), random);
  EXPECT_THAT(pem, is_ok());
  return pem ? std::string(as_text(pem->view())) : std::string();
}

std::string text_of(const Secret& secret) {
  return secret.text ? std::string(as_text(secret.text->view())) : std::string("(no text)");
}

}  // namespace signet::secrets

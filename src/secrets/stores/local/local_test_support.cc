#include "secrets/stores/local/local_test_support.h"

#include <fstream>
#include <iterator>

#include "crypto/digest.h"

namespace signet::secrets {

std::shared_ptr<const EncodingKeys> local_sealing_keys(const std::vector<std::string>& names) {
  std::vector<EncodingKeys::Key> keys;
  for (const std::string& name : names) {
    const auto digest = crypto::sha256(as_bytes(name));
    keys.push_back({name, SecretBytes(ByteView(digest))});
  }
  return EncodingKeys::make(std::move(keys)).value();
}

std::string id_of_sealing_key(const std::string& name) {
  return local_sealing_keys({name})->keys().front().id;
}

StoreContext sealing_context(const std::vector<std::string>& names) {
  StoreContext context = test_context();
  context.encoding_keys = local_sealing_keys(names);
  return context;
}

std::shared_ptr<Store> local_store_of(const std::string& directory, std::string_view more,
                                      StoreContext context) {
  std::string text = R"({"directory":")";
  text.append(directory).append("\"").append(more).append("}");
  return make_store("local_certificate", settings(text), std::move(context));
}

std::shared_ptr<Store> local_store_under(const std::string& directory,
                                         const std::vector<std::string>& keys) {
  return local_store_of(directory, kTwoSmallKeys, sealing_context(keys));
}

std::string kid_of(const std::shared_ptr<Store>& store, std::string_view alias) {
  const auto secrets = now(store->fetch(Alias(alias)));
  EXPECT_THAT(secrets, is_ok());
  return secrets && !secrets->empty() ? secrets->front().kid.str() : "";
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

std::string opened_file(const std::filesystem::path& file, const std::vector<std::string>& keys) {
  const auto pem = local_sealing_keys(keys)->decode(content_of(file));
  return pem ? std::string(as_text(pem->view())) : std::string();
}

}  // namespace signet::secrets

#include "secrets/stores/google/google_store.h"

#include "base/text.h"

namespace signet::secrets::google {

Error GoogleStore::in_this_store(Error error) const {
  error.detail = "store " + quoted(name_.view()) + ": " + error.detail;
  return error;
}

void GoogleStore::warn(const std::string& name, std::vector<std::string> sentences) {
  for (std::string& sentence : sentences)
    sentence = "store " + quoted(name_.view()) + ": " + sentence;
  warnings_.set(name, std::move(sentences));
}

Task<std::vector<Secret>> GoogleStore::fetch(Alias alias) {
  const auto keep_alive = shared_from_this();
  if (Status usable = check_name(alias.view()); !usable)
    co_return in_this_store(std::move(usable).error());
  auto secrets = co_await fetch_all(alias.str());
  if (!secrets) co_return in_this_store(std::move(secrets).error());
  for (Secret& secret : *secrets) {
    secret.alias = alias;
    secret.store = name_;
  }
  co_return secrets;
}

Task<std::vector<Alias>> GoogleStore::aliases() {
  const auto keep_alive = shared_from_this();
  auto found = co_await names();
  if (!found && found.error().is("google_denied")) {
    co_return in_this_store(
        {Code::kUnsupported, "google_list_denied", "this identity may not list " + listed_});
  }
  if (!found) co_return in_this_store(std::move(found).error());
  std::vector<Alias> aliases;
  for (const std::string& name : *found)
    aliases.emplace_back(name);
  co_return aliases;
}

Task<std::string> GoogleStore::fingerprint() {
  co_return std::string();
}

Task<Done> GoogleStore::probe() {
  const auto keep_alive = shared_from_this();
  auto answer = co_await knock();
  // Rights on single keys or secrets are enough for these stores, and the whole says no here.
  if (answer || answer.error().is("google_denied")) co_return Done{};
  co_return in_this_store(std::move(answer).error());
}

}  // namespace signet::secrets::google

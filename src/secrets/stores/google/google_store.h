#pragma once
// What the stores of Google have in common.

#include "secrets/stores/store.h"
#include "secrets/stores/warnings.h"

namespace signet::secrets::google {

/// By its own versions: the newest that is enabled is active, older enabled ones are valid.
class GoogleStore : public Store, public std::enable_shared_from_this<GoogleStore> {
 public:
  const StoreName& name() const override { return name_; }
  Ordering ordering() const override { return Ordering::kByStore; }
  Task<std::vector<Secret>> fetch(Alias alias) override;
  std::size_t aliases_at_once() const override { return kAliasesAtOnce; }
  /// kUnsupported "google_list_denied" without the right to list.
  Task<std::vector<Alias>> aliases() override;
  /// Always empty: only a fetch tells what versions there are.
  Task<std::string> fingerprint() override;
  Task<Done> probe() override;
  std::vector<std::string> warnings() const override { return warnings_.all(); }

 protected:
  /// `listed`, for people: "the keys of the key ring".
  GoogleStore(StoreName name, std::string listed, StoreContext context)
      : context_(std::move(context)), name_(std::move(name)), listed_(std::move(listed)) {}

  /// kConfig "google_name_invalid".
  virtual Status check_name(std::string_view alias) const = 0;
  /// Without alias and store, which fetch() puts in.
  virtual Task<std::vector<Secret>> fetch_all(std::string name) = 0;
  virtual Task<std::vector<std::string>> names() = 0;
  /// Reaches the service; "google_denied" will do.
  virtual Task<Done> knock() = 0;

  Error in_this_store(Error error) const;
  /// Sentences for health; the store's name is put before each.
  void warn(const std::string& name, std::vector<std::string> sentences);

  const StoreContext context_;

 private:
  const StoreName name_;
  const std::string listed_;
  Warnings warnings_;
};

}  // namespace signet::secrets::google

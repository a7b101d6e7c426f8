#include "secrets/stores/shared/version_cache.h"

#include "support/matchers.h"

namespace signet::secrets {
namespace {

using signet::test::fails;
using signet::test::is_ok;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A service of versions, each a text secret that is called as its stamp.
struct VersionedSecret {
  VersionCache cache;
  std::map<std::string, Error> broken;
  std::vector<std::string> gone, asked;

  Result<std::vector<std::string>> fetch(std::vector<std::string> listed) {
    VersionCache::Read read = [this, listed](std::size_t at) { return read_one(listed[at]); };
    TRY(const auto secrets, async::run_now(cache.all("name", listed, std::move(read))));
    std::vector<std::string> versions;
    for (const Secret& secret : secrets)
      versions.push_back(secret.version);
    return versions;
  }

  Task<std::optional<std::vector<Secret>>> read_one(std::string version) {
    asked.push_back(version);
    if (const auto found = broken.find(version); found != broken.end()) co_return found->second;
    if (std::find(gone.begin(), gone.end(), version) != gone.end())
      co_return std::optional<std::vector<Secret>>();
    Secret secret = Secret::of_text(SecretBytes::from_text(version));
    secret.version = version;
    std::vector<Secret> only(1, std::move(secret));
    co_return std::optional<std::vector<Secret>>(std::move(only));
  }
};

TEST(VersionCache, a_version_is_read_once_while_it_is_listed) {
  VersionedSecret service;
  ASSERT_THAT(service.fetch({"2", "1"}), is_ok());
  EXPECT_THAT(*service.fetch({"3", "2", "1"}), ElementsAre("3", "2", "1"));
  EXPECT_THAT(service.asked, ElementsAre("2", "1", "3"));
  EXPECT_THAT(*service.fetch({"3"}), ElementsAre("3"));
  EXPECT_THAT(*service.fetch({"3", "2"}), ElementsAre("3", "2"));
  EXPECT_THAT(service.asked, ElementsAre("2", "1", "3", "2"));
}

TEST(VersionCache, what_went_since_it_was_listed_is_left_out_without_a_word) {
  VersionedSecret service;
  service.gone = {"2"};
  EXPECT_THAT(*service.fetch({"2", "1"}), ElementsAre("1"));
  EXPECT_THAT(service.cache.warnings().all(), IsEmpty());
  service.gone = {"2", "1"};
  EXPECT_THAT(*service.fetch({"2"}), IsEmpty());
}

TEST(VersionCache, what_cannot_be_read_is_a_warning_while_another_version_can) {
  for (const Code code : {Code::kConfig, Code::kUnsupported, Code::kInvalid}) {
    VersionedSecret service;
    service.broken["2"] = {code, "secret_unreadable", "version 2 is no key"};
    EXPECT_THAT(*service.fetch({"2", "1"}), ElementsAre("1"));
    EXPECT_THAT(*service.fetch({"3", "2", "1"}), ElementsAre("3", "1"));
    EXPECT_THAT(service.cache.warnings().all(), ElementsAre(HasSubstr("version 2")));
    EXPECT_THAT(service.fetch({"2"}), fails("secret_unreadable"));
    service.broken.clear();
    EXPECT_THAT(*service.fetch({"2", "1"}), ElementsAre("2", "1"));
    EXPECT_THAT(service.cache.warnings().all(), IsEmpty());
  }
}

TEST(VersionCache, no_version_is_taken_as_gone_while_the_service_is_out) {
  VersionedSecret service;
  ASSERT_THAT(service.fetch({"1"}), is_ok());
  service.broken["2"] = {Code::kUnavailable, "service_down", "nobody there"};
  EXPECT_THAT(service.fetch({"2", "1"}), fails("service_down"));
  service.broken.clear();
  EXPECT_THAT(*service.fetch({"2", "1"}), ElementsAre("2", "1"));
  EXPECT_THAT(service.asked, ElementsAre("1", "2", "2"));
}

}  // namespace
}  // namespace signet::secrets

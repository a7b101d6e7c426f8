#include "secrets/key_sets.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace signet::secrets {
namespace {

TEST(KeySets, hold_ids_of_the_registry_each_in_one_place) {
  std::vector<SecretId> seen;
  for (const KeySet set : {KeySet::kProvider, KeySet::kRelyingParty}) {
    for (const auto& published : published_ids(set)) {
      EXPECT_EQ(std::count(seen.begin(), seen.end(), published.id), 0) << published.id;
      seen.push_back(published.id);
      const SecretIdRow* row = find_row(published.id);
      ASSERT_NE(row, nullptr) << published.id;
      const bool signs = row->purpose == Purpose::kSigning;
      EXPECT_EQ(published.use == jose::KeyUse::kSig, signs) << published.id;
      const auto place = published_place(published.id);
      ASSERT_TRUE(place) << published.id;
      EXPECT_EQ(place->set, set) << published.id;
      EXPECT_EQ(place->published, &published);
    }
  }
}

TEST(KeySets, hold_no_id_of_keys_that_only_the_server_uses) {
  for (const char* id : {"am.global.services.session.clientbased.signing",
                         "am.services.oauth2.stateless.signing.HMAC",
                         "am.services.oauth2.tls.client.cert.authentication",
                         "am.default.applications.federation.entity.providers.saml2.sp.signing"})
    EXPECT_FALSE(published_place(SecretId::literal(id))) << id;
}

}  // namespace
}  // namespace signet::secrets

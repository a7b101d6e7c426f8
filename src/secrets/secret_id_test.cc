#include "secrets/secret_id.h"

#include <sstream>

#include "base/text.h"
#include "support/matchers.h"
#include "support/vectors.h"

namespace signet::secrets {
namespace {

using signet::test::fails;
using signet::test::is_ok;

std::string bars(const std::vector<std::string_view>& pieces) {
  return join({pieces.begin(), pieces.end()}, "|");
}

/// Comma-separated fields; a field in quotes may hold commas.
std::vector<std::string> csv_fields(std::string_view line) {
  std::vector<std::string> fields(1);
  bool in_quotes = false;
  for (const char c : trim(line)) {
    if (c == '"') {
      in_quotes = !in_quotes;
    } else if (c == ',' && !in_quotes) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

TEST(SecretId, sec_111_refuses_what_is_no_safe_file_name) {
  for (const char* text : {"", ".", "..", ".a", "a.", "a..b", "../a", "a/b", "a\\b", "a b", "a-b",
                           "a_b", "\xC3\xA4", "a\n", "a.{identifier}", "a:b", "a%2e"}) {
    EXPECT_THAT(SecretId::parse(text), fails("secret_id_invalid")) << quoted(text);
  }
  EXPECT_THAT(SecretId::parse(std::string("a\0b", 3)), fails("secret_id_invalid"));
  EXPECT_THAT(SecretId::parse(std::string(256, 'a')), fails("secret_id_invalid"));
}

TEST(SecretId, takes_letters_digits_and_single_inner_periods) {
  EXPECT_THAT(SecretId::parse("am.services.oauth2.oidc.decryption.RSA1.5"), is_ok());
  EXPECT_THAT(SecretId::parse("a"), is_ok());
  EXPECT_THAT(SecretId::parse(std::string(255, 'a')), is_ok());
}

TEST(Registry, is_what_the_golden_file_says) {
  std::ostringstream out;
  for (const auto& row : registry()) {
    out << row.name << "\n  alias      " << row.default_alias << "\n  algorithms "
        << bars(row.algorithms) << "\n  scope      " << to_string(row.scope) << "\n  purpose    "
        << to_string(row.purpose) << "\n  fallback   " << row.fallback << "\n  consumer   "
        << row.consumer << "\n";
  }
  EXPECT_EQ(out.str(), signet::test::read_file("tests/golden/secret_ids.txt"));
}

TEST(Registry, equals_the_reference_row_for_row) {
  const auto root = signet::test::vectors(".");
  const auto csv = root ? *root / ".." / "reference" / "secret-ids.csv" : std::filesystem::path();
  if (!root || !std::filesystem::exists(csv)) GTEST_SKIP() << "skipped: no reference";
  std::istringstream lines(signet::test::read_file(csv));
  std::string line;
  std::getline(lines, line);  // the header
  std::size_t at = 0;
  while (std::getline(lines, line)) {
    ASSERT_LT(at, registry().size());
    const SecretIdRow& row = registry()[at++];
    const auto fields = csv_fields(line);
    ASSERT_EQ(fields.size(), 6u) << line;
    EXPECT_EQ(row.name, fields[0]);
    EXPECT_EQ(row.default_alias, fields[1]);
    if (!is_template(row)) {
      EXPECT_EQ(bars(row.algorithms), fields[2]);
    }
    EXPECT_EQ(to_string(row.scope), fields[3]);
    EXPECT_EQ(to_string(row.purpose), fields[4]);
    EXPECT_EQ(row.consumer, fields[5]);
  }
  EXPECT_EQ(at, 33u);
}

TEST(Registry, every_name_is_a_secret_id_and_unique) {
  std::set<std::string_view> seen;
  for (const auto& row : registry()) {
    EXPECT_TRUE(seen.insert(row.name).second) << row.name;
    if (!is_template(row)) {
      EXPECT_THAT(SecretId::parse(row.name), is_ok());
    }
    EXPECT_FALSE(row.algorithms.empty()) << row.name;
  }
}

TEST(FindRow, finds_custom_saml_identifiers_by_their_template) {
  const auto* row =
      find_row(SecretId::literal("am.applications.federation.entity.providers.saml2.demo.signing"));
  ASSERT_NE(row, nullptr);
  EXPECT_TRUE(is_template(*row));
  EXPECT_EQ(row->purpose, Purpose::kSigning);
  const auto none = SecretId::literal("am.applications.federation.entity.providers.saml2.signing");
  EXPECT_EQ(find_row(none), nullptr);
}

TEST(FindRow, knows_no_operators_own_id) {
  EXPECT_EQ(find_row(SecretId::literal("my.keystore.password")), nullptr);
}

TEST(WithFallbacks, saml_identifiers_fall_back_to_the_default_of_their_role) {
  const auto id =
      SecretId::literal("am.applications.federation.entity.providers.saml2.demo.encryption");
  const std::string base = "am.default.applications.federation.entity.providers.saml2.";
  EXPECT_EQ(with_fallbacks(id, true).back().str(), base + "idp.encryption");
  EXPECT_EQ(with_fallbacks(id, false).back().str(), base + "sp.encryption");
}

TEST(WithFallbacks, the_certificate_of_a_relying_party_falls_back_to_the_seed_id) {
  const auto ids =
      with_fallbacks(SecretId::literal("am.services.oauth2.mtls.client.authentication"));
  ASSERT_EQ(ids.size(), 2u);
  EXPECT_EQ(ids[1].str(), "am.services.oauth2.tls.client.cert.authentication");
}

TEST(WithFallbacks, others_have_none) {
  EXPECT_EQ(with_fallbacks(SecretId::literal("am.services.iot.cert.verification")).size(), 1u);
}

}  // namespace
}  // namespace signet::secrets

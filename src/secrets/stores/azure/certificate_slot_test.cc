#include "secrets/stores/azure/certificate_slot.h"

#include "secrets/stores/azure/fake_key_vault.h"

namespace signet::secrets::azure {
namespace {

using Created = SharedSlot::Created;
using net::FakeHttpClient;

constexpr std::int64_t kStart = 1'700'000'000;

struct CertificateSetting {
  std::shared_ptr<FakeKeyVault> vault = std::make_shared<FakeKeyVault>();
  std::shared_ptr<FakeHttpClient> http = std::make_shared<FakeHttpClient>(
      [vault = vault](const net::OutboundRequest& request) { return (*vault)(request); });
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>(from_unix_seconds(kStart));
  StoreContext context = test_context();
  std::function<void()> while_waiting;
  std::vector<Milliseconds> waits;

  CertificateSetting() {
    context.http = http;
    context.clock = clock;
    vault->may_list = false;  // the policy of Indicium: get and import
  }
  std::shared_ptr<CertificateSlot> slot(Seconds settling = Seconds(2)) {
    const auto address = parse_vault("https://v.vault.azure.net", "").value();
    CredentialSettings identity;
    identity.endpoint = "http://169.254.169.254/metadata/identity/oauth2/token";
    auto way = std::make_shared<KeyVault>(StoreName("s"), address, identity, context);
    async::Pause pause = [this](Milliseconds length) -> Task<Done> {
      waits.push_back(length);
      clock->advance(length);
      if (while_waiting) std::exchange(while_waiting, {})();
      co_return Done{};
    };
    return std::make_shared<CertificateSlot>(std::move(way), "cert", settling, clock, pause);
  }
  std::string there(CertificateSlot& slot) {
    auto value = now(slot.read());
    EXPECT_THAT(value, is_ok());
    if (!value) return "failed";
    return *value ? to_text((*value)->view()) : "nothing";
  }
};

std::shared_ptr<const SecretBytes> a_certificate(std::string_view spec = "P-256") {
  return std::make_shared<const SecretBytes>(SecretBytes::from_text(pem_of(spec)));
}

TEST(AzureCertificateSlot, what_is_not_there_is_imported_as_pem_and_read_back) {
  CertificateSetting s;
  const auto slot = s.slot();
  EXPECT_EQ(s.there(*slot), "nothing");
  const auto ours = a_certificate();
  EXPECT_EQ(now(slot->create(ours, "t")).value(), Created::kOurs);
  EXPECT_EQ(s.there(*slot), to_text(ours->view()));
  const auto& requests = s.http->sent();
  const auto import = std::find_if(requests.begin(), requests.end(),
                                   [](const auto& request) { return request.method == "POST"; });
  ASSERT_NE(import, requests.end());
  EXPECT_EQ(import->url, "https://v.vault.azure.net/certificates/cert/import?api-version=7.4");
  const auto policy = *json::parse_object(import->body).value().find("policy");
  EXPECT_EQ(*policy.get("secret_props")->get("contentType")->if_string(), "application/x-pem-file");
  EXPECT_EQ(*policy.get("key_props")->get("crv")->if_string(), "P-256");
}

TEST(AzureCertificateSlot, who_was_quicker_while_the_key_was_made_is_taken) {
  CertificateSetting s;
  const auto slot = s.slot();
  s.vault->secrets["cert"] = {{"v1", "theirs", "application/x-pem-file", kStart - 100}};
  EXPECT_EQ(now(slot->create(a_certificate(), "t")).value(), Created::kTheirs);
  EXPECT_EQ(s.there(*slot), "theirs");
  EXPECT_EQ(s.vault->secrets["cert"].size(), 1U);
}

TEST(AzureCertificateSlot, of_two_that_import_at_once_the_later_one_is_taken_by_both) {
  CertificateSetting s;
  const auto slot = s.slot();
  s.while_waiting = [&] {
    s.vault->secrets["cert"].push_back({"v2", "theirs", "application/x-pem-file", kStart + 1});
  };
  EXPECT_EQ(now(slot->create(a_certificate(), "t")).value(), Created::kTheirs);
  EXPECT_EQ(s.there(*slot), "theirs");
}

TEST(AzureCertificateSlot, a_version_counts_only_once_it_has_settled) {
  CertificateSetting s;
  const auto slot = s.slot();
  s.vault->secrets["cert"] = {{"v1", "first", "application/x-pem-file", kStart}};
  s.while_waiting = [&] {
    s.vault->secrets["cert"].push_back({"v2", "second", "application/x-pem-file", kStart + 2});
  };
  EXPECT_EQ(s.there(*slot), "second");
  EXPECT_EQ(s.waits.size(), 2U);
  EXPECT_EQ(s.there(*slot), "second");
  EXPECT_EQ(s.waits.size(), 2U) << "it has settled";
}

TEST(AzureCertificateSlot, the_age_is_measured_by_the_vaults_clock) {
  CertificateSetting s;
  s.vault->secrets["cert"] = {{"v1", "first", "application/x-pem-file", 784'111'777}};
  s.vault->date = "Sun, 06 Nov 1994 08:49:39 GMT";
  s.while_waiting = [&] { s.vault->date = "Sun, 06 Nov 1994 08:49:40 GMT"; };
  EXPECT_EQ(s.there(*s.slot()), "first");
  EXPECT_EQ(s.waits, std::vector<Milliseconds>{Seconds(1)});
}

TEST(AzureCertificateSlot, nothing_is_made_while_the_vault_does_not_say_that_nothing_is_there) {
  struct Row {
    int status;
    const char* inner;
    const char* reason;
  };
  for (const Row& row : {Row{403, "AccessDenied", "azure_access_denied"},
                         Row{403, "SecretDisabled", "azure_version_disabled"},
                         Row{500, "", "azure_unavailable"}, Row{429, "", "azure_throttled"}}) {
    CertificateSetting s;
    s.vault->instead = [&](const auto&) {
      return FakeKeyVault::refused(row.status, "x", row.inner);
    };
    EXPECT_THAT(now(s.slot()->read()), fails(row.reason));
    EXPECT_THAT(now(s.slot()->create(a_certificate(), "t")), fails(row.reason));
    EXPECT_TRUE(s.vault->secrets.empty());
  }
}

TEST(AzureCertificateSlot, a_refused_import_is_an_error_and_a_conflict_is_somebody_else) {
  const auto import_answers = [](CertificateSetting& s, int status, const char* code) {
    s.vault->instead = [=](const auto& request) -> std::optional<net::OutboundResponse> {
      if (request.method != "POST") return std::nullopt;
      return FakeKeyVault::refused(status, code);
    };
    return now(s.slot()->create(a_certificate(), "t"));
  };
  CertificateSetting denied, conflict, deleted;
  EXPECT_THAT(import_answers(denied, 403, "Forbidden"), fails("azure_access_denied"));
  EXPECT_EQ(import_answers(conflict, 409, "ConflictError").value(), Created::kTheirs);
  EXPECT_THAT(import_answers(deleted, 409, "ObjectIsDeletedButRecoverable"),
              fails("azure_soft_deleted"));
  CertificateSetting s;
  EXPECT_THAT(now(s.slot()->create(a_certificate("Ed25519"), "t")), fails("azure_key_unsupported"));
}

TEST(AzureCertificate, a_store_over_the_slot_makes_one_and_serves_it) {
  CertificateSetting s;
  const auto store = make_store("azure_key_vault_certificate", settings(R"({"certificate_url":
                                  "https://v.vault.azure.net/certificates/cert",
                                  "settling_seconds":0,"key":"P-256"})"),
                                s.context);
  const auto made = now(store->fetch(Alias("certificate")));
  ASSERT_THAT(made, is_ok());
  ASSERT_EQ(made->size(), 1U);
  EXPECT_EQ(made->front().kind, SecretKind::kKeyPair);
  EXPECT_EQ(s.vault->secrets["cert"].size(), 1U);
}

}  // namespace
}  // namespace signet::secrets::azure

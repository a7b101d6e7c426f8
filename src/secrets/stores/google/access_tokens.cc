#include "secrets/stores/google/access_tokens.h"

#include "async/single_flight.h"
#include "base/log.h"
#include "base/text.h"
#include "secrets/stores/google/google_answer.h"
#include "secrets/stores/on_pool.h"

namespace signet::secrets::google {
namespace {

constexpr Seconds kRenewBefore{225};  // the metadata server hands out new ones four minutes before
constexpr Seconds kUnusableBefore{10};
constexpr Seconds kPauseAfterFailure{10};

std::string gcloud_file(const StoreContext& context) {
  constexpr std::string_view kName = "/application_default_credentials.json";
  const std::string folder = variable(context.environment, "CLOUDSDK_CONFIG");
  if (!folder.empty()) return folder + std::string(kName);
  const std::string home = variable(context.environment, "HOME");
  return home.empty() ? std::string() : home + "/.config/gcloud" + std::string(kName);
}

Error missing(const std::string& path) {
  return Error{Code::kConfig, "google_credentials_missing",
               "there is no file " + quoted(path, 256) + " with Google credentials"};
}

/// A file whose privacy is looked at later, when it is known what is in it.
Result<std::optional<SecretBytes>> read_any(const std::string& path) {
  constexpr std::size_t kMostBytes = 64 * 1024;
  FileRules rules;
  rules.unsafe_permissions = true;
  rules.max_bytes = kMostBytes;
  const auto [directory, name] = split_path(path);
  auto content = read_consistently(
      directory, [&, &name = name](const Folder& folder) { return folder.read(name, rules); });
  if (!content && content.error().is("store_directory_missing"))
    return std::optional<SecretBytes>();
  return content;
}

Status check_private(const std::string& path, const FileRules& rules) {
  const auto [directory, name] = split_path(path);
  TRY(const auto stamp, read_consistently(directory, [&name = name](const Folder& folder) {
        return folder.stamp(name);
      }));
  if (!stamp) return missing(path);
  return check_permissions(*stamp, name, rules);
}

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= 255 &&
         host.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
             ".-:[]") == host.npos;
}

}  // namespace

CredentialSettings read_credential_settings(SettingsReader& reader) {
  CredentialSettings settings;
  settings.file = reader.text("credentials_file");
  settings.account = reader.text("serviceAccount", settings.account);
  settings.rules = reader.file_rules();
  if (!settings.file.empty() && settings.account != "default") {
    reader.complain(
        "'serviceAccount' names an account of the metadata server and cannot stand "
        "beside 'credentials_file'");
  }
  const bool is_name = !settings.account.empty() && settings.account.size() <= 200 &&
                       settings.account.find_first_of("/?#% \r\n") == std::string::npos;
  if (!is_name) reader.complain("'serviceAccount' must be 'default' or an e-mail address");
  return settings;
}

SettingNames credential_settings() {
  return {
      {"credentials_file",
       "a Google credentials document (service_account, authorized_user or "
       "external_account); default GOOGLE_APPLICATION_CREDENTIALS, gcloud's file, "
       "or the metadata server"},
      {"serviceAccount", "which account of the metadata server to be; default \"default\""},
      {"group_readable", "read a credentials file that its group may read; default false"},
      {"unsafe_permissions", "read a credentials file of any permissions; default false"},
  };
}

/// Holds the right to renew; whoever drops it without a result tells the waiters so.
class AccessTokens::Renewal {
 public:
  explicit Renewal(AccessTokens* tokens) : tokens_(tokens) {}
  Renewal(const Renewal&) = delete;
  ~Renewal() {
    if (tokens_ == nullptr) return;
    tokens_->finish(Error{Code::kUnavailable, "google_unavailable", {}});
  }
  void finish(Result<AccessToken> result) {
    std::exchange(tokens_, nullptr)->finish(std::move(result));
  }

 private:
  AccessTokens* tokens_;
};

AccessTokens::AccessTokens(CredentialSettings settings, StoreContext context)
    : settings_(std::move(settings)), context_(std::move(context)) {}

Task<AccessTokens::Token> AccessTokens::get() {
  const auto keep = shared_from_this();
  const Instant now = context_.clock->now();
  async::OneShot<Token> turn;
  bool must_wait = false;
  {
    const std::lock_guard lock(mutex_);
    const bool usable = current_ && now + kUnusableBefore < current_->token.expires;
    const bool fresh = usable && now < current_->renew_at;
    if (fresh || (usable && (renewing_ || now < not_before_))) co_return current_->token.text;
    waiting_.push_back(turn);
    must_wait = std::exchange(renewing_, true);  // after all that may fail
  }
  if (!must_wait) {
    Renewal renewal(this);
    Result<AccessToken> fetched = co_await fetch();
    renewal.finish(std::move(fetched));
  }
  co_return co_await turn.wait();
}

void AccessTokens::finish(Result<AccessToken> result) {
  const Instant now = context_.clock->now();
  Result<Token> told;
  std::vector<async::OneShot<Token>> waiting;
  {
    const std::lock_guard lock(mutex_);
    renewing_ = false;
    waiting.swap(waiting_);
    if (result) {
      const Milliseconds lifetime = result->expires - now;
      const Milliseconds early = std::min<Milliseconds>(kRenewBefore, lifetime / 2);
      told = result->text;
      current_ = Current{std::move(result).value(), now + (lifetime - early)};
    } else {
      not_before_ = now + kPauseAfterFailure;
      const bool usable = current_ && now + kUnusableBefore < current_->token.expires;
      log::failure("google_token_renewal_failed", result.error(), {{"still_good", usable}});
      told =
          usable ? Result<Token>(current_->token.text) : Result<Token>(std::move(result).error());
    }
  }
  async::complete_all(waiting, told);
}

void AccessTokens::reject(const Token& token) {
  const std::lock_guard lock(mutex_);
  if (current_ && current_->token.text == token) current_.reset();
}

Task<net::OutboundResponse> AccessTokens::send(net::OutboundRequest request) {
  if (!context_.http) {
    co_return Error{Code::kConfig, "google_http_missing", "there is no way out of this process"};
  }
  const auto http = context_.http;
  co_return co_await http->send(std::move(request));
}

Task<AccessToken> AccessTokens::fetch() {
  CO_TRY(Credentials found, co_await credentials());
  const Instant now = context_.clock->now();
  if (auto* external = std::get_if<ExternalAccount>(&found)) {
    co_return co_await exchange(std::move(*external));
  }
  net::OutboundRequest request;
  std::string what = "Google's token endpoint";
  if (const auto* account = std::get_if<ServiceAccountKey>(&found)) {
    CO_TRY(request, token_request(*account, now));
  } else if (const auto* user = std::get_if<AuthorizedUser>(&found)) {
    request = token_request(*user);
  } else {
    request = token_request(std::get<MetadataServer>(found));
    what = "Google's metadata server";
  }
  CO_TRY(net::OutboundResponse response, co_await send(std::move(request)));
  const bool is_metadata = std::holds_alternative<MetadataServer>(found);
  const bool is_busy = response.status == 429 || response.status >= 500;
  // A busy answer may come from something on the way; only a good one proves that it is another's.
  if (is_metadata && !is_busy && response.header("Metadata-Flavor") != "Google") {
    co_return Error{Code::kConfig, "google_credentials_missing",
                    "what answered as Google's metadata server is none, and there are no other "
                    "Google credentials"};
  }
  co_return read_token(std::move(response), now, what);
}

Task<AccessToken> AccessTokens::exchange(ExternalAccount account) {
  SecretBytes content;
  if (account.source_file.empty()) {
    net::OutboundRequest ask = subject_token_request(account);
    CO_TRY(const net::OutboundResponse response, co_await send(std::move(ask)));
    if (response.status != 200) {
      co_return Error{
          Code::kUnavailable, "google_subject_token_missing",
          "the source of the subject token answered " + std::to_string(response.status)};
    }
    content = SecretBytes::from_text(response.body);
  } else {
    auto read = [path = account.source_file]() -> Result<SecretBytes> {
      TRY(auto found, read_any(path));
      if (!found) return missing(path);
      return std::move(*found);
    };
    CO_TRY(content, co_await on_pool<SecretBytes>(context_.pool, std::move(read)));
  }
  CO_TRY(const SecretBytes subject, read_subject_token(account, content.view()));
  const Instant now = context_.clock->now();
  net::OutboundRequest request = token_request(account, subject.view());
  CO_TRY(net::OutboundResponse response, co_await send(std::move(request)));
  CO_TRY(AccessToken token,
         read_token(std::move(response), now, "Google's security token service"));
  if (account.impersonation_url.empty()) co_return token;
  request = impersonation_request(account, token);
  CO_TRY(response, co_await send(std::move(request)));
  co_return read_impersonated_token(std::move(response), now);
}

Task<Credentials> AccessTokens::credentials() {
  auto find = [self = shared_from_this()] { return self->find_credentials(); };
  co_return co_await on_pool<Credentials>(context_.pool, std::move(find));
}

Result<Credentials> AccessTokens::find_credentials() const {
  std::string named = settings_.file;
  const bool wants_metadata = named.empty() && settings_.account != "default";
  if (named.empty()) named = variable(context_.environment, "GOOGLE_APPLICATION_CREDENTIALS");
  if (!wants_metadata && !named.empty()) {
    TRY(auto found, read_file(named));
    if (!found) return missing(named);
    return std::move(*found);
  }
  const std::string gcloud = gcloud_file(context_);
  if (!wants_metadata && !gcloud.empty()) {
    TRY(auto found, read_file(gcloud));
    if (found) return std::move(*found);
  }
  MetadataServer server;
  server.account = settings_.account;
  const std::string host = variable(context_.environment, "GCE_METADATA_HOST");
  if (!host.empty()) server.host = host;
  if (!is_host(server.host)) {
    return Error{Code::kConfig, "google_credentials_invalid",
                 "GCE_METADATA_HOST must be a host, perhaps with a port"};
  }
  return Credentials(std::move(server));
}

Result<std::optional<Credentials>> AccessTokens::read_file(const std::string& path) const {
  TRY(const auto document, read_any(path));
  if (!document) return std::optional<Credentials>();
  auto parsed = parse_credentials(document->view());
  if (!parsed) {
    Error error = std::move(parsed).error();
    error.detail += " (file " + quoted(path, 256) + ")";
    return error;
  }
  if (holds_secret(*parsed)) {
    TRY(check_private(path, settings_.rules));
  }
  return std::optional<Credentials>(std::move(parsed).value());
}

}  // namespace signet::secrets::google

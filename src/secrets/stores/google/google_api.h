#pragma once
// One REST service of Google: calls with the server's own access token, and what follows from their
// failures.

#include "secrets/stores/google/access_tokens.h"

namespace signet::secrets::google {

/// Shared by all threads.
class GoogleApi : public std::enable_shared_from_this<GoogleApi> {
 public:
  static constexpr int kTries = 3;       ///< of an answer that arrives changed
  static constexpr int kMostPages = 50;  ///< of a list

  /// `endpoint` is scheme, host and port: "https://cloudkms.googleapis.com".
  GoogleApi(std::string endpoint, CredentialSettings credentials, StoreContext context);

  enum class Repeat : std::uint8_t {
    kNever,    ///< a second try could do it twice
    kHarmless  ///< once more where the first try was lost
  };
  struct Call {
    std::string method = "GET";
    std::string path;  ///< from "/v1/" on, with the query; only checked names in it
    std::string body;  ///< JSON; overwritten when the call is over
    std::string what;  ///< for errors: "access to secret 'x'"
    Repeat repeat = Repeat::kHarmless;

    Call() = default;
    Call(Call&&) = default;
    Call& operator=(Call&&) = default;
    ~Call() { wipe(body); }
  };

  /// The object that was answered. A token that Google refuses is renewed once; 5xx and broken
  /// connections are tried once more where that is harmless. Errors are those of read_answer,
  /// AccessTokens and HttpClient.
  Task<json::Object> call(Call call);

  /// The objects of the list `member`, page after page; `path` ends with a query.
  Task<std::vector<json::Object>> list(std::string path, std::string member, std::string what);
  /// Of each of them the last part of its name.
  Task<std::vector<std::string>> list_names(std::string path, std::string member, std::string what);

 private:
  Task<json::Object> attempt(std::shared_ptr<const Call> call);

  const std::string endpoint_;
  const std::shared_ptr<net::HttpClient> http_;
  const std::shared_ptr<AccessTokens> tokens_;
};

/// Asks again, kTries times in all, while bytes arrive changed ("google_integrity_failed").
template <class T>
Task<T> until_whole(std::function<Task<T>()> once) {
  Result<T> answer;
  for (int i = 0; i < GoogleApi::kTries; ++i) {
    Task<T> asking = once();
    answer = co_await std::move(asking);
    if (answer || !answer.error().is("google_integrity_failed")) break;
  }
  co_return answer;
}

/// A setting that holds an endpoint: "https://HOST" unless it is set; complains where check_url
/// does.
std::string read_endpoint(SettingsReader& reader, std::string_view setting,
                          const std::string& host);

}  // namespace signet::secrets::google

#pragma once
// The admin API as calls.

#include <optional>

#include "cli/context.h"

namespace signet::cli {

class AdminClient {
 public:
  /// Where the server is and the token for it, from the options or the configuration. "usage",
  /// "admin_token_missing", "config_invalid", "unsafe_plain_http".
  static Result<AdminClient> make(const Context& context);

  /// `path` starts with '/'. An answer of 4xx or 5xx is a failure with the server's own code as its
  /// reason. An answer without a body is null.
  Result<json::Value> get(const std::string& path) const;
  Result<json::Value> put(const std::string& path, const json::Value& body,
                          net::LocalHeaders conditions = {}) const;
  Result<json::Value> post(const std::string& path, const json::Value& body) const;
  Status remove(const std::string& path) const;
  /// The items of a list, page after page.
  Result<json::Array> all(const std::string& path, std::string_view member) const;
  /// What makes a PUT replace only the revision that `answer` shows.
  static net::LocalHeaders condition_of(const json::Value& answer);
  /// What makes a PUT replace only the revision that is there now, or create only.
  Result<net::LocalHeaders> condition_for(const std::string& path) const;
  /// The same for calls that look at everything that is stored: it waits for ten minutes.
  AdminClient patient() const;
  /// The answer as it came, whatever its status; without the token where `with_token` is not set.
  Result<net::LocalResponse> raw(const std::string& path, bool with_token) const;

  const std::string& url() const { return url_; }

 private:
  AdminClient(const Context& context, std::string url, std::string token)
      : context_(&context), url_(std::move(url)), token_(std::move(token)) {}
  Result<json::Value> send(const char* method, const std::string& path, const json::Value* body,
                           net::LocalHeaders headers) const;

  const Context* context_;
  std::string url_, token_;
  Milliseconds timeout_ = net::LocalRequest().timeout;
};

std::string realm_path(const std::string& realm);
/// A name as one segment of a path.
std::string path_segment(const std::string& name);
std::string client_path(const std::string& realm, const std::string& id);
std::string resource_server_path(const std::string& realm, const std::string& name);
std::string inject_policy_path(const std::string& realm, const std::string& name);

// Readers of answers: a member that is absent or of another kind is empty.
std::string text_of(const json::Value& value, std::string_view member);
const json::Array& list_of(const json::Value& value, std::string_view member);
/// The texts of a list with ", " between.
std::string texts_of(const json::Value& value, std::string_view member);
/// That the time for which a key may be active nears its end, or is over; empty for other keys.
std::string cryptoperiod_in_words(const json::Value& key);

}  // namespace signet::cli

#include "secrets/stores/aws/aws_test_support.h"

namespace signet::secrets::aws {

std::string header_of(const OutboundRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (equal_ignoring_case(key, name)) return value;
  }
  return {};
}

OutboundResponse refusal(int status, const std::string& exception, const std::string& message) {
  json::Object body;
  body.set("__type", "com.amazonaws#" + exception);
  body.set("Message", message);
  return FakeHttpClient::response(status, json::dump(json::Value(body)));
}

FakeAws::FakeAws() = default;
FakeAws::~FakeAws() = default;

void FakeAws::put(const std::string& name, const std::string& text, bool is_binary) {
  const std::lock_guard hold(mutex);
  auto& stages = secrets[name];
  if (stages.contains("AWSCURRENT")) stages["AWSPREVIOUS"] = stages["AWSCURRENT"];
  stages["AWSCURRENT"] = {text, "version-" + std::to_string(++versions_), is_binary};
}

void FakeAws::put_pending(const std::string& name, const std::string& text) {
  const std::lock_guard hold(mutex);
  secrets[name]["AWSPENDING"] = {text, "version-" + std::to_string(++versions_), false};
}

void FakeAws::finish_rotation(const std::string& name) {
  const std::lock_guard hold(mutex);
  auto& stages = secrets.at(name);
  stages["AWSPREVIOUS"] = stages.at("AWSCURRENT");
  stages["AWSCURRENT"] = stages.at("AWSPENDING");  // which AWS leaves where it is
}

Result<OutboundResponse> FakeAws::answer(const OutboundRequest& request) {
  const std::lock_guard hold(mutex);
  if (!next.empty()) {
    OutboundResponse first = std::move(next.front());
    next.erase(next.begin());
    return first;
  }
  const std::string target = header_of(request, "X-Amz-Target");
  const std::string operation = target.substr(target.find('.') + 1);
  const auto body = json::parse_object(request.body);
  if (auto bad = check_signature(request)) return std::move(*bad);
  if (!body) return refusal(400, "SerializationException");
  if (more) {
    if (auto special = more(request, operation, *body)) return std::move(*special);
  }
  if (operation == "GetSecretValue") return get(*body);
  if (operation == "CreateSecret") return create(*body);
  return refusal(400, "UnknownOperationException");
}

std::optional<OutboundResponse> FakeAws::check_signature(const OutboundRequest& request) {
  const std::string given = header_of(request, "Authorization");
  const std::string signed_names = between(given, "SignedHeaders=", ",");
  const auto scope = split(std::string_view(given).substr(given.find('=') + 1), '/');
  if (scope.size() < 5 || scope[0] != access_key) {
    return refusal(400, "UnrecognizedClientException");
  }
  if (!region.empty() && scope[2] != region) {
    return refusal(400, "InvalidSignatureException",
                   "Credential should be scoped to a valid region.");
  }
  SignableRequest what;
  what.method = request.method;
  const auto uri = http::parse_http_uri(request.url).value();
  what.path = uri.path;
  for (const std::string_view name : split(signed_names, ';')) {
    what.headers.emplace_back(std::string(name),
                              name == "host" ? host_header(uri) : header_of(request, name));
  }
  what.body = request.body;
  const std::string date = header_of(request, "X-Amz-Date");
  const Instant at = parse_amz_date(date);
  const std::string right = signature(
      string_to_sign(canonical_request(what), {std::string(scope[2]), std::string(scope[3])}, at),
      SecretBytes::from_text(secret_key), {std::string(scope[2]), std::string(scope[3])}, at);
  if (!given.ends_with("Signature=" + right)) {
    return refusal(400, "InvalidSignatureException");
  }
  const auto apart = at > clock->now() ? at - clock->now() : clock->now() - at;
  if (apart > std::chrono::minutes(5)) {
    OutboundResponse late = refusal(400, "InvalidSignatureException", "Signature expired");
    late.headers.emplace_back("Date", http_date(clock->now()));
    return late;
  }
  return std::nullopt;
}

std::string FakeAws::http_date(Instant at) {
  const std::time_t seconds = unix_seconds(at);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return text.data();
}

std::string FakeAws::between(const std::string& text, const std::string& from,
                             const std::string& to) {
  const std::size_t begin = text.find(from);
  if (begin == text.npos) return {};
  const std::size_t at = begin + from.size();
  return text.substr(at, text.find(to, at) - at);
}

Instant FakeAws::parse_amz_date(const std::string& text) {
  std::tm parts{};
  ::strptime(text.c_str(), "%Y%m%dT%H%M%SZ", &parts);
  return from_unix_seconds(::timegm(&parts));
}

OutboundResponse FakeAws::get(const json::Object& body) {
  const std::string name = text_member(body, "SecretId");
  const std::string stage = text_member(body, "VersionStage");
  const auto secret = secrets.find(name);
  if (denied.contains("GetSecretValue") ||
      (secret == secrets.end() && denied.contains("GetSecretValue:missing"))) {
    return refusal(400, "AccessDeniedException",
                   "User: arn:aws:iam::1:user/u is not authorized to perform: "
                   "secretsmanager:GetSecretValue");
  }
  if (secret == secrets.end() || !secret->second.contains(stage)) {
    return refusal(400, "ResourceNotFoundException");
  }
  const Value& value = secret->second.at(stage);
  json::Object answer;
  answer.set("Name", name);
  answer.set("VersionId", value.id);
  answer.set("CreatedDate", 1.7e9);
  if (value.is_binary) {
    answer.set("SecretBinary", base64::encode(as_bytes(value.text)));
  } else {
    answer.set("SecretString", value.text);
  }
  return FakeHttpClient::response(200, json::dump(json::Value(answer)));
}

OutboundResponse FakeAws::create(const json::Object& body) {
  const std::string name = text_member(body, "Name");
  const std::string token = text_member(body, "ClientRequestToken");
  if (denied.contains("CreateSecret")) return refusal(400, "AccessDeniedException");
  if (token.size() < 32 || token.size() > 64) return refusal(400, "InvalidParameterException");
  const auto secret = secrets.find(name);
  if (secret != secrets.end()) {
    const bool is_same = created_with[name] == token &&
                         secret->second["AWSCURRENT"].text == text_member(body, "SecretString");
    if (!is_same) return refusal(400, "ResourceExistsException");
  } else {
    secrets[name]["AWSCURRENT"] = {text_member(body, "SecretString"), token, false};
    created_with[name] = token;
  }
  json::Object answer;
  answer.set("Name", name);
  answer.set("VersionId", token);
  return FakeHttpClient::response(200, json::dump(json::Value(answer)));
}

AwsWorld::AwsWorld() {
  settings.region = "eu-west-1";
  context.clock = aws.clock;
  context.http = http;
  context.environment = {{"AWS_ACCESS_KEY_ID", kKeyId}, {"AWS_SECRET_ACCESS_KEY", kSecretKey}};
}

AwsWorld::~AwsWorld() = default;

AccessPtr AwsWorld::access() {
  return std::make_shared<const Access>(
      Access{settings, context, [this](Milliseconds) { return wait(); }});
}

Task<Done> AwsWorld::wait() {
  ++waits;
  co_return Done{};
}

}  // namespace signet::secrets::aws

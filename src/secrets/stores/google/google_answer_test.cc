#include "secrets/stores/google/google_answer.h"

#include "net/fake_http_client.h"
#include "secrets/stores/store_test_support.h"

namespace signet::secrets::google {
namespace {

Result<json::Object> read(int status, std::string body) {
  return read_answer(net::FakeHttpClient::response(status, std::move(body)), "the call");
}

struct ErrorRow {
  int status;
  const char* body;
  Code code;
  const char* reason;
};

// The shapes of google.rpc.Status as the REST services send them, and what is no such thing.
const ErrorRow kErrors[] = {
    {400, R"({"error":{"status":"FAILED_PRECONDITION"}})", Code::kConfig,
     "google_failed_precondition"},
    {400, R"({"error":{"status":"INVALID_ARGUMENT"}})", Code::kConfig, "google_request_refused"},
    {400, R"({"error":"invalid_grant"})", Code::kConfig, "google_request_refused"},
    {401, R"({"error":{"status":"UNAUTHENTICATED"}})", Code::kConfig, "google_unauthenticated"},
    {403, R"({"error":{"status":"PERMISSION_DENIED"}})", Code::kDenied, "google_denied"},
    {404, R"({"error":{"status":"NOT_FOUND"}})", Code::kNotFound, "google_not_found"},
    {404, "<html>", Code::kNotFound, "google_not_found"},
    {408, "", Code::kTimeout, "google_timeout"},
    {409, R"({"error":{"status":"ALREADY_EXISTS"}})", Code::kConflict, "google_exists"},
    {413, "", Code::kConfig, "google_request_refused"},
    {429, R"({"error":{"status":"RESOURCE_EXHAUSTED"}})", Code::kUnavailable, "google_quota"},
    {500, R"({"error":{"status":"INTERNAL"}})", Code::kUnavailable, "google_unavailable"},
    {503, "upstream connect error", Code::kUnavailable, "google_unavailable"},
    {504, "", Code::kTimeout, "google_timeout"},
    {302, "", Code::kUnavailable, "google_answer_malformed"},
    {200, "", Code::kUnavailable, "google_answer_malformed"},
    {200, "[]", Code::kUnavailable, "google_answer_malformed"},
    {200, R"({"a":)", Code::kUnavailable, "google_answer_malformed"},
};

TEST(GoogleAnswer, every_status_becomes_the_error_of_whose_move_it_is) {
  for (const ErrorRow& row : kErrors) {
    const auto answer = read(row.status, row.body);
    EXPECT_THAT(answer, fails(row.reason)) << row.status << " " << row.body;
    EXPECT_THAT(answer, fails_with_code(row.code)) << row.status << " " << row.body;
    EXPECT_EQ(answer.error().detail.find("the call: "), 0U);
  }
}

TEST(GoogleAnswer, an_error_tells_what_google_said_and_no_line_breaks) {
  const auto answer = read(403, R"({"error":{"status":"PERMISSION_DENIED","message":"a\nb",
      "details":[{"x":1},{"reason":"SERVICE_DISABLED"}]}})");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().detail,
            "the call: Google answered 403 (PERMISSION_DENIED, 'SERVICE_DISABLED': 'a\\x0ab')");
}

TEST(GoogleAnswer, numbers_come_as_texts_or_as_numbers) {
  const auto object =
      json::parse_object(R"({"a":"3808858755","b":5,"c":"","d":"5x","e":"-1","f":true})").value();
  EXPECT_EQ(int64_member(object, "a"), 3808858755);
  EXPECT_EQ(int64_member(object, "b"), 5);
  EXPECT_EQ(int64_member(object, "e"), -1);
  for (const std::string_view name : {"c", "d", "f", "none"})
    EXPECT_EQ(int64_member(object, name), std::nullopt) << name;
}

TEST(GoogleAnswer, bytes_need_the_right_checksum) {
  const auto take = [](std::string_view text) {
    json::Object object = json::parse_object(text).value();
    return take_checked_bytes(object, "data", "crc", "the call");
  };
  const auto whole = take(R"({"data":"MTIzNDU2Nzg5","crc":"3808858755"})");
  ASSERT_THAT(whole, is_ok());
  EXPECT_EQ(as_text(whole->view()), "123456789");
  EXPECT_THAT(take(R"({"data":"MTIzNDU2Nzg5","crc":3808858755})"), is_ok());
  EXPECT_THAT(take(R"({"data":"MTIzNDU2Nzg4","crc":"3808858755"})"),
              fails("google_integrity_failed"));
  EXPECT_THAT(take(R"({"data":"MTIzNDU2Nzg5"})"), fails("google_integrity_failed"));
  EXPECT_THAT(take(R"({"data":"MTIzNDU2Nzg5","crc":"-486108541"})"),
              fails("google_integrity_failed"));
  EXPECT_THAT(take(R"({"data":"*","crc":"1"})"), fails("google_answer_malformed"));
  EXPECT_THAT(take(R"({"crc":"1"})"), fails("google_answer_malformed"));
}

TEST(GoogleAnswer, a_version_is_a_number_without_leading_zeros) {
  EXPECT_EQ(version_number("projects/p/secrets/s/versions/17"), 17U);
  for (const std::string_view name :
       {"", "versions/", "versions/0", "versions/01", "versions/-1", "versions/1x",
        "versions/latest", "versions/99999999999999999999"})
    EXPECT_EQ(version_number(name), std::nullopt) << name;
}

TEST(GoogleAnswer, names_that_could_leave_their_path_are_none) {
  EXPECT_TRUE(is_resource_id("a-B_9", 63));
  for (const std::string_view name : {"", "a/b", "a.b", "..", "a?b", "a b", "ä"})
    EXPECT_FALSE(is_resource_id(name, 63)) << name;
  EXPECT_FALSE(is_resource_id(std::string(64, 'a'), 63));
  EXPECT_TRUE(is_project("my-project-1"));
  EXPECT_TRUE(is_project("example.com:my-project"));
  for (const std::string_view name : {"", "a/b", "../x", "A", "a b"})
    EXPECT_FALSE(is_project(name)) << name;
}

}  // namespace
}  // namespace signet::secrets::google

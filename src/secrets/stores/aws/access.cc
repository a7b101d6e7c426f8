#include "secrets/stores/aws/access.h"

#include <algorithm>
#include <array>
#include <fstream>

#include "base/text.h"
#include "secrets/stores/on_pool.h"

namespace signet::secrets::aws {
namespace {

struct Partition {
  std::string_view region_prefix, domain;
};

// AWS's partitions that have a domain of their own (botocore's partitions.json).
constexpr std::array<Partition, 6> kPartitions = {{
    {"cn-", "amazonaws.com.cn"},
    {"us-iso-", "c2s.ic.gov"},
    {"us-isob-", "sc2s.sgov.gov"},
    {"us-isof-", "csp.hci.ic.gov"},
    {"eu-isoe-", "cloud.adc-e.uk"},
    {"eusc-", "amazonaws.eu"},
}};

bool is_this_machine(std::string_view host) {
  return host == "localhost" || host == "[::1]" || host == "::1" || host.starts_with("127.");
}

}  // namespace

SettingNames access_settings() {
  return {
      {"region",
       "the AWS region; default AWS_REGION, AWS_DEFAULT_REGION, the profile's, the "
       "instance's"},
      {"profile", "a profile of the AWS configuration files; default AWS_PROFILE, else default"},
      {"endpoint_url",
       "another address for the service (a VPC endpoint, a test server); https, or "
       "http to this machine; default AWS_ENDPOINT_URL, else AWS"},
  };
}

AccessSettings read_access_settings(SettingsReader& reader) {
  AccessSettings mine;
  mine.region = reader.text("region");
  mine.profile = reader.text("profile");
  mine.endpoint_url = reader.text("endpoint_url");
  if (!mine.region.empty() && !is_region(mine.region)) {
    reader.complain("'region' is not the name of an AWS region");
  }
  if (!mine.endpoint_url.empty()) {
    if (const Status good = check_endpoint(mine.endpoint_url); !good) {
      reader.complain("'endpoint_url': " + good.error().detail);
    }
  }
  return mine;
}

std::string Access::variable(const std::string& name) const {
  return secrets::variable(context.environment, name);
}

bool Access::is_true(const std::string& name) const {
  return equal_ignoring_case(variable(name), "true");
}

Status check_endpoint(std::string_view url) {
  const auto uri = http::parse_http_uri(url);
  if (!uri) return Error{Code::kConfig, "store_settings_invalid", uri.error().detail};
  if (uri->scheme == "https" || is_this_machine(uri->host)) return Done{};
  return Error{Code::kConfig, "store_settings_invalid",
               quoted_url(url) + " must be https: secrets go there in the clear"};
}

Result<std::string> endpoint_override(const Access& access, std::string_view service) {
  if (access.is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) return std::string();
  for (const std::string& name :
       {"AWS_ENDPOINT_URL_" + std::string(service), std::string("AWS_ENDPOINT_URL")}) {
    std::string url = access.variable(name);
    if (url.empty()) continue;
    TRY(check_endpoint(url));
    return url;
  }
  return std::string();
}

std::string aws_endpoint(std::string_view host_prefix, std::string_view region) {
  std::string_view domain = "amazonaws.com";
  for (const Partition& partition : kPartitions) {
    if (region.starts_with(partition.region_prefix)) domain = partition.domain;
  }
  return "https://" + std::string(host_prefix) + "." + std::string(region) + "." +
         std::string(domain);
}

std::string host_header(const http::HttpUri& uri) {
  constexpr std::uint16_t kHttp = 80;
  constexpr std::uint16_t kHttps = 443;
  const bool is_usual = uri.port == (uri.scheme == "https" ? kHttps : kHttp);
  return is_usual ? uri.host : uri.host + ":" + std::to_string(uri.port);
}

bool is_region(std::string_view text) {
  constexpr std::size_t kLongest = 32;
  return !text.empty() && text.size() <= kLongest && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

Task<net::OutboundResponse> send(AccessPtr access, net::OutboundRequest request) {
  if (!access->context.http) {
    co_return Error{Code::kConfig, "outbound_http_missing",
                    "there is no HTTP client here to reach AWS with"};
  }
  co_return co_await access->context.http->send(std::move(request));
}

Task<SecretBytes> read_file(AccessPtr access, std::string path, std::string purpose) {
  auto work = [path, purpose]() -> Result<SecretBytes> {
    constexpr std::size_t kMost = 1 << 20;
    std::ifstream file(path, std::ios::binary);
    SecretBytes bytes(kMost);
    file.read(reinterpret_cast<char*>(bytes.span().data()), kMost);
    if (file.bad() || file.gcount() == 0 || file.gcount() == kMost) {
      return Error{Code::kConfig, "aws_file_unreadable",
                   "the file of " + purpose + ", " + quoted(path, 256) +
                       ", is missing, empty, too large or not readable"};
    }
    bytes.truncate(static_cast<std::size_t>(file.gcount()));
    return bytes;
  };
  co_return co_await on_pool<SecretBytes>(access->context.pool, std::move(work));
}

}  // namespace signet::secrets::aws

#include "http/address.h"

#include "support/matchers.h"

namespace signet::http {
namespace {

bool is_public(std::string_view text) {
  const auto address = parse_address(text);
  EXPECT_TRUE(address) << text;
  return address && is_public_address(*address);
}

TEST(Address, addresses_of_the_internet_are_public) {
  for (const char* text : {"1.1.1.1",
                           "8.8.8.8",
                           "9.255.255.255",
                           "11.0.0.0",
                           "100.63.255.255",
                           "100.128.0.0",
                           "126.255.255.255",
                           "128.0.0.0",
                           "169.253.255.255",
                           "169.255.0.0",
                           "172.15.255.255",
                           "172.32.0.0",
                           "192.0.1.0",
                           "192.0.3.0",
                           "192.167.255.255",
                           "192.169.0.0",
                           "198.17.255.255",
                           "198.20.0.0",
                           "203.0.112.255",
                           "223.255.255.255",
                           "2606:4700:4700::1111",
                           "2001:200::1",
                           "2001:4860:4860::8888",
                           "2003::1",
                           "2a00:1450:4001::1",
                           "3ffe::1"}) {
    EXPECT_TRUE(is_public(text)) << text;
  }
}

TEST(Address, special_addresses_are_not_public) {
  for (const char* text : {"0.0.0.0",
                           "0.255.255.255",
                           "10.0.0.0",
                           "10.255.255.255",
                           "100.64.0.0",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.255",
                           "169.254.169.254",
                           "169.254.170.2",
                           "172.16.0.0",
                           "172.31.255.255",
                           "192.0.0.8",
                           "192.0.2.1",
                           "192.88.99.1",
                           "192.168.0.0",
                           "192.168.255.255",
                           "198.18.0.0",
                           "198.19.255.255",
                           "198.51.100.1",
                           "203.0.113.1",
                           "224.0.0.1",
                           "239.255.255.255",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::127.0.0.1",       // compatible
                           "::ffff:127.0.0.1",  // mapped
                           "::ffff:8.8.8.8",
                           "64:ff9b::7f00:1",  // NAT64
                           "64:ff9b:1::1",
                           "100::1",      // discard
                           "2001::1",     // Teredo
                           "2001:2::1",   // benchmarking
                           "2001:10::1",  // ORCHID
                           "2001:1ff:ffff::1",
                           "2001:db8::1",     // documentation
                           "2002:7f00:1::1",  // 6to4
                           "3fff::1",
                           "3fff:fff:ffff::1",
                           "4000::1",
                           "5f00::1",
                           "fc00::1",  // unique local
                           "fd00:ec2::254",
                           "fe80::1",  // link-local
                           "febf::1",
                           "fec0::1",  // site-local
                           "ff02::1"}) {
    EXPECT_FALSE(is_public(text)) << text;
  }
  EXPECT_FALSE(is_public_address({}));
  EXPECT_FALSE(is_public_address(Bytes(5, 8)));
}

TEST(Address, reads_full_forms_only) {
  EXPECT_EQ(parse_address("1.2.3.4"), (Bytes{1, 2, 3, 4}));
  EXPECT_EQ(parse_address("[::1]"), parse_address("::1"));
  for (const char* text : {"", "1", "127.1", "0x7f.0.0.1", "2130706433", "1.2.3.4.5", "1.2.3.256",
                           "01.2.3.4", "[1.2.3.4]", "[]", "[::1", "fe80::1%eth0", "localhost"}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
}

TEST(Address, networks_hold_what_shares_their_bits) {
  const Bytes network = *parse_address("172.16.0.0");
  EXPECT_TRUE(is_in_network(*parse_address("172.31.255.255"), network, 12));
  EXPECT_FALSE(is_in_network(*parse_address("172.32.0.0"), network, 12));
  EXPECT_TRUE(is_in_network(*parse_address("9.9.9.9"), network, 0));
  EXPECT_TRUE(is_in_network(network, network, 32));
  EXPECT_FALSE(is_in_network(network, network, 33));
  EXPECT_FALSE(is_in_network(*parse_address("::1"), network, 8));
}

}  // namespace
}  // namespace signet::http

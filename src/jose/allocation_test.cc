// The hot paths ask for no memory of our own once they are warm. The C library's allocations (and
// so OpenSSL's) are not counted; what operator new gives out on this thread is.

#include <fstream>
#include <functional>
#include <optional>

#include "jose/algorithm_info.h"
#include "jose/content.h"
#include "jose/encryptor.h"
#include "jose/jose_test_support.h"
#include "support/counted_new.h"
#include "support/deflated.h"

namespace signet::jose {
namespace {

using signet::test::allocated_bytes;
using signet::test::allocations;
using test::is_ok;

/// A line of /proc/self/status, in bytes.
std::size_t status_of_process(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return std::stoul(line.substr(name.size() + 1)) * 1024;
  }
  return 0;
}

/// By how much the memory that is held rose at most while `act` ran; nothing where the system does
/// not tell.
std::optional<std::size_t> peak_of(const std::function<void()>& act) {
  std::ofstream reset("/proc/self/clear_refs");
  if (!(reset << "5" << std::flush)) return std::nullopt;
  const std::size_t before = status_of_process("VmRSS");
  act();
  const std::size_t peak = status_of_process("VmHWM");
  if (before == 0 || peak == 0) return std::nullopt;
  return peak > before ? peak - before : 0;
}

TEST(Allocation, sec_078_a_bomb_is_refused_with_less_than_two_megabytes) {
  const std::vector<KeyPtr> keys = {test::key(test::symmetric(32))};
  constexpr std::uint64_t kMost = 2 << 20;
  // The largest that a token may be: 40 KB that would be 40 MB.
  for (const std::size_t size : {1u << 20, 40u << 20}) {
    const std::string bomb = test::dir_token(R"({"alg":"dir","enc":"A256GCM","zip":"DEF"})",
                                             signet::test::deflated(Bytes(size, 'x')), keys[0]);
    ASSERT_LT(bomb.size(), Limits{}.max_token);
    DecryptOptions options = test::decrypt_with(keys);
    EXPECT_THAT(decrypt_compact(bomb, options), test::fails("jwe_zip_not_allowed"));
    options.allow_deflate = true;
    const std::uint64_t before = allocated_bytes;
    bool is_refused = false;
    const auto peak = peak_of([&] {
      const auto opened = decrypt_compact(bomb, options);
      is_refused = !opened.ok() && opened.error().is("jwe_inflate_limit");
    });
    EXPECT_TRUE(is_refused);
    EXPECT_LT(allocated_bytes - before, kMost) << "all in all, however short each was held";
    if (peak) {
      EXPECT_LT(*peak, kMost) << "with what zlib and secret memory take";
    }
  }
}

TEST(Allocation, sec_088_what_is_too_large_is_refused_before_any_of_it_is_copied) {
  const KeyPtr keys[] = {test::hmac_key()};
  const std::string dots(Limits{}.max_token + 1, '.'), letters(8 << 20, 'A');
  const std::string header =
      test::encoded("{\"alg\":\"HS256\",\"x\":\"" + std::string(Limits{}.max_header, 'x') + "\"}");
  const std::string signed_one = header + ".e30.AAAA", sealed_one = header + "....";
  for (const std::string& large : {dots, letters, signed_one, sealed_one}) {
    const std::uint64_t before = allocated_bytes;
    const bool is_verified = verify_compact(large, test::with(keys)).ok();
    const bool is_decrypted = decrypt_compact(large, test::decrypt_with(keys)).ok();
    EXPECT_LT(allocated_bytes - before, 1024U) << large.size();
    EXPECT_FALSE(is_verified || is_decrypted);
  }
}

TEST(Allocation, signing_and_appending_take_no_memory_once_warm) {
  const std::string payload(500, 'p');
  for (const auto& [key, alg] :
       {std::pair(test::hmac_key(), JwsAlg::kHs256), std::pair(test::ec_key(), JwsAlg::kEs256),
        std::pair(test::rsa_key(), JwsAlg::kRs256), std::pair(test::ed_key(), JwsAlg::kEdDsa)}) {
    const auto signer = test::must(CompactSigner::make(key, alg, {}));
    std::string out;
    out.reserve(4096);
    ASSERT_THAT(signer.append(out, as_bytes(payload)), is_ok());
    out.clear();
    const std::size_t before = allocations;
    const bool done = signer.append(out, as_bytes(payload)).ok();
    EXPECT_EQ(allocations, before) << name(alg);
    EXPECT_TRUE(done);
  }
}

TEST(Allocation, encryption_by_secrets_takes_no_memory_once_warm) {
  SystemRandom random;
  const KeyPtr issuer = test::key(test::symmetric(32, 9));
  for (const JweAlg alg : {JweAlg::kDir, JweAlg::kA128Kw, JweAlg::kA192Kw, JweAlg::kA256Kw}) {
    for (const JweEnc enc : all_jwe_encs()) {
      const std::size_t size = alg == JweAlg::kDir ? key_size(enc) : info(alg).wrap_key_bytes;
      const KeyPtr key = test::key(test::symmetric(size).with_kid("a key of a resource server"));
      for (const KeyPtr& issuer_key : {KeyPtr(), issuer}) {
        const auto encryptor = test::must(Encryptor::make(
            key, {alg, enc, test::object(R"({"typ":"at+jwt","cty":"JWT"})"), false, issuer_key}));
        for (const std::size_t plain_size : {500u, 4096u}) {
          const Bytes plain(plain_size);
          std::string out;
          out.reserve(8192);
          ASSERT_THAT(encryptor.append(out, plain, random), is_ok());
          out.clear();
          const std::size_t before = allocations;
          const bool done = encryptor.append(out, plain, random).ok();
          EXPECT_EQ(allocations, before) << name(alg) << ' ' << name(enc) << ' ' << plain_size;
          EXPECT_TRUE(done);
        }
      }
    }
  }
}

}  // namespace
}  // namespace signet::jose

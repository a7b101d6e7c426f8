// The hot paths ask for no memory of our own once they are warm. The C library's allocations (and
// so OpenSSL's) are not counted; what operator new gives out on this thread is.
#include <cstdlib>
#include <new>

#include "jose/encryptor.h"
#include "jose/jose_test_support.h"

namespace {
thread_local std::size_t allocations = 0;
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size ? size : 1)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace signet::jose {
namespace {

using test::is_ok;

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

TEST(Allocation, direct_encryption_takes_no_memory_once_warm) {
  SystemRandom random;
  const KeyPtr key = test::key(test::symmetric(32));
  const auto encryptor = test::must(Encryptor::make(key, {JweAlg::kDir, JweEnc::kA256Gcm}));
  std::string out;
  out.reserve(4096);
  ASSERT_THAT(encryptor.append(out, Bytes(500), random), is_ok());
  out.clear();
  const Bytes plain(500);
  const std::size_t before = allocations;
  const bool done = encryptor.append(out, plain, random).ok();
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace signet::jose

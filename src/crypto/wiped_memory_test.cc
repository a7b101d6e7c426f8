#include "crypto/wiped_memory.h"

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <cstdlib>
#include <cstring>

#include "crypto/init.h"
#include "crypto/key.h"

namespace signet::crypto {
namespace {

TEST(WipedMemory, keeps_what_is_in_it_when_it_grows_and_shrinks) {
  char* memory = static_cast<char*>(give_wiped(5, "", 0));
  std::memcpy(memory, "four", 5);
  for (const std::size_t size : {5, 64, 100'000, 8, 5}) {
    memory = static_cast<char*>(resize_wiped(memory, size, "", 0));
    ASSERT_NE(memory, nullptr);
    EXPECT_STREQ(memory, "four") << size;
  }
  EXPECT_EQ(resize_wiped(memory, 0, "", 0), nullptr) << "which gives it back";
  memory = static_cast<char*>(resize_wiped(nullptr, 8, "", 0));
  ASSERT_NE(memory, nullptr);
  take_and_wipe(memory, "", 0);
  take_and_wipe(nullptr, "", 0);
  EXPECT_EQ(give_wiped(0, "", 0), nullptr);
}

// In a process of its own, in which nothing was asked of OpenSSL before, as in main().
TEST(WipedMemory, is_what_the_library_uses_after_init_and_is_not_put_there_twice) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const bool is_ready = init().ok();
        CRYPTO_malloc_fn used = nullptr;
        CRYPTO_get_mem_functions(&used, nullptr, nullptr);
        const bool is_there_once = used == give_wiped && !wipe_library_memory();
        const bool makes_keys = PrivateKey::generate(KeyKind::kEcP256).ok();
        std::_Exit(is_ready && is_there_once && makes_keys ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace signet::crypto

// F8 for the library below: each operation is run with the 1st, 2nd, 3rd ... allocation of OpenSSL
// failing. Whatever fails, the answer is an error or the right one, never a wrong success.
// Its own program, because OpenSSL takes an allocator only before it has allocated anything.

#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include <cstdlib>
#include <functional>
#include <new>

#include "crypto/cipher.h"
#include "crypto/pkcs12.h"
#include "crypto/sign.h"

namespace {

thread_local std::int64_t t_left = 0;  // 0: not armed
thread_local bool t_for_good = false;
thread_local bool t_hit = false;
bool g_installed = false;

bool must_fail() {
  if (t_left == 0) return false;
  if (t_left > 1) {
    --t_left;
    return false;
  }
  t_hit = true;
  if (!t_for_good) t_left = 0;
  return true;
}

void* give(std::size_t size, const char*, int) {
  return must_fail() ? nullptr : std::malloc(size);
}
void* resize(void* memory, std::size_t size, const char*, int) {
  return must_fail() ? nullptr : std::realloc(memory, size);
}
void take(void* memory, const char*, int) {
  std::free(memory);
}

__attribute__((constructor(101))) void install() {
  g_installed = CRYPTO_set_mem_functions(give, resize, take) == 1;
}

}  // namespace

namespace signet::crypto {
namespace {

/// kRight: the operation says what is true. kRefused: it says that it could not.
enum class Ended : std::uint8_t { kRight, kRefused, kWrong };

void loop(const char* name, const std::function<Ended()>& act) {
  constexpr int kMost = 20'000;
  ASSERT_TRUE(g_installed);
  for (const bool for_good : {false, true}) {
    int refused = 0;
    bool passed = false;
    for (int nth = 1; nth <= kMost && !passed; ++nth) {
      t_hit = false;
      t_for_good = for_good;
      t_left = nth;
      Ended ended = Ended::kRefused;
      try {
        ended = act();
      } catch (const std::bad_alloc&) {
        // Ours for an allocation of the library's that failed; an end as good as an error.
      }
      t_left = 0;
      ERR_clear_error();
      ASSERT_NE(ended, Ended::kWrong) << name << ", allocation " << nth;
      if (!t_hit) {
        ASSERT_EQ(ended, Ended::kRight) << name << " fails without any disturbance";
        std::printf("%-22s %-8s %5d steps, %d refused\n", name, for_good ? "for good" : "once",
                    nth - 1, refused);
        passed = true;
      }
      refused += ended == Ended::kRefused;
      ASSERT_EQ(act(), Ended::kRight) << name << ": no service after allocation " << nth;
    }
    ASSERT_TRUE(passed) << name;
  }
}

struct Pair {
  const char* name;
  KeyKind kind;
  std::size_t bits;
  Signature scheme;
};
class LibraryMemory : public ::testing::TestWithParam<Pair> {};
INSTANTIATE_TEST_SUITE_P(Schemes, LibraryMemory,
                         ::testing::Values(Pair{"RS256", KeyKind::kRsa, 2048, Signature::kRs256},
                                           Pair{"PS256", KeyKind::kRsa, 2048, Signature::kPs256},
                                           Pair{"ES256", KeyKind::kEcP256, 0, Signature::kEs256},
                                           Pair{"ES512", KeyKind::kEcP521, 0, Signature::kEs512},
                                           Pair{"EdDSA", KeyKind::kEd25519, 0, Signature::kEdDsa}),
                         [](const auto& row) { return std::string(row.param.name); });

TEST_P(LibraryMemory, f_8_signing_gives_a_right_signature_or_none) {
  const auto key = PrivateKey::generate(GetParam().kind, GetParam().bits);
  ASSERT_TRUE(key.ok());
  const Bytes message(200, 'm');
  loop((std::string("sign ") + GetParam().name).c_str(), [&] {
    const auto made = sign(*key, GetParam().scheme, message);
    const std::int64_t left = std::exchange(t_left, 0);  // the judge is not disturbed
    const bool right = made.ok() && verify(key->public_key(), GetParam().scheme, message, *made);
    t_left = left;
    return !made.ok() ? Ended::kRefused : right ? Ended::kRight : Ended::kWrong;
  });
}

TEST_P(LibraryMemory, f_8_a_prepared_signer_gives_a_right_signature_or_none) {
  const auto key = PrivateKey::generate(GetParam().kind, GetParam().bits);
  ASSERT_TRUE(key.ok());
  const Bytes message(200, 'm');
  const auto signer = Signer::make(*key, GetParam().scheme);
  ASSERT_TRUE(signer.ok());
  loop((std::string("signer ") + GetParam().name).c_str(), [&] {
    Bytes made((*signer)->size());
    const bool is_made = (*signer)->sign(message, made.data()).ok();
    const std::int64_t left = std::exchange(t_left, 0);
    const bool right = is_made && verify(key->public_key(), GetParam().scheme, message, made);
    t_left = left;
    return !is_made ? Ended::kRefused : right ? Ended::kRight : Ended::kWrong;
  });
}

TEST_P(LibraryMemory, f_8_a_forged_signature_never_verifies) {
  const auto key = PrivateKey::generate(GetParam().kind, GetParam().bits);
  ASSERT_TRUE(key.ok());
  const Bytes message(200, 'm');
  const auto good = sign(*key, GetParam().scheme, message);
  ASSERT_TRUE(good.ok());
  Bytes forged = *good;
  forged[forged.size() / 2] ^= 1;
  const PublicKey shown = key->public_key();
  const auto verifier = Verifier::make(shown, GetParam().scheme);
  ASSERT_TRUE(verifier.ok());
  loop((std::string("verifier ") + GetParam().name).c_str(), [&] {
    if ((*verifier)->verify(message, forged)) return Ended::kWrong;
    return (*verifier)->verify(message, *good) ? Ended::kRight : Ended::kRefused;
  });
  loop((std::string("verify ") + GetParam().name).c_str(), [&] {
    return verify(shown, GetParam().scheme, message, *good) ? Ended::kRight : Ended::kRefused;
  });
  loop((std::string("forged ") + GetParam().name).c_str(), [&] {
    return verify(shown, GetParam().scheme, message, forged) ? Ended::kWrong : Ended::kRight;
  });
}

TEST(LibraryMemory, f_8_a_changed_ciphertext_never_opens) {
  const Bytes key(32, 1), iv(12, 2), plain(100, 3);
  Bytes cipher(plain.size()), tag(16);
  ASSERT_TRUE(gcm_encrypt(key, iv, {}, plain, cipher.data(), tag.data()).ok());
  const auto open = [&](ByteView with_tag) {
    Bytes out(cipher.size());
    const bool ok = gcm_decrypt(key, iv, {}, cipher, with_tag, out.data()).ok();
    return ok && out != plain ? Ended::kWrong : ok ? Ended::kRight : Ended::kRefused;
  };
  loop("gcm", [&] { return open(tag); });
  Bytes forged = tag;
  forged[0] ^= 1;
  loop("gcm forged",
       [&] { return open(forged) == Ended::kRefused ? Ended::kRight : Ended::kWrong; });

  const auto rsa = PrivateKey::generate(KeyKind::kRsa, 2048);
  const auto sealed = rsa_encrypt(rsa->public_key(), RsaPadding::kOaepSha256, plain);
  ASSERT_TRUE(sealed.ok());
  loop("rsa-oaep", [&] {
    const auto opened = rsa_decrypt(*rsa, RsaPadding::kOaepSha256, *sealed);
    if (!opened.ok()) return Ended::kRefused;
    return as_text(opened->view()) == as_text(plain) ? Ended::kRight : Ended::kWrong;
  });
}

TEST(LibraryMemory, f_8_keys_are_read_whole_or_refused) {
  for (const KeyKind kind : {KeyKind::kRsa, KeyKind::kEcP256, KeyKind::kEd25519}) {
    const auto key = PrivateKey::generate(kind, kind == KeyKind::kRsa ? 2048 : 0);
    ASSERT_TRUE(key.ok());
    const SecretBytes der = key->pkcs8();
    const PublicKey shown = key->public_key();
    loop("pkcs8", [&] {
      const auto read = PrivateKey::from_pkcs8(der.view());
      if (!read.ok()) return Ended::kRefused;
      const std::int64_t left = std::exchange(t_left, 0);
      const bool same = read->public_key() == shown;
      t_left = left;
      return same ? Ended::kRight : Ended::kWrong;
    });
  }
}

}  // namespace
}  // namespace signet::crypto

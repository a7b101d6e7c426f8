// bench_timing [--samples N] [--rsa-samples N]: does the time of a refusal tell why? For each check
// two classes of wrong input are tried in random order, and Welch's t of their times is printed,
// one JSON object per line: {"name","samples","t","a_ns","b_ns"}. Beyond 4.5 the classes can be
// told apart (Reparaz, Balasch, Verbauwhede: Dude, is my code constant time?, 2017). At last what
// it costs to refuse a decompression bomb: {"name","ms"}. Pin it with taskset.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "base/base64.h"
#include "base/random.h"
#include "base/text.h"
#include "crypto/key.h"
#include "jose/content.h"
#include "jose/jwe.h"
#include "oauth/client_secret.h"
#include "support/deflated.h"

namespace {

using signet::as_bytes;
using signet::Bytes;
using namespace signet::jose;

/// Many inputs of one class, so that no single one is what is timed.
constexpr std::size_t kInputs = 256;
/// What the system's interruptions leave unharmed.
constexpr double kKeptShare = 0.9;

signet::SystemRandom g_random;

Bytes noise(std::size_t size) {
  Bytes out(size);
  g_random.fill(out);
  return out;
}

struct Sample {
  bool is_b;
  double ns;
};

class Welch {
 public:
  void add(double value) {
    ++count_;
    const double from_mean = value - mean_;
    mean_ += from_mean / count_;
    squares_ += from_mean * (value - mean_);
  }
  double mean() const { return mean_; }
  static double t(const Welch& a, const Welch& b) {
    const double error = a.variance() / a.count_ + b.variance() / b.count_;
    return error > 0 ? (a.mean_ - b.mean_) / std::sqrt(error) : 0;
  }

 private:
  double variance() const { return count_ > 1 ? squares_ / (count_ - 1) : 0; }
  double count_ = 0, mean_ = 0, squares_ = 0;
};

/// `act(is_b, i)` does the check with the i-th input of a class and says whether it was refused.
void compare(const char* name, std::size_t samples,
             const std::function<bool(bool is_b, std::size_t i)>& act) {
  const Bytes coins = noise(2 * samples);
  std::vector<Sample> taken;
  taken.reserve(samples);
  for (std::size_t i = 0; i < samples; ++i) {
    const bool is_b = (coins[2 * i] & 1) != 0;
    const std::size_t input = coins[2 * i + 1] % kInputs;
    const auto begin = std::chrono::steady_clock::now();
    const bool is_refused = act(is_b, input);
    const auto end = std::chrono::steady_clock::now();
    if (!is_refused) {
      std::fprintf(stderr, "bench_timing: %s: a wrong input was accepted\n", name);
      std::exit(1);
    }
    if (i < samples / 20) continue;  // caches and clocks warm up
    taken.push_back({is_b, std::chrono::duration<double, std::nano>(end - begin).count()});
  }
  // The slowest are those that something interrupted; the cut is the same for both classes.
  std::vector<double> sorted;
  for (const Sample& one : taken)
    sorted.push_back(one.ns);
  const auto cut = sorted.begin() +
                   static_cast<std::ptrdiff_t>(kKeptShare * static_cast<double>(sorted.size() - 1));
  std::nth_element(sorted.begin(), cut, sorted.end());
  Welch a, b;
  for (const Sample& one : taken)
    if (one.ns <= *cut) (one.is_b ? b : a).add(one.ns);
  std::printf("{\"name\":\"%s\",\"samples\":%zu,\"t\":%.3f,\"a_ns\":%.1f,\"b_ns\":%.1f}\n", name,
              samples, Welch::t(a, b), a.mean(), b.mean());
  std::fflush(stdout);
}

/// Two sets of inputs, made by `make(is_b)`.
template <class Make>
std::vector<std::string> both(Make make) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < 2 * kInputs; ++i)
    out.push_back(make(i >= kInputs));
  return out;
}

void compare_secrets(std::size_t samples) {
  const std::string secret = signet::oauth::make_client_secret(g_random);
  const std::string stored = signet::oauth::hash_fast(secret, g_random);
  // A guess that is right but for its last character, and one with nothing right.
  const auto guesses = both([&](bool is_b) {
    if (is_b) return signet::oauth::make_client_secret(g_random);
    std::string near = secret;
    near.back() = near.back() == 'A' ? 'E' : 'A';
    return near;
  });
  compare("client secret: nearly right, all wrong", samples, [&](bool is_b, std::size_t i) {
    return !signet::oauth::verify_fast(stored, as_bytes(guesses[i + (is_b ? kInputs : 0)]));
  });
  // What stands for the stored secret where there is no client.
  const std::string dummy =
      signet::oauth::hash_fast(signet::oauth::make_client_secret(g_random), g_random);
  compare("client secret: wrong, unknown client", samples, [&](bool is_b, std::size_t i) {
    return !signet::oauth::verify_fast(is_b ? dummy : stored, as_bytes(guesses[i + kInputs]));
  });
  const Bytes known = noise(32);
  const auto tags = both([&](bool is_b) {
    Bytes tag = known;
    tag[is_b ? tag.size() - 1 : 0] ^= 1;
    return signet::to_text(tag);
  });
  compare("comparison: first byte wrong, last byte wrong", samples, [&](bool is_b, std::size_t i) {
    return !signet::constant_time_equal(known, as_bytes(tags[i + (is_b ? kInputs : 0)]));
  });
}

void compare_macs(std::size_t samples) {
  const std::vector<KeyPtr> keys = {
      Key::local(Jwk::from_symmetric(signet::SecretBytes(noise(32))))};
  const std::string token =
      sign_compact(keys[0], JwsAlg::kHs256, as_bytes(R"({"sub":"client"})")).value();
  const std::size_t begin = token.rfind('.') + 1;
  const auto tokens = both([&](bool is_b) {
    std::string bad = token;
    char& victim = bad[is_b ? bad.size() - 2 : begin];  // the last one has unused bits
    victim = victim == 'A' ? 'Q' : 'A';
    return bad;
  });
  VerifyOptions options;
  options.keys = keys;
  compare("MAC: first byte wrong, last byte wrong", samples, [&](bool is_b, std::size_t i) {
    return !verify_compact(tokens[i + (is_b ? kInputs : 0)], options).ok();
  });
}

void compare_cbc(std::size_t samples) {
  const Bytes cek = noise(32), iv = noise(16), aad = noise(40);
  const Sealed sealed = seal(JweEnc::kA128CbcHs256, cek, iv, aad, noise(100)).value();
  // The tag is wrong in both; the padding would be right in the one and wrong in the other.
  const auto texts = both([&](bool is_b) {
    Bytes bad = sealed.ciphertext;
    const Bytes flips = noise(1);
    bad[is_b ? bad.size() - 17 : 0] ^= static_cast<std::uint8_t>(flips[0] | 0x80);
    return signet::to_text(bad);
  });
  compare("CBC: right padding, wrong padding", samples, [&](bool is_b, std::size_t i) {
    return !open(JweEnc::kA128CbcHs256, cek, iv, aad, as_bytes(texts[i + (is_b ? kInputs : 0)]),
                 sealed.tag)
                .ok();
  });
}

void compare_rsa(std::size_t samples) {
  const std::vector<KeyPtr> keys = {Key::local(Jwk::from_private(
      signet::crypto::PrivateKey::generate(signet::crypto::KeyKind::kRsa, 2048).value()))};
  const signet::crypto::PublicKey& pub = *keys[0]->jwk().public_key();
  EncryptOptions how{};
  how.alg = JweAlg::kRsa15;
  how.enc = JweEnc::kA128CbcHs256;
  how.allow_rsa15 = true;
  const std::string token = encrypt_compact(keys[0], as_bytes("x"), how, g_random).value();
  const std::size_t first = token.find('.'), second = token.find('.', first + 1);
  DecryptOptions options;
  options.keys = keys;
  options.allow_rsa15 = true;
  const auto with_key = [&](const Bytes& encrypted) {
    return token.substr(0, first + 1) + signet::base64::url_encode(encrypted) +
           token.substr(second);
  };
  const auto padded = [&](std::size_t size) {
    return with_key(
        signet::crypto::rsa_encrypt(pub, signet::crypto::RsaPadding::kPkcs1, noise(size)).value());
  };
  const auto unpadded = [&] {
    Bytes any = noise(256);
    any[0] &= 0x7F;  // below the modulus
    return with_key(any);
  };
  for (const std::size_t size : {32, 16}) {  // of the content key: right, wrong
    const auto tokens = both([&](bool is_b) { return is_b ? unpadded() : padded(size); });
    const std::string name = std::string("RSA1_5: padding right around a key of ") +
                             (size == 32 ? "right" : "wrong") + " size, padding wrong";
    compare(name.c_str(), samples, [&](bool is_b, std::size_t i) {
      return !decrypt_compact(tokens[i + (is_b ? kInputs : 0)], options).ok();
    });
  }
}

/// The largest bomb that a token may hold (sec_078).
void refuse_bomb() {
  const Bytes packed = signet::test::deflated(Bytes(40 << 20, 'x'));
  const std::vector<KeyPtr> keys = {
      Key::local(Jwk::from_symmetric(signet::SecretBytes(noise(32))))};
  const std::string header =
      signet::base64::url_encode(as_bytes(R"({"alg":"dir","enc":"A256GCM","zip":"DEF"})"));
  const Bytes iv = noise(12);
  const Sealed sealed =
      seal(JweEnc::kA256Gcm, keys[0]->jwk().symmetric(), iv, as_bytes(header), packed).value();
  const std::string bomb = header + ".." + signet::base64::url_encode(iv) + '.' +
                           signet::base64::url_encode(sealed.ciphertext) + '.' +
                           signet::base64::url_encode(sealed.tag);
  DecryptOptions options;
  options.keys = keys;
  options.allow_deflate = true;
  std::vector<double> tries;
  for (int i = 0; i < 21; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const auto opened = decrypt_compact(bomb, options);
    const auto end = std::chrono::steady_clock::now();
    if (opened.ok() || !opened.error().is("jwe_inflate_limit")) {
      std::fprintf(stderr, "bench_timing: the bomb was not refused as one\n");
      std::exit(1);
    }
    tries.push_back(std::chrono::duration<double, std::milli>(end - begin).count());
  }
  std::sort(tries.begin(), tries.end());
  std::printf("{\"name\":\"refusing a bomb of %zu bytes\",\"ms\":%.3f}\n", bomb.size(),
              tries[tries.size() / 2]);
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t samples = 100'000, rsa_samples = 30'000;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--samples") samples = std::strtoul(argv[i + 1], nullptr, 10);
    if (flag == "--rsa-samples") rsa_samples = std::strtoul(argv[i + 1], nullptr, 10);
  }
  if (samples < 1000 || rsa_samples < 1000) {
    std::fprintf(stderr, "bench_timing: give at least 1000 samples\n");
    return 2;
  }
  compare_secrets(samples);
  compare_macs(samples);
  compare_cbc(samples);
  compare_rsa(rsa_samples);
  refuse_bomb();
  return 0;
}

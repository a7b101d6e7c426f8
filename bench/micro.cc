// Micro benchmarks of what a token request spends its time on, with the allocations of each
// iteration as the counter "allocs". Run: build/bench/bin/bench_micro --benchmark_min_time=0.2

#include <benchmark/benchmark.h>

#include "base/json.h"
#include "crypto/key.h"
#include "jose/encryptor.h"
#include "support/counted_new.h"

namespace {

using signet::crypto::KeyKind;
using signet::jose::JweAlg;
using signet::jose::JweEnc;
using signet::jose::JwsAlg;
using signet::test::allocations;

const std::string kClaims =
    R"({"iss":"https://as.example.com/oauth2","sub":"client","aud":"https://api.example.com",)"
    R"("client_id":"client","iat":1700000000,"exp":1700000600,"jti":"AAAAAAAAAAAAAAAAAAAAAA",)"
    R"("scope":"read write"})";

signet::jose::KeyPtr key_for(JwsAlg alg) {
  using signet::crypto::PrivateKey;
  const auto from = [](signet::Result<PrivateKey> key) {
    return signet::jose::Key::local(signet::jose::Jwk::from_private(std::move(key).value()));
  };
  switch (alg) {
    case JwsAlg::kHs256:
      return signet::jose::Key::local(signet::jose::Jwk::from_symmetric(
          signet::SecretBytes(signet::as_bytes("0123456789abcdef0123456789abcdef"))));
    case JwsAlg::kEs256:
      return from(PrivateKey::generate(KeyKind::kEcP256));
    case JwsAlg::kEs384:
      return from(PrivateKey::generate(KeyKind::kEcP384));
    case JwsAlg::kEdDsa:
      return from(PrivateKey::generate(KeyKind::kEd25519));
    default:
      return from(PrivateKey::generate(KeyKind::kRsa, 2048));
  }
}

class CountAllocations {
 public:
  explicit CountAllocations(benchmark::State& state) : state_(state), before_(allocations) {}
  ~CountAllocations() {
    state_.counters["allocs"] = benchmark::Counter(static_cast<double>(allocations - before_),
                                                   benchmark::Counter::kAvgIterations);
  }

 private:
  benchmark::State& state_;
  std::size_t before_;
};

void sign(benchmark::State& state, JwsAlg alg) {
  const auto signer = signet::jose::CompactSigner::make(key_for(alg), alg, {}).value();
  std::string out;
  out.reserve(2048);
  CountAllocations count(state);
  for (auto _ : state) {
    out.clear();
    if (!signer.append(out, signet::as_bytes(kClaims)).ok()) state.SkipWithError("sign failed");
  }
}

void verify(benchmark::State& state, JwsAlg alg) {
  const std::vector<signet::jose::KeyPtr> keys{key_for(alg)};
  const std::string token =
      signet::jose::sign_compact(keys.front(), alg, signet::as_bytes(kClaims)).value();
  signet::jose::VerifyOptions options;
  options.keys = keys;
  CountAllocations count(state);
  for (auto _ : state) {
    if (!signet::jose::verify_compact(token, options).ok()) state.SkipWithError("verify failed");
  }
}

/// The same length as a good token, wrong in its last signature byte: refusing must not cost more.
void refuse(benchmark::State& state, JwsAlg alg) {
  const std::vector<signet::jose::KeyPtr> keys{key_for(alg)};
  std::string token =
      signet::jose::sign_compact(keys.front(), alg, signet::as_bytes(kClaims)).value();
  token[token.size() - 4] = token[token.size() - 4] == 'A' ? 'B' : 'A';
  signet::jose::VerifyOptions options;
  options.keys = keys;
  CountAllocations count(state);
  for (auto _ : state) {
    if (signet::jose::verify_compact(token, options).ok()) state.SkipWithError("accepted");
  }
}

signet::jose::KeyPtr recipient_for(JweAlg alg, JweEnc enc) {
  using signet::jose::Jwk;
  using signet::jose::Key;
  const auto secret = [](std::size_t size) {
    return Key::local(Jwk::from_symmetric(signet::SecretBytes(signet::Bytes(size, 7))));
  };
  switch (alg) {
    case JweAlg::kDir:
      return secret(signet::jose::key_size(enc));
    case JweAlg::kA128Kw:
      return secret(16);
    case JweAlg::kEcdhEs:
      return key_for(JwsAlg::kEs256);
    default:
      return key_for(JwsAlg::kRs256);
  }
}

/// A nested token of usual size for a resource server, which its issuer can open too.
void encrypt(benchmark::State& state, JweAlg alg, JweEnc enc) {
  signet::SystemRandom random;
  const auto issuer = recipient_for(JweAlg::kDir, JweEnc::kA128CbcHs256);
  const auto encryptor =
      signet::jose::Encryptor::make(recipient_for(alg, enc), {alg, enc, {}, false, issuer}).value();
  const std::string plain(700, 'p');
  std::string out;
  out.reserve(4096);
  CountAllocations count(state);
  for (auto _ : state) {
    out.clear();
    if (!encryptor.append(out, signet::as_bytes(plain), random).ok())
      state.SkipWithError("encryption failed");
  }
}

void parse_json(benchmark::State& state) {
  CountAllocations count(state);
  for (auto _ : state)
    benchmark::DoNotOptimize(signet::json::parse_object(kClaims));
}

void write_json(benchmark::State& state) {
  std::string out;
  out.reserve(1024);
  CountAllocations count(state);
  for (auto _ : state) {
    out.clear();
    signet::json::ObjectWriter writer(out);
    writer.add("iss", "https://as.example.com/oauth2").add("sub", "client").add("exp", 1700000600);
    writer.end();
    benchmark::DoNotOptimize(out);
  }
}

BENCHMARK_CAPTURE(sign, RS256, JwsAlg::kRs256);
BENCHMARK_CAPTURE(sign, PS256, JwsAlg::kPs256);
BENCHMARK_CAPTURE(sign, ES256, JwsAlg::kEs256);
BENCHMARK_CAPTURE(sign, ES384, JwsAlg::kEs384);
BENCHMARK_CAPTURE(sign, EdDSA, JwsAlg::kEdDsa);
BENCHMARK_CAPTURE(sign, HS256, JwsAlg::kHs256);
BENCHMARK_CAPTURE(verify, RS256, JwsAlg::kRs256);
BENCHMARK_CAPTURE(verify, ES256, JwsAlg::kEs256);
BENCHMARK_CAPTURE(verify, EdDSA, JwsAlg::kEdDsa);
BENCHMARK_CAPTURE(verify, HS256, JwsAlg::kHs256);
BENCHMARK_CAPTURE(refuse, ES256, JwsAlg::kEs256);
BENCHMARK_CAPTURE(refuse, HS256, JwsAlg::kHs256);
BENCHMARK_CAPTURE(encrypt, dir_A128CBC_HS256, JweAlg::kDir, JweEnc::kA128CbcHs256);
BENCHMARK_CAPTURE(encrypt, dir_A256GCM, JweAlg::kDir, JweEnc::kA256Gcm);
BENCHMARK_CAPTURE(encrypt, A128KW_A128CBC_HS256, JweAlg::kA128Kw, JweEnc::kA128CbcHs256);
BENCHMARK_CAPTURE(encrypt, A128KW_A256GCM, JweAlg::kA128Kw, JweEnc::kA256Gcm);
BENCHMARK_CAPTURE(encrypt, RSA_OAEP_256_A128CBC_HS256, JweAlg::kRsaOaep256, JweEnc::kA128CbcHs256);
BENCHMARK_CAPTURE(encrypt, RSA_OAEP_256_A256GCM, JweAlg::kRsaOaep256, JweEnc::kA256Gcm);
BENCHMARK_CAPTURE(encrypt, ECDH_ES_A128CBC_HS256, JweAlg::kEcdhEs, JweEnc::kA128CbcHs256);
BENCHMARK_CAPTURE(encrypt, ECDH_ES_A256GCM, JweAlg::kEcdhEs, JweEnc::kA256Gcm);
BENCHMARK(parse_json);
BENCHMARK(write_json);

}  // namespace

BENCHMARK_MAIN();

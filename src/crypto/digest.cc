#include "crypto/digest.h"

#include <nettle/hmac.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

#include <cstring>

#include "base/text.h"

// Nettle rather than EVP: its contexts are plain structs that copy with memcpy, so a prepared HMAC
// key costs no allocation and no lock per message, and for short input it is the faster of the two.

namespace signet::crypto {
namespace {

constexpr std::size_t kContextBytes = 256;
static_assert(sizeof(::sha512_ctx) <= kContextBytes && sizeof(::sha256_ctx) <= kContextBytes &&
              sizeof(::sha1_ctx) <= kContextBytes);

struct alignas(16) Context {
  std::uint8_t bytes[kContextBytes];
};

const ::nettle_hash& algorithm(Hash hash) {
  switch (hash) {
    case Hash::kSha1:
      return ::nettle_sha1;
    case Hash::kSha256:
      return ::nettle_sha256;
    case Hash::kSha384:
      return ::nettle_sha384;
    case Hash::kSha512:
      return ::nettle_sha512;
  }
  return ::nettle_sha256;
}

}  // namespace

void digest(Hash hash, ByteView data, std::uint8_t* out) {
  const auto& with = algorithm(hash);
  Context context;
  with.init(context.bytes);
  with.update(context.bytes, data.size(), data.data());
  with.digest(context.bytes, with.digest_size, out);
}

Bytes digest(Hash hash, ByteView data) {
  Bytes out(hash_size(hash));
  digest(hash, data, out.data());
  return out;
}

std::array<std::uint8_t, 32> sha256(ByteView data) {
  std::array<std::uint8_t, 32> out;
  digest(Hash::kSha256, data, out.data());
  return out;
}

struct Hasher::State {
  const ::nettle_hash& with;
  Context context;
};

Hasher::Hasher(Hash hash) : state_(new State{algorithm(hash), {}}) {
  state_->with.init(state_->context.bytes);
}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher::~Hasher() {
  if (state_) wipe(&state_->context, sizeof(Context));
}

Hasher& Hasher::update(ByteView data) {
  state_->with.update(state_->context.bytes, data.size(), data.data());
  return *this;
}

Bytes Hasher::finish() {
  Bytes out(state_->with.digest_size);
  state_->with.digest(state_->context.bytes, out.size(), out.data());
  return out;
}

struct MacKey::State {
  const ::nettle_hash& with;
  SecretBytes contexts;  ///< outer, then inner: both stand for the key
  std::uint8_t* outer() { return contexts.span().data(); }
  std::uint8_t* inner() { return contexts.span().data() + kContextBytes; }
};

MacKey::MacKey(Hash hash, ByteView key)
    : state_(new State{algorithm(hash), SecretBytes(2 * kContextBytes)}) {
  Context scratch;
  ::hmac_set_key(state_->outer(), state_->inner(), scratch.bytes, &state_->with, key.size(),
                 key.data());
  wipe(&scratch, sizeof scratch);
}
MacKey::MacKey(MacKey&&) noexcept = default;
MacKey& MacKey::operator=(MacKey&&) noexcept = default;
MacKey::~MacKey() = default;

std::size_t MacKey::size() const {
  return state_->with.digest_size;
}

void MacKey::mac(ByteView message, std::uint8_t* out) const {
  mac({message}, out);
}

void MacKey::mac(std::initializer_list<ByteView> pieces, std::uint8_t* out) const {
  const auto& with = state_->with;
  Context running;
  std::memcpy(running.bytes, state_->inner(), with.context_size);
  for (ByteView piece : pieces)
    with.update(running.bytes, piece.size(), piece.data());
  ::hmac_digest(state_->outer(), state_->inner(), running.bytes, &with, with.digest_size, out);
  wipe(&running, with.context_size);
}

bool MacKey::verify(ByteView message, ByteView tag) const {
  std::array<std::uint8_t, 64> expected;
  if (tag.size() != size()) return false;
  mac(message, expected.data());
  return constant_time_equal(ByteView(expected.data(), size()), tag);
}

void hmac(Hash hash, ByteView key, std::initializer_list<ByteView> pieces, std::uint8_t* out) {
  const auto& with = algorithm(hash);
  Context outer, inner, running;
  ::hmac_set_key(outer.bytes, inner.bytes, running.bytes, &with, key.size(), key.data());
  for (const ByteView piece : pieces)
    with.update(running.bytes, piece.size(), piece.data());
  ::hmac_digest(outer.bytes, inner.bytes, running.bytes, &with, with.digest_size, out);
  for (Context* context : {&outer, &inner, &running})
    wipe(context, with.context_size);
}

}  // namespace signet::crypto

#include "crypto/ec_point.h"

#include "crypto/key_impl.h"

namespace signet::crypto {
namespace {

/// A thread's scratch numbers, wiped when they are given back.
BN_CTX* scratch_numbers() {
  thread_local const BnCtxPtr kept(BN_CTX_secure_new());
  return kept.get();
}

/// Uniform in 1..n-1 (FIPS 186-5 A.2.2), of the generator that OpenSSL keeps for private numbers.
BnPtr fresh_scalar(const EC_GROUP* group, BN_CTX* scratch) {
  BnPtr made(BN_secure_new());
  if (!made) return nullptr;
  BN_set_flags(made.get(), BN_FLG_CONSTTIME);
  do {
    if (BN_priv_rand_range_ex(made.get(), EC_GROUP_get0_order(group), 0, scratch) != 1)
      return nullptr;
  } while (BN_is_zero(made.get()));
  return made;
}

/// Writes a coordinate at its full length. False if there is none: the point at infinity.
bool write_coordinates(const EC_GROUP* group, const EC_POINT* point, ByteSpan x, ByteSpan y,
                       BN_CTX* scratch) {
  BN_CTX_start(scratch);
  BIGNUM* const first = BN_CTX_get(scratch);
  BIGNUM* const second = y.empty() ? nullptr : BN_CTX_get(scratch);
  const bool done = first && (y.empty() || second) &&
                    EC_POINT_get_affine_coordinates(group, point, first, second, scratch) == 1 &&
                    BN_bn2binpad(first, x.data(), static_cast<int>(x.size())) > 0 &&
                    (y.empty() || BN_bn2binpad(second, y.data(), static_cast<int>(y.size())) > 0);
  if (first) BN_clear(first);
  BN_CTX_end(scratch);
  return done;
}

}  // namespace

std::shared_ptr<const EcPoint> EcPoint::make(const PublicKey& key) {
  QuietErrors quiet;
  auto made = std::make_shared<EcPoint>();
  const auto& numbers = key.impl();
  made->field_ = numbers.first.size();
  made->group_.reset(EC_GROUP_new_by_curve_name(EC_curve_nist2nid(openssl_name(key.kind()))));
  made->point_.reset(made->group_ ? EC_POINT_new(made->group_.get()) : nullptr);
  const BnPtr x(BN_bin2bn(numbers.first.data(), static_cast<int>(made->field_), nullptr));
  const BnPtr y(BN_bin2bn(numbers.second.data(), static_cast<int>(made->field_), nullptr));
  // Sets nothing that is not on the curve.
  if (!made->point_ || !x || !y ||
      EC_POINT_set_affine_coordinates(made->group_.get(), made->point_.get(), x.get(), y.get(),
                                      nullptr) != 1)
    return nullptr;
  return made;
}

Result<EcdhSender::Agreement> EcPoint::agree() const {
  QuietErrors quiet;
  const EC_GROUP* const group = group_.get();
  BN_CTX* const scratch = scratch_numbers();
  const BnPtr scalar = scratch ? fresh_scalar(group, scratch) : nullptr;
  const PointPtr product(EC_POINT_new(group));
  EcdhSender::Agreement made{Bytes(field_), Bytes(field_), SecretBytes(field_)};
  const bool done =
      scalar && product &&
      EC_POINT_mul(group, product.get(), scalar.get(), nullptr, nullptr, scratch) == 1 &&
      write_coordinates(group, product.get(), made.x, made.y, scratch) &&
      EC_POINT_mul(group, product.get(), nullptr, point_.get(), scalar.get(), scratch) == 1 &&
      write_coordinates(group, product.get(), made.z.span(), {}, scratch);
  if (!done || ran_out_of_memory()) return internal_error("key agreement");
  return made;
}

}  // namespace signet::crypto

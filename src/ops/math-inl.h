// ops/math-inl.h: exponential and activation functions of one register, by polynomials written once
// for every instruction set, so that all that have fused multiply-add give the same bits.
#if defined(VECMILL_OPS_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef VECMILL_OPS_MATH_INL_H_
#undef VECMILL_OPS_MATH_INL_H_
#else
#define VECMILL_OPS_MATH_INL_H_
#endif

#include "ops/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace vecmill {
namespace HWY_NAMESPACE {

// exp(x) within 2e-7 relative, for |x| <= kMaxExpArgument. exp(-64) is 1.6e-28: next to a sum that
// has a term exp(0) nothing, and far enough from the smallest normal number to meet no denormal.
constexpr float kMaxExpArgument = 64.0f;

HWY_INLINE Vec Exp(Vec x) {
  const VecTag d;
  const hn::RebindToSigned<VecTag> di;
  // x = n ln 2 + r, n whole, |r| <= ln 2 / 2. Adding 1.5 * 2^23 rounds x / ln 2 to n and leaves n
  // in the low bits of the sum. ln 2 is taken in two parts; n times the first, which has 9 bits, is
  // exact.
  const Vec shift = hn::Set(d, 12582912.0f);
  const Vec shifted = hn::MulAdd(x, hn::Set(d, 1.44269504f), shift);
  const Vec n = hn::Sub(shifted, shift);
  Vec r = hn::NegMulAdd(n, hn::Set(d, 0.693359375f), x);
  r = hn::NegMulAdd(n, hn::Set(d, -2.12194442e-4f), r);
  // Minimax for exp on that range, the first two coefficients held at 1: 3.1e-9 relative.
  Vec p = hn::Set(d, 0.00138145394f);
  p = hn::MulAdd(p, r, hn::Set(d, 0.00836874545f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.041668389f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.166665211f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.49999994f));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0f));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0f));
  // Times 2^n by adding n to the exponent; the high bits of the shift fall out on the left.
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(di, shifted));
  return hn::BitCast(d, hn::Add(hn::BitCast(di, p), exponent));
}

HWY_INLINE Vec ClampToAbs(Vec x, float limit) {
  const VecTag d;
  return hn::Min(hn::Max(x, hn::Set(d, -limit)), hn::Set(d, limit));
}

// Phi(x) = 1/2 + x P(x^2) on |x| <= 5.25, constant outside: 1 - Phi(5.25) is 7.6e-8, about one unit
// in the last place of Phi. P is the minimax polynomial (error 7.7e-8) in u = 2 x^2 / 5.25^2 - 1,
// which runs over [-1, 1]: there 14 coefficients of alternating sign lose no digits, in x^2 they
// would.
HWY_INLINE Vec Gelu(Vec x) {
  const VecTag d;
  const Vec clamped = ClampToAbs(x, 5.25f);
  const Vec u = hn::MulAdd(hn::Mul(clamped, clamped), hn::Set(d, 0.0725623583f), hn::Set(d, -1.0f));
  Vec p = hn::Set(d, -0.000560952933f);
  p = hn::MulAdd(p, u, hn::Set(d, 0.00145661214f));
  p = hn::MulAdd(p, u, hn::Set(d, -0.00132635166f));
  p = hn::MulAdd(p, u, hn::Set(d, 0.00186944543f));
  p = hn::MulAdd(p, u, hn::Set(d, -0.00511997705f));
  p = hn::MulAdd(p, u, hn::Set(d, 0.00907037407f));
  p = hn::MulAdd(p, u, hn::Set(d, -0.0129543887f));
  p = hn::MulAdd(p, u, hn::Set(d, 0.0183259975f));
  p = hn::MulAdd(p, u, hn::Set(d, -0.0249949303f));
  p = hn::MulAdd(p, u, hn::Set(d, 0.0320642628f));
  p = hn::MulAdd(p, u, hn::Set(d, -0.0397686325f));
  p = hn::MulAdd(p, u, hn::Set(d, 0.0496438965f));
  p = hn::MulAdd(p, u, hn::Set(d, -0.0671266541f));
  p = hn::MulAdd(p, u, hn::Set(d, 0.134659365f));
  return hn::Mul(x, hn::MulAdd(clamped, p, hn::Set(d, 0.5f)));
}

// x (1 + tanh(y)) / 2 = x / (1 + exp(-2 y)), y = sqrt(2 / pi) (x + 0.044715 x^3).
HWY_INLINE Vec GeluTanh(Vec x) {
  const VecTag d;
  const Vec cubic = hn::MulAdd(hn::Mul(x, x), hn::Set(d, -2.0f * 0.0356774081f),
                               hn::Set(d, -2.0f * 0.797884561f));
  const Vec e = Exp(ClampToAbs(hn::Mul(x, cubic), kMaxExpArgument));
  return hn::Div(x, hn::Add(hn::Set(d, 1.0f), e));
}

HWY_INLINE Vec Silu(Vec x) {
  const VecTag d;
  const Vec e = Exp(ClampToAbs(hn::Neg(x), kMaxExpArgument));
  return hn::Div(x, hn::Add(hn::Set(d, 1.0f), e));
}

// 1 - 2 / (exp(2 x) + 1), which is 1 to the last digit from 10 on.
HWY_INLINE Vec Tanh(Vec x) {
  const VecTag d;
  const Vec one = hn::Set(d, 1.0f);
  const Vec two = hn::Set(d, 2.0f);
  const Vec e = Exp(hn::Mul(two, ClampToAbs(x, 10.0f)));
  return hn::Sub(one, hn::Div(two, hn::Add(e, one)));
}

HWY_INLINE Vec Relu(Vec x) { return hn::Max(x, hn::Zero(VecTag())); }

}  // namespace HWY_NAMESPACE
}  // namespace vecmill
HWY_AFTER_NAMESPACE();

#endif  // VECMILL_OPS_MATH_INL_H_

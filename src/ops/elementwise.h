// ops/elementwise.h: sums and products of two matrices, element by element.
//
//   AddTo       dst = dst + src        a residual connection without a layer norm
//   MultiplyBy  dst = dst * src        a gated linear unit, after its nonlinearity
//
// Shapes:   src, dst of one shape. src may be dst, not overlap it otherwise.
// Numerics: f32, one rounding.
// Threads:  one.
// Errors:   none; shapes are VECMILL_CHECKed.
// Tested by elementwise_test.cc.
#pragma once

#include "ops/matrix_view.h"

namespace vecmill {

void AddTo(ConstMatrix src, Matrix dst);
void MultiplyBy(ConstMatrix src, Matrix dst);

}  // namespace vecmill

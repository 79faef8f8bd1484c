//===- MatmulStage.cpp - Matrix products: the left side in scratch ----------===//
//
// The left side is computed once, norms and all, and laid as the tiles read it:
// tile after tile; in a tile, `unroll_k` steps of k of its first row, the same
// of its second row, ...; then the next steps. So a tile reads one stream of
// memory, however far its rows are apart, and a row's steps are stored as whole
// vectors. Steps that are left over are laid likewise after the whole ones.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/Matmul.h"
#include "codegen/kernels/Rows.h"
#include "codegen/kernels/Schedules.h"

#include <algorithm>

using namespace Halide;

namespace glmc::kernels::matmul {

static_assert(depthBlock % 64 == 0, "blocks of k end where groups of steps end");

Expr MatmulKernel::stagedAt(const Rows &segment, const Expr &tile, const Expr &row, const Expr &group,
                            const Expr &step, const Expr &first, int steps) const {
  const int depth = static_cast<int>(k), tileRows = static_cast<int>(segment.tile);
  return tile * (depth * tileRows) + first * tileRows + group * (steps * tileRows) + row * steps + step +
         static_cast<int>(segment.begin * k);
}

/// Stores `groups` times `steps` steps of a segment's rows, from step `first`.
void MatmulKernel::stageSteps(const Rows &segment, const std::string &name, int first, int steps, int groups) {
  RDom domain(Region{{0, steps}, {0, static_cast<int>(segment.tile)}, {0, groups}, {0, static_cast<int>(segment.tiles)}},
              name);
  RVar step = domain[0], row = domain[1], group = domain[2], tile = domain[3];
  builder.known(step.name(), steps);
  builder.known(row.name(), segment.tile);
  builder.known(group.name(), groups);
  builder.known(tile.name(), segment.tiles);
  defineNorms(builder, LoopLevel(staged, tile), name, static_cast<int>(segment.tile));
  Expr absolute = tile * static_cast<int>(segment.tile) + row + static_cast<int>(segment.begin);
  Index index = indexIn(products[0].node->type.shape, builder.zero, absolute, group * steps + step + first);
  Expr value = builder.computeAt(lhs, broadcastIndex(index, kernel.typeOf(lhs).shape));
  builder.forget();
  Loops loops;
  loops.arguments = {stagedAt(segment, tile, row, group, step, first, steps)};
  Stage stage = builder.store(staged, loops, value, stagedType().element);
  stage.allow_race_conditions();
  const int lanes = powerOfTwoLanes(builder.schedule("vector", 1), steps);
  if (steps % lanes == 0 && lanes > 1)
    stage.vectorize(step, lanes);
  if (flag("parallel") && segment.tiles > 1)
    stage.parallel(tile);
}

TensorType MatmulKernel::stagedType() const {
  Element element = kernel.typeOf(lhs).element;
  if (element == Element::f16 || element == Element::bf16)
    element = Element::f32;
  return {element, {rows * k}, {}};
}

TensorType MatmulKernel::stageLhs() {
  const TensorType type = stagedType();
  Func output = builder.makeOutput("left", type, {0});
  staged = output;
  const int groups = static_cast<int>(k / unrollK), rest = static_cast<int>(k % unrollK);
  for (size_t s = 0; s < segments.size(); ++s) {
    const std::string name = "left_" + std::to_string(s);
    if (groups > 0)
      stageSteps(segments[s], name, 0, unrollK, groups);
    if (rest > 0)
      stageSteps(segments[s], name + "_rest", groups * unrollK, rest, 1);
  }
  return type;
}

} // namespace glmc::kernels::matmul

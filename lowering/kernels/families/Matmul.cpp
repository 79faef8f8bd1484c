//===- Matmul.cpp - A matrix product with a pointwise epilogue --------------===//
//
// A constant right side is packed into panels: one panel row is what the
// register tile loads at once, `rows` rows of the left side times one panel are
// accumulated in registers. The tile leaves registers for the panel row and the
// broadcast left element: on 16 registers 6 rows by 2 vectors, on 32 registers
// 6 rows by 4 vectors (HALIDE.md, section 4).
//
//===----------------------------------------------------------------------===//
#include "lowering/kernels/families/Family.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace glmc {
namespace {

/// Rows of the register tile at most.
constexpr int64_t tileRows = 6;

/// Vectors side by side in the register tile.
int64_t tileVectors(const targets::Target &target) { return target.vectorRegisters >= 32 ? 4 : 2; }

struct Matmul : Family {
  llvm::StringRef name() const override { return "matmul"; }

  bool takes(glm::KernelOp kernel) const override {
    auto root = rootAmongPointwise<glm::MatmulOp>(kernel);
    return root && isa<BlockArgument>(root.getLhs()) && isa<BlockArgument>(root.getRhs()) &&
           isEpilogueOf(root, kernel);
  }

  Attribute wantedLayout(glm::KernelOp kernel, unsigned argument, const targets::Target &target) const override {
    auto root = rootAmongPointwise<glm::MatmulOp>(kernel);
    BlockArgument weight = kernel.getBody().getArgument(argument);
    auto type = glm::logicalType(weight.getType());
    if (root.getRhs() != weight || root.getLhs() == weight || type.getRank() != 2 || !weight.hasOneUse())
      return {};
    int64_t dim = root.getTransposeRhs() ? 0 : 1;
    int64_t lanes = vectorLanes(kernel, target, type.getDimSize(dim));
    int64_t width = std::min(lanes * tileVectors(target), int64_t(llvm::alignTo(type.getDimSize(dim), lanes)));
    return glm::PanelsAttr::get(kernel.getContext(), dim, width);
  }

  bool canRead(glm::KernelOp kernel, unsigned argument, Attribute layout) const override {
    // Through panels along the dimension that the product's columns come from.
    auto root = rootAmongPointwise<glm::MatmulOp>(kernel);
    auto panels = dyn_cast<glm::PanelsAttr>(layout);
    return panels && root.getRhs() == kernel.getBody().getArgument(argument) &&
           kernel.getBody().getArgument(argument).hasOneUse() && panels.getDim() == (root.getTransposeRhs() ? 0 : 1);
  }

  Decision decide(glm::KernelOp kernel, const targets::Target &target) const override {
    Decision decision;
    auto root = rootAmongPointwise<glm::MatmulOp>(kernel);
    auto result = cast<RankedTensorType>(root.getType());
    int64_t rows = result.getDimSize(result.getRank() - 2), columns = result.getShape().back();
    decision.schedule["vector"] = vectorLanes(kernel, target, columns);
    decision.schedule["rows"] = rowsOf(rows);
    decision.schedule["panels"] = panelsOf(root, rows, target);
    // One row with several panels has enough sums in flight as it is.
    decision.schedule["unroll_k"] = rows == 1 ? 1 : 4;
    if (isa<glm::PackedType>(root.getRhs().getType()))
      decision.inPlace = pointwiseInPlacePairs(kernel);
    return decision;
  }

private:
  /// Rows of a tile such that all tiles are about equal: of 7 rows 4 and 3, not
  /// 6 and a slow 1.
  static int64_t rowsOf(int64_t rows) { return rows == 0 ? 1 : llvm::divideCeil(rows, llvm::divideCeil(rows, tileRows)); }

  /// How much of the right side a tile spans (Schedules.h).
  static int64_t panelsOf(glm::MatmulOp root, int64_t rows, const targets::Target &target) {
    auto packed = dyn_cast<glm::PackedType>(root.getRhs().getType());
    if (!packed)
      return root.getTransposeRhs() ? 4 : tileVectors(target);
    // Several rows fill the registers with one panel. One row alone has too few
    // sums in flight to hide the latency of an addition, so it takes several.
    if (rows > 1)
      return 1;
    auto panels = cast<glm::PanelsAttr>(packed.getLayout());
    int64_t count = llvm::divideCeil(packed.getLogical().getDimSize(panels.getDim()), panels.getWidth());
    int64_t wanted = 4;
    while (count % wanted)
      wanted /= 2;
    return wanted;
  }
};

const Matmul instance;

} // namespace

const Family &matmulFamily = instance;

} // namespace glmc

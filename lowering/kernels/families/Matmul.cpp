//===- Matmul.cpp - Matrix products and what happens to them ----------------===//
//
// One or several products of one left side. Before them, on the left side: a
// norm, element ops. After them, on each result: pointwise ops, slices of
// columns, one rotary. A constant right side is packed into panels: one panel
// row is what the register tile loads at once.
//
// A left side that is computed is computed once, into scratch (`stage_lhs`);
// rotary reads pairs of columns, so what it reads is stored before, in scratch
// too. Sizes of tiles: MatmulTiles.h.
//
//===----------------------------------------------------------------------===//
#include "lowering/kernels/families/Family.h"
#include "lowering/kernels/families/MatmulIntegers.h"
#include "lowering/kernels/families/MatmulTiles.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace glmc {
namespace {

RankedTensorType typeOf(Value value) { return glm::logicalType(value.getType()); }

/// Columns [begin, end) of a product.
struct Columns {
  Operation *product;
  int64_t begin, end;
};

/// What a value after the products is made of.
struct Trail {
  SmallVector<Columns> columns;
  glm::RotaryOp rotary;
};

/// The products of a kernel, and how results follow from them.
class Region {
public:
  explicit Region(glm::KernelOp kernel) : kernel(kernel) {
    for (Operation &op : kernel.getBody().front())
      if (auto product = dyn_cast<glm::MatmulOp>(op))
        products.push_back(product);
  }

  bool isRight() {
    return !products.empty() && haveOneLeftSide() && llvm::all_of(products, weightOf) && areRightSidesAlike(products) &&
           isPrologueRight() && followEpilogue() && areResultsRight();
  }

  /// Rotaries on the way to a result, in order of results; after isRight().
  SmallVector<glm::RotaryOp> rotaries() {
    SmallVector<glm::RotaryOp> found;
    for (Value result : kernel.getTerminator()->getOperands())
      if (auto rotary = trails.find(result)->second.rotary)
        found.push_back(rotary);
    return found;
  }

  /// Sums that one element of a result needs, at most; after isRight().
  int64_t sums() {
    size_t most = 1;
    for (Value result : kernel.getTerminator()->getOperands())
      most = std::max(most, trails.find(result)->second.columns.size());
    return most;
  }

  bool hasComputedLeftSide() { return !isa<BlockArgument>(products.front().getLhs()); }
  SmallVector<glm::MatmulOp> products;

private:
  bool haveOneLeftSide() {
    return products.size() == 1 || llvm::all_of(products, [&](glm::MatmulOp product) {
             return product.getLhs() == products.front().getLhs() && typeOf(product.getRhs()).getRank() == 2;
           });
  }

  /// The ops that make the left side: element ops and norms.
  bool isPrologueRight() {
    for (Operation &op : llvm::reverse(kernel.getBody().front().without_terminator())) {
      bool isNeeded = op.getResult(0) == products.front().getLhs() ||
                      llvm::any_of(op.getUsers(), [&](Operation *user) { return prologue.contains(user); });
      if (isNeeded && !isElementOp(op) && !isa<glm::RmsNormOp, glm::LayerNormOp>(op))
        return false;
      if (isNeeded)
        prologue.insert(&op);
    }
    return true;
  }

  /// Follows what depends on products; false where an op cannot be there.
  bool followEpilogue() {
    for (glm::MatmulOp product : products)
      trails[product] = {{{product, 0, product.getType().getShape().back()}}, {}};
    for (Operation &op : kernel.getBody().front().without_terminator()) {
      if (isa<glm::MatmulOp>(op) || prologue.contains(&op))
        continue;
      bool depends = llvm::any_of(op.getOperands(), [&](Value operand) { return trails.contains(operand); });
      if (!(depends ? follow(op) : isElementOp(op)))
        return false;
    }
    return true;
  }

  bool follow(Operation &op) {
    Trail trail;
    for (Value operand : op.getOperands()) {
      auto known = trails.find(operand);
      if (known == trails.end())
        continue;
      llvm::append_range(trail.columns, known->second.columns);
      if (known->second.rotary && trail.rotary && known->second.rotary != trail.rotary)
        return false;
      if (known->second.rotary)
        trail.rotary = known->second.rotary;
      if (op.hasTrait<glm::Pointwise>() && typeOf(operand).getShape() != typeOf(op.getResult(0)).getShape())
        return false; // It would be repeated.
    }
    if (auto slice = dyn_cast<glm::SliceOp>(op)) {
      if (!isSliceOfColumns(slice) || trail.columns.size() != 1 || trail.rotary)
        return false;
      trail.columns[0].begin += slice.getStarts().back();
      trail.columns[0].end = trail.columns[0].begin + typeOf(slice).getShape().back();
    } else if (auto rotary = dyn_cast<glm::RotaryOp>(op)) {
      if (trail.rotary || !trails.contains(rotary.getX()) || trails.contains(rotary.getCos()) ||
          trails.contains(rotary.getSin()))
        return false;
      trail.rotary = rotary;
    } else if (!op.hasTrait<glm::Pointwise>()) {
      return false;
    }
    trails[op.getResult(0)] = trail;
    return true;
  }

  static bool isSliceOfColumns(glm::SliceOp slice) {
    return llvm::all_of(slice.getSteps(), [](int64_t step) { return step == 1; }) &&
           typeOf(slice.getX()).getShape().drop_back() == typeOf(slice).getShape().drop_back();
  }

  /// Every result follows from products, and no two from the same columns,
  /// which would be computed twice.
  bool areResultsRight() {
    SmallVector<Columns> taken;
    for (Value result : kernel.getTerminator()->getOperands()) {
      auto trail = trails.find(result);
      if (trail == trails.end())
        return false;
      for (const Columns &columns : trail->second.columns)
        for (const Columns &other : taken)
          if (columns.product == other.product && columns.begin < other.end && other.begin < columns.end)
            return false;
      llvm::append_range(taken, trail->second.columns);
    }
    return true;
  }

  glm::KernelOp kernel;
  llvm::SmallPtrSet<Operation *, 8> prologue;
  llvm::DenseMap<Value, Trail> trails;
};

/// Bytes of an element of what is accumulated.
int64_t accumulatorBytes(glm::MatmulOp product) { return product.getType().getElementTypeBitWidth() == 64 ? 8 : 4; }

struct Matmul : Family {
  llvm::StringRef name() const override { return "matmul"; }

  bool takes(glm::KernelOp kernel) const override { return Region(kernel).isRight(); }

  Attribute wantedLayout(glm::KernelOp kernel, unsigned argument, const targets::Target &target) const override {
    glm::MatmulOp product = onlyProductOf(kernel, argument);
    if (!product)
      return {};
    RankedTensorType type = typeOf(kernel.getBody().getArgument(argument)), weight = typeOf(weightOf(product));
    const int64_t dim = columnDimension(product);
    // Scales and zeros lie in the panels of the integers, if they have columns.
    if (type.getRank() != 2 || weight.getRank() != 2 || type.getDimSize(dim) != weight.getDimSize(dim))
      return {};
    const int64_t width = isRightIntegers(product)
                              ? integerPanelWidth(type.getDimSize(dim), target)
                              : matmulPanelWidth(type.getDimSize(dim), accumulatorBytes(product), target);
    return glm::PanelsAttr::get(kernel.getContext(), dim, width, stepOf(product, type, argument));
  }

  bool canRead(glm::KernelOp kernel, unsigned argument, Attribute layout) const override {
    // Through panels along the dimension that the product's columns come from;
    // integers as words.
    glm::MatmulOp product = onlyProductOf(kernel, argument);
    auto panels = dyn_cast<glm::PanelsAttr>(layout);
    return product && panels && panels.getDim() == columnDimension(product) &&
           (!isRightIntegers(product) ||
            panels.getStep() == stepOf(product, typeOf(kernel.getBody().getArgument(argument)), argument));
  }

  Decision decide(glm::KernelOp kernel, const targets::Target &target,
                  const ScheduleOptions &options) const override {
    Region region(kernel);
    (void)region.isRight();
    glm::MatmulOp product = region.products.front();
    RankedTensorType lhs = typeOf(product.getLhs());
    MatmulProblem problem;
    problem.depth = lhs.getShape().back();
    problem.batched = product.getType().getRank() > 2 && typeOf(product.getRhs()).getRank() > 2;
    problem.rows = problem.batched
                       ? lhs.getDimSize(lhs.getRank() - 2)
                       : lhs.getNumElements() / std::max<int64_t>(problem.depth, 1);
    for (Type type : kernel.getResultTypes())
      problem.columns = std::max(problem.columns, cast<RankedTensorType>(type).getShape().back());
    problem.elementBytes = accumulatorBytes(product);
    auto packed = dyn_cast<glm::PackedType>(weightOf(product).getType());
    problem.panelWidth = packed ? cast<glm::PanelsAttr>(packed.getLayout()).getWidth() : 0;
    problem.transposed = !packed && product.getTransposeRhs();
    problem.sums = region.sums();
    problem.prologue = region.hasComputedLeftSide();
    problem.parallel = options.threads > 1;
    problem.isSmall = options.isSmall;
    const std::optional<RightIntegers> right = rightIntegersOf(product);
    const bool hasDots = right && llvm::all_of(region.products, isInPanels);
    if (hasDots) {
      problem.integerBits = right->bits();
      problem.isLeftRounded = right->lhsGroup != 0;
      // What is not f32 is converted once.
      problem.prologue |= !lhs.getElementType().isF32();
    }

    Decision decision;
    decision.schedule = hasDots ? chooseIntegerTiles(problem, target) : chooseMatmulTiles(problem, target);
    limitStack(decision, target);
    if (auto staged = decision.schedule.find("stage_lhs"); staged != decision.schedule.end() && staged->second)
      decision.scratch.push_back(stagedType(lhs));
    if (hasDots)
      addActivations(*right, decision, lhs);
    for (glm::RotaryOp rotary : region.rotaries())
      decision.scratch.push_back(rotary.getX().getType());
    decision.inPlace = inPlacePairs(kernel);
    return decision;
  }

private:
  /// Whether the integers of a right side are in panels of words, and its scales and
  /// zeros in such of the same columns: small constants of a model are in none.
  static bool isInPanels(glm::MatmulOp product) {
    const std::optional<RightIntegers> right = rightIntegersOf(product);
    auto panelsOf = [](BlockArgument argument) {
      auto packed = dyn_cast<glm::PackedType>(argument.getType());
      return packed ? cast<glm::PanelsAttr>(packed.getLayout()) : glm::PanelsAttr();
    };
    glm::PanelsAttr panels = right ? panelsOf(right->values) : glm::PanelsAttr();
    if (!panels || panels.getStep() != right->step())
      return false;
    return llvm::all_of(ArrayRef{right->scales, right->zeros}, [&](BlockArgument argument) {
      if (!argument || typeOf(argument).getDimSize(columnDimension(product)) == 1)
        return true;
      glm::PanelsAttr own = panelsOf(argument);
      return own && own.getWidth() == panels.getWidth();
    });
  }

  static bool isRightIntegers(glm::MatmulOp product) { return rightIntegersOf(product).has_value(); }

  /// The product whose right side alone reads the argument, its values or, of
  /// integers, its scales or zeros; null if there is another reader.
  static glm::MatmulOp onlyProductOf(glm::KernelOp kernel, unsigned argument) {
    BlockArgument weight = kernel.getBody().getArgument(argument);
    for (auto product : kernel.getBody().getOps<glm::MatmulOp>()) {
      const std::optional<RightIntegers> right = rightIntegersOf(product);
      if (weight.hasOneUse() && product.getLhs() != weight &&
          (weightOf(product) == weight || (right && (right->scales == weight || right->zeros == weight))))
        return product;
    }
    return {};
  }

  /// Elements of a column that lie together: a word of integers that are
  /// multiplied as they are; else two of 4 bits share a byte.
  static int64_t stepOf(glm::MatmulOp product, RankedTensorType type, unsigned argument) {
    const std::optional<RightIntegers> right = rightIntegersOf(product);
    if (right && right->values.getArgNumber() == argument)
      return right->step();
    return type.getElementTypeBitWidth() == 4 ? 2 : 1;
  }

  /// Scratch of a left side that integers are multiplied with: its integers, their
  /// lengths, its sums (codegen/kernels/MatmulActivations.cpp).
  static void addActivations(const RightIntegers &right, Decision &decision, RankedTensorType lhs) {
    const int64_t depth = lhs.getShape().back(), rows = lhs.getNumElements() / depth;
    const int64_t piece = right.lhsGroup ? right.lhsGroup : right.group;
    MLIRContext *context = lhs.getContext();
    auto add = [&](Type element, int64_t columns) {
      decision.scratch.push_back(RankedTensorType::get({rows, columns}, element));
    };
    const int64_t pieces = llvm::divideCeil(depth, piece);
    Type f32 = Float32Type::get(context);
    if (right.lhsGroup) {
      const int64_t parts = integerParts(decision.schedule.at("dots"), right.bits());
      add(IntegerType::get(context, 32, IntegerType::Unsigned), llvm::divideCeil(depth, right.step()) * parts);
      add(f32, pieces);
    }
    if (right.hasZeros ||
        (right.lhsGroup && hasIntegerBias(decision.schedule.at("dots"), right.bits(), right.isSigned())))
      add(right.lhsGroup ? Type(IntegerType::get(context, 32)) : f32, pieces);
  }

  /// The left side row by row, as it is accumulated.
  static Type stagedType(RankedTensorType lhs) {
    int64_t depth = lhs.getShape().back();
    Type element = lhs.getElementType();
    if (auto integers = dyn_cast<IntegerType>(element))
      element = IntegerType::get(lhs.getContext(), std::max(32u, integers.getWidth()), integers.getSignedness());
    else if (!element.isF64())
      element = Float32Type::get(lhs.getContext());
    return RankedTensorType::get({lhs.getNumElements() / std::max<int64_t>(depth, 1), depth}, element);
  }
};

const Matmul instance;

} // namespace

const Family &matmulFamily = instance;

} // namespace glmc

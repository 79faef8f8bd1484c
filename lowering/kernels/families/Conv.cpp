//===- Conv.cpp - Convolutions and what happens to their results ------------===//
//
// One convolution with channels last. Before it, on x, movement; after it,
// pointwise ops. Constant weights are packed into panels along output channels,
// so that what a tap multiplies with is one row of a panel; of bytes, where the
// target has dot products of them, words of four channels.
//
//===----------------------------------------------------------------------===//
#include "lowering/kernels/families/Family.h"
#include "lowering/kernels/families/MatmulTiles.h"
#include "lowering/kernels/families/WindowTiles.h"

using namespace mlir;

namespace glmc {
namespace {

/// Channels in a word.
constexpr int64_t wordChannels = 4;
/// Values of `dots`.
constexpr int64_t dotsOfWords = 2, dotsOfBytes = 3, dotsOfSignedBytes = 4, dotsOfHalves = 5, dotsOfRuns = 6;
/// Channels of a tile of integers where there are no vectors: pairs of words need
/// most registers.
constexpr int64_t scalarChannels = 2;
/// Columns of weights whose products of bytes surely fit into 32 bits.
constexpr int64_t exactColumns = 1 << 15;

RankedTensorType typeOf(Value value) { return glm::logicalType(value.getType()); }

/// Whether x is an argument, or one that is moved.
bool isOnlyMoved(Value x) {
  while (Operation *op = x.getDefiningOp()) {
    if (!isa<glm::TransposeOp, glm::SliceOp, glm::ReshapeOp, glm::ExpandOp>(op))
      return false;
    x = op->getOperand(0);
  }
  return true;
}

/// Whether dot products of bytes compute it, on a target that has them.
bool isOfWords(glm::ConvOp conv) {
  auto x = dyn_cast<BlockArgument>(conv.getX()), w = dyn_cast<BlockArgument>(conv.getW());
  if (!x || !w || x == w || !x.hasOneUse() || !w.hasOneUse() || conv.getGroups() != 1)
    return false;
  RankedTensorType xType = typeOf(x), wType = typeOf(w);
  return xType.getElementTypeBitWidth() == 8 && wType.getElementType().isSignlessInteger(8) &&
         xType.getShape().back() % wordChannels == 0 && wType.getDimSize(1) < exactColumns;
}

/// The value of `dots`; 0: none.
int64_t dotsOf(const targets::Target &target) {
  return target.dot == "vnni"                                                     ? dotsOfBytes
         : target.dot == "pmaddwd"                                                ? dotsOfWords
         : target.dot == "smull" || target.dot == "sdot" || target.dot == "smmla" ? dotsOfSignedBytes
         : target.dot == "smlad"                                                  ? dotsOfHalves
         : target.dot == "mve"                                                    ? dotsOfRuns
                                                                                  : 0;
}

/// Whether each channel is a group: a tap adds one product.
bool isShallow(glm::ConvOp conv) { return int64_t(conv.getGroups()) == typeOf(conv.getX()).getShape().back(); }

/// Channels of a panel of weights.
int64_t panelWidth(glm::ConvOp conv, int64_t elementBytes, const targets::Target &target) {
  const int64_t channels = typeOf(conv.getW()).getDimSize(0), dots = isOfWords(conv) ? dotsOf(target) : 0;
  if (dots == dotsOfRuns) // A run is of one channel.
    return 1;
  const bool isScalar = dots == dotsOfHalves || target.vectorBytes <= elementBytes;
  if (isScalar && isa<IntegerType>(conv.getType().getElementType()))
    return std::min(scalarChannels, channels);
  const int64_t width = matmulPanelWidth(channels, elementBytes, target);
  // Each pixel of x is read once: rather more pixels, which share weights.
  const int64_t lanes = target.vectorBytes / elementBytes;
  return isShallow(conv) && lanes > 1 ? std::min(width, 2 * lanes) : width;
}

struct Conv : Family {
  llvm::StringRef name() const override { return "conv"; }

  bool takes(glm::KernelOp kernel) const override {
    auto root = onlyRoot<glm::ConvOp>(kernel);
    return root && root.getChannelsLast() && isOnlyMoved(root.getX()) && isa<BlockArgument>(root.getW()) &&
           isEpilogueOf(root, kernel);
  }

  Attribute wantedLayout(glm::KernelOp kernel, unsigned argument, const targets::Target &target) const override {
    auto root = onlyRoot<glm::ConvOp>(kernel);
    BlockArgument weights = kernel.getBody().getArgument(argument);
    if (root.getW() != weights || !weights.hasOneUse())
      return {};
    const int64_t step = isOfWords(root) && dotsOf(target) ? wordChannels : 1;
    return glm::PanelsAttr::get(kernel.getContext(), /*dim=*/0, panelWidth(root, accumulatorBytes(root), target), step);
  }

  bool canRead(glm::KernelOp kernel, unsigned argument, Attribute layout) const override {
    auto root = onlyRoot<glm::ConvOp>(kernel);
    auto panels = dyn_cast<glm::PanelsAttr>(layout);
    return root.getW() == kernel.getBody().getArgument(argument) && panels && panels.getDim() == 0 &&
           typeOf(root.getW()).getElementTypeBitWidth() >= 8;
  }

  Decision decide(glm::KernelOp kernel, const targets::Target &target,
                  const ScheduleOptions &options) const override {
    auto root = onlyRoot<glm::ConvOp>(kernel);
    WindowProblem problem = windowProblem(root.getType(), root.getKernel(), root.getStrides(), root.getPads());
    problem.elementBytes = accumulatorBytes(root);
    problem.parallel = options.threads > 1;
    auto packed = dyn_cast<glm::PackedType>(root.getW().getType());
    auto panels = packed ? cast<glm::PanelsAttr>(packed.getLayout()) : glm::PanelsAttr();
    problem.panelWidth = panels ? panels.getWidth() : 0;
    problem.isInteger = isa<IntegerType>(root.getType().getElementType());
    problem.isShallow = isShallow(root);
    problem.isSmall = options.isSmall;
    const int64_t dots = panels && panels.getStep() == wordChannels && isOfWords(root) ? dotsOf(target) : 0;
    problem.isScalar = dots == dotsOfHalves || dots == dotsOfRuns;
    Decision decision;
    decision.schedule = chooseWindowTiles(problem, target);
    if (dots)
      decision.schedule["dots"] = dots;
    decision.inPlace = inPlacePairs(kernel);
    return decision;
  }

private:
  static int64_t accumulatorBytes(glm::ConvOp conv) { return conv.getType().getElementTypeBitWidth() == 64 ? 8 : 4; }
};

const Conv instance;

} // namespace

const Family &convFamily = instance;

} // namespace glmc

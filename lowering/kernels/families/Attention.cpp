//===- Attention.cpp - Attention with element ops around --------------------===//
//
// A tile is some tokens of all query heads that share a key-value head: as many
// as let the tile's scores stay in the second cache while keys and values pass,
// and few enough that causal tiles skip much. The scores of a tile are scratch;
// threads take key-value heads, each with scratch of its own.
//
//===----------------------------------------------------------------------===//
#include "lowering/kernels/families/Family.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace glmc {
namespace {

/// Rows of a tile, and of one over so many keys that scores leave the cache.
constexpr int64_t tileRows = 64, tileRowsOfManyKeys = 32, manyKeys = 2048;
/// Largest temporary on the stack of any target: code generation's (Schedules.h).
constexpr int64_t largestOnStack = 4096;
/// Keys of a block: code generation's (Schedules.h).
constexpr int64_t keyBlock = 16;
/// Multiplications from which on heads are given to threads.
constexpr int64_t parallelWork = 1 << 17;

/// What is before the attention.
bool isPrologueOp(Operation &op) { return isElementOp(op) || isa<glm::RotaryOp>(op); }

glm::AttentionOp rootOf(glm::KernelOp kernel) {
  glm::AttentionOp root;
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    if (auto found = dyn_cast<glm::AttentionOp>(op)) {
      if (root)
        return {};
      root = found;
    } else if (!isPrologueOp(op)) {
      return {};
    }
  }
  return root;
}

/// How many keys there are at run time is in a buffer, and blocks of them whole.
bool isCounted(glm::AttentionOp op) {
  Value past = op.getPast();
  ArrayRef<int64_t> k = cast<RankedTensorType>(op.getK().getType()).getShape();
  return !past || (isa<BlockArgument>(past) && k[k.size() - 2] % keyBlock == 0);
}

struct Sizes {
  int64_t batch, queries, keys, group, kvHeads, features, valueFeatures;
  explicit Sizes(glm::AttentionOp op) {
    ArrayRef<int64_t> q = cast<RankedTensorType>(op.getQ().getType()).getShape();
    ArrayRef<int64_t> k = cast<RankedTensorType>(op.getK().getType()).getShape();
    ArrayRef<int64_t> y = cast<RankedTensorType>(op.getType()).getShape();
    kvHeads = op.getKvHeads(), group = op.getHeads() / kvHeads;
    batch = q[0], queries = q[1], keys = k[k.size() - 2];
    features = q[2] / int64_t(op.getHeads()), valueFeatures = y[2] / int64_t(op.getHeads());
  }
};

/// Tokens of a tile: all tiles about equal. Code generation keeps four partial sums of
/// a block of scores of all rows on the stack.
int64_t tokensOfTile(const Sizes &sizes, int64_t bytes, const targets::Target &target) {
  int64_t rows = sizes.keys > manyKeys ? tileRowsOfManyKeys : tileRows;
  if (target.stackLimit < largestOnStack)
    rows = std::min(rows, target.stackLimit / (4 * keyBlock * bytes));
  int64_t most = std::max<int64_t>(1, rows / sizes.group), queries = std::max<int64_t>(1, sizes.queries);
  return llvm::divideCeil(queries, llvm::divideCeil(queries, most));
}

/// Elements of scratch that one task needs, as Schedules.h says.
int64_t scratchOfTask(const Sizes &sizes, int64_t tokens, int64_t bytes, int64_t stackLimit) {
  int64_t rows = sizes.group * tokens, keys = llvm::alignTo(sizes.keys, 16), total = 0;
  for (int64_t elements : {rows * (keys % 128 ? keys : keys + 16), rows * sizes.valueFeatures})
    if (elements * bytes > stackLimit)
      total += elements;
  return total;
}

struct Attention : Family {
  llvm::StringRef name() const override { return "attention"; }

  bool takes(glm::KernelOp kernel) const override {
    auto root = rootOf(kernel);
    return root && cast<RankedTensorType>(root.getK().getType()).getNumElements() > 0 && isCounted(root) &&
           isEpilogueOf(root, kernel);
  }

  Decision decide(glm::KernelOp kernel, const targets::Target &target,
                  const ScheduleOptions &options) const override {
    Decision decision;
    auto root = rootOf(kernel);
    Sizes sizes(root);
    // Sums are made in f32, or f64 for f64.
    Type element = cast<RankedTensorType>(root.getType()).getElementType();
    Type wide = element.getIntOrFloatBitWidth() == 64 ? element : Float32Type::get(root.getContext());
    const int64_t bytes = wide.getIntOrFloatBitWidth() / 8, tasks = sizes.batch * sizes.kvHeads;
    const int64_t tokens = tokensOfTile(sizes, bytes, target);
    decision.schedule["vector"] = vectorLanes(kernel, target, 16);
    decision.schedule["rows"] = tokens;
    limitStack(decision, target);
    int64_t work = tasks * sizes.group * sizes.queries * sizes.keys * sizes.features;
    const bool isParallel = options.threads > 1 && tasks > 1 && work >= parallelWork;
    if (isParallel)
      decision.schedule["parallel"] = 1;
    if (int64_t elements = scratchOfTask(sizes, tokens, bytes, std::min(target.stackLimit, largestOnStack)))
      decision.scratch.push_back(RankedTensorType::get({elements * (isParallel ? tasks : 1)}, wide));
    return decision;
  }
};

const Attention instance;

} // namespace

const Family &attentionFamily = instance;

} // namespace glmc

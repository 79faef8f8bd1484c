//===- Matmul.cpp - Matrix products: the region and its boxes ---------------===//
//
// Reads which sums every result needs, cuts results into boxes of whole tiles
// and tails, and has each box stored by loops of its own (MatmulTiles.cpp).
//
// The order of an element's sum is the same on every target and in both modes:
// k in blocks of 512, each block upwards from 0, then the blocks upwards. Only
// where the right side is plain and transposed (q times k^T) vectors lie along
// k, in 8 partial sums.
//
// Right sides of integers that a glm.dequantize scales have an order of their
// own: MatmulGroups.cpp.
//
// The leading dimensions are rows when the right side has none, else a loop.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/Matmul.h"
#include "codegen/kernels/Math.h"
#include "codegen/kernels/Schedules.h"

#include <algorithm>
#include <numeric>

using namespace Halide;

namespace glmc::kernels {
namespace matmul {

//===----------------------------------------------------------------------===//
// The region
//===----------------------------------------------------------------------===//

std::vector<int> MatmulKernel::operandsOf(int value) const {
  const int arguments = static_cast<int>(kernel.arguments.size());
  return value < arguments ? std::vector<int>() : kernel.nodes[value - arguments].operands;
}

bool MatmulKernel::flag(const char *name) const {
  auto it = kernel.schedule.find(name);
  if (it == kernel.schedule.end())
    return false;
  if (it->second != 0 && it->second != 1)
    throw BuildError("schedule parameter '" + std::string(name) + "' is " + std::to_string(it->second) +
                     ", expected 0 or 1");
  return it->second == 1;
}

MatmulKernel::MatmulKernel(Builder &builder) : builder(builder), kernel(builder.kernel) {
  readProducts();
  unrollK = builder.schedule("unroll_k", 1, 64);
  if (unrollK & (unrollK - 1))
    throw BuildError("schedule parameter 'unroll_k' is " + std::to_string(unrollK) + ", expected a power of two");
  if (kernel.schedule.count("dots"))
    dots = static_cast<Dots>(builder.schedule("dots", 1, static_cast<int>(Dots::runs)));
  checkIntegers();
  checkPrologue();
  readRows();
}

void MatmulKernel::readProducts() {
  const int arguments = static_cast<int>(kernel.arguments.size());
  for (size_t i = 0; i < kernel.nodes.size(); ++i) {
    const Node &node = kernel.nodes[i];
    if (node.op != "matmul")
      continue;
    const TensorType &left = kernel.typeOf(node.operands.at(0)), &right = kernel.typeOf(node.operands.at(1));
    const Shape &shape = node.type.shape;
    if (left.shape.size() < 2 || right.shape.size() < 2 || shape.size() < 2)
      throw BuildError("matmul of operands with less than two dimensions");
    Product product = {arguments + static_cast<int>(i), &node,
                       node.attributes.count("transpose_rhs") && integer(node, "transpose_rhs"), shape.back(), 0, {}, {}};
    const size_t rank = right.shape.size();
    const int64_t depth = left.shape.back(), outer = shape[shape.size() - 2];
    if (right.shape[rank - (product.transposed ? 1 : 2)] != depth ||
        right.shape[rank - (product.transposed ? 2 : 1)] != product.n || left.shape[left.shape.size() - 2] != outer)
      throw BuildError("operands of matmul do not fit each other");
    int source = node.operands[1];
    for (; source >= arguments; source = kernel.nodes[source - arguments].operands.at(0)) {
      const Node &before = kernel.nodes[source - arguments];
      if (before.op == "dequantize")
        readIntegers(product, before);
      else if (before.op != "cast")
        break;
    }
    if (source < arguments && kernel.arguments[source].layout.kind == Layout::panels) {
      if (kernel.arguments[source].layout.dim != (product.transposed ? 0 : 1))
        throw BuildError("the panels of matmul's right side are not along its columns");
      product.panelWidth = kernel.arguments[source].layout.width;
    }
    Type type = computeType(node.type.element);
    product.accumulator = type.is_float() ? type : type.with_bits(std::max(32, type.bits()));

    const bool hasBatch = kernels::product(right.shape, 0, rank - 2) != 1;
    Shape lead(shape.begin(), shape.end() - 2);
    if (!products.empty()) {
      if (node.operands[0] != lhs)
        throw BuildError("the matmuls of a kernel share their left side");
      if (hasBatch || batched || lead != leading)
        throw BuildError("the right sides of a kernel's matmuls have two dimensions when there are several");
    }
    lhs = node.operands[0], leading = lead, batched = hasBatch;
    m = outer, k = depth;
    batch = batched ? kernels::product(leading) : 1;
    rows = batched ? m : kernels::product(leading) * m;
    products.push_back(product);
  }
  if (products.empty())
    throw BuildError("family 'matmul' needs a 'matmul', found none");
  dependent.assign(kernel.arguments.size() + kernel.nodes.size(), false);
  for (const Product &product : products)
    dependent[product.value] = true;
  for (size_t value = kernel.arguments.size(); value < dependent.size(); ++value)
    for (int operand : operandsOf(static_cast<int>(value)))
      dependent[value] = dependent[value] || dependent[operand];
}

void MatmulKernel::checkPrologue() const {
  const bool staging = flag("stage_lhs");
  if (staging && batched)
    throw BuildError("a matmul with a batched right side cannot stage its left side");
  std::vector<int> work = {lhs};
  std::set<int> seen;
  while (!work.empty()) {
    int value = work.back();
    work.pop_back();
    if (!seen.insert(value).second)
      continue;
    const int arguments = static_cast<int>(kernel.arguments.size());
    if (value >= arguments) {
      const std::string &op = kernel.nodes[value - arguments].op;
      if (op == "matmul")
        throw BuildError("the left side of a matmul depends on another one");
      if ((op == "rms_norm" || op == "layer_norm") && !staging)
        throw BuildError("a norm before a matmul needs schedule parameter 'stage_lhs'");
    }
    for (int operand : operandsOf(value))
      work.push_back(operand);
  }
  if (staging)
    return;
  for (auto [argument, result] : kernel.inPlace)
    if (seen.count(argument))
      throw BuildError("argument " + std::to_string(argument) + " is in place with result " + std::to_string(result) +
                       " but its matmul's left side, which is not staged, reads it");
}

int MatmulKernel::rotaryOf(int result) const {
  int found = -1;
  std::vector<int> work = {result};
  std::set<int> seen;
  while (!work.empty()) {
    int value = work.back();
    work.pop_back();
    const int arguments = static_cast<int>(kernel.arguments.size());
    if (!seen.insert(value).second || value < arguments)
      continue;
    if (kernel.nodes[value - arguments].op == "rotary" && dependent[value]) {
      if (found >= 0)
        throw BuildError("a result of family 'matmul' has one rotary at most");
      found = value;
      continue; // what comes before it must not have another: makePass sees it
    }
    for (int operand : operandsOf(value))
      work.push_back(operand);
  }
  return found;
}

Pass MatmulKernel::makePass(int value, const std::string &name) {
  Pass pass;
  pass.value = value;
  pass.type = kernel.typeOf(value);
  const Shape &shape = pass.type.shape;
  if (shape.size() < 2 || kernels::product(shape, 0, shape.size() - 1) != batch * rows ||
      (batched && shape[shape.size() - 2] != m))
    throw BuildError("a result of family 'matmul' has the rows of its matmul");
  pass.n = shape.back();

  // A trial, to see which sums are read.
  Var b("b"), row("row"), column("column");
  Index canonical = indexIn(shape, b, row, column);
  for (size_t p = 0; p < products.size(); ++p) {
    Element element = products[p].node->type.element;
    builder.define(products[p].value, [&, p, element](const Index &index) {
      Expr at = pass.n == 1 ? builder.zero : canonical.back();
      auto offset = Internal::as_const_int(Internal::simplify(index.back() - at));
      if (!offset || *offset < 0 || *offset + pass.n > products[p].n)
        throw BuildError("only pointwise ops and slices of columns may follow a matmul in its kernel");
      auto same = [&](const Sum &sum) { return sum.product == p && sum.offset == *offset; };
      if (std::none_of(pass.sums.begin(), pass.sums.end(), same))
        pass.sums.push_back({p, *offset});
      return Internal::Variable::make(expressionType(element), "product" + std::to_string(p));
    });
  }
  builder.at(value, canonical);
  builder.forget();
  if (pass.sums.empty())
    throw BuildError("a result of family 'matmul' does not depend on a matmul");
  TensorType type = pass.type;
  type.shape = {batch, rows, pass.n};
  std::vector<int> dims = {1, 2};
  if (batched)
    dims.insert(dims.begin(), 0);
  pass.output = builder.makeOutput(name, type, dims);
  return pass;
}

//===----------------------------------------------------------------------===//
// Boxes
//===----------------------------------------------------------------------===//

namespace {
/// The largest divisor of `count` that is at most `limit`.
int64_t divisor(int64_t count, int64_t limit) {
  int64_t result = std::max<int64_t>(1, std::min(limit, count));
  while (count % result)
    --result;
  return result;
}
} // namespace

/// Whole vectors of a product never cross a panel: their first column, and with
/// it every sum's offset, is a multiple of the lanes.
int MatmulKernel::lanesOf(const Pass &pass) const {
  int64_t lanes = builder.schedule("vector", 1);
  for (const Sum &sum : pass.sums)
    if (int64_t width = products[sum.product].panelWidth)
      lanes = std::gcd(std::gcd(lanes, width), sum.offset);
  return static_cast<int>(lanes);
}

std::vector<Columns> MatmulKernel::columnsOf(const Pass &pass) const {
  int64_t width = 0;
  bool panels = true;
  for (const Sum &sum : pass.sums) {
    panels &= products[sum.product].panelWidth != 0;
    width = std::max(width, products[sum.product].panelWidth);
  }
  std::vector<Columns> result = panels ? panelColumns(pass, width, lanesOf(pass)) : plainColumns(pass, lanesOf(pass));
  const int64_t limit = builder.schedule("column_block", 1 << 20, 1 << 20);
  for (Columns &columns : result)
    columns.block = divisor(columns.tiles, limit);
  return result;
}

std::vector<Columns> MatmulKernel::panelColumns(const Pass &pass, int64_t width, int lanes) const {
  const int64_t group = builder.schedule("panels", 1), whole = pass.n / width, tail = pass.n % width;
  std::vector<Columns> result;
  const int64_t grouped = whole / group * group;
  if (grouped)
    result.push_back({0, width, width, group, whole / group, lanes});
  if (whole > grouped)
    result.push_back({grouped * width, width, width, whole - grouped, 1, lanes});
  const int64_t vectors = tail / lanes * lanes;
  if (vectors)
    result.push_back({whole * width, width, vectors, 1, 1, lanes});
  // The last columns are computed as a whole vector, thanks to the padding, and
  // stored one by one.
  if (tail > vectors)
    result.push_back({whole * width + vectors, width, tail - vectors, 1, 1, lanes});
  return result;
}

std::vector<Columns> MatmulKernel::plainColumns(const Pass &pass, int lanes) const {
  const int64_t n = pass.n, vectors = builder.schedule("panels", 1);
  std::vector<Columns> result;
  for (int64_t begin = 0; begin < n;) {
    int used = powerOfTwoLanes(lanes, n - begin);
    int64_t width = std::min<int64_t>(used * vectors, (n - begin) / used * used);
    int64_t tiles = (n - begin) / width;
    result.push_back({begin, width, width, 1, tiles, used});
    begin += width * tiles;
  }
  return result;
}

void MatmulKernel::readRows() {
  const int64_t tile = builder.schedule("rows", 1), tailRows = builder.schedule("tail_rows", 1);
  const int64_t tailTiles = kernel.schedule.count("tail_tiles") ? builder.schedule("tail_tiles", 1, 1 << 20) : 0;
  const int64_t blocks = builder.schedule("row_block", 1);
  auto add = [&](int64_t begin, int64_t size, int64_t tiles) {
    if (tiles > 0)
      segments.push_back({begin, size, tiles, divisor(tiles, blocks)});
  };
  const int64_t whole = rows - tailRows * tailTiles;
  if (tailTiles && (whole < 0 || whole % tile))
    throw BuildError("tiles of " + std::to_string(tile) + " rows and " + std::to_string(tailTiles) + " of " +
                     std::to_string(tailRows) + " do not make " + std::to_string(rows) + " rows");
  add(0, tile, whole / tile);
  add(whole, tailRows, tailTiles);
  if (!tailTiles && rows % tile)
    add(rows / tile * tile, rows % tile, 1);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Index MatmulKernel::indexIn(const Shape &shape, const Expr &batchIndex, const Expr &row, const Expr &column) const {
  Index index;
  if (batched) {
    index = unflatten(batchIndex, Shape(shape.begin(), shape.end() - 2));
    index.push_back(row);
  } else {
    index = unflatten(row, Shape(shape.begin(), shape.end() - 1));
  }
  index.push_back(column);
  return index;
}

Expr MatmulKernel::lhsAt(const Rows &segment, const Expr &batchIndex, const Expr &tile, const Expr &row,
                         const Expr &group, const Expr &step, const Expr &first, int steps) {
  if (staged.defined())
    return staged(stagedAt(segment, tile, row, group, step, first, steps));
  Expr absolute = tile * static_cast<int>(segment.tile) + row + static_cast<int>(segment.begin);
  Index index = indexIn(products[0].node->type.shape, batchIndex, absolute, first + group * steps + step);
  return builder.computeAt(lhs, broadcastIndex(index, kernel.typeOf(lhs).shape));
}

Expr MatmulKernel::rhsAt(const Product &product, const Expr &batchIndex, const Expr &depth, const Expr &column) {
  const int value = product.node->operands[1], arguments = static_cast<int>(kernel.arguments.size());
  // Panels have more columns than the product; scales beside them do not.
  auto isBeside = [&](int parameter) {
    return parameter >= 0 && parameter < arguments && kernel.arguments[parameter].layout.kind == Layout::plain;
  };
  const bool ends = product.panelWidth && (isBeside(product.integers.scales) || isBeside(product.integers.zeros));
  Index index = indexIn(product.node->type.shape, batchIndex, builder.zero,
                        ends ? min(column, asInt(product.n - 1)) : column);
  index[index.size() - 2] = depth;
  if (product.transposed)
    std::swap(index[index.size() - 2], index[index.size() - 1]);
  return builder.computeAt(value, broadcastIndex(index, kernel.typeOf(value).shape));
}

/// What one step of k adds. Plain float operations: fast math may contract.
Expr MatmulKernel::multiply(Type accumulator, const Expr &a, const Expr &b) {
  Expr x = cast(accumulator, a), y = cast(accumulator, b);
  return accumulator.is_float() ? x * y : math::mul(x, y);
}

Expr MatmulKernel::plus(const Expr &a, const Expr &b) { return a.type().is_float() ? a + b : math::add(a, b); }

Expr MatmulKernel::epilogue(const Pass &pass, const Expr &batchIndex, const Expr &row, const Expr &column,
                            const std::vector<Expr> &sums) {
  Index canonical = indexIn(pass.type.shape, batchIndex, row, column);
  for (size_t i = 0; i < canonical.size(); ++i)
    if (pass.type.shape[i] == 1)
      canonical[i] = builder.zero;
  for (size_t p = 0; p < products.size(); ++p) {
    Element element = products[p].node->type.element;
    const Shape &shape = products[p].node->type.shape;
    builder.define(products[p].value, [&, p, element](const Index &index) {
      const size_t missing = canonical.size() - index.size();
      for (size_t i = 0; i + 1 < index.size(); ++i)
        if (shape[i] != pass.type.shape[i + missing] || !index[i].same_as(canonical[i + missing]))
          throw BuildError("only pointwise ops and slices of columns may follow a matmul in its kernel");
      auto offset = Internal::as_const_int(Internal::simplify(index.back() - canonical.back()));
      for (size_t s = 0; offset && s < pass.sums.size(); ++s)
        if (pass.sums[s].product == p && pass.sums[s].offset == *offset)
          return fromCompute(cast(computeType(element), sums[s]), element);
      throw BuildError("a column of a matmul is not found again");
    });
  }
  Expr result = builder.at(pass.value, canonical);
  builder.forget();
  return result;
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

std::vector<Func> MatmulKernel::build() {
  std::vector<Func> results, scratch;
  std::vector<TensorType> scratchTypes;
  if (dots != Dots::none) {
    stageActivations(scratch, scratchTypes);
  } else if (flag("stage_lhs")) {
    scratchTypes.push_back(stageLhs());
    scratch.push_back(staged);
  }
  int number = 0;
  for (size_t i = 0; i < kernel.results.size(); ++i) {
    const int result = kernel.results[i], rotary = rotaryOf(result);
    const std::string name = "result" + std::to_string(i);
    Pass pass = rotary < 0 ? makePass(result, name) : makePass(operandsOf(rotary).at(0), name + "_straight");
    if (usesDots()) {
      for (const Columns &columns : plainColumns(pass, 1))
        for (const Rows &segment : segments)
          storeDots(pass, columns, segment, number++);
    } else {
      for (const Columns &columns : columnsOf(pass))
        for (const Rows &segment : segments)
          storeTiles(pass, columns, segment, number++);
    }
    results.push_back(rotary < 0 ? pass.output : storeRotary(result, rotary, pass, name));
    if (rotary >= 0) {
      scratch.push_back(pass.output);
      scratchTypes.push_back(pass.type);
    }
  }
  checkScratch(scratchTypes);
  results.insert(results.end(), scratch.begin(), scratch.end());
  return results;
}

/// Scratch is memory that the caller chose the size of.
void MatmulKernel::checkScratch(const std::vector<TensorType> &expected) const {
  if (kernel.scratch.size() != expected.size())
    throw BuildError("the kernel has " + std::to_string(kernel.scratch.size()) + " scratch tensors, expected " +
                     std::to_string(expected.size()));
  for (size_t i = 0; i < expected.size(); ++i)
    if (kernel.scratch[i].element != expected[i].element || kernel.scratch[i].layout.kind != Layout::plain ||
        kernel.scratch[i].elements() != expected[i].elements())
      throw BuildError("scratch " + std::to_string(i) + " is expected to have " +
                       std::to_string(expected[i].elements()) + " elements of type " + kernels::name(expected[i].element));
}

} // namespace matmul

std::vector<Func> buildMatmul(Builder &builder) { return matmul::MatmulKernel(builder).build(); }

} // namespace glmc::kernels

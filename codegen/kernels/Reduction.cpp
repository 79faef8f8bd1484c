//===- Reduction.cpp - Many elements in, one element out --------------------===//
//
// Reductions and softmax share their loops. `axes` are what is reduced; the
// other dimensions are rows. Two shapes:
//
//   inner: the innermost dimension is reduced. For each row: 16 partial results
//          along the axes, a tree over them, the elements left over one by one;
//          then the loop over the row's results, if there are many.
//   outer: it is not. Vectors lie along the innermost dimension, and each lane
//          reduces upwards.
//
// Either order depends on the shape only, never on the target.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/Builder.h"
#include "codegen/kernels/Math.h"
#include "codegen/kernels/Rows.h"
#include "codegen/kernels/Schedules.h"

#include <algorithm>

using namespace Halide;

namespace glmc::kernels {

namespace {

/// What is the same for all reductions of a kernel.
class RowBuilder {
public:
  RowBuilder(Builder &builder, const Shape &shape, const Shape &axes);

  /// Stores result 0 and calls `define` for each segment, which defines the
  /// values of the reducing nodes.
  Func build(const std::function<void(RowBuilder &)> &define);

  /// A Func of the rows: `element` (a function of the logical index of `shape`)
  /// reduced over the axes. Where it is computed follows the segment.
  Func reduce(const std::string &role, const Combiner &combiner, const IndexFunction &element, LoopLevel level);
  /// Variables of the rows, innermost first.
  std::vector<Var> rowVars() const;
  /// A call of such a Func at a logical index.
  Expr call(const Func &func, const Index &index) const;
  /// Number of elements reduced into one.
  int64_t count() const { return product(axisShape); }
  std::string name(const std::string &role) const { return role + "_" + std::to_string(number); }

  Builder &builder;
  const Shape shape; ///< Of what is reduced.
  Shape axes, axisShape;
  std::vector<int> rowDims; ///< Dimensions that are not reduced and not 1.
  bool inner = false;
  int lanes;
  LoopLevel level; ///< Where this segment's temporaries of a row live.

private:
  void storeSegment(Func output, const std::vector<int> &dims, const Segment &segment,
                    const std::function<void(RowBuilder &)> &define);
  /// The logical index of element `j` of the row that `rowVars` name.
  Index elementIndex(const Expr &j, const std::vector<Var> &rows) const;

  int number = 0;
  int vectorLanes = 1; ///< Of this segment, when vectors lie along the rows.
};

RowBuilder::RowBuilder(Builder &builder, const Shape &shape, const Shape &givenAxes)
    : builder(builder), shape(shape), lanes(builder.schedule("vector", 1)) {
  int innermost = -1;
  for (int i = 0; i < static_cast<int>(shape.size()); ++i) {
    bool reduced = std::count(givenAxes.begin(), givenAxes.end(), i) != 0;
    if (reduced) {
      axes.push_back(i);
      axisShape.push_back(shape[i]);
    } else if (shape[i] != 1) {
      rowDims.push_back(i);
    }
    if (shape[i] != 1) {
      innermost = i;
      inner = reduced;
    }
  }
  if (innermost < 0)
    inner = true;
  for (const Var &row : rowVars())
    builder.known(row.name(), shape[std::stoi(row.name().substr(3))]);
}

std::vector<Var> RowBuilder::rowVars() const {
  std::vector<Var> vars;
  for (size_t i = rowDims.size(); i-- > 0;)
    vars.emplace_back("dim" + std::to_string(rowDims[i]));
  return vars;
}

Expr RowBuilder::call(const Func &func, const Index &index) const {
  std::vector<Expr> arguments;
  for (size_t i = rowDims.size(); i-- > 0;)
    arguments.push_back(index[rowDims[i]]);
  return func(arguments);
}

Index RowBuilder::elementIndex(const Expr &j, const std::vector<Var> &rows) const {
  Index index(shape.size(), builder.zero), along = unflatten(j, axisShape);
  for (size_t i = 0; i < axes.size(); ++i)
    index[axes[i]] = along[i];
  for (size_t i = 0; i < rowDims.size(); ++i)
    index[rowDims[i]] = rows[rowDims.size() - 1 - i];
  return index;
}

Func RowBuilder::reduce(const std::string &role, const Combiner &combiner, const IndexFunction &element,
                        LoopLevel where) {
  const int total = static_cast<int>(count());
  std::vector<Var> rows = rowVars();
  auto elementAt = [&](const Expr &j) { return element(elementIndex(j, rows)); };
  if (inner)
    return reduceRow({name(role), combiner, rows, total, lanes, where}, elementAt);
  Func result(name(role));
  result(rows) = combiner.start;
  if (total == 1) { // Halide has no loops of one step
    result(rows) = withLets(combiner.combine(result(rows), elementAt(0)));
  } else if (total > 1) {
    RDom steps(0, total, name(role + "_r"));
    result(rows) = withLets(combiner.combine(result(rows), elementAt(steps)));
    result.update().reorder(rows[0], steps);
  }
  result.compute_at(where).store_in(MemoryType::Stack);
  if (vectorLanes > 1) {
    result.vectorize(rows[0], vectorLanes, TailStrategy::RoundUp);
    if (result.has_update_definition())
      result.update().vectorize(rows[0], vectorLanes, TailStrategy::RoundUp);
  }
  return result;
}

void RowBuilder::storeSegment(Func output, const std::vector<int> &dims, const Segment &segment,
                              const std::function<void(RowBuilder &)> &define) {
  const TensorType &type = builder.kernel.typeOf(builder.kernel.results[0]);
  Loops loops = builder.makeLoops(name("row"), type.shape, dims, segment);
  std::vector<VarOrRVar> along, across; // loops over axes and over rows
  for (size_t i = 0; i < loops.variables.size(); ++i) {
    int dim = dims[dims.size() - 1 - i];
    (std::count(rowDims.begin(), rowDims.end(), dim) ? across : along).push_back(loops.variables[i]);
  }
  RVar group(name("g")), lane(name("v"));
  const bool vectorRows = !inner && !across.empty();
  int used = 1;
  if (vectorRows) {
    used = powerOfTwoLanes(lanes, segment.size.back());
    vectorLanes = used = segment.size.back() % used ? 1 : used;
    across[0] = group;
  } else if (inner && !along.empty()) {
    used = guardedLanes(lanes, segment.size.back(), type.element);
  }
  level = across.empty() ? LoopLevel::root() : LoopLevel(output, across[0].rvar);
  define(*this);

  Stage stage = builder.store(output, loops, builder.at(builder.kernel.results[0], loops.index), type.element);
  builder.forget();
  stage.allow_race_conditions();
  std::vector<VarOrRVar> order;
  if (vectorRows) {
    stage.split(loops.variables[0], group, lane, used);
    order.push_back(lane);
  } else if (used > 1) {
    stage.split(loops.variables[0], group, lane, used, TailStrategy::GuardWithIf);
    along[0] = group;
    order.push_back(lane);
  }
  order.insert(order.end(), along.begin(), along.end());
  order.insert(order.end(), across.begin(), across.end());
  stage.reorder(order);
  if (used > 1)
    stage.vectorize(lane);
  ++number;
}

Func RowBuilder::build(const std::function<void(RowBuilder &)> &define) {
  const Kernel &kernel = builder.kernel;
  const TensorType &type = kernel.typeOf(kernel.results[0]);
  if (kernel.results.size() != 1 || type.shape.size() != shape.size())
    throw BuildError("family '" + kernel.family + "' yields one result of the rank of what it reduces");
  for (int dim : rowDims)
    if (type.shape[dim] != shape[dim])
      throw BuildError("family '" + kernel.family + "' yields a result with the rows of what it reduces");
  std::vector<int> dims = keptDimensions(type.shape);
  Shape size;
  for (int dim : dims)
    size.push_back(type.shape[dim]);
  Func output = builder.makeOutput("result0", type, dims);
  std::vector<Segment> segments = {{Shape(size.size(), 0), size}};
  if (!inner)
    segments = makeSegments(size, {}, lanes);
  for (const Segment &segment : segments)
    storeSegment(output, dims, segment, define);
  return output;
}

/// The element type that a reduction of `kind` computes in.
Type reductionType(const std::string &kind, Element element) {
  return kind == "mean" && !isFloat(element) ? Int(64) : computeType(element);
}
} // namespace

//===----------------------------------------------------------------------===//
// reduce
//===----------------------------------------------------------------------===//

std::vector<Func> buildReduce(Builder &builder) {
  const Kernel &kernel = builder.kernel;
  std::vector<int> values;
  for (size_t i = 0; i < kernel.nodes.size(); ++i)
    if (kernel.nodes[i].op == "reduce")
      values.push_back(static_cast<int>(kernel.arguments.size() + i));
  if (values.empty())
    throw BuildError("family 'reduce' needs a 'reduce', found none");
  auto nodeOf = [&](int value) -> const Node & { return kernel.nodes[value - kernel.arguments.size()]; };
  auto shapeOf = [&](int value) -> const Shape & { return kernel.typeOf(nodeOf(value).operands.at(0)).shape; };
  for (int value : values)
    if (shapeOf(value) != shapeOf(values[0]) || integers(nodeOf(value), "axes") != integers(nodeOf(values[0]), "axes"))
      throw BuildError("family 'reduce' reduces one shape along the same axes");

  RowBuilder rows(builder, shapeOf(values[0]), integers(nodeOf(values[0]), "axes"));
  return {rows.build([&](RowBuilder &row) {
    for (size_t i = 0; i < values.size(); ++i) {
      const Node &node = nodeOf(values[i]);
      const std::string &kind = text(node, "kind");
      Type type = reductionType(kind, node.type.element);
      auto element = [&, type](const Index &index) {
        return cast(type, builder.computeAt(node.operands[0], index));
      };
      Func total = row.reduce(kind + std::to_string(i), combinerOf(kind, type), element, row.level);
      builder.define(values[i], [&row, &node, total, kind, type](const Index &index) {
        Expr value = row.call(total, index);
        if (kind == "mean")
          value = math::div(value, Internal::make_const(type, row.count()));
        return fromCompute(cast(computeType(node.type.element), value), node.type.element);
      });
    }
  })};
}

//===----------------------------------------------------------------------===//
// softmax
//===----------------------------------------------------------------------===//

namespace {
/// e^(x - max) of whole rows in memory: on the stack at `level`, or as scratch.
void storeExponentials(RowBuilder &row, Func stored, const IndexFunction &exponential, bool scratch) {
  std::vector<int> dims = keptDimensions(row.shape);
  std::vector<Var> vars;
  Index index(row.shape.size(), row.builder.zero);
  for (size_t i = dims.size(); i-- > 0;) {
    vars.emplace_back("dim" + std::to_string(dims[i]));
    if (row.shape[dims[i]] != 1)
      index[dims[i]] = vars.back();
  }
  stored(vars) = withLets(exponential(index));
  int used = dims.empty() ? 1 : powerOfTwoLanes(row.lanes, row.shape[dims.back()]);
  if (used > 1)
    stored.vectorize(vars[0], used, TailStrategy::GuardWithIf);
  if (!scratch) {
    stored.compute_at(row.level).store_in(MemoryType::Stack);
    if (!vars.empty())
      stored.bound_extent(vars[0], static_cast<int>(row.shape[dims.back()]));
    return;
  }
  auto buffer = stored.output_buffer();
  for (size_t i = 0; i < dims.size(); ++i) {
    int dim = dims[dims.size() - 1 - i];
    buffer.dim(static_cast<int>(i)).set_bounds(0, static_cast<int>(row.shape[dim]));
    buffer.dim(static_cast<int>(i)).set_stride(static_cast<int>(product(row.shape, dim + 1)));
  }
}

Expr callStored(const Func &stored, const Shape &shape, const Index &index) {
  std::vector<Expr> arguments;
  std::vector<int> dims = keptDimensions(shape);
  for (size_t i = dims.size(); i-- > 0;)
    arguments.push_back(index[dims[i]]);
  return stored(arguments);
}
} // namespace

std::vector<Func> buildSoftmax(Builder &builder) {
  const Kernel &kernel = builder.kernel;
  const int value = onlyNode(kernel, "softmax");
  const Node &node = kernel.nodes[value - kernel.arguments.size()];
  const Type type = computeType(node.type.element);
  RowBuilder rows(builder, node.type.shape, {integer(node, "axis")});
  const bool scratch = !kernel.scratch.empty();
  if (scratch && (!rows.inner || kernel.scratch.size() != 1 || kernel.scratch[0].shape != node.type.shape ||
                  storageType(kernel.scratch[0].element) != type))
    throw BuildError("softmax takes one scratch of its operand's shape, and only along the last dimension");
  const bool stack = rows.inner && !scratch && rows.count() * type.bytes() <= builder.stackLimit();

  Func scratchOutput = scratch ? Func("scratch0") : Func();
  Func output = rows.build([&](RowBuilder &row) {
    auto x = [&](const Index &index) { return builder.computeAt(node.operands[0], index); };
    LoopLevel level = row.level;
    if (scratch) {
      std::vector<Var> vars = row.rowVars();
      level = vars.empty() ? LoopLevel::root() : LoopLevel(scratchOutput, vars[0]);
    }
    Func largest = row.reduce("max", combinerOf("max", type), x, level);
    IndexFunction e = [&builder, &row, &node, largest](const Index &index) {
      Expr element = builder.computeAt(node.operands[0], index);
      return math::exp(math::sub(element, row.call(largest, index)));
    };
    if (scratch || stack) {
      Func stored = scratch ? scratchOutput : Func(row.name("exp"));
      storeExponentials(row, stored, e, scratch);
      e = [&node, stored](const Index &index) { return callStored(stored, node.type.shape, index); };
    }
    Func total = row.reduce("sum", combinerOf("sum", type), e, row.level);
    builder.define(value, [&row, &node, e, total](const Index &index) {
      return fromCompute(math::div(e(index), row.call(total, index)), node.type.element);
    });
  });
  if (scratch)
    return {output, scratchOutput};
  return {output};
}

} // namespace glmc::kernels


//===- Norm.cpp - Rows that are normalised ----------------------------------===//
//
// Every result has loops of its own over rows; before a row is stored its
// statistics are made, so a result may take the place of an operand. A later
// result reads the earlier ones where they were stored instead of computing
// them again: h = x + rms_norm(o), n = rms_norm(h) reads x and o once.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/Rows.h"

#include <algorithm>

using namespace Halide;

namespace glmc::kernels {

namespace {
class NormBuilder {
public:
  explicit NormBuilder(Builder &builder);
  std::vector<Func> build();

private:
  Func storeResult(size_t number);
  void defineEarlier(size_t number);
  Index logicalIndex(const Expr &row, const Expr &column) const {
    Index index = unflatten(row, leading);
    index.push_back(column);
    return index;
  }

  Builder &builder;
  const Kernel &kernel;
  Shape shape, leading;
  int rows, columns;
  std::vector<Func> outputs;
};

NormBuilder::NormBuilder(Builder &builder) : builder(builder), kernel(builder.kernel) {
  auto first = std::find_if(kernel.nodes.begin(), kernel.nodes.end(), isNorm);
  if (first == kernel.nodes.end() || first->type.shape.empty())
    throw BuildError("family 'norm' needs an 'rms_norm' or a 'layer_norm', found none");
  shape = first->type.shape;
  for (const Node &node : kernel.nodes)
    if (isNorm(node) && node.type.shape != shape)
      throw BuildError("family 'norm' normalises one shape");
  for (int result : kernel.results)
    if (kernel.typeOf(result).shape != shape)
      throw BuildError("family 'norm' yields results of the shape that it normalises");
  leading.assign(shape.begin(), shape.end() - 1);
  rows = static_cast<int>(product(leading)), columns = static_cast<int>(shape.back());
}

/// Results that are stored already are read back.
void NormBuilder::defineEarlier(size_t number) {
  for (size_t i = 0; i < number; ++i) {
    int value = kernel.results[i];
    if (value < static_cast<int>(kernel.arguments.size()))
      continue;
    builder.define(value, [this, i, value](const Index &index) {
      Expr stored = outputs[i](index.back(), flatten(Index(index.begin(), index.end() - 1), leading));
      return kernel.typeOf(value).element == Element::boolean ? stored != Internal::make_zero(UInt(8)) : stored;
    });
  }
}

Func NormBuilder::storeResult(size_t number) {
  const std::string suffix = std::to_string(number);
  const int value = kernel.results[number];
  TensorType type = kernel.typeOf(value);
  type.shape = {rows, columns};
  Func output = builder.makeOutput("result" + suffix, type, {0, 1});
  if (rows == 0 || columns == 0)
    return output;
  RDom domain({{0, columns}, {0, rows}}, "norm" + suffix);
  RVar j = domain[0], row = domain[1], task("task"), line("line"), group("g"), lane("v");
  builder.known(j.name(), columns);
  builder.known(row.name(), rows);
  LoopLevel level(output, line);
  defineEarlier(number);
  defineNorms(builder, level, "_n" + suffix);
  Loops loops;
  loops.arguments = {j, row};
  loops.index = logicalIndex(row, j);
  Stage stage = builder.store(output, loops, builder.at(value, loops.index), type.element);
  builder.forget();

  int lanes = guardedLanes(builder.schedule("vector", 1), columns, type.element);
  int chunk = 1; // of a task: rows of about 64 KB, all tasks equal
  while (rows % (chunk * 2) == 0 && int64_t(chunk) * 2 * columns <= 16384)
    chunk *= 2;
  stage.allow_race_conditions();
  stage.split(j, group, lane, lanes, TailStrategy::GuardWithIf).split(row, task, line, chunk);
  stage.reorder(lane, group, line, task);
  if (lanes > 1)
    stage.vectorize(lane);
  if (isParallel(kernel) && rows > chunk)
    stage.parallel(task);
  return output;
}

std::vector<Func> NormBuilder::build() {
  for (size_t i = 0; i < kernel.results.size(); ++i)
    outputs.push_back(storeResult(i));
  return outputs;
}
} // namespace

std::vector<Func> buildNorm(Builder &builder) { return NormBuilder(builder).build(); }

} // namespace glmc::kernels

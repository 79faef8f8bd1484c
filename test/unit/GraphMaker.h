//===- GraphMaker.h - Graphs written as expressions, and what passes do to them ===//
//
// Idioms occur in many arrangements. Tests make each of them in a few lines,
// run passes, look for ops, and evaluate the graph by the reference evaluator
// before and after: the numbers must not change.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_TEST_UNIT_GRAPHMAKER_H
#define GLMC_TEST_UNIT_GRAPHMAKER_H

#include "dialects/glm/GlmOps.h"
#include "dialects/glm/reference/Evaluate.h"
#include "test/unit/IdiomTest.h"

#include <gtest/gtest.h>

#include <random>

namespace glmc {

class GraphMaker {
public:
  using Shape = std::vector<int64_t>;
  using Value = mlir::Value;

  explicit GraphMaker(mlir::MLIRContext &context) : builder(&context), loc(builder.getUnknownLoc()) {
    context.loadDialect<glm::GlmDialect>();
    module = mlir::ModuleOp::create(loc);
    builder.setInsertionPointToStart(module->getBody());
    graph = glm::GraphOp::create(builder, loc, "g", builder.getFunctionType({}, {}));
    if (graph.getBody().empty())
      graph.getBody().emplaceBlock();
    builder.setInsertionPointToStart(&graph.getBody().front());
  }

  Value input(Shape shape) { return argument(shape, builder.getF32Type()); }
  Value booleans(Shape shape) { return argument(shape, builder.getI1Type()); }

  Value constant(Shape shape, const std::vector<float> &values) {
    return glm::ConstantOp::create(builder, loc, mlir::DenseElementsAttr::get(typeOf(shape), llvm::ArrayRef(values)));
  }
  Value scalar(float value) { return constant({}, {value}); }
  Value constantBooleans(Shape shape, const std::vector<bool> &values) {
    llvm::SmallVector<bool> elements(values.begin(), values.end());
    auto type = mlir::RankedTensorType::get(shape, builder.getI1Type());
    return glm::ConstantOp::create(builder, loc, mlir::DenseElementsAttr::get(type, llvm::ArrayRef<bool>(elements)));
  }
  Value constantIndices(Shape shape, const std::vector<int64_t> &values) {
    auto type = mlir::RankedTensorType::get(shape, builder.getI64Type());
    return glm::ConstantOp::create(builder, loc, mlir::DenseElementsAttr::get(type, llvm::ArrayRef(values)));
  }

  /// An op whose result type follows from its operands.
  template <typename Op, typename... Arguments> Value make(Arguments... arguments) {
    return Op::create(builder, loc, arguments...).getResult();
  }
  Value add(Value x, Value y) { return make<glm::AddOp>(x, y); }
  Value sub(Value x, Value y) { return make<glm::SubOp>(x, y); }
  Value mul(Value x, Value y) { return make<glm::MulOp>(x, y); }
  Value neg(Value x) { return make<glm::NegOp>(x); }
  Value matmul(Value x, Value y, bool isTransposed = false) {
    return make<glm::MatmulOp>(x, y, isTransposed, mlir::IntegerAttr());
  }
  Value where(Value condition, Value x, Value y) { return make<glm::WhereOp>(condition, x, y); }
  Value softmax(Value x, int64_t axis) { return make<glm::SoftmaxOp>(x.getType(), x, axis); }
  Value concat(std::vector<Value> values, int64_t axis) { return make<glm::ConcatOp>(values, axis); }
  Value transpose(Value x, Shape permutation) { return make<glm::TransposeOp>(x, llvm::ArrayRef(permutation)); }
  Value reshape(Value x, Shape shape) { return make<glm::ReshapeOp>(typeOf(shape, x), x); }
  Value expand(Value x, Shape shape) { return make<glm::ExpandOp>(typeOf(shape, x), x); }
  Value tile(Value x, Shape repeats) { return make<glm::TileOp>(x, llvm::ArrayRef(repeats)); }
  Value slice(Value x, Shape starts, Shape steps, Shape shape) {
    return make<glm::SliceOp>(typeOf(shape, x), x, llvm::ArrayRef(starts), llvm::ArrayRef(steps));
  }
  /// Indices start, start + step, ... of one dimension.
  Value cut(Value x, int64_t dimension, int64_t start, int64_t size, int64_t step = 1) {
    Shape shape = shapeOf(x), starts(shape.size(), 0), steps(shape.size(), 1);
    shape[dimension] = size;
    starts[dimension] = start;
    steps[dimension] = step;
    return slice(x, starts, steps, shape);
  }

  static Shape shapeOf(Value x) { return mlir::cast<mlir::RankedTensorType>(x.getType()).getShape().vec(); }

  mlir::OwningOpRef<mlir::ModuleOp> finish(std::vector<Value> results) {
    glm::ReturnOp::create(builder, loc, results);
    graph.setFunctionType(builder.getFunctionType(graph.getBody().front().getArgumentTypes(),
                                                  mlir::ValueRange(results).getTypes()));
    return std::move(module);
  }

  mlir::OpBuilder builder;
  mlir::Location loc;

private:
  mlir::RankedTensorType typeOf(const Shape &shape) {
    return mlir::RankedTensorType::get(shape, builder.getF32Type());
  }
  mlir::RankedTensorType typeOf(const Shape &shape, Value like) {
    return mlir::cast<mlir::RankedTensorType>(like.getType()).clone(llvm::ArrayRef(shape));
  }
  Value argument(const Shape &shape, mlir::Type element) {
    return graph.getBody().front().addArgument(mlir::RankedTensorType::get(shape, element), loc);
  }

  mlir::OwningOpRef<mlir::ModuleOp> module;
  glm::GraphOp graph;
};

/// How many ops of a kind a module has.
template <typename Op> int64_t count(mlir::ModuleOp module) {
  int64_t ops = 0;
  module.walk([&](Op) { ++ops; });
  return ops;
}

/// Inputs for a graph, always the same: floats in [-1, 1), booleans of which
/// some rows are false altogether.
inline std::vector<reference::Tensor> randomInputs(glm::GraphOp graph) {
  std::mt19937 random(1);
  std::vector<reference::Tensor> inputs;
  for (mlir::Type type : graph.getArgumentTypes()) {
    reference::Tensor tensor(mlir::cast<mlir::RankedTensorType>(type));
    int64_t row = tensor.shape().empty() ? 1 : tensor.shape().back();
    for (int64_t i = 0; i < tensor.size(); ++i) {
      double number = double(random() % 2048) / 1024 - 1;
      if (tensor.type.getElementType().isInteger(1))
        tensor.setInt(i, number > -0.3 && i / row % 3 != 2);
      else
        tensor.setFloat(i, number);
    }
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

inline std::vector<reference::Tensor> evaluate(mlir::ModuleOp module, const std::vector<reference::Tensor> &inputs) {
  WeightSource weights(module);
  auto results = reference::evaluateGraph(*module.getOps<glm::GraphOp>().begin(), inputs, weights);
  EXPECT_TRUE(succeeded(results));
  return succeeded(results) ? *results : std::vector<reference::Tensor>();
}

/// As expectSameNumbers of IdiomTest.h, with inputs as masks of attention are.
inline void expectSameNumbersOfMasked(mlir::ModuleOp module, const std::string &pipeline) {
  auto inputs = randomInputs(*module.getOps<glm::GraphOp>().begin());
  auto expected = evaluate(module, inputs);
  runPasses(module, pipeline);
  auto got = evaluate(module, inputs);
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i)
    EXPECT_EQ(differences(expected[i], got[i]), "") << "result " << i;
}

} // namespace glmc

#endif // GLMC_TEST_UNIT_GRAPHMAKER_H

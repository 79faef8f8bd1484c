//===- OnnxNode.h - One node as its handler sees it -------------------------===//
//
// A handler reads inputs and attributes, makes ops with `make` and says what
// the node's outputs are with `setOutput`. Everything here emits its own error
// at the node, so a handler only passes failure on.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_IMPORT_ONNX_ONNXNODE_H
#define GLMC_COMPILER_IMPORT_ONNX_ONNXNODE_H

#include "compiler/import/onnx/ConstantEvaluator.h"
#include "compiler/import/onnx/OnnxTypes.h"
#include "dialects/glm/GlmOps.h"

#include "mlir/IR/Builders.h"

#include "onnx/onnx_pb.h"

#include <functional>

namespace glmc::onnximport {

/// What an initializer or Constant becomes; see Initializers.h.
class Initializers;

/// What all nodes of an import share.
struct NodeContext {
  mlir::OpBuilder &builder;
  ConstantEvaluator &constants;
  const Initializers &initializers;
  int64_t maxTensorBytes;
  /// In a program with state, how many tokens its caches hold, tensor<1xi64>;
  /// null otherwise. Sequence lengths that a node is given are then those of full
  /// caches.
  mlir::Value pastLength = {};
  /// Values that had to be known when compiling and were not.
  llvm::SmallVector<mlir::Value> missingConstants = {};
};

/// Names of the graph's inputs that `value` is computed from; what only depends
/// on their shapes is not.
std::vector<std::string> inputsBehind(mlir::Value value);

class OnnxNode {
public:
  /// `inputs` has an entry for each of the node's, null where it is left out.
  OnnxNode(NodeContext &context, const onnx::NodeProto &proto, int opset, mlir::Location loc,
           llvm::SmallVector<mlir::Value> inputs)
      : context(context), proto(proto), opset(opset), loc(loc), inputs(std::move(inputs)),
        outputs(proto.output_size()) {}

  NodeContext &context;
  const onnx::NodeProto &proto;
  const int opset;
  const mlir::Location loc;

  mlir::InFlightDiagnostic error() { return mlir::emitError(loc); }
  mlir::OpBuilder &builder() { return context.builder; }

  /// Inputs. The Registry says how many a node has at least; others may be null.
  unsigned inputCount() const { return inputs.size(); }
  mlir::Value input(unsigned i) const { return i < inputs.size() ? inputs[i] : mlir::Value(); }
  llvm::ArrayRef<mlir::Value> allInputs() const { return inputs; }
  static mlir::RankedTensorType typeOf(mlir::Value value) { return glm::logicalType(value.getType()); }
  static mlir::Type elementOf(mlir::Value value) { return typeOf(value).getElementType(); }

  /// Attributes; the default where there is none.
  const onnx::AttributeProto *attribute(llvm::StringRef name) const;
  int64_t intAttribute(llvm::StringRef name, int64_t otherwise) const;
  float floatAttribute(llvm::StringRef name, float otherwise) const;
  std::string stringAttribute(llvm::StringRef name, llvm::StringRef otherwise) const;
  std::optional<llvm::SmallVector<int64_t>> intsAttribute(llvm::StringRef name) const;

  /// Elements of input i, which `name` calls in an error, as integers. They
  /// must be known when compiling.
  mlir::FailureOr<llvm::SmallVector<int64_t>> constantInts(unsigned i, llvm::StringRef name);
  /// The whole tensor; valid until the next call.
  mlir::FailureOr<const reference::Tensor *> constantInput(unsigned i, llvm::StringRef name);
  /// An axis, negative ones counting from the end, as 0..rank-1.
  mlir::FailureOr<int64_t> axisOf(int64_t axis, int64_t rank);
  /// Axes, each once and ascending.
  mlir::FailureOr<llvm::SmallVector<int64_t>> axesOf(llvm::ArrayRef<int64_t> axes, int64_t rank);

  /// A tensor type with a checked size; null after an error.
  mlir::RankedTensorType type(mlir::Type element, llvm::ArrayRef<int64_t> shape);

  /// Makes an op on `operands`, of the inferred type where `Op` infers one and
  /// otherwise of `result`. Null after an error; also where an operand is
  /// null, so that calls nest.
  template <typename Op>
  mlir::Value make(mlir::ValueRange operands, typename Op::Properties properties = {},
                   mlir::RankedTensorType result = {}) {
    mlir::OperationState state(loc, Op::getOperationName());
    state.addOperands(operands);
    if (!llvm::all_of(operands, [](mlir::Value value) { return bool(value); }))
      return {};
    if constexpr (Op::template hasTrait<mlir::InferTypeOpInterface::Trait>()) {
      llvm::SmallVector<mlir::Type> types;
      if (mlir::failed(Op::inferReturnTypes(builder().getContext(), loc, operands,
                                            mlir::DictionaryAttr::get(builder().getContext()), &properties, {}, types)))
        return {};
      result = llvm::cast<mlir::RankedTensorType>(types.front());
    }
    if (!checkSize(result))
      return {};
    state.addTypes(result);
    state.getOrAddProperties<typename Op::Properties>() = std::move(properties);
    return finish(state);
  }

  /// A constant of one repeated value; null after an error.
  mlir::Value splatOf(mlir::Type element, llvm::ArrayRef<int64_t> shape, double value);
  mlir::Value constant(mlir::ElementsAttr value);
  mlir::Value constantInts(llvm::ArrayRef<int64_t> values);
  /// The same elements in another shape; null after an error.
  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<int64_t> shape);
  mlir::Value cast(mlir::Value value, mlir::Type element);

  /// Says what output i is. Fails for a null value, the sign of an error made
  /// before. An output that the node does not have is not missed.
  mlir::LogicalResult setOutput(mlir::Value value, unsigned i = 0);
  /// Whether the node has output i.
  bool hasOutput(unsigned i) const { return i < outputs.size() && !proto.output(i).empty(); }
  mlir::Value output(unsigned i) const { return outputs[i]; }

  mlir::IntegerAttr integer(int64_t value) { return builder().getI64IntegerAttr(value); }
  mlir::DenseI64ArrayAttr integers(llvm::ArrayRef<int64_t> values) { return builder().getDenseI64ArrayAttr(values); }

private:
  bool checkSize(mlir::RankedTensorType type);
  mlir::Value finish(mlir::OperationState &state);

  llvm::SmallVector<mlir::Value> inputs, outputs;
};

} // namespace glmc::onnximport

#endif // GLMC_COMPILER_IMPORT_ONNX_ONNXNODE_H

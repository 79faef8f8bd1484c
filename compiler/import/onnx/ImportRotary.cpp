//===- ImportRotary.cpp - Rotary position embeddings ------------------------===//
//
// ONNX's RotaryEmbedding-23 and ONNX Runtime's older one, whose inputs come in
// another order: positions before the tables instead of after them. Both take
// token-major [B, S, H * D] or head-major [B, H, S, D]; glm.rotary is
// token-major.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/onnx/Compose.h"
#include "compiler/import/onnx/Registry.h"

using namespace mlir;

namespace glmc::onnximport {
namespace {

struct Form {
  int64_t heads, features, rotated;
};

/// Heads, features of a head and how many of those are rotated.
FailureOr<Form> formOf(OnnxNode &node, Value x, int64_t columns, bool widthFromTable) {
  ArrayRef<int64_t> shape = shapeOf(x);
  if (!isa<FloatType>(node.elementOf(x)) || (shape.size() != 3 && shape.size() != 4))
    return node.error() << "input is " << x.getType()
                        << ", expected floats of shape [batch, tokens, features] or [batch, heads, tokens, features]";
  Form form{node.intAttribute("num_heads", 0), 0, node.intAttribute("rotary_embedding_dim", 0)};
  if (shape.size() == 4) {
    form.heads = shape[1];
    form.features = shape[3];
  } else {
    // ONNX Runtime's needs no number of heads if heads are rotated whole.
    if (form.heads == 0 && widthFromTable && form.rotated == 0 && columns > 0)
      form.heads = shape[2] / (2 * columns);
    if (form.heads < 1 || shape[2] % form.heads != 0)
      return node.error() << "'num_heads' is " << form.heads << ", which does not divide the " << shape[2]
                          << " features of the input";
    form.features = shape[2] / form.heads;
  }
  if (form.rotated == 0)
    form.rotated = form.features;
  if (form.rotated < 0 || form.rotated > form.features || form.rotated != 2 * columns)
    return node.error() << "rotates " << form.rotated << " of " << form.features << " features with tables of "
                        << columns << " columns, expected two features a column";
  return form;
}

/// Rows of a table for each token: [B or 1, S, columns].
Value rowsOf(OnnxNode &node, Value table, Value positions) {
  return positions ? gather(node, table, positions, 0) : table;
}

/// `positions` are [B or 1, S], or null where tables have a row a token.
LogicalResult rotate(OnnxNode &node, Value cos, Value sin, Value positions, bool widthFromTable) {
  Value x = node.input(0);
  const size_t rank = positions ? 2 : 3;
  if (cos.getType() != sin.getType() || shapeOf(cos).size() != rank || node.elementOf(cos) != node.elementOf(x))
    return node.error() << "tables are " << cos.getType() << " and " << sin.getType() << ", expected two of " << rank
                        << " dimensions and the input's elements";
  FailureOr<Form> form = formOf(node, x, shapeOf(cos).back(), widthFromTable);
  if (failed(form))
    return failure();
  const bool headMajor = shapeOf(x).size() == 4, interleaved = node.intAttribute("interleaved", 0) != 0;
  Value tokens = headMajor ? joinHeads(node, x) : x;
  Value result =
      rotary(node, tokens, rowsOf(node, cos, positions), rowsOf(node, sin, positions), form->heads, interleaved);
  return node.setOutput(headMajor ? splitHeads(node, result, form->heads) : result);
}

LogicalResult importRotary(OnnxNode &node) {
  Value positions = node.input(3);
  if (positions && shapeOf(positions).size() != 2)
    return node.error() << "'position_ids' is " << positions.getType() << ", expected [batch, tokens]";
  return rotate(node, node.input(1), node.input(2), positions, /*widthFromTable=*/false);
}

LogicalResult importMicrosoftRotary(OnnxNode &node) {
  if (failed(requireInt(node, "is_packed_batching", 0)) || failed(requireFloat(node, "scale", 1)))
    return failure();
  Value x = node.input(0), positions = node.input(1);
  ArrayRef<int64_t> shape = shapeOf(x);
  if (shape.size() < 3)
    return node.error() << "input is " << x.getType() << ", expected 3 or 4 dimensions";
  // One position is that of the first token.
  if (shapeOf(positions) == ArrayRef<int64_t>({1})) {
    Value first = node.cast(positions, node.builder().getI64Type());
    // Tokens are the last dimension but one in both layouts.
    positions = node.make<glm::AddOp>({counting(node, {1, shape[shape.size() - 2]}, 1), first});
    if (!positions)
      return failure();
  }
  if (shapeOf(positions).size() != 2)
    return node.error() << "'position_ids' is " << positions.getType() << ", expected [1] or [batch, tokens]";
  return rotate(node, node.input(2), node.input(3), positions, /*widthFromTable=*/true);
}

} // namespace

void addRotary(Registry &registry) {
  registry.add("RotaryEmbedding", 3, importRotary);
  registry.add("com.microsoft.RotaryEmbedding", 4, importMicrosoftRotary);
}

} // namespace glmc::onnximport

//===- ImportGroupQuery.cpp - ONNX Runtime's GroupQueryAttention ------------===//
//
// One operator for what other exporters write as a graph: it splits packed
// queries, keys and values, rotates queries and keys, appends keys and values
// to the cache and attends. Here it becomes that graph again, in the form that
// others have after their idioms are recovered: glm.rotary, a concat along
// tokens, glm.attention.
//
// How many tokens are in the cache is said three times: by the length of
// `past_key`, by the scalar `total_sequence_length` (past and new tokens of the
// longest sequence of the batch) and by `seqlens_k` (the same for each, less
// 1). The scalar decides the present's shape, so it has to be known when
// compiling. Three cases:
//
//   full      past_key holds what the scalar says: present is past and new
//             tokens. So always for one sequence, and whatever seqlens_k says
//             if there is no past: padding follows the prompts' tokens.
//   shared    past_key has room for more tokens than there are; the new ones go
//             behind those that are there, the rest stays.
//   ragged    several sequences with a past of lengths that seqlens_k says at
//             run time: rows are gathered.
//
//===----------------------------------------------------------------------===//
#include "compiler/import/onnx/Compose.h"
#include "compiler/import/onnx/Registry.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace glmc::onnximport {
namespace {

enum Input {
  query, key, value, pastKey, pastValue, seqlensK, totalSequenceLength, cosCache, sinCache, positionIds,
  attentionBias, headSink, keyScale, valueScale, queryNormWeight, keyNormWeight
};

class GroupQuery {
public:
  explicit GroupQuery(OnnxNode &node) : node(node) {}
  LogicalResult run();

private:
  LogicalResult checkSupported();
  LogicalResult readHeads();
  LogicalResult readLengths();
  LogicalResult readRaggedness();
  LogicalResult rotateQueryAndKey();
  Value positions();
  Value append(Value past, Value tokens);
  Value appendRagged(Value past, Value tokens);
  Value attended(Value present) { return slice(node, present, 2, 0, total); }
  FailureOr<Value> mask();
  Value raggedMask();
  bool isBiasIdle(Value bias);

  OnnxNode &node;
  Value q, k, v;                 ///< Token-major.
  int64_t batch = 0, tokens = 0; ///< New ones.
  int64_t heads = 0, kvHeads = 0, features = 0;
  int64_t room = 0;              ///< Tokens that past_key has room for.
  int64_t past = 0, total = 0;   ///< Tokens before, and with the new ones, of the longest sequence.
  Value starts;                  ///< If ragged: tokens before, a sequence; i64 [B].
  bool isFirst = false;          ///< Nothing before: seqlens_k is about padding.
};

LogicalResult GroupQuery::checkSupported() {
  for (auto [name, expected] : {std::pair<const char *, int64_t>{"local_window_size", -1}, {"sliding_window_cache", 0},
                                {"qk_output", 0}, {"kv_cache_bit_width", 0}, {"causal", 1}})
    if (failed(requireInt(node, name, expected)))
      return failure();
  for (auto [input, name] : {std::pair<Input, const char *>{headSink, "head_sink"}, {keyScale, "k_scale"},
                             {valueScale, "v_scale"}, {queryNormWeight, "q_norm_weight"},
                             {keyNormWeight, "k_norm_weight"}})
    if (failed(requireAbsent(node, input, name)))
      return failure();
  // Any number but 1 means no, -1 too.
  if (node.intAttribute("smooth_softmax", 0) == 1)
    return requireInt(node, "smooth_softmax", 0);
  if (failed(requireFloat(node, "softcap", 0)) || failed(requireString(node, "k_quant_type", "NONE")) ||
      failed(requireString(node, "v_quant_type", "NONE")))
    return failure();
  return success();
}

/// Sizes, and q, k and v apart.
LogicalResult GroupQuery::readHeads() {
  q = node.input(query), k = node.input(key), v = node.input(value);
  heads = node.intAttribute("num_heads", 0), kvHeads = node.intAttribute("kv_num_heads", 0);
  // Kept far from overflow: no tensor has more features.
  constexpr int64_t most = int64_t(1) << 31;
  if (heads < 1 || kvHeads < 1 || heads > most || kvHeads > most || heads % kvHeads != 0)
    return node.error() << "has " << heads << " heads for " << kvHeads << " key-value heads, expected a multiple";
  if (!isa<FloatType>(node.elementOf(q)) || shapeOf(q).size() != 3)
    return node.error() << "'query' is " << q.getType() << ", expected floats of shape [batch, tokens, features]";
  batch = shapeOf(q)[0], tokens = shapeOf(q)[1];
  if (!k != !v)
    return node.error() << "has '" << (k ? "key" : "value") << "' without '" << (k ? "value" : "key") << "'";
  const int64_t parts = k ? heads : heads + 2 * kvHeads;
  if (shapeOf(q)[2] == 0 || shapeOf(q)[2] % parts != 0 || batch < 1 || tokens < 1)
    return node.error() << "'query' is " << q.getType() << ", expected the features of " << parts << " heads";
  features = shapeOf(q)[2] / parts;
  if (!k) {
    Value packed = q;
    q = slice(node, packed, 2, 0, heads * features);
    k = slice(node, packed, 2, heads * features, kvHeads * features);
    v = slice(node, packed, 2, (heads + kvHeads) * features, kvHeads * features);
    return success(q && k && v);
  }
  auto expected = RankedTensorType::get({batch, tokens, kvHeads * features}, node.elementOf(q));
  if (k.getType() != expected || v.getType() != expected)
    return node.error() << "'key' and 'value' are " << k.getType() << " and " << v.getType() << ", expected "
                        << expected;
  return success();
}

LogicalResult GroupQuery::readLengths() {
  for (auto [input, name] : {std::pair<Input, const char *>{seqlensK, "seqlens_k"},
                             {totalSequenceLength, "total_sequence_length"}})
    if (!node.input(input))
      return node.error() << "input '" << name << "' is left out";
  Value pastK = node.input(pastKey), pastV = node.input(pastValue);
  if (!pastK != !pastV)
    return node.error() << "has one of 'past_key' and 'past_value', expected both";
  if (pastK) {
    ArrayRef<int64_t> shape = shapeOf(pastK);
    if (pastK.getType() != pastV.getType() || shape.size() != 4 || shape[0] != batch || shape[1] != kvHeads ||
        shape[3] != features || node.elementOf(pastK) != node.elementOf(q))
      return node.error() << "'past_key' and 'past_value' are " << pastK.getType() << " and " << pastV.getType()
                          << ", expected [" << batch << ", " << kvHeads << ", tokens, " << features << "] twice";
    room = shape[2];
  }
  // A step's cache is the context's; what is in it is known at run time alone.
  if (node.context.pastLength) {
    past = room;
    total = past + tokens;
    return success();
  }
  FailureOr<SmallVector<int64_t>> given = node.constantInts(totalSequenceLength, "total_sequence_length");
  if (failed(given))
    return failure();
  if (given->size() != 1 || given->front() < tokens || given->front() - tokens > room)
    return node.error() << "'total_sequence_length' is " << shapeText(*given) << ", expected " << tokens
                        << " new tokens and up to " << room << " past ones";
  total = given->front();
  past = total - tokens;
  isFirst = past == 0;
  return readRaggedness();
}

/// Sets `starts` where sequences may be of several lengths.
LogicalResult GroupQuery::readRaggedness() {
  Value lengths = node.input(seqlensK);
  if (!isa<IntegerType>(node.elementOf(lengths)) || ShapedType::getNumElements(shapeOf(lengths)) != batch)
    return node.error() << "'seqlens_k' is " << lengths.getType() << ", expected " << batch << " integers";
  // The scalar is the longest sequence's, so it is that of the only one.
  if (isFirst || batch == 1)
    return success();
  if (const reference::Tensor *known = node.context.constants.constantOf(lengths))
    if (llvm::all_of(llvm::seq<int64_t>(0, batch), [&](int64_t i) { return known->getInt(i) == total - 1; }))
      return success();
  Value wide = node.reshape(node.cast(lengths, node.builder().getI64Type()), {batch});
  // Less than the new tokens is the caller's error; rows then start at 0.
  starts = withScalar<glm::MaxOp>(node, withScalar<glm::AddOp>(node, wide, double(1 - tokens)), 0);
  return success(bool(starts));
}

/// Position of each new token: i64 [B or 1, S].
Value GroupQuery::positions() {
  Value count = counting(node, {1, tokens}, 1), given = node.input(positionIds);
  if (given && !isFirst)
    return node.cast(given, node.builder().getI64Type());
  if (given) // Of the first prompt only the first position is read.
    return node.make<glm::AddOp>(
        {count, node.cast(slice(node, slice(node, given, 0, 0, 1), 1, 0, 1), node.builder().getI64Type())});
  if (node.context.pastLength)
    return node.make<glm::AddOp>({count, node.context.pastLength});
  if (starts)
    return node.make<glm::AddOp>({count, node.reshape(starts, {batch, 1})});
  return counting(node, {1, tokens}, 1, past);
}

/// The tables' columns say how many features are rotated; no attribute does.
LogicalResult GroupQuery::rotateQueryAndKey() {
  if (node.intAttribute("do_rotary", 0) == 0)
    return success();
  Value cos = node.input(cosCache), sin = node.input(sinCache), given = node.input(positionIds);
  if (!cos || !sin)
    return node.error() << "'do_rotary' is 1 without 'cos_cache' and 'sin_cache'";
  if (cos.getType() != sin.getType() || shapeOf(cos).size() != 2 || node.elementOf(cos) != node.elementOf(q) ||
      shapeOf(cos)[0] < 1 || shapeOf(cos)[1] > features / 2)
    return node.error() << "'cos_cache' and 'sin_cache' are " << cos.getType() << " and " << sin.getType()
                        << ", expected one type of two dimensions, of at most " << features / 2 << " columns";
  if (given && (shapeOf(given).size() != 2 || shapeOf(given)[0] != batch || shapeOf(given)[1] != tokens ||
                !isa<IntegerType>(node.elementOf(given))))
    return node.error() << "'position_ids' is " << given.getType() << ", expected integers of shape [" << batch << ", "
                        << tokens << "]";
  Value at = positions();
  Value cosRows = gather(node, cos, at, 0), sinRows = gather(node, sin, at, 0);
  const bool interleaved = node.intAttribute("rotary_interleaved", 0) != 0;
  q = rotary(node, q, cosRows, sinRows, heads, interleaved);
  k = rotary(node, k, cosRows, sinRows, kvHeads, interleaved);
  return success(q && k);
}

/// The cache with the new tokens: [B, G, max(room, total), D].
Value GroupQuery::append(Value before, Value added) {
  Value headMajor = splitHeads(node, added, kvHeads);
  if (starts)
    return appendRagged(before, headMajor);
  SmallVector<Value, 3> parts;
  if (past > 0)
    parts.push_back(slice(node, before, 2, 0, past));
  parts.push_back(headMajor);
  if (room > total)
    parts.push_back(slice(node, before, 2, total, room - total));
  return parts.size() == 1 ? headMajor : concat(node, parts, 2);
}

/// Rows up to a sequence's start are those before, then come the new ones, then
/// zeros: one gather from all three behind each other.
Value GroupQuery::appendRagged(Value before, Value added) {
  const int64_t length = std::max(room, total);
  Value zeros = node.splatOf(node.elementOf(added), {batch, kvHeads, 1, features}, 0);
  Value all = transpose(node, concat(node, {before, added, zeros}, 2), {0, 2, 1, 3});
  Value row = counting(node, {1, length}, 1), start = node.reshape(starts, {batch, 1});
  Value fromNew = node.make<glm::SubOp>({withScalar<glm::AddOp>(node, row, double(room)), start});
  Value end = withScalar<glm::AddOp>(node, start, double(tokens));
  Value zero = node.splatOf(node.builder().getI64Type(), {}, double(room + tokens));
  Value behind = node.make<glm::WhereOp>({node.make<glm::LessOp>({row, end}), fromNew, zero});
  Value index = node.make<glm::WhereOp>({node.make<glm::LessOp>({row, start}), row, behind});
  glm::GatherNdOp::Properties properties;
  properties.batch_dims = node.integer(1);
  Value rows = node.make<glm::GatherNdOp>({all, index ? node.reshape(index, {batch, length, 1}) : index}, properties);
  return transpose(node, rows, {0, 2, 1, 3});
}

/// Whether a bias is 0 for all that a query may attend to: what it says beyond
/// that, causality says too.
bool GroupQuery::isBiasIdle(Value bias) {
  const reference::Tensor *known = node.context.constants.constantOf(bias);
  if (!known || starts)
    return false;
  ArrayRef<int64_t> shape = known->shape();
  for (int64_t i = 0; i < known->size(); ++i)
    if (i % shape[3] <= i / shape[3] % shape[2] + past && known->getFloat(i) != 0)
      return false;
  return true;
}

/// [B, 1, S, total]: true up to the token itself.
Value GroupQuery::raggedMask() {
  Value last = node.make<glm::AddOp>({node.reshape(starts, {batch, 1, 1, 1}), counting(node, {1, 1, tokens, 1}, 2)});
  return node.make<glm::LessEqualOp>({counting(node, {1, 1, 1, total}, 3), last});
}

/// What is added to scores or selects them; null if nothing does.
FailureOr<Value> GroupQuery::mask() {
  Value bias = node.input(attentionBias);
  if (bias) {
    ArrayRef<int64_t> shape = shapeOf(bias);
    if (shape.size() != 4 || (shape[0] != 1 && shape[0] != batch) || (shape[1] != 1 && shape[1] != heads) ||
        shape[2] != tokens || shape[3] < total || node.elementOf(bias) != node.elementOf(q))
      return node.error() << "'attention_bias' is " << bias.getType() << ", expected elements of the query, of shape ["
                          << batch << " or 1, " << heads << " or 1, " << tokens << ", " << total << "]";
    bias = slice(node, bias, 3, 0, total);
    if (!bias)
      return failure();
    if (isBiasIdle(bias))
      return Value();
  }
  if (!starts)
    return bias;
  Value allowed = raggedMask();
  if (!allowed)
    return failure();
  if (!bias)
    return allowed;
  Value never = node.splatOf(node.elementOf(q), {}, -std::numeric_limits<double>::infinity());
  return node.make<glm::WhereOp>({allowed, bias, never});
}

LogicalResult GroupQuery::run() {
  if (failed(checkSupported()) || failed(readHeads()) || failed(readLengths()) || failed(rotateQueryAndKey()))
    return failure();
  Value presentKey = append(node.input(pastKey), k), presentValue = append(node.input(pastValue), v);
  FailureOr<Value> masked = mask();
  if (!presentKey || !presentValue || failed(masked))
    return failure();
  SmallVector<Value, 4> operands = {q, attended(presentKey), attended(presentValue)};
  glm::AttentionOp::Properties properties;
  properties.operandSegmentSizes = {1, 1, 1, *masked ? 1 : 0, 0};
  // A row that the bias leaves nothing of gives 0.
  if (*masked) {
    operands.push_back(*masked);
    properties.guarded = node.builder().getUnitAttr();
  }
  properties.heads = node.integer(heads);
  properties.kv_heads = node.integer(kvHeads);
  const float scale = node.floatAttribute("scale", 0);
  properties.scale = node.builder().getF64FloatAttr(scale == 0 ? 1 / std::sqrt(double(features)) : scale);
  if (!starts)
    properties.causal = node.builder().getUnitAttr();
  Value result = node.make<glm::AttentionOp>(operands, properties, OnnxNode::typeOf(q));
  return success(succeeded(node.setOutput(result)) && succeeded(node.setOutput(presentKey, 1)) &&
                 succeeded(node.setOutput(presentValue, 2)));
}

} // namespace

void addGroupQuery(Registry &registry) {
  registry.add("com.microsoft.GroupQueryAttention", 1, [](OnnxNode &node) { return GroupQuery(node).run(); });
}

} // namespace glmc::onnximport

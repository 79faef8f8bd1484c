//===- PrintCxxMemory.cpp - Loads, stores, allocations and lanes as C++ ------===//
//
// A dense ramp becomes load<V>(&p[i]); an allocation whose accesses are all
// constant aligned ramps becomes variables, so that accumulators stay in
// registers under every compiler.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/CxxPrinter.h"

namespace glmc::kernels {

using namespace Halide::Internal;
using Halide::Expr;
using Halide::Int;
using Halide::UInt;

/// What one element is in memory: bool takes a byte.
std::string CxxPrinter::memoryElement(Type type) { return elementName(type); }

std::string CxxPrinter::buffer(const std::string &name) {
  auto found = buffers.find(name);
  if (found == buffers.end()) {
    refuse("an access to '" + name + "', which is no buffer of the kernel,");
    return "";
  }
  usedBuffers.insert(found->second);
  return found->second;
}

//===----------------------------------------------------------------------===//
// Allocations
//===----------------------------------------------------------------------===//

namespace {
/// How one allocation is accessed.
class Accesses : public IRVisitor {
public:
  explicit Accesses(const std::string &name) : name(name) {}
  bool constant = true;
  Halide::Type type;
  std::set<int> slots, read;

private:
  using IRVisitor::visit;
  void visit(const Variable *op) override {
    constant = constant && op->name != name; // A parallel loop takes it along.
  }
  void visit(const Load *op) override {
    if (op->name == name)
      note(op->index, op->type, op->predicate, read);
    IRVisitor::visit(op);
  }
  void visit(const Store *op) override {
    if (op->name == name)
      note(op->index, op->value.type(), op->predicate, slots);
    IRVisitor::visit(op);
  }
  void note(const Halide::Expr &index, Halide::Type t, const Halide::Expr &predicate, std::set<int> &where) {
    Halide::Expr base = index;
    const Ramp *ramp = index.as<Ramp>();
    if (ramp && is_const_one(ramp->stride))
      base = ramp->base;
    const auto first = base.type().is_scalar() ? as_const_int(base) : std::optional<int64_t>();
    const bool fits = first && *first % t.lanes() == 0 && is_const_one(predicate) && (slots.empty() || t == type);
    constant = constant && fits && !(t.is_bool() && t.is_vector());
    type = t;
    if (first) {
      slots.insert((int)*first);
      where.insert((int)*first);
    }
  }
  std::string name;
};
} // namespace

bool CxxPrinter::promote(const Allocate *op) {
  constexpr size_t limit = 64; // More variables than any machine has registers.
  Accesses accesses(op->name);
  op->body.accept(&accesses);
  if (!accesses.constant || accesses.slots.size() > limit)
    return false;
  Registers r;
  r.type = accesses.type;
  r.line = (int)lines.size();
  r.block = blocks.back();
  r.indent = indent;
  lines.push_back("");
  for (int slot : accesses.slots)
    r.slots[slot] = accesses.read.count(slot) ? freshName(op->name) : "";
  registers[op->name] = r;
  return true;
}

void CxxPrinter::visit(const Allocate *op) {
  if (op->new_expr.defined())
    return refuse("the special allocation of " + op->name);
  if (promote(op)) {
    op->body.accept(this);
    registers.erase(op->name);
    return;
  }
  const int64_t size = op->constant_allocation_size();
  if (size <= 0)
    return refuse("the allocation of " + op->name + ", whose size is not constant,");
  const std::string name = freshName(op->name);
  buffers[op->name] = name;
  arrays.insert(op->name);
  bufferTypes[op->name] = memoryElement(op->type) + " *__restrict ";
  const Type element = op->type.element_of();
  const int64_t elements = size * op->type.lanes() + op->padding;
  line("alignas(64) " + (element.is_bool() ? "uint8_t" : scalarType(element)) + " " + name + "[" +
       std::to_string(elements) + "];");
  op->body.accept(this);
  buffers.erase(op->name);
}

/// Whether a store to a promoted allocation is for nothing: padding that a
/// kernel computes in whole vectors. Compilers would warn of the variable.
bool CxxPrinter::isNeverRead(const Store *op) const {
  const Ramp *ramp = op->index.as<Ramp>();
  return registers.at(op->name).slots.at((int)*as_const_int(ramp ? ramp->base : op->index)).empty();
}

/// The variable of an access to a promoted allocation, or "". A store that is
/// the first access, in the allocation's own block, declares it.
std::string CxxPrinter::registerSlot(const std::string &name, const Expr &index, bool forStore, bool &declares) {
  declares = false;
  auto found = registers.find(name);
  if (found == registers.end())
    return "";
  Registers &r = found->second;
  const Ramp *ramp = index.as<Ramp>();
  const int slot = (int)*as_const_int(ramp ? ramp->base : index);
  const std::string variable = r.slots.at(slot);
  if (r.declared.insert(slot).second) {
    declares = forStore && blocks.back() == r.block;
    if (!declares) {
      const std::string type = r.type.is_vector() ? vectorType(r.type) : scalarType(r.type);
      std::string &before = lines[r.line];
      before = before.empty() ? std::string(2 * r.indent, ' ') + type + " " + variable + " = {};"
                              : before.substr(0, before.size() - 1) + ", " + variable + " = {};";
    }
  }
  return variable;
}

//===----------------------------------------------------------------------===//
// Loads
//===----------------------------------------------------------------------===//

/// "&p[i]" reads better than "p + (i)", and "p" than "&p[0]".
static std::string address(const std::string &buffer, const std::string &index) {
  return index == "0" ? buffer : "&" + buffer + "[" + index + "]";
}

/// A loaded bool vector is bytes of 0 and 1; the mask is made of them.
Text CxxPrinter::fromMemory(const std::string &loaded, Type type) {
  if (!type.is_bool())
    return {loaded, rankPrimary, 0};
  return {"(" + loaded + " != 0)", rankPrimary, 8};
}

std::string CxxPrinter::predicate(const Expr &e, Type type) { return mask(e, type.is_bool() ? 8 : type.bits()); }

std::string CxxPrinter::loadText(const Load *op, Type type) {
  const int lanes = type.lanes();
  const bool whole = lanes == paddedLanes(lanes), always = is_const_one(op->predicate);
  const std::string vector = vectorType(type.is_bool() ? UInt(8, lanes) : type);
  const std::string partial = whole ? vector : vector + ", " + std::to_string(lanes);
  const std::string from = buffer(op->name);
  const Ramp *ramp = op->index.as<Ramp>();
  if (ramp && ramp->base.type().is_scalar()) {
    const std::string base = address(from, print(ramp->base).text);
    if (is_const_one(ramp->stride)) {
      const std::string helper = !always ? "load_masked" : whole ? "load" : "load_first";
      need(helper);
      return helper + "<" + partial + ">(" + base + (always ? "" : ", " + predicate(op->predicate, type)) + ")";
    }
    if (always) {
      need("strided");
      return "load_strided<" + partial + ">(" + base + ", " + print(ramp->stride).text + ")";
    }
  }
  const std::string helper = always ? "gather" : "gather_masked";
  need(helper);
  const std::string at = print(op->index).text;
  return helper + "<" + partial + ">(" + from + ", " + at + (always ? "" : ", " + predicate(op->predicate, type)) + ")";
}

void CxxPrinter::visit(const Load *op) {
  bool declares;
  const std::string variable = registerSlot(op->name, op->index, false, declares);
  if (!variable.empty())
    return set(variable);
  if (op->type.is_handle())
    return refuse("a pointer in memory");
  if (op->type.is_scalar()) {
    if (!is_const_one(op->predicate))
      return refuse("a load of one element under a condition");
    const std::string from = buffer(op->name);
    const std::string text = from + "[" + print(op->index).text + "]";
    return op->type.is_bool() ? set(text + " != 0", rankCompare) : set(text);
  }
  // Backwards is forwards, turned round.
  const Ramp *ramp = op->index.as<Ramp>();
  if (ramp && ramp->base.type().is_scalar() && is_const(ramp->stride, -1) && is_const_one(op->predicate)) {
    const int lanes = op->type.lanes();
    const Expr first = simplify(ramp->base - (lanes - 1));
    const Expr forward = Load::make(op->type, op->name, Ramp::make(first, make_one(first.type()), lanes), op->image,
                                    op->param, op->predicate, ModulusRemainder());
    std::vector<int> order(lanes);
    for (int i = 0; i < lanes; ++i)
      order[i] = lanes - 1 - i;
    value = print(Shuffle::make({forward}, order));
    return;
  }
  value = fromMemory(loadText(op, op->type), op->type);
}

//===----------------------------------------------------------------------===//
// Stores
//===----------------------------------------------------------------------===//

/// A vector as it goes to memory.
std::string CxxPrinter::toMemory(const Expr &e) {
  if (!e.type().is_bool())
    return print(e).text;
  return "(" + vectorType(UInt(8, e.type().lanes())) + ")-(" + mask(e, 8) + ")";
}

void CxxPrinter::storeVector(const Store *op, Type type) {
  const int lanes = type.lanes();
  const bool whole = lanes == paddedLanes(lanes), always = is_const_one(op->predicate);
  const std::string count = "<" + std::to_string(lanes) + ">(";
  const std::string stored = toMemory(op->value), to = buffer(op->name);
  const Ramp *ramp = op->index.as<Ramp>();
  if (ramp && ramp->base.type().is_scalar()) {
    const std::string base = address(to, print(ramp->base).text);
    if (is_const_one(ramp->stride)) {
      const std::string helper = !always ? "store_masked" : whole ? "store" : "store_first";
      need(helper);
      return line(helper + (helper == "store" ? "(" : count) + base +
                  (always ? "" : ", " + predicate(op->predicate, type)) + ", " + stored + ");");
    }
    if (always) {
      need("store_strided");
      return line("store_strided" + count + base + ", " + print(ramp->stride).text + ", " + stored + ");");
    }
  }
  const std::string helper = always ? "scatter" : "scatter_masked";
  need(helper);
  const std::string at = print(op->index).text;
  line(helper + count + to + ", " + at + (always ? "" : ", " + predicate(op->predicate, type)) + ", " + stored + ");");
}

void CxxPrinter::visit(const Store *op) {
  const Type type = op->value.type();
  if (type.is_handle())
    return refuse("a pointer in memory");
  bool declares;
  if (registers.count(op->name)) {
    if (isNeverRead(op))
      return;
    const Text stored = print(op->value);
    const std::string variable = registerSlot(op->name, op->index, true, declares);
    if (declares)
      return line(typeOf(stored, type) + " " + variable + " = " + stored.text + ";");
    // acc = acc + x reads better as acc += x.
    const Add *add = op->value.as<Add>();
    const Load *load = add ? add->a.as<Load>() : nullptr;
    const bool same =
        load && load->name == op->name && equal(load->index, op->index) && (type.bits() >= 32 || type.is_uint());
    const std::string prefix = variable + " + ";
    if (same && type.bits() >= 32 && stored.text.compare(0, prefix.size(), prefix) == 0)
      return line(variable + " += " + stored.text.substr(prefix.size()) + ";");
    return line(variable + " = " + stored.text + ";");
  }
  if (type.is_vector())
    return storeVector(op, type);
  const std::string stored = print(op->value).text, to = buffer(op->name);
  const std::string at = to + "[" + print(op->index).text + "]";
  if (is_const_one(op->predicate))
    return line(at + " = " + stored + ";");
  openBlock("if (" + print(op->predicate).text + ") {");
  line(at + " = " + stored + ";");
  closeBlock();
}

//===----------------------------------------------------------------------===//
// Lanes
//===----------------------------------------------------------------------===//

void CxxPrinter::visit(const Ramp *op) {
  if (op->base.type().is_vector() || isHalf(op->type) || op->type.is_bfloat())
    return refuse("a ramp of vectors or of half floats");
  std::string lanes = vectorType(op->type) + "{0";
  const auto step = as_const_int(op->stride);
  const int64_t scale = step ? *step : 1;
  for (int i = 1; i < op->type.lanes(); ++i)
    lanes += ", " + std::to_string(i * scale);
  lanes += "}";
  if (!step)
    lanes = exactScalar(op->stride) + " * " + lanes;
  if (is_const_zero(op->base))
    return step ? set(lanes) : set(lanes, rankMultiply);
  set(exactScalar(op->base) + " + " + lanes, rankAdd);
}

void CxxPrinter::visit(const Broadcast *op) {
  if (op->value.type().is_vector()) {
    value = print(Shuffle::make_broadcast(op->value, op->lanes));
    return;
  }
  if (op->type.is_bool()) {
    const std::string text = mask(Expr(op), 32);
    return set(text, rankPrimary, 32);
  }
  set(splat(op->value, op->type));
}

/// Picks lanes of a list of equally long vectors. Two at a time are joined
/// until two are left, from which the compilers' shuffle picks.
void CxxPrinter::shuffle(const std::vector<std::string> &parts, int partLanes, const std::vector<int> &indices,
                         Type type) {
  const int stride = paddedLanes(partLanes);
  std::vector<int> picks;
  for (int i : indices)
    picks.push_back(i < 0 ? -1 : i / partLanes * stride + i % partLanes);
  std::vector<std::string> joined = parts;
  int lanes = stride;
  while (joined.size() > 2) {
    std::vector<std::string> next;
    std::string all;
    for (int i = 0; i < 2 * lanes; ++i)
      all += ", " + std::to_string(i);
    for (size_t i = 0; i < joined.size(); i += 2) {
      const std::string name = freshName("joined");
      const std::string &second = joined[i + 1 < joined.size() ? i + 1 : i];
      line("const " + vectorType(type.with_lanes(2 * lanes)) + " " + name + " = __builtin_shufflevector(" + joined[i] +
           ", " + second + all + ");");
      next.push_back(name);
    }
    joined = next;
    lanes *= 2;
  }
  std::string text = "__builtin_shufflevector(" + joined[0] + ", " + joined[joined.size() - 1];
  for (int i = 0; i < paddedLanes(type.lanes()); ++i)
    text += ", " + std::to_string(i < (int)picks.size() ? picks[i] : -1);
  set(text + ")");
}

void CxxPrinter::visit(const Shuffle *op) {
  const Type first = op->vectors[0].type();
  // Bool lanes as bytes: one width for all parts.
  const bool isBool = op->type.is_bool();
  const auto part = [&](const Expr &e) { return isBool ? mask(e, 8) : print(e).text; };
  const Type element = isBool ? Int(8) : op->type.element_of();
  bool sameLanes = true;
  for (const Expr &v : op->vectors)
    sameLanes &= v.type().lanes() == first.lanes();
  if (op->indices.size() == 1) {
    const auto [which, lane] = op->vector_and_lane_indices()[0];
    const Expr &v = op->vectors[which];
    if (v.type().is_scalar()) {
      value = print(v);
      return;
    }
    const std::string text = wrap(print(v), rankPrimary) + "[" + std::to_string(lane) + "]";
    return isBool ? set(text + " != 0", rankCompare) : set(text);
  }
  const Type type = element.with_lanes(op->type.lanes());
  if (sameLanes && first.is_scalar()) {
    std::string text = vectorType(type) + "{";
    for (size_t i = 0; i < op->indices.size(); ++i) {
      const Expr &v = op->vectors[op->indices[i]];
      text += (i ? ", " : "") + (isBool ? "(int8_t)-" + print(v, rankUnary) : exactScalar(v));
    }
    return set(text + "}", rankPrimary, isBool ? 8 : 0);
  }
  std::vector<std::string> parts;
  if (sameLanes) {
    for (const Expr &v : op->vectors)
      parts.push_back(part(v));
    if (parts.size() == 1 && parts[0].size() > 12) {
      // The text stands twice in the shuffle: name it.
      const std::string name = freshName("whole");
      line("const " + vectorType(element.with_lanes(first.lanes())) + " " + name + " = " + parts[0] + ";");
      parts[0] = name;
    }
    shuffle(parts, first.lanes(), op->indices, type);
    value.maskBits = isBool ? 8 : 0;
    return;
  }
  // Parts of several lengths: lane by lane.
  std::string text = vectorType(type) + "{";
  std::vector<std::string> names;
  for (const Expr &v : op->vectors) {
    const std::string name = freshName("part");
    const std::string partType =
        v.type().is_scalar() ? scalarType(element) : vectorType(element.with_lanes(v.type().lanes()));
    line("const " + partType + " " + name + " = " +
         (v.type().is_scalar() && isBool ? "(int8_t)-" + print(v, rankUnary) : part(v)) + ";");
    names.push_back(name);
  }
  bool comma = false;
  for (auto [which, lane] : op->vector_and_lane_indices()) {
    const bool scalar = op->vectors[which].type().is_scalar();
    text += (comma ? ", " : "") + names[which] + (scalar ? "" : "[" + std::to_string(lane) + "]");
    comma = true;
  }
  set(text + "}", rankPrimary, isBool ? 8 : 0);
}

/// The sum of four neighbouring 8-bit products, which machines have.
bool CxxPrinter::dot4(const VectorReduce *op) {
  if (op->op != VectorReduce::Add || op->value.type().lanes() != 4 * op->type.lanes() || op->type.is_scalar() ||
      op->type.bits() != 32 || !op->type.is_int() || paddedLanes(op->type.lanes()) != op->type.lanes())
    return false;
  const Cast *cast = op->value.as<Cast>();
  const Call *product = Call::as_intrinsic(cast ? cast->value : op->value, {Call::widening_mul});
  if (!product || product->args[0].type().bits() != 8 || product->args[1].type().bits() != 8)
    return false;
  Expr a = product->args[0], b = product->args[1];
  if (a.type().is_int() && b.type().is_uint())
    std::swap(a, b);
  if (b.type().is_uint() || (product->type.is_uint() && a.type().is_int()))
    return false;
  need("dot4");
  const std::string left = print(a).text;
  set("dot4<" + vectorType(op->type) + ">(" + left + ", " + print(b).text + ")");
  return true;
}

void CxxPrinter::visit(const VectorReduce *op) {
  if (dot4(op))
    return;
  const Type type = op->type;
  const int lanes = op->value.type().lanes(), factor = lanes / type.lanes();
  if (op->op == VectorReduce::SaturatingAdd || isHalf(type) || type.is_bfloat())
    return refuse("a saturating or half precision reduction");
  static const std::map<VectorReduce::Operator, const char *> names = {
      {VectorReduce::Add, "reduce_add"}, {VectorReduce::Mul, "reduce_mul"}, {VectorReduce::Min, "reduce_min"},
      {VectorReduce::Max, "reduce_max"}, {VectorReduce::And, "reduce_and"}, {VectorReduce::Or, "reduce_or"}};
  std::string name = names.at(op->op);
  if (type.is_bool()) // Of masks, the smaller is "true".
    name = op->op == VectorReduce::And || op->op == VectorReduce::Min || op->op == VectorReduce::Mul ? "reduce_and"
                                                                                                     : "reduce_or";
  need(name);
  const Text v = print(op->value);
  if (type.is_scalar()) {
    need("reduce");
    const std::string text = "reduce<" + name + ", " + std::to_string(lanes) + ">(" + v.text + ")";
    return type.is_bool() ? set(text + " != 0", rankCompare) : set(text);
  }
  need("reduce_groups");
  const std::string out = type.is_bool() ? maskType(v.maskBits, type.lanes()) : vectorType(type);
  set("reduce_groups<" + out + ", " + name + ", " + std::to_string(type.lanes()) + ", " + std::to_string(factor) +
          ">(" + v.text + ")",
      rankPrimary, v.maskBits);
}

} // namespace glmc::kernels

//===- Builder.cpp - Values of a kernel as index functions ------------------===//
#include "codegen/kernels/Builder.h"
#include "codegen/kernels/Math.h"
#include "codegen/kernels/Schedules.h"

#include <algorithm>
#include <cstring>

using namespace Halide;

namespace glmc::kernels {

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

Type storageType(Element element) {
  switch (element) {
  case Element::boolean:
  case Element::u8:
  case Element::u4:
    return UInt(8);
  case Element::i8:
  case Element::i4:
    return Int(8);
  case Element::i16:
    return Int(16);
  case Element::i32:
    return Int(32);
  case Element::i64:
    return Int(64);
  case Element::u16:
  case Element::f16:
  case Element::bf16:
    return UInt(16);
  case Element::u32:
    return UInt(32);
  case Element::u64:
    return UInt(64);
  case Element::f32:
    return Float(32);
  case Element::f64:
    return Float(64);
  }
  throw BuildError("unknown element type");
}

Type expressionType(Element element) { return element == Element::boolean ? Bool() : storageType(element); }

bool isFloat(Element element) {
  return element == Element::f16 || element == Element::bf16 || element == Element::f32 || element == Element::f64;
}

Type computeType(Element element) {
  return element == Element::f16 || element == Element::bf16 ? Float(32) : expressionType(element);
}

Expr toCompute(const Expr &value, Element element) {
  if (element == Element::f16)
    return math::halfToFloat(value);
  return element == Element::bf16 ? math::bfloatToFloat(value) : value;
}

Expr fromCompute(const Expr &value, Element element) {
  if (element == Element::f16)
    return math::floatToHalf(value);
  return element == Element::bf16 ? math::floatToBfloat(value) : value;
}

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

Index broadcastIndex(const Index &index, const Shape &shape) {
  // Dimensions of 1 are made zero by Builder::at.
  return Index(index.end() - static_cast<ptrdiff_t>(shape.size()), index.end());
}

int64_t product(const Shape &shape, size_t begin, size_t end) {
  int64_t count = 1;
  for (size_t i = begin; i < std::min(end, shape.size()); ++i)
    count *= shape[i];
  return count;
}

int powerOfTwoLanes(int64_t limit, int64_t size) {
  int lanes = 1;
  while (lanes * 2 <= std::min(limit, size))
    lanes *= 2;
  return lanes;
}

int guardedLanes(int64_t limit, int64_t size, Element stored) {
  int lanes = powerOfTwoLanes(limit, size);
  while (storageType(stored).bits() < 32 && size % lanes)
    lanes /= 2;
  return lanes;
}

Expr flatten(const Index &index, const Shape &shape) {
  Expr flat = 0;
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0; stride *= shape[i])
    if (shape[i] != 1)
      flat = flat + index[i] * static_cast<int>(stride);
  return Internal::simplify(flat);
}

Index unflatten(const Expr &flat, const Shape &shape) {
  Index index(shape.size());
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0; stride *= shape[i]) {
    Expr at = stride == 1 ? flat : flat / static_cast<int>(stride);
    bool outermost = product(shape, 0, i) == 1;
    index[i] = shape[i] == 1 ? Expr(0) : outermost ? at : at % static_cast<int>(shape[i]);
  }
  return index;
}

std::vector<int> keptDimensions(const Shape &shape, int always) {
  std::vector<int> dims;
  for (int i = 0; i < static_cast<int>(shape.size()); ++i)
    if (shape[i] != 1 || i == always)
      dims.push_back(i);
  if (dims.empty() && !shape.empty())
    dims.push_back(static_cast<int>(shape.size()) - 1);
  return dims;
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

namespace {
template <typename T> const T &attribute(const Node &node, const char *name) {
  auto it = node.attributes.find(name);
  const T *value = it == node.attributes.end() ? nullptr : std::get_if<T>(&it->second);
  if (!value)
    throw BuildError("op '" + node.op + "' has no attribute '" + name + "' of the expected type");
  return *value;
}
} // namespace

int64_t integer(const Node &node, const char *name) { return attribute<int64_t>(node, name); }
double real(const Node &node, const char *name) { return attribute<double>(node, name); }
bool flag(const Node &node, const char *name) { return node.attributes.count(name) && integer(node, name) != 0; }
const Shape &integers(const Node &node, const char *name) { return attribute<Shape>(node, name); }
const std::string &text(const Node &node, const char *name) { return attribute<std::string>(node, name); }

int onlyNode(const Kernel &kernel, const std::string &op) {
  int found = -1;
  for (size_t i = 0; i < kernel.nodes.size(); ++i) {
    if (kernel.nodes[i].op != op)
      continue;
    if (found >= 0)
      throw BuildError("family '" + kernel.family + "' takes one '" + op + "', found more");
    found = static_cast<int>(kernel.arguments.size() + i);
  }
  if (found < 0)
    throw BuildError("family '" + kernel.family + "' needs one '" + op + "', found none");
  return found;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

bool isReadAsWords(const Kernel &kernel, int argument) {
  if (kernel.family == "conv" && kernel.schedule.count("dots"))
    for (const Node &node : kernel.nodes)
      if (node.op == "conv" && node.operands.at(0) == argument)
        return true;
  const TensorType &type = kernel.arguments[argument];
  const int bits = type.element == Element::i4 || type.element == Element::u4 ? 4 : 8 * byteSize(type.element);
  return kernel.schedule.count("dots") && type.layout.kind == Layout::panels && type.layout.step > 1 &&
         type.layout.step * bits == 32;
}

Builder::Builder(const Kernel &kernel) : kernel(kernel) {
  memory.resize(kernel.arguments.size() + kernel.nodes.size());
  for (size_t i = 0; i < kernel.arguments.size(); ++i) {
    const TensorType &type = kernel.arguments[i];
    const Type stored = isReadAsWords(kernel, static_cast<int>(i)) ? UInt(32) : storageType(type.element);
    int64_t elements = type.storageBytes() / stored.bytes();
    ImageParam parameter(stored, 1, "argument" + std::to_string(i));
    parameter.dim(0).set_bounds(0, static_cast<int>(std::max<int64_t>(elements, 1))).set_stride(1);
    if (type.layout.kind == Layout::panels)
      parameter.set_host_alignment(64);
    parameters.push_back(parameter);
  }
}

Expr Builder::load(int argument, const Index &index) {
  const TensorType &type = kernel.arguments[argument];
  Expr position;
  if (type.layout.kind == Layout::plain) {
    position = flatten(index, type.shape);
  } else {
    const int width = static_cast<int>(type.layout.width), step = static_cast<int>(type.layout.step);
    const int steps = static_cast<int>((type.shape[1 - type.layout.dim] + step - 1) / step);
    Expr n = index[type.layout.dim], k = index[1 - type.layout.dim];
    Expr before = (n / width) * steps + k / step; // Steps of whole rows of the panel.
    if (isReadAsWords(kernel, argument)) {
      Expr word = parameters[argument](Internal::simplify(before * width + n % width)), r = k % step;
      const bool isNarrow = step == 8;
      Expr bit = isNarrow ? r % 4 * 8 + r / 4 * 4 : r * 8;
      Expr element = cast<uint8_t>(word >> cast<uint32_t>(bit));
      if (!isNarrow)
        return cast(storageType(type.element), element);
      return type.element == Element::u4 ? element & cast<uint8_t>(15)
                                         : cast<int8_t>(element << cast<uint8_t>(4)) >> cast<int8_t>(4);
    }
    if (type.element == Element::i4 || type.element == Element::u4) {
      const int half = step / 2;
      Expr r = k % step;
      Expr byte = parameters[argument](Internal::simplify((before * width + n % width) * half + r % half));
      Expr bits = cast<uint8_t>(byte);
      Expr nibble = select(r < half, bits & cast<uint8_t>(15), bits >> cast<uint8_t>(4));
      return type.element == Element::u4 ? nibble : cast<int8_t>(nibble << cast<uint8_t>(4)) >> cast<int8_t>(4);
    }
    position = Internal::simplify((before * width + n % width) * step + k % step);
  }
  Expr value = parameters[argument](position);
  return type.element == Element::boolean ? value != Internal::make_zero(UInt(8)) : value;
}

namespace {
const OpTable &ops() {
  static const OpTable table = [] {
    OpTable t;
    addElementwiseOps(t);
    addMovementOps(t);
    addQuantizedOps(t);
    addRotaryOp(t);
    return t;
  }();
  return table;
}
} // namespace

Expr Builder::evaluate(int value, const Index &index) {
  if (auto it = definitions.find(value); it != definitions.end())
    return it->second(index);
  if (value < static_cast<int>(kernel.arguments.size()))
    return load(value, index);
  const Node &node = kernel.nodes[value - kernel.arguments.size()];
  auto op = ops().find(node.op);
  if (op == ops().end())
    throw BuildError("op '" + node.op + "' has no place in family '" + kernel.family + "'");
  return op->second(*this, node, index);
}

Expr Builder::at(int value, const Index &given) {
  const TensorType &type = kernel.typeOf(value);
  Index index = given;
  for (size_t i = 0; i < index.size(); ++i)
    if (type.shape[i] == 1)
      index[i] = zero;
  for (const Memoised &m : memory[value])
    if (std::equal(m.index.begin(), m.index.end(), index.begin(),
                   [](const Expr &a, const Expr &b) { return a.same_as(b); }))
      return m.value;
  // Movement of movement over many paths may still explode; better refused.
  if (++evaluations > 100000)
    throw BuildError("too many different accesses to its values");
  Expr result = evaluate(value, index);
  memory[value].push_back({index, result});
  return result;
}

void Builder::forget() {
  definitions.clear();
  for (auto &entries : memory)
    entries.clear();
}

int Builder::schedule(const char *name, int otherwise, int limit) const {
  auto it = kernel.schedule.find(name);
  int64_t value = it == kernel.schedule.end() ? otherwise : it->second;
  if (value < 1 || value > limit)
    throw BuildError("schedule parameter '" + std::string(name) + "' is " + std::to_string(value) +
                     ", expected 1 to " + std::to_string(limit));
  if (std::strcmp(name, "vector") == 0 && (value & (value - 1)))
    throw BuildError("schedule parameter 'vector' is " + std::to_string(value) + ", expected a power of two");
  return static_cast<int>(value);
}

int64_t Builder::stackLimit() const {
  return schedule("stack", static_cast<int>(kernels::stackLimit), static_cast<int>(kernels::stackLimit));
}

bool Builder::bounds(const Expr &e, int64_t &low, int64_t &high) const {
  Internal::Interval interval = Internal::find_constant_bounds(e, ranges);
  if (!interval.is_bounded())
    return false;
  auto a = Internal::as_const_int(interval.min), b = Internal::as_const_int(interval.max);
  if (!a || !b)
    return false;
  low = *a, high = *b;
  return true;
}

void Builder::wishCut(const Expr &index, int64_t position) {
  if (!cuts || !cutLoops)
    return;
  size_t dims = cutLoops->variables.size();
  for (size_t d = 0; d < dims; ++d) {
    Expr rest = Internal::simplify(index - cutLoops->variables[d]);
    if (auto offset = Internal::as_const_int(rest)) {
      size_t outermostFirst = dims - 1 - d;
      int64_t at = position - *offset + cutSegment->begin[outermostFirst];
      if (at > 0)
        (*cuts)[outermostFirst].insert(at);
    }
  }
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

Func Builder::makeOutput(const std::string &name, const TensorType &type, const std::vector<int> &dims) {
  Func output(name);
  std::vector<Var> variables;
  for (size_t i = 0; i < dims.size(); ++i)
    variables.emplace_back("dim" + std::to_string(i));
  output(variables) = Internal::Call::make(storageType(type.element), Internal::Call::undef, {}, Internal::Call::PureIntrinsic);
  auto buffer = output.output_buffer();
  for (size_t i = 0; i < dims.size(); ++i) {
    int dim = dims[dims.size() - 1 - i];
    int64_t stride = product(type.shape, dim + 1);
    buffer.dim(static_cast<int>(i)).set_bounds(0, static_cast<int>(type.shape[dim])).set_stride(static_cast<int>(stride));
  }
  return output;
}

Loops Builder::makeLoops(const std::string &name, const Shape &shape, const std::vector<int> &dims,
                         const Segment &segment) {
  Loops loops;
  if (dims.empty()) { // a scalar: one iteration of nothing
    loops.domain = RDom(0, 1, name);
    return loops;
  }
  Region region;
  for (size_t i = dims.size(); i-- > 0;)
    region.push_back({0, static_cast<int>(segment.size[i])});
  loops.domain = RDom(region, name);
  loops.index.assign(shape.size(), zero);
  for (size_t i = 0; i < dims.size(); ++i) {
    RVar variable = loops.domain[static_cast<int>(i)];
    size_t kept = dims.size() - 1 - i;
    known(variable.name(), segment.size[kept]);
    Expr position = variable;
    if (segment.begin[kept])
      position = position + static_cast<int>(segment.begin[kept]);
    loops.variables.push_back(variable);
    loops.arguments.push_back(position);
    if (shape[dims[kept]] != 1)
      loops.index[dims[kept]] = position;
  }
  return loops;
}

Expr withLets(const Expr &value) { return Internal::common_subexpression_elimination(value); }

Stage Builder::store(Func output, const Loops &loops, const Expr &value, Element element) {
  output(loops.arguments) = withLets(element == Element::boolean ? cast<uint8_t>(value) : value);
  return output.update(output.num_update_definitions() - 1);
}

std::vector<Segment> makeSegments(const Shape &size, const std::vector<std::set<int64_t>> &cuts, int lanes) {
  std::vector<Segment> segments = {{Shape(size.size(), 0), size}};
  auto cut = [&](size_t dim, const std::set<int64_t> &positions) {
    std::vector<Segment> pieces;
    for (const Segment &segment : segments) {
      int64_t begin = segment.begin[dim], end = begin + segment.size[dim];
      std::vector<int64_t> ends;
      for (int64_t position : positions)
        if (position > begin && position < end)
          ends.push_back(position);
      ends.push_back(end);
      for (int64_t pieceEnd : ends) {
        Segment piece = segment;
        piece.begin[dim] = begin;
        piece.size[dim] = pieceEnd - begin;
        begin = pieceEnd;
        pieces.push_back(piece);
      }
    }
    segments = pieces;
  };
  for (size_t dim = 0; dim < cuts.size(); ++dim)
    cut(dim, cuts[dim]);
  // Whole vectors and the rest, along the innermost dimension that is not 1.
  std::vector<Segment> result;
  std::swap(result, segments);
  std::vector<Segment> pieces;
  for (const Segment &segment : result) {
    size_t dim = segment.size.size();
    while (dim > 0 && segment.size[dim - 1] == 1)
      --dim;
    int64_t whole = dim ? segment.size[dim - 1] / powerOfTwoLanes(lanes, segment.size[dim - 1]) *
                              powerOfTwoLanes(lanes, segment.size[dim - 1])
                        : 0;
    segments = {segment};
    if (dim && whole)
      cut(dim - 1, {segment.begin[dim - 1] + whole});
    pieces.insert(pieces.end(), segments.begin(), segments.end());
  }
  return pieces;
}

void vectorise(Stage stage, const Loops &loops, const Segment &segment, int lanes, int unroll) {
  size_t dims = segment.size.size();
  for (size_t i = 0; i < dims; ++i) {
    int64_t size = segment.size[dims - 1 - i];
    if (size == 1)
      continue;
    int used = powerOfTwoLanes(lanes, size);
    if (size % used || (used == 1 && unroll == 1)) // the rest after whole vectors
      break;
    // Each element is stored once and read at most at its own place.
    stage.allow_race_conditions();
    RVar inner("v"), group("u");
    if (unroll > 1 && size % (int64_t(used) * unroll) == 0) {
      RVar outer("o");
      stage.split(loops.variables[i], outer, inner, used * unroll);
      stage.split(inner, group, inner, used).unroll(group);
    } else if (used > 1) {
      RVar outer("o");
      stage.split(loops.variables[i], outer, inner, used);
    }
    if (used > 1)
      stage.vectorize(inner);
    return;
  }
  stage.unscheduled();
}

} // namespace glmc::kernels

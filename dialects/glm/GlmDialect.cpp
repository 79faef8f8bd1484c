//===- GlmDialect.cpp - Registration, attributes, types and shape helpers ---===//
#include "dialects/glm/GlmOps.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include "dialects/glm/GlmDialect.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/glm/GlmAttributes.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/glm/GlmTypes.cpp.inc"

using namespace mlir;

namespace glmc::glm {

void GlmDialect::initialize() {
  registerTypes();
  registerAttributes();
  registerOps();
}

void GlmDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/glm/GlmTypes.cpp.inc"
      >();
}

void GlmDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/glm/GlmAttributes.cpp.inc"
      >();
}

Operation *GlmDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location loc) {
  auto elements = llvm::dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type)
    return nullptr;
  return ConstantOp::create(builder, loc, type, elements);
}

//===----------------------------------------------------------------------===//
// Shapes and sizes
//===----------------------------------------------------------------------===//

RankedTensorType logicalType(Type type) {
  if (auto packed = llvm::dyn_cast<PackedType>(type))
    return packed.getLogical();
  return llvm::cast<RankedTensorType>(type);
}

bool isCountable(Type type) {
  int64_t bytes = 8;
  for (int64_t dim : cast<RankedTensorType>(type).getShape())
    if (dim != 0 && llvm::MulOverflow(bytes, dim, bytes))
      return false;
  return bytes < int64_t(1) << 48;
}

int64_t elementBytes(Type element) { return llvm::divideCeil(element.getIntOrFloatBitWidth(), 8); }

int64_t denseBytes(RankedTensorType type) {
  return type.getNumElements() * elementBytes(type.getElementType());
}

int64_t storageBytes(Type type) {
  RankedTensorType logical = logicalType(type);
  auto packed = llvm::dyn_cast<PackedType>(type);
  if (!packed)
    return denseBytes(logical);
  auto panels = llvm::cast<PanelsAttr>(packed.getLayout());
  int64_t n = logical.getDimSize(panels.getDim());
  int64_t k = llvm::alignTo(logical.getDimSize(1 - panels.getDim()), panels.getStep());
  const int64_t elements = llvm::alignTo(n, panels.getWidth()) * k;
  return logical.getElementTypeBitWidth() == 4 ? elements / 2 : elements * elementBytes(logical.getElementType());
}

std::optional<SmallVector<int64_t>> broadcastShapes(ArrayRef<ArrayRef<int64_t>> shapes) {
  size_t rank = 0;
  for (ArrayRef<int64_t> shape : shapes)
    rank = std::max(rank, shape.size());
  SmallVector<int64_t> result(rank, 1);
  for (ArrayRef<int64_t> shape : shapes) {
    for (auto [i, dim] : llvm::enumerate(shape)) {
      int64_t &out = result[rank - shape.size() + i];
      if (out == 1)
        out = dim;
      else if (dim != 1 && dim != out)
        return std::nullopt;
    }
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Attributes and types
//===----------------------------------------------------------------------===//

LogicalResult StoredAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef file, uint64_t offset,
                                 uint64_t bytes, StringRef encoding) {
  if (encoding != "raw" && encoding != "varint" && encoding != "nibbles")
    return emitError() << "encoding is '" << encoding << "', expected raw, varint or nibbles";
  if (offset + bytes < offset)
    return emitError() << "offset " << offset << " plus " << bytes << " bytes overflows";
  return success();
}

Attribute StoredAttr::parse(AsmParser &parser, Type) {
  std::string file;
  uint64_t offset = 0, bytes = 0;
  StringRef encoding;
  if (parser.parseLess() || parser.parseString(&file) || parser.parseComma() || parser.parseInteger(offset) ||
      parser.parseComma() || parser.parseInteger(bytes) || parser.parseComma() || parser.parseKeyword(&encoding) ||
      parser.parseGreater())
    return {};
  return parser.getChecked<StoredAttr>(parser.getContext(), file, offset, bytes, encoding);
}

void StoredAttr::print(AsmPrinter &printer) const {
  printer << "<";
  printer.printString(getFile());
  printer << ", " << getOffset() << ", " << getBytes() << ", " << getEncoding() << ">";
}

LogicalResult RoundingAttr::verify(function_ref<InFlightDiagnostic()> emitError, RankedTensorType from, Type to,
                                   StringRef part, int64_t axis, int64_t group) {
  if (!from.hasStaticShape() || !isCountable(from) || !isa<FloatType>(from.getElementType()))
    return emitError() << "rounds " << from << ", expected a static tensor of floats";
  if (to.isF16() || to.isBF16()) {
    if (part != "values" || axis != 0 || group != 0)
      return emitError() << "rounds to " << to << " by groups of " << group << " along dimension " << axis << ", part '"
                         << part << "', expected values, 0 and 0";
    return success();
  }
  auto integers = dyn_cast<IntegerType>(to);
  if (!integers || integers.isSigned() || (integers.getWidth() != 8 && integers.getWidth() != 4))
    return emitError() << "rounds to " << to << ", expected f16, bf16, i8, ui8, i4 or ui4";
  if (part != "values" && part != "scales" && (part != "zeros" || !integers.isUnsigned()))
    return emitError() << "rounding to " << to << " has no part '" << part << "'";
  if (axis < 0 || axis >= from.getRank() || group < 1)
    return emitError() << "rounds groups of " << group << " along dimension " << axis << " of " << from;
  return success();
}

Attribute RoundingAttr::parse(AsmParser &parser, Type) {
  RankedTensorType from;
  Type to;
  StringRef part;
  int64_t axis = 0, group = 0;
  if (parser.parseLess() || parser.parseType(from) || parser.parseComma() || parser.parseType(to) ||
      parser.parseComma() || parser.parseKeyword(&part) || parser.parseComma() || parser.parseInteger(axis) ||
      parser.parseComma() || parser.parseInteger(group) || parser.parseGreater())
    return {};
  return parser.getChecked<RoundingAttr>(parser.getContext(), from, to, part, axis, group);
}

void RoundingAttr::print(AsmPrinter &printer) const {
  printer << "<" << getFrom() << ", " << getTo() << ", " << getPart() << ", " << getAxis() << ", " << getGroup() << ">";
}

RankedTensorType RoundingAttr::type() const {
  SmallVector<int64_t> shape(getFrom().getShape());
  if (getPart() != "values")
    shape[getAxis()] = llvm::divideCeil(shape[getAxis()], getGroup());
  return RankedTensorType::get(shape, getPart() == "scales" ? Float16Type::get(getContext()) : getTo());
}

LogicalResult PanelsAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t dim, int64_t width,
                                 int64_t step) {
  if (dim != 0 && dim != 1)
    return emitError() << "panels are along dimension 0 or 1, found " << dim;
  if (width < 1 || width > 1024)
    return emitError() << "panels have 1 to 1024 columns, found " << width;
  if (step < 1 || step > 64)
    return emitError() << "panels have steps of 1 to 64, found " << step;
  return success();
}

LogicalResult PlaceAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef memory, int64_t index,
                                int64_t offset, int64_t bytes) {
  bool isParameter = memory == "input" || memory == "output";
  if (!isParameter && memory != "arena" && memory != "state" && memory != "weights")
    return emitError() << "memory is '" << memory << "', expected arena, state, weights, input or output";
  if (index < 0 || (!isParameter && index != 0))
    return emitError() << "index " << index << " does not fit memory '" << memory << "'";
  if (offset < 0 || bytes < 0 || offset > INT64_MAX - bytes)
    return emitError() << "offset " << offset << " and " << bytes << " bytes are not a range";
  return success();
}

Attribute PlaceAttr::parse(AsmParser &parser, Type) {
  StringRef memory;
  int64_t index = 0, offset = 0, bytes = 0;
  if (parser.parseLess() || parser.parseKeyword(&memory))
    return {};
  OptionalParseResult given = parser.parseOptionalInteger(index);
  if ((given.has_value() && failed(*given)) || parser.parseLSquare() || parser.parseInteger(offset) ||
      parser.parseColon() || parser.parseInteger(bytes) || parser.parseRSquare() || parser.parseGreater())
    return {};
  return parser.getChecked<PlaceAttr>(parser.getContext(), memory, index, offset, bytes);
}

void PlaceAttr::print(AsmPrinter &printer) const {
  printer << "<" << getMemory();
  if (getMemory() == "input" || getMemory() == "output")
    printer << " " << getIndex();
  printer << "[" << getOffset() << ":" << getBytes() << "]>";
}

LogicalResult PackedType::verify(function_ref<InFlightDiagnostic()> emitError, RankedTensorType logical,
                                 Attribute layout) {
  if (!llvm::isa<PanelsAttr>(layout))
    return emitError() << "layout is " << layout << ", expected #glm.panels";
  if (logical.getRank() != 2 || !logical.hasStaticShape() || !isCountable(logical))
    return emitError() << "panels hold a static 2-D tensor, found " << logical;
  if (logical.getElementTypeBitWidth() == 4 && llvm::cast<PanelsAttr>(layout).getStep() % 2)
    return emitError() << "panels of elements of 4 bits have an even step, found " << layout;
  return success();
}

} // namespace glmc::glm

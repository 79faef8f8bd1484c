//===- StructureOps.cpp - Graphs, kernels, launches, planned programs -------===//
#include "dialects/glm/GlmOps.h"

#include "mlir/Interfaces/FunctionImplementation.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

#define GET_OP_CLASSES
#include "dialects/glm/GlmOps.cpp.inc"

namespace glmc::glm {

void GlmDialect::registerOps() {
  addOperations<
#define GET_OP_LIST
#include "dialects/glm/GlmOps.cpp.inc"
      >();
}

namespace {

template <typename Op> void buildFunctionLike(OpBuilder &builder, OperationState &state, StringRef name, FunctionType type) {
  state.addAttribute(SymbolTable::getSymbolAttrName(), builder.getStringAttr(name));
  state.addAttribute(Op::getFunctionTypeAttrName(state.name), TypeAttr::get(type));
  state.addRegion();
}

template <typename Op> ParseResult parseFunctionLike(OpAsmParser &parser, OperationState &result) {
  auto build = [](Builder &builder, ArrayRef<Type> arguments, ArrayRef<Type> results,
                  function_interface_impl::VariadicFlag, std::string &) {
    return builder.getFunctionType(arguments, results);
  };
  return function_interface_impl::parseFunctionOp(parser, result, /*allowVariadic=*/false,
                                                  Op::getFunctionTypeAttrName(result.name), build,
                                                  Op::getArgAttrsAttrName(result.name),
                                                  Op::getResAttrsAttrName(result.name));
}

template <typename Op> void printFunctionLike(Op op, OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(printer, op, /*isVariadic=*/false, op.getFunctionTypeAttrName(),
                                           op.getArgAttrsAttrName(), op.getResAttrsAttrName());
}

/// What a function-like op declares is what its terminator gives.
template <typename Terminator, typename Op> LogicalResult checkTerminator(Op op) {
  if (op.getBody().empty() || op.getBody().front().empty() || !isa<Terminator>(op.getBody().front().back()))
    return op.emitOpError() << "body does not end with " << Terminator::getOperationName();
  Operation *terminator = op.getTerminator();
  if (TypeRange(terminator->getOperandTypes()) != TypeRange(op.getResultTypes()))
    return terminator->emitOpError() << "returns " << terminator->getOperandTypes() << ", '" << op.getSymName()
                                     << "' declares " << op.getResultTypes();
  return success();
}

/// Whether kernels can have values of this type: static tensors of the
/// dialect's elements, packed or not. ODS checks it for operands and results,
/// this for types in attributes and signatures.
bool isKernelType(Type type) {
  auto packed = dyn_cast<PackedType>(type);
  auto tensor = packed ? packed.getLogical() : dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape() || !isCountable(tensor))
    return false;
  Type element = tensor.getElementType();
  if (isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(element))
    return true;
  auto integer = dyn_cast<IntegerType>(element);
  return integer && !integer.isSigned() && llvm::is_contained({1, 4, 8, 16, 32, 64}, integer.getWidth()) &&
         !(integer.getWidth() == 1 && integer.isUnsigned());
}

/// From the attributes of arguments or results themselves: a graph that is being
/// made has them before its type says how many there are.
StringRef textIn(ArrayAttr all, unsigned i, StringRef key) {
  auto attributes = all && i < all.size() ? cast<DictionaryAttr>(all[i]) : DictionaryAttr();
  auto text = attributes ? attributes.getAs<StringAttr>(key) : StringAttr();
  return text ? text.getValue() : StringRef();
}

LogicalResult verifyCall(Operation *op, FlatSymbolRefAttr symbol, SymbolTableCollection &tables, KernelOp &kernel) {
  kernel = tables.lookupNearestSymbolFrom<KernelOp>(op, symbol);
  if (!kernel)
    return op->emitOpError() << "there is no glm.kernel " << symbol;
  return success();
}

} // namespace

void GraphOp::build(OpBuilder &builder, OperationState &state, StringRef name, FunctionType type) {
  buildFunctionLike<GraphOp>(builder, state, name, type);
}
ParseResult GraphOp::parse(OpAsmParser &parser, OperationState &result) { return parseFunctionLike<GraphOp>(parser, result); }
void GraphOp::print(OpAsmPrinter &printer) { printFunctionLike(*this, printer); }
LogicalResult GraphOp::verify() {
  llvm::StringMap<Type> states;
  for (auto [i, type] : llvm::enumerate(getArgumentTypes()))
    if (StringRef name = getInputState(i); !name.empty() && !states.try_emplace(name, type).second)
      return emitOpError() << "has state '" << name << "' as two arguments";
  llvm::StringSet<> written;
  for (auto [i, type] : llvm::enumerate(getResultTypes())) {
    StringRef name = getOutputState(i);
    if (name.empty())
      continue;
    auto before = states.find(name);
    if (before == states.end() || before->second != type)
      return emitOpError() << "yields state '" << name << "' of type " << type
                           << ", expected an argument that is this state and of this type";
    if (!written.insert(name).second)
      return emitOpError() << "yields state '" << name << "' twice";
  }
  return checkTerminator<ReturnOp>(*this);
}
StringRef GraphOp::getInputName(unsigned i) { return textIn(getArgAttrsAttr(), i, GlmDialect::nameAttr); }
StringRef GraphOp::getOutputName(unsigned i) { return textIn(getResAttrsAttr(), i, GlmDialect::nameAttr); }
StringRef GraphOp::getInputState(unsigned i) { return textIn(getArgAttrsAttr(), i, GlmDialect::stateAttr); }
StringRef GraphOp::getOutputState(unsigned i) { return textIn(getResAttrsAttr(), i, GlmDialect::stateAttr); }

void KernelOp::build(OpBuilder &builder, OperationState &state, StringRef name, FunctionType type) {
  buildFunctionLike<KernelOp>(builder, state, name, type);
}
ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) { return parseFunctionLike<KernelOp>(parser, result); }
void KernelOp::print(OpAsmPrinter &printer) { printFunctionLike(*this, printer); }
LogicalResult KernelOp::verify() {
  SmallVector<Type> types(getArgumentTypes());
  if (getScratch())
    llvm::append_range(types, getScratch()->getAsValueRange<TypeAttr>());
  for (Type type : types)
    if (!isKernelType(type))
      return emitOpError() << "has an argument or scratch of type " << type
                           << ", expected a static tensor or packed weight";
  if (auto pairs = getInPlace()) {
    if (pairs->size() % 2)
      return emitOpError() << "in_place has an odd number of entries";
    for (size_t i = 0; i < pairs->size(); i += 2)
      if ((*pairs)[i] < 0 || (*pairs)[i] >= int64_t(getNumArguments()) || (*pairs)[i + 1] < 0 ||
          (*pairs)[i + 1] >= int64_t(getNumResults()))
        return emitOpError() << "in_place names argument " << (*pairs)[i] << " and result " << (*pairs)[i + 1];
  }
  return checkTerminator<YieldOp>(*this);
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &tables) {
  KernelOp kernel;
  if (failed(verifyCall(*this, getKernelAttr(), tables, kernel)))
    return failure();
  if (kernel.getArgumentTypes() != ArrayRef<Type>(SmallVector<Type>(getOperandTypes())) ||
      kernel.getResultTypes() != ArrayRef<Type>(SmallVector<Type>(getResultTypes())))
    return emitOpError() << "operands and results are not those of " << getKernelAttr() << ": "
                         << kernel.getFunctionType();
  return success();
}

LogicalResult PlannedLaunchOp::verifySymbolUses(SymbolTableCollection &tables) {
  KernelOp kernel;
  if (failed(verifyCall(*this, getKernelAttr(), tables, kernel)))
    return failure();
  size_t scratch = kernel.getScratch() ? kernel.getScratch()->size() : 0;
  if (getReads().size() != kernel.getNumArguments() || getWrites().size() != kernel.getNumResults() ||
      getScratch().size() != scratch)
    return emitOpError() << "places do not match " << getKernelAttr() << ": " << kernel.getFunctionType();
  auto check = [&](ArrayAttr places, auto types) -> LogicalResult {
    for (auto [attr, type] : llvm::zip(places, types)) {
      auto place = dyn_cast<PlaceAttr>(attr);
      if (!place || place.getBytes() != storageBytes(type))
        return emitOpError() << attr << " is not a place for " << type;
    }
    return success();
  };
  if (failed(check(getReads(), kernel.getArgumentTypes())) || failed(check(getWrites(), kernel.getResultTypes())))
    return failure();
  return scratch ? check(getScratch(), kernel.getScratch()->getAsValueRange<TypeAttr>()) : success();
}

LogicalResult PlannedCopyOp::verify() {
  if (getFrom().getBytes() != getTo().getBytes())
    return emitOpError() << "copies " << getFrom().getBytes() << " bytes to " << getTo().getBytes();
  return success();
}

LogicalResult PlacedStateOp::verify() {
  if (!isa<RankedTensorType>(getType()) || !isKernelType(getType()))
    return emitOpError() << "has type " << getType() << ", expected a static tensor";
  return success();
}

LogicalResult ProgramOp::verify() {
  for (ArrayAttr list : {getInputs(), getOutputs()})
    for (Attribute attr : list)
      if (auto parameter = dyn_cast<ParameterAttr>(attr); !parameter)
        return emitOpError() << attr << " is not a #glm.parameter";
      else if (!isKernelType(parameter.getType()) ||
               denseBytes(parameter.getType()) != parameter.getPlace().getBytes())
        return emitOpError() << attr << " is not a place for a static tensor of that type";
  for (Operation &step : getBody().front())
    if (!isa<PlannedLaunchOp, PlannedCopyOp>(step))
      return step.emitOpError() << "is not a step of a program";
  return success();
}

} // namespace glmc::glm

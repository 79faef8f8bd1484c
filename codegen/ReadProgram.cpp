//===- ReadProgram.cpp - From a planned module to what emitters read --------===//
#include "codegen/ReadProgram.h"

#include "codegen/PackWeight.h"
#include "dialects/glm/NodeLocation.h"
#include "dialects/glm/WeightSource.h"
#include "dialects/glm/reference/Tensor.h"
#include "runtime-min/Embedded.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace glmc {
namespace {

constexpr int64_t imageAlignment = 64;

kernels::Element elementOf(Type type) {
  using kernels::Element;
  if (isa<Float32Type>(type))
    return Element::f32;
  if (isa<Float64Type>(type))
    return Element::f64;
  if (isa<Float16Type>(type))
    return Element::f16;
  if (isa<BFloat16Type>(type))
    return Element::bf16;
  bool isUnsigned = type.isUnsignedInteger();
  switch (type.getIntOrFloatBitWidth()) {
  case 1:
    return Element::boolean;
  case 8:
    return isUnsigned ? Element::u8 : Element::i8;
  case 16:
    return isUnsigned ? Element::u16 : Element::i16;
  case 32:
    return isUnsigned ? Element::u32 : Element::i32;
  default:
    return isUnsigned ? Element::u64 : Element::i64;
  }
}

kernels::TensorType typeOf(Type type) {
  kernels::TensorType result;
  RankedTensorType logical = glm::logicalType(type);
  result.element = elementOf(logical.getElementType());
  result.shape.assign(logical.getShape().begin(), logical.getShape().end());
  if (auto packed = dyn_cast<glm::PackedType>(type)) {
    auto panels = cast<glm::PanelsAttr>(packed.getLayout());
    result.layout = {kernels::Layout::panels, int(panels.getDim()), panels.getWidth()};
  }
  return result;
}

/// A C identifier; unique among `taken`.
std::string identifier(StringRef name, llvm::StringSet<> &taken) {
  std::string text;
  for (char c : name)
    text += llvm::isAlnum(c) ? c : '_';
  if (text.empty() || llvm::isDigit(text[0]))
    text.insert(text.begin(), 't');
  std::string unique = text;
  for (int i = 2; !taken.insert(unique).second; ++i)
    unique = text + "_" + std::to_string(i);
  return unique;
}

std::optional<kernels::Attribute> attributeOf(Attribute attr) {
  if (auto integer = dyn_cast<IntegerAttr>(attr))
    return integer.getInt();
  if (auto number = dyn_cast<FloatAttr>(attr))
    return number.getValueAsDouble();
  if (auto text = dyn_cast<StringAttr>(attr))
    return text.getValue().str();
  if (auto list = dyn_cast<DenseI64ArrayAttr>(attr))
    return std::vector<int64_t>(list.asArrayRef());
  if (isa<UnitAttr>(attr))
    return int64_t(1);
  return std::nullopt;
}

FailureOr<kernels::Node> nodeOf(Operation &op, const llvm::DenseMap<Value, int> &numbers) {
  kernels::Node node;
  node.op = op.getName().stripDialect().str();
  for (Value operand : op.getOperands())
    node.operands.push_back(numbers.lookup(operand));
  node.type = typeOf(op.getResult(0).getType());
  if (auto constant = dyn_cast<glm::ConstantOp>(op)) {
    auto tensor = reference::tensorOf(constant.getValue());
    if (failed(tensor))
      return op.emitOpError() << "has no elements: was it elided from a dump?";
    node.data = std::move(tensor->bytes);
    return node;
  }
  for (NamedAttribute attr : op.getAttrDictionary())
    if (auto value = attributeOf(attr.getValue()))
      node.attributes[attr.getName().str()] = *value;
  return node;
}

FailureOr<kernels::Kernel> kernelOf(glm::KernelOp op, kernels::Math math) {
  if (!op.getFamily() || !op.getSchedule())
    return op.emitOpError() << "has no schedule: run glm-schedule-kernels first";
  kernels::Kernel kernel;
  kernel.name = op.getSymName().str();
  kernel.family = op.getFamily()->str();
  kernel.math = math;
  const DictionaryAttr schedule = *op.getSchedule();
  for (NamedAttribute attr : schedule) {
    auto value = dyn_cast<IntegerAttr>(attr.getValue());
    if (!value)
      return op.emitOpError() << "schedule parameter " << attr.getName() << " is not an integer";
    kernel.schedule[attr.getName().str()] = value.getInt();
  }
  llvm::DenseMap<Value, int> numbers;
  for (BlockArgument argument : op.getBody().getArguments()) {
    numbers[argument] = int(numbers.size());
    kernel.arguments.push_back(typeOf(argument.getType()));
  }
  for (Operation &inner : op.getBody().front().without_terminator()) {
    auto node = nodeOf(inner, numbers);
    if (failed(node))
      return failure();
    numbers[inner.getResult(0)] = int(numbers.size());
    kernel.nodes.push_back(std::move(*node));
  }
  for (Value result : op.getTerminator()->getOperands())
    kernel.results.push_back(numbers.lookup(result));
  if (op.getScratch())
    for (Type type : op.getScratch()->getAsValueRange<TypeAttr>())
      kernel.scratch.push_back(typeOf(type));
  if (auto pairs = op.getInPlace())
    for (size_t i = 0; i + 1 < pairs->size(); i += 2)
      kernel.inPlace.emplace_back((*pairs)[i], (*pairs)[i + 1]);
  return kernel;
}

Place placeOf(Attribute attr) {
  auto place = cast<glm::PlaceAttr>(attr);
  Memory memory = llvm::StringSwitch<Memory>(place.getMemory())
                      .Case("state", Memory::state)
                      .Case("weights", Memory::weights)
                      .Case("input", Memory::input)
                      .Case("output", Memory::output)
                      .Default(Memory::arena);
  return {memory, int(place.getIndex()), place.getOffset(), place.getBytes()};
}

std::vector<Place> placesOf(ArrayAttr attrs) {
  std::vector<Place> places;
  for (Attribute attr : attrs)
    places.push_back(placeOf(attr));
  return places;
}

std::vector<std::string> nodeNames(Location loc) {
  std::vector<std::string> names;
  for (const glm::NodeLocation &node : glm::nodesOf(loc))
    names.push_back(node.name);
  return names;
}

EntryPoint entryPointOf(glm::ProgramOp op, const llvm::StringMap<int> &kernelNumbers) {
  EntryPoint entry;
  entry.name = op.getSymName().str();
  entry.arenaBytes = op.getArena();
  entry.boundBytes = op.getBound();
  llvm::StringSet<> taken;
  auto read = [&](ArrayAttr attrs, std::vector<Parameter> &parameters) {
    for (Attribute attr : attrs) {
      auto parameter = cast<glm::ParameterAttr>(attr);
      parameters.push_back({parameter.getName().str(), identifier(parameter.getName(), taken),
                            typeOf(parameter.getType()), placeOf(parameter.getPlace())});
    }
  };
  read(op.getInputs(), entry.inputs);
  read(op.getOutputs(), entry.outputs);
  for (Operation &step : op.getBody().front()) {
    if (auto copy = dyn_cast<glm::PlannedCopyOp>(step)) {
      entry.steps.push_back(Copy{placeOf(copy.getFrom()), placeOf(copy.getTo())});
      continue;
    }
    auto launch = cast<glm::PlannedLaunchOp>(step);
    entry.steps.push_back(Launch{kernelNumbers.lookup(launch.getKernel()), launch.getProcessor().str(),
                                 placesOf(launch.getReads()), placesOf(launch.getWrites()),
                                 placesOf(launch.getScratch()), nodeNames(launch.getLoc())});
  }
  return entry;
}

/// The elements of a placed weight, packed.
bool bytesOf(glm::PlacedWeightOp op, WeightSource &files, std::vector<uint8_t> &bytes) {
  kernels::TensorType type = typeOf(op.getType());
  std::vector<uint8_t> elements;
  if (auto stored = dyn_cast<glm::StoredAttr>(op.getSource())) {
    if (failed(files.read(stored, glm::logicalType(op.getType()), op.getLoc(), elements)))
      return false;
  } else {
    auto constant = dyn_cast<ElementsAttr>(op.getSource());
    auto tensor = constant ? reference::tensorOf(constant) : FailureOr<reference::Tensor>();
    if (failed(tensor) || int64_t(tensor->bytes.size()) != glm::denseBytes(glm::logicalType(op.getType()))) {
      op.emitOpError() << "has no elements: was it elided from a dump?";
      return false;
    }
    elements = std::move(tensor->bytes);
  }
  bytes = packWeight(type, elements);
  return true;
}

bool writeImage(ModuleOp module, const std::function<void(const uint8_t *, size_t)> &write) {
  WeightSource files(module);
  int64_t at = 0;
  for (auto op : module.getOps<glm::PlacedWeightOp>()) {
    std::vector<uint8_t> bytes, padding(op.getOffset() - at, 0);
    if (!bytesOf(op, files, bytes))
      return false;
    write(padding.data(), padding.size());
    write(bytes.data(), bytes.size());
    at = op.getOffset() + int64_t(bytes.size());
  }
  std::vector<uint8_t> padding(llvm::alignTo(at, imageAlignment) - at, 0);
  write(padding.data(), padding.size());
  return true;
}

LogicalResult readWeights(ModuleOp module, Program &program) {
  int64_t at = 0;
  for (auto op : module.getOps<glm::PlacedWeightOp>()) {
    auto packed = dyn_cast<glm::PackedType>(op.getType());
    auto logical = packed ? packed.getLogical() : dyn_cast<RankedTensorType>(op.getType());
    if (!logical || !reference::isHoldable(logical))
      return op.emitOpError() << "has type " << op.getType() << ", expected a static tensor or packed weight";
    kernels::TensorType type = typeOf(op.getType());
    int64_t bytes = type.storageBytes(), offset = int64_t(op.getOffset());
    if (offset < at || offset % imageAlignment)
      return op.emitOpError() << "is at " << offset << ", expected a multiple of " << imageAlignment
                              << " from " << at << " on";
    program.weights.push_back({op.getName().str(), type, int64_t(op.getOffset()), bytes});
    at = op.getOffset() + bytes;
  }
  program.weightBytes = llvm::alignTo(at, imageAlignment);
  return success();
}

} // namespace

/// The program's threads, which its parallel kernels were made for.
static LogicalResult readThreads(ModuleOp module, Program &program) {
  if (Attribute attr = module->getAttr(threadsAttr)) {
    auto threads = dyn_cast<IntegerAttr>(attr);
    if (!threads || threads.getInt() < 1 || threads.getInt() > largestThreads)
      return module.emitError() << threadsAttr << " is " << attr << ", expected an integer of 1 to " << largestThreads;
    program.threads = threads.getInt();
  }
  for (const kernels::Kernel &kernel : program.kernels)
    if (program.threads == 1 && kernels::isParallel(kernel))
      return module.emitError() << "kernel '" << kernel.name << "' was scheduled for several threads, but "
                                << threadsAttr << " does not say how many";
  return success();
}

FailureOr<Program> readProgram(ModuleOp module) {
  Program program;
  auto math = module->getAttrOfType<StringAttr>(glm::GlmDialect::mathAttr);
  program.math = math && math.getValue() == "exact" ? kernels::Math::exact : kernels::Math::fast;
  for (auto graph : module.getOps<glm::GraphOp>())
    return graph.emitOpError() << "is not planned: run glm-plan-memory first";
  llvm::StringMap<int> kernelNumbers;
  for (auto op : module.getOps<glm::KernelOp>()) {
    auto kernel = kernelOf(op, program.math);
    if (failed(kernel))
      return failure();
    kernelNumbers[op.getSymName()] = int(program.kernels.size());
    program.kernels.push_back(std::move(*kernel));
    std::string nodes;
    for (const std::string &name : nodeNames(op.getLoc()))
      nodes += (nodes.empty() ? "" : ", ") + name;
    program.kernelNodes.push_back(nodes);
  }
  for (auto op : module.getOps<glm::ProgramOp>()) {
    program.entryPoints.push_back(entryPointOf(op, kernelNumbers));
    program.arenaBytes = std::max<int64_t>(program.arenaBytes, llvm::alignTo(op.getArena(), imageAlignment));
  }
  if (program.entryPoints.empty())
    return module.emitError() << "there is no glm.program to emit";
  if (failed(readThreads(module, program)) || failed(readWeights(module, program)))
    return failure();
  program.writeWeights = [module](std::function<void(const uint8_t *, size_t)> write) {
    return writeImage(module, write);
  };
  return program;
}

} // namespace glmc

//===- ReadProgram.cpp - From a planned module to what emitters read --------===//
#include "codegen/ReadProgram.h"

#include "codegen/PackWeight.h"
#include "dialects/glm/NodeLocation.h"
#include "dialects/glm/Placement.h"
#include "dialects/glm/WeightSource.h"
#include "dialects/glm/reference/Tensor.h"
#include "runtime-min/Embedded.h"
#include "targets/Target.h"

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
  case 4:
    return isUnsigned ? Element::u4 : Element::i4;
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
    result.layout = {kernels::Layout::panels, int(panels.getDim()), panels.getWidth(), panels.getStep()};
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

LogicalResult readSchedule(glm::KernelOp op, DictionaryAttr schedule, kernels::Kernel &kernel) {
  kernel.schedule.clear();
  for (NamedAttribute attr : schedule) {
    auto value = dyn_cast<IntegerAttr>(attr.getValue());
    if (!value)
      return op.emitOpError() << "schedule parameter " << attr.getName() << " is not an integer";
    kernel.schedule[attr.getName().str()] = value.getInt();
  }
  return success();
}

FailureOr<kernels::Kernel> kernelOf(glm::KernelOp op, kernels::Math math) {
  if (!op.getFamily() || !op.getSchedule())
    return op.emitOpError() << "has no schedule: run glm-schedule-kernels first";
  kernels::Kernel kernel;
  kernel.name = op.getSymName().str();
  kernel.family = op.getFamily()->str();
  kernel.math = math;
  if (failed(readSchedule(op, *op.getSchedule(), kernel)))
    return failure();
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

/// `kernel` as a version has it.
LogicalResult readVersion(glm::KernelOp op, StringRef version, DictionaryAttr entry, kernels::Kernel &kernel) {
  auto schedule = entry.getAs<DictionaryAttr>("schedule");
  auto scratch = entry.getAs<ArrayAttr>("scratch");
  if (!schedule || (entry.get("scratch") && !scratch))
    return op.emitOpError() << "version '" << version << "' is " << entry << ", expected a schedule and scratch";
  if (failed(readSchedule(op, schedule, kernel)))
    return failure();
  const size_t most = kernel.scratch.size();
  kernel.scratch.clear();
  for (Attribute attr : scratch ? scratch.getValue() : ArrayRef<Attribute>()) {
    auto type = dyn_cast<TypeAttr>(attr);
    auto tensor = type ? dyn_cast<RankedTensorType>(type.getValue()) : RankedTensorType();
    if (!tensor || !reference::isHoldable(tensor))
      return op.emitOpError() << "version '" << version << "' has scratch " << attr << ", expected static tensors";
    kernel.scratch.push_back(typeOf(tensor));
  }
  if (kernel.scratch.size() > most)
    return op.emitOpError() << "version '" << version << "' has " << kernel.scratch.size()
                            << " scratch buffers, and the kernel's launches " << most;
  return success();
}

/// Names of the versions of a module; none if it is for one target.
LogicalResult readVersionNames(ModuleOp module, Program &program) {
  Attribute attr = module->getAttr(targets::versionsAttr);
  if (!attr)
    return success();
  auto names = dyn_cast<ArrayAttr>(attr);
  for (Attribute each : names ? names.getValue() : ArrayRef<Attribute>()) {
    auto name = dyn_cast<StringAttr>(each);
    if (name && !name.getValue().empty() && !llvm::is_contained(program.versions, name.getValue()))
      program.versions.push_back(name.getValue().str());
  }
  if (!names || names.size() != program.versions.size() || names.size() < 2)
    return module.emitError() << targets::versionsAttr << " is " << attr
                              << ", expected names of two targets or more, each once";
  return success();
}

/// Adds what the versions of a kernel run: a kernel of its own, or an earlier
/// version's. The first is the one that launches name, number `base`.
LogicalResult readVersions(glm::KernelOp op, int base, Program &program) {
  auto entries = op->getAttrOfType<DictionaryAttr>(targets::kernelVersionsAttr);
  if (!entries)
    return op.emitOpError() << "does not say what its versions are: run glm-schedule-kernels for all targets";
  const kernels::Kernel whole = program.kernels[base];
  std::vector<int> choices;
  for (auto [number, version] : llvm::enumerate(program.versions)) {
    Attribute entry = entries.get(version);
    if (auto shared = dyn_cast_or_null<StringAttr>(entry)) {
      const auto known = llvm::find(ArrayRef(program.versions).take_front(number), shared.getValue());
      if (size_t(known - ArrayRef(program.versions).begin()) >= number)
        return op.emitOpError() << "version '" << version << "' shares the code of " << shared
                                << ", which is no version before it";
      choices.push_back(choices[known - ArrayRef(program.versions).begin()]);
      continue;
    }
    auto own = dyn_cast_or_null<DictionaryAttr>(entry);
    if (!own)
      return op.emitOpError() << "does not say what it is in version '" << version << "'";
    kernels::Kernel kernel = whole;
    if (failed(readVersion(op, version, own, kernel)))
      return failure();
    if (number == 0) {
      choices.push_back(base);
      program.kernels[base] = std::move(kernel);
      continue;
    }
    kernel.name += "_" + version;
    for (char &c : kernel.name)
      c = llvm::isAlnum(c) ? c : '_';
    choices.push_back(int(program.kernels.size()));
    program.kernels.push_back(std::move(kernel));
    program.kernelNodes.push_back(program.kernelNodes[base]);
    program.kernelVersions.push_back(int(number));
  }
  program.choices.push_back(std::move(choices));
  return success();
}

LogicalResult readAllVersions(ModuleOp module, Program &program) {
  if (program.versions.empty())
    return success();
  program.kernelVersions.assign(program.kernels.size(), 0);
  int base = 0;
  for (auto op : module.getOps<glm::KernelOp>())
    if (failed(readVersions(op, base++, program)))
      return failure();
  return success();
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

/// The elements of a placed weight: where its file is mapped, if they lie there
/// as they are, else in `own`.
FailureOr<ArrayRef<uint8_t>> elementsOf(glm::PlacedWeightOp op, WeightSource &files, std::vector<uint8_t> &own) {
  RankedTensorType logical = glm::logicalType(op.getType());
  const size_t expected = glm::denseBytes(logical);
  if (auto stored = dyn_cast<glm::StoredAttr>(op.getSource())) {
    if (stored.getEncoding() == "raw" && !logical.getElementType().isInteger(1)) {
      auto mapped = files.map(stored, op.getLoc());
      if (failed(mapped) || mapped->size() == expected)
        return mapped;
    }
  }
  if (isa<glm::StoredAttr, ArrayAttr>(op.getSource())) {
    if (failed(files.read(op.getSource(), logical, op.getLoc(), own)))
      return failure();
    return ArrayRef(own);
  }
  auto constant = dyn_cast<ElementsAttr>(op.getSource());
  auto tensor = constant ? reference::tensorOf(constant) : FailureOr<reference::Tensor>();
  if (failed(tensor) || tensor->bytes.size() != expected)
    return op.emitOpError() << "has no elements: was it elided from a dump?";
  own = std::move(tensor->bytes);
  return ArrayRef(own);
}

bool writeImage(ModuleOp module, const std::function<void(const uint8_t *, size_t)> &write) {
  WeightSource files(module);
  int64_t at = 0;
  for (auto op : module.getOps<glm::PlacedWeightOp>()) {
    std::vector<uint8_t> own, padding(op.getOffset() - at, 0);
    auto elements = elementsOf(op, files, own);
    if (failed(elements))
      return false;
    const kernels::TensorType type = typeOf(op.getType());
    write(padding.data(), padding.size());
    packWeight(type, elements->data(), write);
    at = op.getOffset() + type.storageBytes();
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

/// States in order of offset, and what they take.
LogicalResult readStates(ModuleOp module, Program &program) {
  int64_t at = 0;
  for (auto op : module.getOps<glm::PlacedStateOp>()) {
    auto type = cast<RankedTensorType>(op.getType());
    if (!reference::isHoldable(type))
      return op.emitOpError() << "has type " << type << ", expected a static tensor that fits into memory";
    const int64_t bytes = glm::denseBytes(type), offset = int64_t(op.getOffset());
    if (offset < at || offset % imageAlignment)
      return op.emitOpError() << "is at " << offset << ", expected a multiple of " << imageAlignment << " from " << at
                              << " on";
    program.states.push_back({op.getName().str(), typeOf(type), offset, bytes});
    at = offset + bytes;
  }
  program.stateBytes = llvm::alignTo(at, imageAlignment);
  return success();
}

/// Steps of a session are the entry points that say how many tokens they take.
LogicalResult readSteps(ModuleOp module, Session &session) {
  int entry = 0;
  for (auto op : module.getOps<glm::ProgramOp>()) {
    auto tokens = op->getAttrOfType<IntegerAttr>(glm::GlmDialect::tokensAttr);
    if (!tokens || tokens.getInt() < 1 || tokens.getInt() > session.context)
      return op.emitOpError() << "does not say by " << glm::GlmDialect::tokensAttr
                              << " how many tokens its step takes, 1 to " << session.context;
    session.steps.push_back({entry++, tokens.getInt()});
  }
  llvm::sort(session.steps, [](const SessionStep &a, const SessionStep &b) { return a.tokens < b.tokens; });
  for (size_t i = 1; i < session.steps.size(); ++i)
    if (session.steps[i].tokens == session.steps[i - 1].tokens)
      return module.emitError() << "two steps take " << session.steps[i].tokens << " tokens";
  if (session.steps.empty() || session.steps.front().tokens != 1)
    return module.emitError() << "there is no step of one token";
  return success();
}

/// What emitters rely on: the parameters of each step are those of a step.
LogicalResult checkSteps(ModuleOp module, const Program &program) {
  const Session &session = *program.session;
  for (const SessionStep &step : session.steps) {
    const EntryPoint &entry = program.entryPoints[step.entry];
    const int64_t rows = session.allLogits ? step.tokens : 1;
    std::vector<kernels::TensorType> inputs = {{kernels::Element::i64, {1, step.tokens}, {}}};
    if (step.tokens > 1 && !session.allLogits)
      inputs.push_back({kernels::Element::i64, {1}, {}});
    bool right = entry.inputs.size() == inputs.size() && entry.outputs.size() == 1;
    for (size_t i = 0; right && i < inputs.size(); ++i)
      right = entry.inputs[i].type.element == inputs[i].element && entry.inputs[i].type.shape == inputs[i].shape;
    right = right && entry.outputs[0].type.element == kernels::Element::f32 &&
            entry.outputs[0].type.shape == std::vector<int64_t>{1, rows, session.vocabulary};
    if (!right)
      return module.emitError() << "step '" << entry.name << "' is not one of i64 tokens [1, " << step.tokens
                                << "] to f32 logits [1, " << rows << ", " << session.vocabulary << "]";
  }
  return success();
}

LogicalResult readSession(ModuleOp module, Program &program) {
  auto attribute = module->getAttrOfType<DictionaryAttr>(glm::GlmDialect::sessionAttr);
  if (!attribute)
    return success();
  auto number = [&](StringRef name) {
    auto value = attribute.getAs<IntegerAttr>(name);
    return value ? value.getInt() : 0;
  };
  auto logits = attribute.getAs<StringAttr>("logits");
  Session session;
  session.context = number("context");
  session.vocabulary = number("vocabulary");
  session.allLogits = logits && logits.getValue() == "all";
  if (session.context < 1 || session.vocabulary < 1)
    return module.emitError() << glm::GlmDialect::sessionAttr << " is " << attribute
                              << ", expected a context and a vocabulary of 1 or more";
  bool hasLength = false;
  for (auto [i, state] : llvm::enumerate(program.states)) {
    if (state.name == glm::GlmDialect::lengthState) {
      hasLength = state.type.element == kernels::Element::i64 && state.type.elements() == 1;
      session.lengthOffset = state.offset;
      continue;
    }
    if (state.type.shape.size() != 4 || state.type.shape[0] != 1 || state.type.shape[2] < session.context)
      return module.emitError() << "state '" << state.name << "' is no cache [1, heads, " << session.context
                                << " or more, features]";
    session.caches.push_back(int(i));
  }
  if (!hasLength)
    return module.emitError() << "there is no state '" << glm::GlmDialect::lengthState << "' of one i64";
  if (failed(readSteps(module, session)))
    return failure();
  program.session = std::move(session);
  return checkSteps(module, program);
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

/// Where memories are. Names go into a linker script.
static LogicalResult readPlacement(ModuleOp module, Program &program) {
  program.arenaApart = module->hasAttr(glm::arenaApartAttr) && program.arenaBytes > 0;
  Attribute attr = module->getAttr(glm::placementAttr);
  if (!attr)
    return success();
  auto banks = dyn_cast<DictionaryAttr>(attr);
  Placement placement;
  bool right = banks != nullptr;
  for (auto [what, name] : {std::pair("weights", &placement.weights), {"context", &placement.context}, {"arena", &placement.arena}}) {
    auto bank = right ? banks.getAs<StringAttr>(what) : StringAttr();
    if (!bank)
      continue;
    *name = bank.getValue().str();
    right &= llvm::all_of(*name, [](char c) { return llvm::isAlnum(c) || c == '_'; });
  }
  if (!right || placement.context.empty())
    return module.emitError() << glm::placementAttr << " is " << attr
                              << ", expected names of banks of memory, one of the context";
  program.placement = std::move(placement);
  return success();
}

FailureOr<Program> readProgram(ModuleOp module) {
  Program program;
  auto math = module->getAttrOfType<StringAttr>(glm::GlmDialect::mathAttr);
  program.math = math && math.getValue() == "exact" ? kernels::Math::exact : kernels::Math::fast;
  for (auto graph : module.getOps<glm::GraphOp>())
    return graph.emitOpError() << "is not planned: run glm-plan-memory first";
  if (failed(readVersionNames(module, program)))
    return failure();
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
  if (failed(readAllVersions(module, program)))
    return failure();
  for (auto op : module.getOps<glm::ProgramOp>()) {
    program.entryPoints.push_back(entryPointOf(op, kernelNumbers));
    program.arenaBytes = std::max<int64_t>(program.arenaBytes, llvm::alignTo(op.getArena(), imageAlignment));
  }
  if (program.entryPoints.empty())
    return module.emitError() << "there is no glm.program to emit";
  if (failed(readThreads(module, program)) || failed(readWeights(module, program)) ||
      failed(readStates(module, program)) || failed(readSession(module, program)) ||
      failed(readPlacement(module, program)))
    return failure();
  program.writeWeights = [module](std::function<void(const uint8_t *, size_t)> write) {
    return writeImage(module, write);
  };
  return program;
}

} // namespace glmc

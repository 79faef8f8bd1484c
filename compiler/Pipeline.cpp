//===- Pipeline.cpp - The road from model to plan, pass by pass --------------===//
#include "compiler/Pipeline.h"

#include "compiler/report/Dump.h"
#include "compiler/report/Measure.h"
#include "lowering/Passes.h"

#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

#include <chrono>

using namespace mlir;

namespace glmc {
namespace {

struct NamedPass {
  std::string name;
  std::unique_ptr<Pass> pass;
};

/// A group that no weight fills: one scale a column.
constexpr int64_t wholeColumn = int64_t(1) << 40;

QuantizeWeightsOptions quantizeOptions(const CompressOptions &compress) {
  QuantizeWeightsOptions options;
  options.format = compress.format;
  options.group = compress.group;
  options.asymmetric = compress.asymmetric;
  options.keep.assign(compress.keep.begin(), compress.keep.end());
  options.activations = compress.activations;
  if (compress.activations == "static") { // Rounded by a pass of its own, see below.
    options.activations = "float";
    options.group = wholeColumn;
  }
  return options;
}

/// The passes in order. Comments say what each relies on.
std::vector<NamedPass> standardPasses(const CompileOptions &options) {
  // Passes look the target up again; "host" is resolved already.
  const std::string &target = options.targetFile.empty() ? options.target.name : options.targetFile;
  std::vector<NamedPass> passes;
  auto add = [&](const char *name, std::unique_ptr<Pass> pass) { passes.push_back({name, std::move(pass)}); };

  // Simplify. Folding first: exporters spell shapes and masks out as graphs,
  // and algebra sees constants only once they are. Equal ops become one before
  // algebra, which goes by how often a value is read.
  add("fold-constants", createFoldConstants());
  add("cse", createCSEPass());
  add("simplify-algebra", createSimplifyAlgebra());
  // Algebra leaves new constants' users behind (a transpose that became a
  // reshape of a weight, a slice of a bias), so fold again before looking for
  // what is equal: idioms know their operands by that.
  add("refold-constants", createFoldConstants());
  add("merge-equals", createCSEPass());
  // Convolutions take what surrounds them: first what they can be made of, then their
  // integers, then one factor between one's integers and the next one's.
  add("fold-channel-scales", createFoldChannelScales());
  add("fold-pads", createFoldPads());
  add("recover-integer-convs", createRecoverIntegerConvs());
  add("merge-scales", createMergeScales());
  add("fold-scales", createFoldConstants());
  add("recover-integer-products", createRecoverIntegerProducts());
  add("recover-rms-norm", createRecoverRmsNorm());
  add("recover-layer-norm", createRecoverLayerNorm());
  add("recover-gelu", createRecoverGelu());
  add("recover-swiglu", createRecoverSwiglu());
  // Caches first, so that attention reads them as they lie; then what was moved
  // for it and is no longer.
  add("recover-cache-update", createRecoverCacheUpdate());
  add("recover-rotary", createRecoverRotary());
  add("recover-attention", createRecoverAttention());
  // What a program keeps from call to call, if it does: attention is known now,
  // and rows of new tokens are still where movement can be simplified.
  add("bind-state", createBindState());
  add("select-logits", createSelectLogits());
  add("store-caches", createStoreCaches());
  add("simplify-movement", createSimplifyMovement());
  // Channels last, before what is made of constants is folded again.
  add("assign-layouts", createAssignLayouts());
  // Caches that start empty were transposed, tables were cut.
  add("fold-idioms", createFoldConstants());
  add("simplify-idioms", createSimplifyAlgebra());
  add("merge-idioms", createCSEPass());
  add("eliminate-dead-nodes", createEliminateDeadNodes());

  // Compress. Weights are known by now for what they are: transposes are absorbed,
  // tables of angles have their readers. Nothing after this folds constants, which
  // would make wide ones of narrow ones again.
  add("quantize-weights", createQuantizeWeights(quantizeOptions(options.compress)));
  if (options.compress.activations == "static") {
    add("quantize-activations", createQuantizeActivations());
    add("multiply-integers", createRecoverIntegerProducts());
  }

  // Kernels. Epilogues before movement and prologues, because what runs where it
  // is made needs no copy of what it reads, and movement in the way would keep
  // it from there; products of one left side before the norm that they then
  // alone read.
  add("form-kernels", createFormKernels());
  add("fuse-elementwise", createFuseElementwise());
  add("fuse-epilogues", createFuseEpilogues());
  add("fuse-movement", createFuseMovement());
  add("fuse-products", createFuseProducts());
  add("fuse-prologues", createFusePrologues());
  add("fuse-siblings", createFuseSiblings());
  add("fuse-siblings-prologues", createFusePrologues()); // Of what two siblings alone read.
  // Layouts and schedules are decided on the final regions; sharing compares all
  // of it, and reasons name the kernels that remain.
  add("pack-weights", createPackWeights(PackWeightsOptions{target}));
  add("schedule-kernels", createScheduleKernels(ScheduleKernelsOptions{target, options.threads, options.tuning, options.optimize}));
  add("share-kernels", createShareKernels());
  add("explain-boundaries", createExplainBoundaries());

  // Memory. The plan is made for an order; both go by the graphs' glm.io_arena,
  // which compile() sets.
  add("order-launches", createOrderLaunches());
  add("plan-memory", createPlanMemory());
  if (!options.target.memories.empty() || options.arena != "any")
    add("place-memories",
        createPlaceMemories(PlaceMemoriesOptions{target, options.arena, options.weights != WeightsPlace::inside}));
  return passes;
}

/// Measures the module around each pass and hands it to the dump.
class Recorder : public PassInstrumentation {
public:
  Recorder(std::vector<PassRecord> &records, Dump &dump, OwningOpRef<ModuleOp> *unplanned)
      : records(records), dump(dump), unplanned(unplanned) {}

  void runBeforePass(Pass *pass, Operation *op) override {
    auto module = dyn_cast<ModuleOp>(op);
    if (!module || isAdaptor(pass))
      return;
    if (unplanned && pass->getArgument() == "glm-plan-memory")
      *unplanned = module.clone();
    before = measure(module).ops;
    start = std::chrono::steady_clock::now();
  }

  void runAfterPass(Pass *pass, Operation *op) override {
    std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    auto module = dyn_cast<ModuleOp>(op);
    if (!module || isAdaptor(pass))
      return;
    StringRef name = pass->getArgument();
    name.consume_front("glm-");
    ModuleSize after = measure(module);
    records.push_back({name.str(), before, after.ops, after.constantBytes, after.activationBytes, after.launches,
                       spent.count()});
    dump.writePass(module, records.size(), name);
  }

private:
  /// Passes that only run other passes on nested ops have no argument.
  static bool isAdaptor(Pass *pass) { return pass->getArgument().empty(); }

  std::vector<PassRecord> &records;
  Dump &dump;
  OwningOpRef<ModuleOp> *unplanned;
  int64_t before = 0;
  std::chrono::steady_clock::time_point start;
};

} // namespace

void registerPasses() {
  registerGlmPasses();
  registerTransformsPasses();
}

bool buildPipeline(PassManager &passes, const CompileOptions &options, std::string &error) {
  if (!options.pipeline.empty()) {
    registerPasses();
    llvm::raw_string_ostream stream(error);
    return succeeded(parsePassPipeline(options.pipeline, passes, stream));
  }
  std::string stop = StringRef(options.stopAfter).starts_with("glm-") ? options.stopAfter.substr(4) : options.stopAfter;
  std::string known;
  for (NamedPass &named : standardPasses(options)) {
    passes.addPass(std::move(named.pass));
    known += (known.empty() ? "" : ", ") + named.name;
    if (named.name == stop)
      return true;
  }
  if (stop.empty())
    return true;
  error = "there is no pass '" + stop + "', expected one of: " + known;
  return false;
}

LogicalResult runPipeline(ModuleOp module, const CompileOptions &options, std::vector<PassRecord> &records,
                          OwningOpRef<ModuleOp> *unplanned) {
  PassManager passes(module.getContext(), ModuleOp::getOperationName());
  std::string error;
  if (!buildPipeline(passes, options, error))
    return module.emitError() << error;
  Dump dump(options.dumpDirectory);
  if (!dump.open(error))
    return module.emitError() << error;
  dump.writePass(module, 0, "import");
  passes.addInstrumentation(std::make_unique<Recorder>(records, dump, unplanned));
  if (failed(passes.run(module)))
    return failure();
  if (!dump.writePlans(module, error) || !dump.writeSummary(records, error))
    return module.emitError() << error;
  return success();
}

LogicalResult quantize(ModuleOp module, const CompileOptions &options) {
  CompileOptions first;
  first.input = options.input;
  first.target = options.target;
  first.targetFile = options.targetFile;
  first.compress = options.compress;
  first.stopAfter = options.compress.activations == "static" ? "multiply-integers" : "quantize-weights";
  std::vector<PassRecord> records;
  return runPipeline(module, first, records);
}

} // namespace glmc

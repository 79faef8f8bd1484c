//===- CalibrateRunner.h - A model run on samples, and what its layers see ------===//
//
// The model is compiled as for users and runs natively. To see the left sides of
// products with weights, which are inside, a probe is compiled: the simplified
// graph, which
//   without state  returns them as outputs more;
//   with state     writes them into caches of their own, a row a token, which a
//                  snapshot then shows. All other code is a session's as always.
// Samples of other sizes than those before need another compilation.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_CALIBRATERUNNER_H
#define GLMC_COMPILER_CALIBRATERUNNER_H

#include "compiler/CalibrateData.h"
#include "compiler/CalibrateRanges.h"
#include "compiler/ModelRunner.h"
#include "compiler/StatefulRunner.h"
#include "compiler/import/onnx/ImportOnnx.h"

namespace glmc {

/// Of the passes, the last before weights change.
constexpr const char *lastSimplifyingPass = "eliminate-dead-nodes";

/// A value that layers multiply by weights.
struct TappedValue {
  std::vector<LayerName> readers;
  int64_t features = 0; ///< Its last dimension.
};

/// What came of one sample.
struct SampleOutcome {
  std::vector<std::string> names;           ///< Of the outputs.
  std::vector<reference::Tensor> outputs;   ///< With state: the logits of all tokens.
  /// By number of SampleRunner::values(): rows of its features. Empty where this
  /// sample's sizes make no such value.
  std::vector<std::vector<float>> values;
};

class SampleRunner {
public:
  /// `options` as the model is to be compiled. With `taps`, values are collected.
  SampleRunner(mlir::MLIRContext &context, const BuildFlags &flags, const CompileOptions &options, bool taps)
      : context(context), flags(flags), options(options), taps(taps) {
    this->flags.quiet = true; // Whoever runs samples shows the progress.
  }

  /// Reads the model; for samples that are tokens, compiles it with a context that
  /// has room for the longest. False: the error was printed.
  bool prepare(const CalibrationData &data);
  /// False: the error was printed.
  bool run(Sample sample, SampleOutcome &outcome);

  /// hashModel() of the model, once a probe of it was compiled.
  const std::string &hash() const { return modelHash; }

  /// All that were seen by now.
  const std::vector<TappedValue> &values() const { return tapped; }
  /// Compilations that were needed.
  size_t compilations() const { return bound.size() + (stateful ? 1 : 0); }

private:
  /// The model without state, for samples of one size.
  struct Bound {
    BindingRequest request;
    ModelRunner runner;
    std::vector<size_t> places; ///< Of each tap, in values().
  };
  bool runTokens(const Sample &sample, SampleOutcome &outcome);
  Bound *boundTo(Sample &sample);
  bool compileProbe(CompileOptions &probe, const TemporaryFolder &folder, std::vector<size_t> &places);
  bool readHash(CompileOptions imported);
  size_t placeOf(const TappedValue &value);
  bool failAt(const std::string &where, const std::string &error) const;

  mlir::MLIRContext &context;
  BuildFlags flags;
  CompileOptions options;
  const bool taps;
  std::vector<TappedValue> tapped;
  std::string modelHash;
  std::unique_ptr<OnnxModel> model; ///< Null for a dump.
  std::vector<Bound> bound;
  std::unique_ptr<StatefulRunner> stateful;
  std::vector<size_t> statefulPlaces;
};

/// Gives `options` the binding that the first sample needs: a context, or sizes.
/// False: the error was printed.
bool bindToFirstSample(mlir::MLIRContext &context, const CalibrationData &data, CompileOptions &options);

/// Makes every graph of a simplified module give the values that products with
/// weights read: in order, the same for all graphs. Fails after an error was
/// emitted.
mlir::FailureOr<std::vector<TappedValue>> tapProducts(mlir::ModuleOp module);

} // namespace glmc

#endif // GLMC_COMPILER_CALIBRATERUNNER_H

//===- Bindings.h - From flags to the graphs that a model is compiled to ------===//
//
// Shapes inside glmc are static. A binding gives every free dimension of a model
// a size and may give inputs a value; each becomes a graph, an entry point of
// the output:
//   --dim seq=1,16 --dim batch=1   two: run_1 and run_16
//   --context 2048                 a program with state: step_1, step_16, step_128
// Sizes come from what names the user gives, from what follows from those
// ("past + seq"), and from what dimensions are for (InputRoles).
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_BINDINGS_H
#define GLMC_COMPILER_BINDINGS_H

#include "compiler/BindingFlags.h"
#include "compiler/InputRoles.h"
#include "compiler/TensorFile.h"

namespace glmc {

/// What the flags ask of a model, before the model is known.
struct BindingRequest {
  struct Sizes {
    std::string name;
    std::vector<int64_t> values; ///< Each makes a binding.
  };
  std::vector<Sizes> dims;
  std::vector<std::pair<std::string, std::vector<std::string>>> binds; ///< Elements as text, or one for all.
  std::map<std::string, std::string> roles;
  int64_t context = 0;
  std::string kv = "f32", logits = "last";
  /// Of data, besides flags: every size is as good as another.
  std::map<std::string, int64_t> dataSizes;
  std::map<std::string, reference::Tensor> dataConstants;

  bool empty() const {
    return dims.empty() && binds.empty() && roles.empty() && context == 0 && dataSizes.empty() && dataConstants.empty();
  }
};

/// At most so many graphs come out of one model.
constexpr size_t mostBindings = 64;

/// False, with `error` set, if a flag is not what its help says.
bool parseBindings(const BindingFlags &flags, BindingRequest &request, std::string &error);

/// The bindings that `request` asks of a model. False, with `error` set: a name
/// is not the model's, a dimension has no size or two, a value does not fit.
bool resolveBindings(const ModelSignature &signature, const BindingRequest &request,
                     std::vector<ImportOptions> &bindings, std::string &error);

/// Adds the sizes that a data set's inputs have. False, with `error` set, if they
/// contradict each other.
bool bindSizesOf(const ModelSignature &signature, const std::vector<NamedTensor> &inputs, BindingRequest &request,
                 std::string &error);

/// The tensor of `inputs` that belongs to input i of the model: by name, or by
/// order where its name is not the model's; null for none.
const NamedTensor *tensorFor(const ModelSignature &signature, size_t i, const std::vector<NamedTensor> &inputs);

} // namespace glmc

#endif // GLMC_COMPILER_BINDINGS_H

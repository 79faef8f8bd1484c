//===- Functions.h - Operators that are made of other operators -------------===//
//
// ONNX defines many operators by a body of simpler ones, and a model may bring
// functions of its own. GraphImport expands both where they are called; this
// finds the bodies. ONNX's registry of schemas is read nowhere else.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_IMPORT_ONNX_FUNCTIONS_H
#define GLMC_COMPILER_IMPORT_ONNX_FUNCTIONS_H

#include "llvm/ADT/StringMap.h"

#include "onnx/onnx_pb.h"

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace glmc::onnximport {

/// Opset of each domain; ONNX's own is "".
using Opsets = std::map<std::string, int>;

class Functions {
public:
  explicit Functions(const onnx::ModelProto &model);

  /// The model's own function that `node` calls; null if it calls none.
  const onnx::FunctionProto *local(const onnx::NodeProto &node) const;

  /// Whether ONNX defines the operator by a body, of whatever input types.
  static bool isStandardFunction(const onnx::NodeProto &node, int opset);

  /// ONNX's body for `node` with inputs of these types (an empty TypeProto for
  /// one that is left out). Nothing, with `why` set, if it has none for them.
  static std::optional<onnx::FunctionProto> standardBody(const onnx::NodeProto &node, int opset,
                                                         const std::vector<onnx::TypeProto> &inputTypes,
                                                         std::string &why);

  /// `inner`, a node of `body`, with attributes that refer to the body's taken
  /// from `call`, from the body's defaults, or left out.
  static onnx::NodeProto bindAttributes(const onnx::NodeProto &inner, const onnx::FunctionProto &body,
                                        const onnx::NodeProto &call);

private:
  std::map<std::tuple<std::string, std::string, std::string>, const onnx::FunctionProto *> functions;
};

/// Opsets that a model or function imports; where a domain is listed twice, the
/// last one. A function's body has the caller's opset of a domain that it does
/// not import.
Opsets opsetsOf(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto> &imports, Opsets caller = {});

} // namespace glmc::onnximport

#endif // GLMC_COMPILER_IMPORT_ONNX_FUNCTIONS_H

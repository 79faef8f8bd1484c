//===- ImportOnnx.cpp - From an ONNX file to the glm dialect ----------------===//
#include "compiler/import/onnx/ImportOnnx.h"

#include "compiler/import/onnx/GraphImport.h"
#include "compiler/import/onnx/ModelCheck.h"
#include "compiler/import/onnx/ReadModel.h"

#include "llvm/Support/Path.h"

using namespace mlir;

namespace glmc {

using namespace onnximport;

OwningOpRef<ModuleOp> importOnnx(MLIRContext *context, llvm::StringRef path, const ImportOptions &options) {
  context->loadDialect<glm::GlmDialect>();
  Location loc = UnknownLoc::get(context);
  std::optional<ReadModel> read = readModel(loc, path);
  if (!read)
    return {};
  Functions functions(read->model);
  if (failed(checkModel(context, read->model, functions)))
    return {};
  std::string directory = llvm::sys::path::parent_path(path).str();
  if (directory.empty())
    directory = ".";
  WeightSource weights(directory);
  Initializers initializers(read->file->getBuffer(), directory, llvm::sys::path::filename(path).str(), read->cuts,
                            weights, options.maxTensorBytes);
  GraphImport import(context, read->model, functions, initializers, weights, options);
  OwningOpRef<ModuleOp> module = import.run();
  if (!module)
    return {};
  Builder builder(context);
  (*module)->setAttr(glm::GlmDialect::directoryAttr, builder.getStringAttr(directory));
  (*module)->setAttr(glm::GlmDialect::onnxNodesAttr, builder.getI64IntegerAttr(read->model.graph().node_size()));
  return module;
}

bool looksLikeOnnx(llvm::StringRef bytes) {
  // Every exporter writes ir_version, field 1, first; as a byte that is
  // backspace, which no text starts with.
  return bytes.starts_with("\x08");
}

} // namespace glmc

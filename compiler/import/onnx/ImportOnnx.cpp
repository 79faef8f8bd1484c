//===- ImportOnnx.cpp - From an ONNX file to the glm dialect ----------------===//
#include "compiler/import/onnx/ImportOnnx.h"

#include "compiler/import/onnx/GraphImport.h"
#include "compiler/import/onnx/ModelCheck.h"
#include "compiler/import/onnx/ReadModel.h"
#include "compiler/import/onnx/Signature.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace glmc {

using namespace onnximport;

struct OnnxModel::Parts {
  MLIRContext *context;
  std::string directory, fileName;
  ReadModel read;
  Functions functions; // Refers to `read`, as what follows.
  WeightSource weights;
  ModelSignature signature;

  Parts(MLIRContext *context, llvm::StringRef path, ReadModel model)
      : context(context), directory(llvm::sys::path::parent_path(path)), fileName(llvm::sys::path::filename(path)),
        read(std::move(model)), functions(read.model), weights(directory.empty() ? "." : directory),
        signature(signatureOf(context, read.model)) {
    if (directory.empty())
      directory = ".";
  }
};

OnnxModel::OnnxModel(std::unique_ptr<Parts> parts) : parts(std::move(parts)) {}
OnnxModel::~OnnxModel() = default;

std::unique_ptr<OnnxModel> OnnxModel::read(MLIRContext *context, llvm::StringRef path) {
  context->loadDialect<glm::GlmDialect>();
  std::optional<ReadModel> read = readModel(UnknownLoc::get(context), path);
  if (!read)
    return nullptr;
  auto parts = std::make_unique<Parts>(context, path, std::move(*read));
  if (failed(checkModel(context, parts->read.model, parts->functions)))
    return nullptr;
  return std::unique_ptr<OnnxModel>(new OnnxModel(std::move(parts)));
}

const ModelSignature &OnnxModel::signature() const { return parts->signature; }

OwningOpRef<ModuleOp> OnnxModel::import(llvm::ArrayRef<ImportOptions> bindings, std::vector<std::string> *shapeInputs) {
  MLIRContext *context = parts->context;
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(context));
  for (const ImportOptions &options : bindings) {
    Initializers initializers(parts->read.file->getBuffer(), parts->directory, parts->fileName, parts->read.cuts,
                              parts->weights, options.maxTensorBytes);
    GraphImport import(context, parts->read.model, parts->functions, initializers, parts->weights, options);
    if (succeeded(import.run(*module)))
      continue;
    if (shapeInputs)
      *shapeInputs = import.shapeInputs();
    return {};
  }
  Builder builder(context);
  (*module)->setAttr(glm::GlmDialect::directoryAttr, builder.getStringAttr(parts->directory));
  (*module)->setAttr(glm::GlmDialect::onnxNodesAttr, builder.getI64IntegerAttr(parts->read.model.graph().node_size()));
  return module;
}

OwningOpRef<ModuleOp> importOnnx(MLIRContext *context, llvm::StringRef path, const ImportOptions &options) {
  std::unique_ptr<OnnxModel> model = OnnxModel::read(context, path);
  return model ? model->import(options) : OwningOpRef<ModuleOp>();
}

bool looksLikeOnnx(llvm::StringRef bytes) {
  // Every exporter writes ir_version, field 1, first; as a byte that is
  // backspace, which no text starts with.
  return bytes.starts_with("\x08");
}

} // namespace glmc

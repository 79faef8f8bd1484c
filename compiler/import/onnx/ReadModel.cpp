//===- ReadModel.cpp - A mapped model file and its parsed graph -------------===//
#include "compiler/import/onnx/ReadModel.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/FileSystem.h"

#include <google/protobuf/stubs/logging.h>

using namespace mlir;

namespace glmc::onnximport {
namespace {

bool parse(const std::string &bytes, onnx::ModelProto &model) {
  // Protobuf would print its opinion of a broken file to stderr.
  google::protobuf::LogSilencer silence;
  try {
    return model.ParseFromString(bytes);
  } catch (const std::exception &) {
    return false;
  }
}

} // namespace

std::optional<ReadModel> readModel(Location loc, llvm::StringRef path) {
  llvm::sys::fs::file_status status;
  if (std::error_code error = llvm::sys::fs::status(path, status)) {
    emitError(loc) << "cannot open the model: " << error.message();
    return std::nullopt;
  }
  // A pipe or device could block or never end.
  if (!llvm::sys::fs::is_regular_file(status)) {
    emitError(loc) << "is not a regular file, expected an ONNX model";
    return std::nullopt;
  }
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file) {
    emitError(loc) << "cannot open the model: " << file.getError().message();
    return std::nullopt;
  }
  ReadModel result;
  result.file = std::move(*file);
  std::string error;
  std::optional<ScannedModel> scanned = cutPayloads(result.file->getBuffer(), error);
  if (!scanned) {
    emitError(loc) << error;
    return std::nullopt;
  }
  result.cuts = std::move(scanned->cuts);
  if (!parse(scanned->bytes, result.model)) {
    emitError(loc) << "is damaged or not an ONNX model: protobuf cannot parse it";
    return std::nullopt;
  }
  return result;
}

} // namespace glmc::onnximport

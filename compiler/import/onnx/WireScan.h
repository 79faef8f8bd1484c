//===- WireScan.h - Cuts weights out of a model's bytes ---------------------===//
//
// Protobuf copies every byte that it parses. A model's weights are most of its
// bytes and are wanted mapped, not copied, so this walks protobuf's wire format
// first and makes a copy of the model without big payloads. In their place a
// tensor holds an external_data entry with `cutKey` and the cut's number.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_IMPORT_ONNX_WIRESCAN_H
#define GLMC_COMPILER_IMPORT_ONNX_WIRESCAN_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace glmc::onnximport {

/// Payloads of at most this many bytes stay where they are.
constexpr uint64_t maxInlinePayload = 1024;

/// Key of the external_data entry that stands for a cut payload.
constexpr llvm::StringLiteral cutKey = "glmc.cut";

/// One payload: where its bytes are in the file.
struct Cut {
  uint64_t offset, bytes;
  unsigned field; ///< Number in TensorProto: 9 is raw_data, 5 int32_data, ...
  /// Whether the elements are varints; otherwise they are as in memory.
  bool isVarint() const { return field == 5 || field == 7 || field == 11; }
};

struct ScannedModel {
  std::string bytes; ///< The model without the payloads.
  std::vector<Cut> cuts;
};

/// Nothing, with `error` set, if `file` is not a whole ONNX model.
std::optional<ScannedModel> cutPayloads(llvm::StringRef file, std::string &error);

/// Number of varints in a packed field; nothing if the last one is cut off.
std::optional<uint64_t> countVarints(llvm::StringRef packed);

} // namespace glmc::onnximport

#endif // GLMC_COMPILER_IMPORT_ONNX_WIRESCAN_H

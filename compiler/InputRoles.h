//===- InputRoles.h - What a language model's inputs and dimensions are for ---===//
//
// Exporters name inputs alike and dimensions as they like: the length of a
// prompt is `sequence_length`, `seq` or `s70`. What an input is for says what
// its dimensions are, and so `--dim seq=16` works with all of them.
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_COMPILER_INPUTROLES_H
#define GLMC_COMPILER_INPUTROLES_H

#include "compiler/import/onnx/ImportOnnx.h"

namespace glmc {

enum class InputRole { none, tokens, positions, mask, length, cache };
/// "tokens"; what --role takes and glm.role says.
llvm::StringRef nameOf(InputRole role);

enum class DimRole { none, batch, seq, past, total };
constexpr int dimRoles = 5;
/// "batch"; the generic names that --dim takes.
llvm::StringRef nameOf(DimRole role);
/// DimRole::none if `name` is none of them.
DimRole dimRoleOf(llvm::StringRef name);

/// A name that some dimension of an input has instead of a size.
struct FreeDimension {
  struct Place {
    size_t input;
    size_t axis;
  };
  std::string name;
  std::vector<DimRole> roles;
  std::vector<Place> places;
};

/// "input_ids [batch, 7]" and the like, for errors.
std::string describe(const ModelSignature::Tensor &tensor);

class InputRoles {
public:
  /// By names and types, and as `given` (--role, by input) says. Nothing, with
  /// `error` set, if that names no input, no role, or one that does not fit.
  static std::optional<InputRoles> find(const ModelSignature &signature,
                                        const std::map<std::string, std::string> &given, std::string &error);

  InputRole of(size_t input) const { return roles[input]; }
  DimRole of(size_t input, size_t axis) const;
  /// Inputs of a role, in order.
  std::vector<size_t> inputsOf(InputRole role) const;
  /// Whether caches go out as large as they came in (StaticCache), instead of
  /// longer by the new tokens.
  bool writesCachesInPlace() const { return inPlace; }
  /// In order of appearance.
  const std::vector<FreeDimension> &freeDimensions() const { return free; }
  /// The size of dimensions of `role`, where the model fixes it.
  std::optional<int64_t> fixedSize(DimRole role) const { return fixed[int(role)]; }
  /// Whether any dimension, free or not, has `role`.
  bool has(DimRole role) const { return present[int(role)]; }

private:
  explicit InputRoles(const ModelSignature &signature) : signature(&signature), roles(signature.inputs.size()) {}
  void findByName();
  void findInPlace();
  void listDimensions();

  const ModelSignature *signature;
  std::vector<InputRole> roles;
  std::vector<FreeDimension> free;
  std::optional<int64_t> fixed[dimRoles];
  bool present[dimRoles] = {};
  bool inPlace = false;
};

} // namespace glmc

#endif // GLMC_COMPILER_INPUTROLES_H

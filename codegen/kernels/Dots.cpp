//===- Dots.cpp - Integer dot products within lanes of 32 bits ---------------===//
#include "codegen/kernels/Dots.h"

#include <map>

using namespace Halide;
using namespace Halide::Internal;

namespace glmc::kernels::dots {

namespace {

/// Names are those of the pieces in runtime-min/vector.h.
constexpr const char *words = "dot_words", *bytesToWords = "dot_bytes_to_words", *add = "add_words",
                     *bytes = "dot_bytes";

/// Part `i` of a scalar of `count` equal ones.
Expr part(const Expr &value, int i, int count, bool isSigned) {
  const int bits = 32 / count;
  Expr top = i == count - 1 ? value : value << Expr(uint32_t(bits * (count - 1 - i)));
  return isSigned ? reinterpret<int>(top) >> Expr(32 - bits) : reinterpret<int>(top >> Expr(uint32_t(32 - bits)));
}

/// Sum of products of parts [begin, end) of two scalars.
Expr sumOfParts(const Expr &a, const Expr &b, int begin, int end, int count, bool signedLeft) {
  Expr sum;
  for (int i = begin; i < end; ++i) {
    Expr product = part(a, i, count, signedLeft) * part(b, i, count, true);
    sum = sum.defined() ? sum + product : product;
  }
  return sum;
}

Expr joinWords(const Expr &low, const Expr &high) {
  return (reinterpret<uint32_t>(low) & Expr(0xffffu)) | (reinterpret<uint32_t>(high) << Expr(16u));
}

Expr lowerScalar(const std::string &name, const std::vector<Expr> &args) {
  if (name == words)
    return sumOfParts(args[0], args[1], 0, 2, 2, true);
  if (name == add)
    return joinWords(reinterpret<int>(args[0] + args[1]), part(args[0], 1, 2, true) + part(args[1], 1, 2, true));
  if (name == bytesToWords)
    return joinWords(sumOfParts(args[0], args[1], 0, 2, 4, false), sumOfParts(args[0], args[1], 2, 4, 4, false));
  return args[0] + sumOfParts(args[1], args[2], 0, 4, 4, false);
}

/// As reductions of neighbouring lanes, which back ends know.
Expr lowerVector(const std::string &name, const std::vector<Expr> &args, int lanes) {
  const Type words16 = Int(16, 2 * lanes), unsigned8 = UInt(8, 4 * lanes), signed8 = Int(8, 4 * lanes);
  if (name == words)
    return VectorReduce::make(VectorReduce::Add,
                              widening_mul(reinterpret(words16, args[0]), reinterpret(words16, args[1])), lanes);
  if (name == add)
    return reinterpret(UInt(32, lanes), reinterpret(words16, args[0]) + reinterpret(words16, args[1]));
  if (name == bytesToWords)
    return reinterpret(UInt(32, lanes),
                       VectorReduce::make(VectorReduce::SaturatingAdd,
                                          widening_mul(reinterpret(unsigned8, args[0]), reinterpret(signed8, args[1])),
                                          2 * lanes));
  Expr products = cast(Int(32, 4 * lanes), widening_mul(reinterpret(unsigned8, args[1]), reinterpret(signed8, args[2])));
  return args[0] + VectorReduce::make(VectorReduce::Add, products, lanes);
}

class Lowerer : public IRMutator {
  using IRMutator::visit;
  Expr visit(const Call *op) override {
    if (!pieceOf(op))
      return IRMutator::visit(op);
    std::vector<Expr> args;
    for (const Expr &arg : op->args)
      args.push_back(mutate(arg));
    return op->type.is_scalar() ? common_subexpression_elimination(lowerScalar(op->name, args))
                                : lowerVector(op->name, args, op->type.lanes());
  }
};

Expr call(Type type, const char *name, const std::vector<Expr> &args) {
  return Call::make(type, name, args, Call::PureExtern);
}

} // namespace

Expr dotWords(const Expr &a, const Expr &b) { return call(Int(32), words, {a, b}); }
Expr dotBytesToWords(const Expr &a, const Expr &b) { return call(UInt(32), bytesToWords, {a, b}); }
Expr addWords(const Expr &a, const Expr &b) { return call(UInt(32), add, {a, b}); }
Expr dotBytes(const Expr &sum, const Expr &a, const Expr &b) { return call(Int(32), bytes, {sum, a, b}); }

const char *pieceOf(const Call *call) {
  if (call->call_type == Call::PureExtern)
    for (const char *name : {words, bytesToWords, add, bytes})
      if (call->name == name)
        return name;
  return nullptr;
}

Stmt lowerDots(const Stmt &body) { return Lowerer().mutate(body); }

} // namespace glmc::kernels::dots

//===- Dots.cpp - Integer dot products within lanes of 32 bits ---------------===//
#include "codegen/kernels/Dots.h"

#include <map>

using namespace Halide;
using namespace Halide::Internal;

namespace glmc::kernels::dots {

namespace {

/// Names are those of the pieces in runtime-min/dots.h.
constexpr const char *words = "dot_words", *bytesToWords = "dot_bytes_to_words", *add = "add_words",
                     *bytes = "dot_bytes", *wordsOnto = "add_dot_words", *even = "even_bytes", *odd = "odd_bytes",
                     *signedBytes = "dot_signed", *run = "dot_run";

Expr call(Type type, const char *name, const std::vector<Expr> &args) {
  return Call::make(type, name, args, Call::PureExtern);
}

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

/// Lanes one behind the other as a vector: one load if they are loads of that kind.
Expr joinLanes(const std::vector<Expr> &lanes) {
  const int count = static_cast<int>(lanes.size());
  const auto *first = lanes[0].as<Load>();
  bool isRun = first;
  for (int i = 1; i < count && isRun; ++i) {
    const auto *next = lanes[i].as<Load>();
    isRun = next && next->name == first->name && is_const(simplify(next->index - first->index), i);
  }
  if (isRun)
    return Load::make(first->type.with_lanes(count), first->name, Ramp::make(first->index, 1, count), first->image,
                      first->param, const_true(count), ModulusRemainder());
  return Shuffle::make_concat(lanes);
}

Expr lowerRun(const std::vector<Expr> &args) {
  const size_t count = (args.size() - 1) / 2;
  const Type type = Int(8, 4 * static_cast<int>(count)), wide = type.with_bits(32);
  Expr a = reinterpret(type, joinLanes({args.begin() + 1, args.begin() + 1 + count}));
  Expr b = reinterpret(type, joinLanes({args.begin() + 1 + count, args.end()}));
  return args[0] + VectorReduce::make(VectorReduce::Add, cast(wide, a) * cast(wide, b), 1);
}

Expr lowerScalar(const std::string &name, const std::vector<Expr> &args, const std::string &dot) {
  const bool hasSmlad = dot == "smlad";
  if (name == words)
    return sumOfParts(args[0], args[1], 0, 2, 2, true);
  if (name == wordsOnto)
    return hasSmlad ? call(Int(32), armSmlad, {args[1], args[2], args[0]})
                    : args[0] + sumOfParts(args[1], args[2], 0, 2, 2, true);
  if (name == even || name == odd) {
    const int first = name == odd;
    return hasSmlad ? call(UInt(32), first ? armSxtb16High : armSxtb16, {args[0]})
                    : joinWords(part(args[0], first, 4, true), part(args[0], first + 2, 4, true));
  }
  if (name == signedBytes)
    return args[0] + sumOfParts(args[1], args[2], 0, 4, 4, true);
  if (name == run)
    return lowerRun(args);
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
  if (name == wordsOnto)
    return args[0] + lowerVector(words, {args[1], args[2]}, lanes);
  if (name == even || name == odd) {
    Expr halves = reinterpret(words16, args[0]);
    return reinterpret(UInt(32, lanes), (name == even ? halves << make_const(words16, 8) : halves) >> make_const(words16, 8));
  }
  if (name == signedBytes)
    return args[0] + VectorReduce::make(VectorReduce::Add,
                                        cast(Int(32, 4 * lanes), widening_mul(reinterpret(signed8, args[1]),
                                                                              reinterpret(signed8, args[2]))),
                                        lanes);
  if (name == run) {
    const size_t count = (args.size() - 1) / 2;
    Expr sum = args[0];
    for (size_t i = 1; i <= count; ++i)
      sum = lowerVector(signedBytes, {sum, args[i], args[i + count]}, lanes);
    return sum;
  }
  Expr products = cast(Int(32, 4 * lanes), widening_mul(reinterpret(unsigned8, args[1]), reinterpret(signed8, args[2])));
  return args[0] + VectorReduce::make(VectorReduce::Add, products, lanes);
}

class Lowerer : public IRMutator {
public:
  Lowerer(const std::string &dot, bool hasVectors) : dot(dot), hasVectors(hasVectors) {}

private:
  const std::string &dot;
  const bool hasVectors;
  using IRMutator::visit;
  Expr visit(const Call *op) override {
    if (!pieceOf(op))
      return IRMutator::visit(op);
    std::vector<Expr> args;
    for (const Expr &arg : op->args)
      args.push_back(mutate(arg));
    // LLVM 21 joins scalars to vectors whose lanes are too narrow for the sums of such
    // products (x86, from four columns on), so it gets vectors.
    if (op->type.is_vector() || (hasVectors && op->name != run))
      return lowerVector(op->name, args, op->type.lanes());
    return common_subexpression_elimination(lowerScalar(op->name, args, dot));
  }
};

} // namespace

Expr dotWords(const Expr &a, const Expr &b) { return call(Int(32), words, {a, b}); }
Expr dotBytesToWords(const Expr &a, const Expr &b) { return call(UInt(32), bytesToWords, {a, b}); }
Expr addWords(const Expr &a, const Expr &b) { return call(UInt(32), add, {a, b}); }
Expr dotBytes(const Expr &sum, const Expr &a, const Expr &b) { return call(Int(32), bytes, {sum, a, b}); }
Expr addDotWords(const Expr &sum, const Expr &a, const Expr &b) { return call(Int(32), wordsOnto, {sum, a, b}); }
Expr evenBytes(const Expr &a) { return call(UInt(32), even, {a}); }
Expr oddBytes(const Expr &a) { return call(UInt(32), odd, {a}); }
Expr dotSigned(const Expr &sum, const Expr &a, const Expr &b) { return call(Int(32), signedBytes, {sum, a, b}); }

Expr dotRun(const Expr &sum, const std::vector<Expr> &a, const std::vector<Expr> &b) {
  std::vector<Expr> args = {sum};
  args.insert(args.end(), a.begin(), a.end());
  args.insert(args.end(), b.begin(), b.end());
  return call(Int(32), run, args);
}

const char *pieceOf(const Call *call) {
  if (call->call_type == Call::PureExtern)
    for (const char *name : {words, bytesToWords, add, bytes, wordsOnto, even, odd, signedBytes, run})
      if (call->name == name)
        return name;
  return nullptr;
}

Stmt lowerDots(const Stmt &body, const std::string &dot, bool hasVectors) {
  return Lowerer(dot, hasVectors).mutate(body);
}

} // namespace glmc::kernels::dots

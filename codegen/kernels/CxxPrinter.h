//===- CxxPrinter.h - The visitor behind PrintCxx ----------------------------===//
//
// Private to PrintCxx*.cpp. One visitor, defined in five files: statements and
// names (PrintCxx.cpp), parallel loops (PrintCxxParallel.cpp), operators
// (PrintCxxExpressions.cpp), calls (PrintCxxCalls.cpp), memory and lanes
// (PrintCxxMemory.cpp).
//
// How values look in C++:
//  - a scalar has its C type; f16 and bf16 are uint16_t, bool is bool;
//  - a vector is a GNU vector "f32x8"; lanes that are no power of two are
//    padded to the next one, and the padding holds anything;
//  - a vector of bool is a vector of signed integers, lanes 0 or -1, whose
//    width follows the compared operands (`maskBits`).
//
//===----------------------------------------------------------------------===//
#ifndef GLMC_CODEGEN_KERNELS_CXXPRINTER_H
#define GLMC_CODEGEN_KERNELS_CXXPRINTER_H

#include "codegen/kernels/PrintCxx.h"

#include <map>
#include <vector>

namespace glmc::kernels {

/// How tightly a text binds, to print no more parentheses than needed.
enum Rank {
  rankTernary = 1,
  rankOr,
  rankAnd,
  rankBits,
  rankCompare,
  rankShift,
  rankAdd,
  rankMultiply,
  rankUnary,
  rankPrimary
};

/// C++ text of an expression.
struct Text {
  std::string text;
  Rank rank = rankPrimary;
  int maskBits = 0; ///< A vector of bool: bits of one lane. Else 0.
};

class CxxPrinter : public Halide::Internal::IRVisitor {
public:
  CxxPrinter(const Halide::Internal::LoweredFunc &function, const Kernel &kernel,
             const std::vector<Halide::Internal::LoweredFunc> &tasks)
      : function(function), kernel(kernel), tasks(tasks) {}
  CxxFunction print();

private:
  using Expr = Halide::Expr;
  using Type = Halide::Type;
  template <class T>
  using Ref = const T *;

  /// A C++ variable. Unused ones lose their line when all is printed.
  struct Variable {
    std::string name;
    int maskBits = 0;
    bool nonNegative = false;
    int line = -1; ///< Of a constant that may be dropped; else -1.
    int uses = 0;
    std::vector<int> usesOf; ///< Variables that its value uses.
  };

  /// An allocation that became variables, one an aligned slot of `lanes`.
  struct Registers {
    Type type;                        ///< Of one slot.
    std::map<int, std::string> slots; ///< Slot's first element -> variable, "" if never read.
    std::set<int> declared;
    int line = 0;  ///< Where declarations go that cannot wait for the first store.
    int block = 0; ///< In which block that is.
    int indent = 0;
  };

  //===--- names and statements (PrintCxx.cpp) ---===//
  std::string freshName(const std::string &halideName);
  int declare(const std::string &halideName, const std::string &cxxName);
  std::string use(int variable);
  void line(const std::string &text);
  void openBlock(const std::string &head);
  void closeBlock(const std::string &tail = "}");
  void letConstant(const std::string &name, const Expr &value);
  void declareParameters();
  std::string parameters();
  void dropUnused();
  std::string body() const;
  static void appendWrapped(std::string &out, const std::string &text);
  void refuse(const std::string &what);

  //===--- parallel loops (PrintCxxParallel.cpp) ---===//
  static bool isPoolParameter(const Halide::Internal::LoweredArgument &arg);
  static bool isParallelLoop(const Expr &e);
  void parallelLoop(const Expr &call);
  struct Captured;
  std::vector<Captured> capture(const std::vector<Expr> &members, CxxPrinter &task);
  std::string printTask(const std::string &name, const Expr &first, std::vector<Captured> &captured);

  //===--- types (PrintCxxExpressions.cpp) ---===//
  std::string scalarType(Type type) const;
  std::string vectorType(Type type); ///< Of a vector that is not of bool.
  std::string maskType(int bits, int lanes);
  std::string typeOf(const Text &value, Type type);
  static std::string elementName(Type type);
  static int paddedLanes(int lanes);
  void need(const std::string &piece) { result.needs.insert(piece); }

  //===--- expressions ---===//
  Text print(const Expr &e);
  /// With parentheses when it binds less tightly than `rank`.
  std::string print(const Expr &e, Rank rank);
  static std::string wrap(const Text &t, Rank rank);
  /// As operand beside a vector: a broadcast scalar stays a scalar.
  std::string operand(const Expr &e, Rank rank);
  /// A scalar whose C++ type is exactly its element's.
  std::string exactScalar(const Expr &e);
  std::string mask(const Expr &e, int bits);
  std::string toMask(const Text &t, int lanes, int bits);
  std::string splat(const Expr &scalar, Type type);
  void set(const std::string &text, Rank rank = rankPrimary, int maskBits = 0) { value = {text, rank, maskBits}; }
  void arithmetic(const Expr &a, const Expr &b, const char *op, Rank rank);
  void compare(const Expr &a, const Expr &b, const char *op);
  void logical(const Expr &a, const Expr &b, const char *scalarOp, const char *vectorOp, Rank rank);
  void minMax(const Expr &a, const Expr &b, const char *helper);
  void divide(const Expr &a, const Expr &b, bool remainder);
  void castScalar(Type to, const Expr &from);
  void castVector(Type to, const Expr &from);
  bool nonNegative(const Expr &e) const;
  static bool isHalf(Type t) { return t.is_float() && !t.is_bfloat() && t.bits() == 16; }
  static Expr widened(const Expr &e);
  bool widenHalf(Type type, const Expr &sameInFloat);

  //===--- calls (PrintCxxCalls.cpp) ---===//
  bool strictCall(Ref<Halide::Internal::Call> op);
  bool bitCall(Ref<Halide::Internal::Call> op);
  bool shiftCall(Ref<Halide::Internal::Call> op);
  bool integerCall(Ref<Halide::Internal::Call> op);
  bool mathCall(Ref<Halide::Internal::Call> op);
  bool classifyCall(Ref<Halide::Internal::Call> op, const std::string &base);
  void printAbs(const Expr &a, Type type);
  void ifThenElse(Ref<Halide::Internal::Call> op);
  void printLowered(const Expr &e);
  void unaryHelper(const Expr &a, const std::string &scalarHelper, const std::string &lanesHelper);

  //===--- memory and lanes (PrintCxxMemory.cpp) ---===//
  std::string buffer(const std::string &name);
  bool isNeverRead(Ref<Halide::Internal::Store> op) const;
  std::string registerSlot(const std::string &name, const Expr &index, bool forStore, bool &declares);
  bool promote(Ref<Halide::Internal::Allocate> op);
  static std::string memoryElement(Type type);
  Text fromMemory(const std::string &loaded, Type type);
  std::string toMemory(const Expr &e);
  std::string loadText(Ref<Halide::Internal::Load> op, Type type);
  void storeVector(Ref<Halide::Internal::Store> op, Type type);
  std::string predicate(const Expr &e, Type type);
  void shuffle(const std::vector<std::string> &parts, int partLanes, const std::vector<int> &indices, Type type);
  bool dot4(Ref<Halide::Internal::VectorReduce> op);

#define GLMC_VISIT(NODE) void visit(Ref<Halide::Internal::NODE> op) override;
  using Halide::Internal::IRVisitor::visit;
  // clang-format off
  GLMC_VISIT(IntImm) GLMC_VISIT(UIntImm) GLMC_VISIT(FloatImm) GLMC_VISIT(StringImm)
  GLMC_VISIT(Cast) GLMC_VISIT(Reinterpret) GLMC_VISIT(Variable)
  GLMC_VISIT(Add) GLMC_VISIT(Sub) GLMC_VISIT(Mul) GLMC_VISIT(Div) GLMC_VISIT(Mod) GLMC_VISIT(Min) GLMC_VISIT(Max)
  GLMC_VISIT(EQ) GLMC_VISIT(NE) GLMC_VISIT(LT) GLMC_VISIT(LE) GLMC_VISIT(GT) GLMC_VISIT(GE)
  GLMC_VISIT(And) GLMC_VISIT(Or) GLMC_VISIT(Not) GLMC_VISIT(Select)
  GLMC_VISIT(Load) GLMC_VISIT(Ramp) GLMC_VISIT(Broadcast) GLMC_VISIT(Call) GLMC_VISIT(Let)
  GLMC_VISIT(LetStmt) GLMC_VISIT(AssertStmt) GLMC_VISIT(ProducerConsumer) GLMC_VISIT(For)
  GLMC_VISIT(Acquire) GLMC_VISIT(Store) GLMC_VISIT(Provide) GLMC_VISIT(Allocate) GLMC_VISIT(Free)
  GLMC_VISIT(Realize) GLMC_VISIT(Block) GLMC_VISIT(Fork) GLMC_VISIT(IfThenElse) GLMC_VISIT(Evaluate)
  GLMC_VISIT(Shuffle) GLMC_VISIT(VectorReduce) GLMC_VISIT(Prefetch) GLMC_VISIT(Atomic) GLMC_VISIT(HoistedStorage)
  // clang-format on
#undef GLMC_VISIT

                                          const Halide::Internal::LoweredFunc &function;
  const Kernel &kernel;
  const std::vector<Halide::Internal::LoweredFunc> &tasks;
  CxxFunction result;
  std::string taskFunctions; ///< Text of the tasks that were printed.
  int taskCount = 0;
  bool isTask = false, usesPool = false;
  std::map<std::string, std::vector<Expr>> closures; ///< What parallel loops take along.
  Text value; ///< What the last visited expression printed.
  std::vector<std::string> lines;
  int indent = 1;
  std::vector<int> blocks{0}; ///< Numbers of the open blocks.
  int blockCount = 0;
  std::vector<std::vector<std::string>> blockNames{{}};
  std::set<std::string> activeNames;
  std::vector<Variable> variables;
  std::vector<int> usedLog;                      ///< Variables used since the log was last cut.
  std::map<std::string, std::vector<int>> scope; ///< Halide name -> variables, innermost last.
  std::map<std::string, std::string> buffers;    ///< Parameters and arrays: Halide name -> C++ name.
  std::map<std::string, std::string> bufferTypes; ///< As a parameter's: "const f32 *__restrict ".
  struct WordParameter {
    std::string parameter, buffer; ///< In C++ and in Halide.
  };
  std::map<std::string, WordParameter> wordParameters; ///< By the name of the pointer to words.
  std::set<std::string> usedBuffers;
  std::set<std::string> arrays; ///< Buffers that are arrays of this function, by Halide name.
  std::map<std::string, Registers> registers;
};

} // namespace glmc::kernels

#endif // GLMC_CODEGEN_KERNELS_CXXPRINTER_H

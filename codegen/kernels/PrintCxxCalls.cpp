//===- PrintCxxCalls.cpp - Intrinsics and math functions as C++ --------------===//
//
// Halide's intrinsics, and the math that needs no library: what has neither a
// C++ operator nor a piece in runtime-min is first lowered by Halide itself;
// what is then still unknown is refused by name.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/CxxPrinter.h"
#include "codegen/kernels/Dots.h"

#include <limits>

namespace glmc::kernels {

using namespace Halide::Internal;
using Halide::Expr;
using Halide::Int;
using Halide::UInt;

/// Prints what Halide lowered an operation to. Such expressions share parts,
/// which become constants instead of being repeated.
void CxxPrinter::printLowered(const Expr &e) { value = print(common_subexpression_elimination(simplify(e))); }

void CxxPrinter::unaryHelper(const Expr &a, const std::string &scalarHelper, const std::string &lanesHelper) {
  const std::string helper = a.type().is_scalar() ? scalarHelper : lanesHelper;
  need(helper.substr(0, helper.find('<')));
  set(helper + "(" + print(a).text + ")");
}

/// Operators whose order and rounding Halide may not change; C++'s never are.
bool CxxPrinter::strictCall(const Call *op) {
  if (!op->is_strict_float_intrinsic())
    return false;
  const Expr &a = op->args[0], &b = op->args[1];
  Expr plain;
  if (op->is_intrinsic(Call::strict_add))
    plain = Add::make(a, b);
  else if (op->is_intrinsic(Call::strict_sub))
    plain = Sub::make(a, b);
  else if (op->is_intrinsic(Call::strict_mul))
    plain = Mul::make(a, b);
  else if (op->is_intrinsic(Call::strict_div))
    plain = Div::make(a, b);
  else if (op->is_intrinsic(Call::strict_min))
    plain = Min::make(a, b);
  else if (op->is_intrinsic(Call::strict_max))
    plain = Max::make(a, b);
  else if (op->is_intrinsic(Call::strict_eq))
    plain = EQ::make(a, b);
  else if (op->is_intrinsic(Call::strict_lt))
    plain = LT::make(a, b);
  else if (op->is_intrinsic(Call::strict_le))
    plain = LE::make(a, b);
  else
    return false;
  value = print(plain);
  return true;
}

bool CxxPrinter::bitCall(const Call *op) {
  const char *sign = op->is_intrinsic(Call::bitwise_and)   ? "&"
                     : op->is_intrinsic(Call::bitwise_or)  ? "|"
                     : op->is_intrinsic(Call::bitwise_xor) ? "^"
                                                           : nullptr;
  const Type type = op->type;
  if (op->is_intrinsic(Call::bitwise_not)) {
    if (type.is_bool()) {
      value = print(Not::make(op->args[0]));
      return true;
    }
    const std::string a = print(op->args[0], rankUnary);
    if (type.is_scalar() && type.bits() < 32)
      set("(" + scalarType(type) + ")~" + a, rankUnary);
    else
      set("~" + a, rankUnary);
    return true;
  }
  if (!sign)
    return false;
  const Expr &a = op->args[0], &b = op->args[1];
  if (type.is_bool()) {
    if (*sign == '^')
      value = print(NE::make(a, b));
    else
      value = print(*sign == '&' ? And::make(a, b) : Or::make(a, b));
    return true;
  }
  if (!type.is_int_or_uint()) {
    refuse("bit operations on floats");
    return true;
  }
  if (type.is_scalar()) {
    const std::string left = print(a, rankUnary);
    const std::string text = "(" + left + " " + sign + " " + print(b, rankUnary) + ")";
    type.bits() < 32 ? set("(" + scalarType(type) + ")" + text, rankUnary) : set(text);
    return true;
  }
  const bool bothScalar = a.as<Broadcast>() && b.as<Broadcast>();
  const std::string left = bothScalar ? print(a, rankUnary) : operand(a, rankUnary);
  set("(" + left + " " + sign + " " + operand(b, rankUnary) + ")");
  return true;
}

bool CxxPrinter::shiftCall(const Call *op) {
  const bool left = op->is_intrinsic(Call::shift_left);
  if (!left && !op->is_intrinsic(Call::shift_right))
    return false;
  const Expr &a = op->args[0];
  Expr b = op->args[1];
  const Type type = op->type;
  const auto literal = as_const_int(b);
  // A negative count shifts the other way.
  if (b.type().is_int() && !nonNegative(b)) {
    printLowered(left ? lower_signed_shift_left(a, b) : lower_signed_shift_right(a, b));
    return true;
  }
  const char *sign = left ? " << " : " >> ";
  if (type.is_scalar()) {
    const std::string x = exactScalar(a), count = print(b, rankUnary);
    const std::string wide = left && type.is_int() ? "(" + scalarType(UInt(std::max(type.bits(), 32))) + ")" : "";
    const std::string text = "(" + wide + x + sign + count + ")";
    (left && type.is_int()) || type.bits() < 32 ? set("(" + scalarType(type) + ")" + text, rankUnary) : set(text);
    return true;
  }
  if (literal) {
    set("(" + print(a, rankUnary) + sign + std::to_string(*literal) + ")");
    return true;
  }
  if (b.type().with_lanes(1) != type.with_lanes(1))
    b = Cast::make(type, b);
  const std::string x = print(a, rankUnary);
  set("(" + x + sign + print(b, rankUnary) + ")");
  return true;
}

void CxxPrinter::printAbs(const Expr &a, Type type) {
  if (isHalf(type) || type.is_bfloat()) {
    const std::string text = print(a, rankUnary);
    return type.is_scalar() ? set("(uint16_t)(" + text + " & 32767)", rankUnary) : set("(" + text + " & 32767)");
  }
  if (type.is_float()) {
    if (type.is_scalar())
      return set((type.bits() == 32 ? "__builtin_fabsf(" : "__builtin_fabs(") + print(a).text + ")");
    const std::string bits = vectorType(Int(type.bits(), type.lanes()));
    return set("(" + vectorType(type) + ")((" + bits + ")" + print(a, rankUnary) + " & " +
                   (type.bits() == 32 ? "0x7fffffff" : "0x7fffffffffffffffLL") + ")",
               rankUnary);
  }
  const Type natural = type.with_code(halide_type_uint);
  const Expr bits = Cast::make(natural, a);
  printLowered(Select::make(LT::make(a, make_zero(a.type())), make_zero(natural) - bits, bits));
}

/// Counting, differences and C's division.
bool CxxPrinter::integerCall(const Call *op) {
  const Type type = op->type;
  if (op->is_intrinsic(Call::abs)) {
    printAbs(op->args[0], type);
    return true;
  }
  if (op->is_intrinsic(Call::absd)) {
    const Expr a = Cast::make(type, op->args[0]), b = Cast::make(type, op->args[1]);
    printLowered(Select::make(LT::make(op->args[0], op->args[1]), b - a, a - b));
    return true;
  }
  if (op->is_intrinsic(Call::div_round_to_zero) || op->is_intrinsic(Call::mod_round_to_zero)) {
    const bool quotient = op->is_intrinsic(Call::div_round_to_zero);
    const std::string a = print(op->args[0], rankMultiply), b = print(op->args[1], rankUnary);
    const std::string text = a + (quotient ? " / " : " % ") + b;
    if (type.is_scalar()) {
      type.bits() < 32 ? set("(" + scalarType(type) + ")(" + text + ")", rankUnary) : set(text, rankMultiply);
      return true;
    }
    const std::string helper = quotient ? "quotient_lanes" : "modulo_lanes";
    need(helper);
    set(helper + "<" + std::to_string(type.lanes()) + ">(" + a + ", " + b + ")");
    return true;
  }
  const std::string count = op->is_intrinsic(Call::popcount)               ? "count_bits"
                            : op->is_intrinsic(Call::count_leading_zeros)  ? "leading_zeros"
                            : op->is_intrinsic(Call::count_trailing_zeros) ? "trailing_zeros"
                                                                           : "";
  if (count.empty() || type.is_bool())
    return false;
  unaryHelper(op->args[0], count + "<" + scalarType(type) + ">", count + "_lanes");
  return true;
}

bool CxxPrinter::classifyCall(const Call *op, const std::string &base) {
  const Expr &a = op->args[0];
  const Expr x = isHalf(a.type()) || a.type().is_bfloat() ? widened(a) : a;
  const Expr infinity = x.type().bits() == 64
                            ? make_const(x.type(), std::numeric_limits<double>::infinity())
                            : Expr(FloatImm::make(Halide::Float(32), std::numeric_limits<float>::infinity()));
  const Expr size = Call::make(x.type(), Call::abs, {x}, Call::PureIntrinsic);
  const Expr limit =
      x.type().is_vector() && infinity.type().is_scalar() ? Broadcast::make(infinity, x.type().lanes()) : infinity;
  if (base == "is_nan")
    value = print(Let::make(
        "x", x,
        NE::make(Halide::Internal::Variable::make(x.type(), "x"), Halide::Internal::Variable::make(x.type(), "x"))));
  else if (base == "is_inf")
    value = print(EQ::make(size, limit));
  else if (base == "is_finite")
    value = print(LT::make(size, limit));
  else
    return false;
  return true;
}

/// Functions that Halide would call by the name of a C library's.
bool CxxPrinter::mathCall(const Call *op) {
  const size_t cut = op->name.rfind("_f");
  std::string base = op->name.substr(0, cut);
  if (op->is_intrinsic(Call::round) || op->name == "nearbyint" || base == "nearbyint" || base == "round")
    base = "round";
  else if (cut == std::string::npos)
    return false;
  if (op->args.size() != 1 || !op->args[0].type().is_float())
    return false;
  const Expr &a = op->args[0];
  if (classifyCall(op, base))
    return true;
  static const std::map<std::string, std::pair<const char *, int>> rounding = {{"round", {"round_even", 0}},
                                                                               {"floor", {"round_down", 1}},
                                                                               {"ceil", {"round_up", 2}},
                                                                               {"trunc", {"round_to_zero", 3}}};
  const auto round = rounding.find(base);
  const bool known = round != rounding.end() || base == "sqrt" || base == "fast_inverse" ||
                     base == "fast_inverse_sqrt" || base == "exp" || base == "log" || base == "abs" || base == "fabs";
  if (!known)
    return false;
  if (isHalf(op->type) || op->type.is_bfloat()) {
    const Type wide = Halide::Float(32, a.type().lanes());
    const Expr x = Cast::make(wide, a);
    if (op->is_intrinsic(Call::round))
      value = print(Cast::make(op->type, Call::make(wide, Call::round, {x}, Call::PureIntrinsic)));
    else
      value = print(Cast::make(op->type, Call::make(wide, base + "_f32", {x}, Call::PureExtern)));
    return true;
  }
  if (round != rounding.end()) {
    const std::string scalar = std::string(round->second.first) + "<" + scalarType(op->type) + ">";
    unaryHelper(a, scalar, "round_lanes<" + std::to_string(round->second.second) + ">");
  } else if (base == "sqrt") {
    unaryHelper(a, op->type.bits() == 64 ? "square_root_f64" : "square_root_f32", "square_root_lanes");
  } else if (base == "fast_inverse") {
    value = print(Div::make(make_one(a.type()), a));
  } else if (base == "fast_inverse_sqrt") {
    value = print(Div::make(make_one(a.type()), Halide::sqrt(a)));
  } else if (base == "abs" || base == "fabs") {
    printAbs(a, op->type);
  } else if (op->type.bits() == 32) {
    printLowered(base == "exp" ? halide_exp(a) : halide_log(a));
  } else {
    return false;
  }
  return true;
}

/// Only the chosen side is computed: a constant that one side needs may load
/// from where only that side may look.
void CxxPrinter::ifThenElse(const Call *op) {
  const Expr &condition = op->args[0];
  const Expr otherwise = op->args.size() > 2 ? op->args[2] : make_zero(op->type);
  if (condition.type().is_vector()) {
    value = print(Select::make(condition, op->args[1], otherwise));
    return;
  }
  const std::string c = print(condition, rankCompare);
  const size_t mark = lines.size(), log = usedLog.size();
  const auto savedVariables = variables;
  const auto savedActive = activeNames;
  const auto savedBlock = blockNames;
  const Text a = print(op->args[1]), b = print(otherwise);
  if (a.maskBits != b.maskBits)
    return refuse("a choice of two masks");
  if (lines.size() == mark) {
    const std::string type = typeOf(a, op->type);
    return set("(" + type + ")(" + c + " ? " + wrap(a, rankCompare) + " : " + wrap(b, rankCompare) + ")", rankUnary,
               a.maskBits);
  }
  // Again, as statements.
  lines.resize(mark);
  variables = savedVariables;
  activeNames = savedActive;
  blockNames = savedBlock;
  usedLog.resize(log);
  const std::string name = freshName("either");
  line(typeOf(a, op->type) + " " + name + ";");
  openBlock("if (" + c + ") {");
  const std::string first = print(op->args[1]).text;
  line(name + " = " + first + ";");
  closeBlock("} else {");
  lines.pop_back();
  openBlock("} else {");
  const std::string second = print(otherwise).text;
  line(name + " = " + second + ";");
  closeBlock();
  set(name, rankPrimary, a.maskBits);
}

void CxxPrinter::visit(const Call *op) {
  if (op->is_intrinsic(Call::likely) || op->is_intrinsic(Call::likely_if_innermost) ||
      op->is_intrinsic(Call::promise_clamped) || op->is_intrinsic(Call::unsafe_promise_clamped)) {
    value = print(op->args[0]);
    return;
  }
  if (op->is_intrinsic(Call::return_second)) {
    value = print(op->args[1]);
    return;
  }
  if (op->is_intrinsic(Call::undef)) {
    value = print(make_zero(op->type));
    return;
  }
  if (op->is_intrinsic(Call::if_then_else))
    return ifThenElse(op);
  if (op->args.empty() && (op->name == "inf_f32" || op->name == "neg_inf_f32" || op->name == "nan_f32")) {
    const float infinity = std::numeric_limits<float>::infinity();
    value = print(make_const(op->type, op->name == "inf_f32"       ? infinity
                                       : op->name == "neg_inf_f32" ? -infinity
                                                                   : std::numeric_limits<float>::quiet_NaN()));
    return;
  }
  if (const char *piece = dots::pieceOf(op)) {
    need(piece);
    std::string arguments;
    for (const Expr &arg : op->args)
      arguments += (arguments.empty() ? "" : ", ") + (arg.type().is_scalar() ? exactScalar(arg) : print(arg).text);
    const std::string type = op->type.is_scalar() ? scalarType(op->type) : vectorType(op->type);
    return set(std::string(piece) + "<" + type + ">(" + arguments + ")");
  }
  if (strictCall(op) || bitCall(op) || shiftCall(op) || integerCall(op) || mathCall(op))
    return;
  if (op->is_intrinsic(Call::dynamic_shuffle)) {
    need("lookup");
    const std::string type = vectorType(op->type), from = print(op->args[0]).text;
    return set("lookup<" + type + ", " + std::to_string(op->type.lanes()) + ">(" + from + ", " +
               print(op->args[1]).text + ")");
  }
  if (op->is_intrinsic(Call::extract_bits))
    return printLowered(lower_extract_bits(op));
  if (op->is_intrinsic(Call::concat_bits))
    return printLowered(lower_concat_bits(op));
  if (op->is_intrinsic(Call::lerp))
    return printLowered(lower_lerp(op->type, op->args[0], op->args[1], op->args[2], Halide::get_host_target()));
  if (op->is_intrinsic()) {
    const Expr lowered = lower_intrinsic(op);
    if (lowered.defined() && !lowered.same_as(Expr(op)))
      return printLowered(lowered);
  }
  refuse("the call of '" + op->name + "'");
}

} // namespace glmc::kernels

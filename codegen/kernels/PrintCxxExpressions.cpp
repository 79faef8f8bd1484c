//===- PrintCxxExpressions.cpp - Operators, casts and literals as C++ --------===//
//
// Halide's meaning, not C's: integers of 8 and 16 bits wrap instead of being
// promoted, integer division rounds so that the remainder is not negative, and
// a vector of bool is a mask as wide as what was compared.
//
//===----------------------------------------------------------------------===//
#include "codegen/kernels/CxxPrinter.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace glmc::kernels {

using namespace Halide::Internal;
using Halide::Expr;
using Halide::Int;
using Halide::UInt;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

std::string CxxPrinter::scalarType(Type type) const {
  if (type.is_bool())
    return "bool";
  if (isHalf(type) || type.is_bfloat())
    return "uint16_t";
  if (type.is_float())
    return type.bits() == 64 ? "double" : "float";
  if (type.is_int() && type.bits() == 32)
    return "int";
  return std::string(type.is_uint() ? "uint" : "int") + std::to_string(type.bits()) + "_t";
}

/// "f32", "i8"; f16, bf16 and bool by what holds them.
std::string CxxPrinter::elementName(Type type) {
  if (type.is_bool())
    return "u8";
  if (isHalf(type) || type.is_bfloat())
    return "u16";
  return (type.is_float() ? "f" : type.is_uint() ? "u" : "i") + std::to_string(type.bits());
}

int CxxPrinter::paddedLanes(int lanes) {
  int padded = 1;
  while (padded < lanes)
    padded *= 2;
  return padded;
}

std::string CxxPrinter::vectorType(Type type) {
  if (type.is_handle() || type.bits() > 64 || type.lanes() > 4096)
    refuse("a vector of a type without C++ counterpart");
  const std::string name = elementName(type) + "x" + std::to_string(paddedLanes(type.lanes()));
  need(name);
  return name;
}

std::string CxxPrinter::maskType(int bits, int lanes) { return vectorType(Int(bits, lanes)); }

std::string CxxPrinter::typeOf(const Text &t, Type type) {
  if (t.maskBits)
    return maskType(t.maskBits, type.lanes());
  return type.is_vector() ? vectorType(type) : scalarType(type);
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

Text CxxPrinter::print(const Expr &e) {
  value = {};
  e.accept(this);
  return value;
}

std::string CxxPrinter::wrap(const Text &t, Rank rank) { return t.rank < rank ? "(" + t.text + ")" : t.text; }

std::string CxxPrinter::print(const Expr &e, Rank rank) { return wrap(print(e), rank); }

static bool isLiteral(const Expr &e) { return e.as<IntImm>() || e.as<UIntImm>() || e.as<FloatImm>(); }

std::string CxxPrinter::exactScalar(const Expr &e) {
  const Type type = e.type();
  const std::string text = print(e, rankUnary);
  const bool exact = !isLiteral(e) || (type.is_float() && !isHalf(type) && !type.is_bfloat()) ||
                     (type.is_int_or_uint() && type.bits() == 32);
  return exact ? text : "(" + scalarType(type) + ")" + text;
}

std::string CxxPrinter::operand(const Expr &e, Rank rank) {
  const Broadcast *b = e.as<Broadcast>();
  if (!b || b->value.type().is_vector() || b->type.is_bool())
    return print(e, rank);
  return isLiteral(b->value) ? print(b->value, rank) : wrap({exactScalar(b->value), rankUnary, 0}, rank);
}

std::string CxxPrinter::splat(const Expr &scalar, Type type) {
  if (is_const_zero(scalar) && !(scalar.as<FloatImm>() && std::signbit(scalar.as<FloatImm>()->value)))
    return vectorType(type) + "{}";
  need("splat");
  return "splat<" + vectorType(type) + ">(" + exactScalar(scalar) + ")";
}

std::string CxxPrinter::toMask(const Text &t, int lanes, int bits) {
  if (t.maskBits == bits)
    return t.text;
  need("convert");
  return "convert<" + maskType(bits, lanes) + ">(" + t.text + ")";
}

std::string CxxPrinter::mask(const Expr &e, int bits) {
  if (const Broadcast *b = e.as<Broadcast>(); b && b->value.type().is_scalar()) {
    const std::string type = maskType(bits, e.type().lanes());
    if (is_const_zero(b->value))
      return type + "{}";
    need("splat");
    const std::string one = is_const_one(b->value) ? "-1" : "-" + print(b->value, rankUnary);
    return "splat<" + type + ">((" + scalarType(Int(bits)) + ")" + (is_const_one(b->value) ? "-1" : one) + ")";
  }
  const Text t = print(e);
  return t.maskBits == bits ? wrap(t, rankTernary) : toMask(t, e.type().lanes(), bits);
}

//===----------------------------------------------------------------------===//
// Literals and variables
//===----------------------------------------------------------------------===//

void CxxPrinter::visit(const IntImm *op) {
  const int64_t v = op->value;
  if (v == std::numeric_limits<int64_t>::min())
    return set("(-9223372036854775807LL - 1)");
  if (v == std::numeric_limits<int32_t>::min())
    return set("(-2147483647 - 1)");
  const bool wide = v > std::numeric_limits<int32_t>::max() || v < std::numeric_limits<int32_t>::min();
  set(std::to_string(v) + (wide ? "LL" : ""), v < 0 ? rankUnary : rankPrimary);
}

void CxxPrinter::visit(const UIntImm *op) {
  if (op->type.is_bool())
    return set(op->value ? "true" : "false");
  const bool wide = op->value > std::numeric_limits<uint32_t>::max();
  set(std::to_string(op->value) + (wide ? "ULL" : op->type.bits() >= 32 ? "u" : ""));
}

void CxxPrinter::visit(const FloatImm *op) {
  const double v = op->value;
  if (isHalf(op->type))
    return set(std::to_string(Halide::float16_t(v).to_bits()));
  if (op->type.is_bfloat())
    return set(std::to_string(Halide::bfloat16_t(v).to_bits()));
  const bool single = op->type.bits() == 32;
  const std::string suffix = single ? "f" : "";
  if (std::isnan(v))
    return set("__builtin_nan" + suffix + "(\"\")");
  if (std::isinf(v))
    return set((v < 0 ? "-__builtin_inf" : "__builtin_inf") + suffix + "()", rankUnary);
  // The shortest decimal that reads back as the same number.
  char text[64];
  for (int digits = 1; digits <= 17; ++digits) {
    std::snprintf(text, sizeof text, "%.*g", digits, v);
    if (single ? std::strtof(text, nullptr) == (float)v : std::strtod(text, nullptr) == v)
      break;
  }
  std::string number = text;
  if (number.find_first_of(".e") == std::string::npos)
    number += ".0";
  set(number + suffix, std::signbit(v) ? rankUnary : rankPrimary);
}

void CxxPrinter::visit(const StringImm *) { refuse("a string"); }

void CxxPrinter::visit(const Halide::Internal::Variable *op) {
  auto found = scope.find(op->name);
  if (found == scope.end() || found->second.empty()) {
    refuse("the name '" + op->name + "', which is known at run time only,");
    return;
  }
  const int v = found->second.back();
  const int maskBits = variables[v].maskBits;
  set(use(v), rankPrimary, maskBits);
}

/// Whether an integer is at least zero, as far as a simple look tells.
bool CxxPrinter::nonNegative(const Expr &e) const {
  if (e.type().is_uint())
    return true;
  if (auto c = as_const_int(e))
    return *c >= 0;
  auto both = [&](const Expr &a, const Expr &b) { return nonNegative(a) && nonNegative(b); };
  if (const auto *v = e.as<Halide::Internal::Variable>()) {
    auto found = scope.find(v->name);
    return found != scope.end() && !found->second.empty() && variables[found->second.back()].nonNegative;
  }
  if (const Add *op = e.as<Add>())
    return both(op->a, op->b);
  if (const Mul *op = e.as<Mul>())
    return both(op->a, op->b);
  if (const Div *op = e.as<Div>())
    return both(op->a, op->b);
  if (const Min *op = e.as<Min>())
    return both(op->a, op->b);
  if (const Max *op = e.as<Max>())
    return nonNegative(op->a) || nonNegative(op->b);
  if (const Mod *op = e.as<Mod>())
    return op->type.is_int();
  if (const Ramp *op = e.as<Ramp>())
    return both(op->base, op->stride);
  if (const Broadcast *op = e.as<Broadcast>())
    return nonNegative(op->value);
  return false;
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

/// f16 and bf16 arithmetic is done in f32, which rounds to the same number.
Expr CxxPrinter::widened(const Expr &e) { return Cast::make(Halide::Float(32, e.type().lanes()), e); }

bool CxxPrinter::widenHalf(Type type, const Expr &sameInFloat) {
  if (!isHalf(type) && !type.is_bfloat())
    return false;
  value = print(Cast::make(type, sameInFloat));
  return true;
}

void CxxPrinter::arithmetic(const Expr &a, const Expr &b, const char *op, Rank rank) {
  const Type type = a.type();
  const Rank right = Rank(rank + 1);
  const std::string spaced = std::string(" ") + op + " ";
  const bool narrow = type.is_int_or_uint() && type.bits() < 32;
  if (type.is_scalar()) {
    if (narrow) // Unsigned, since 65535 * 65535 is too much for int.
      return set("(" + scalarType(type) + ")((unsigned)" + print(a, rankUnary) + spaced + "(unsigned)" +
                     print(b, rankUnary) + ")",
                 rankUnary);
    const std::string left = print(a, rank);
    return set(left + spaced + print(b, right), rank);
  }
  const bool bothScalar = a.as<Broadcast>() && b.as<Broadcast>();
  if (narrow && type.is_int()) { // Wraps, which signed vectors need not.
    const auto side = [&](const Expr &e, bool scalarAllowed) {
      const Type natural = type.with_code(halide_type_uint);
      const Broadcast *copy = e.as<Broadcast>();
      if (const auto c = copy && scalarAllowed ? as_const_int(copy->value) : std::optional<int64_t>())
        return std::to_string((uint64_t)*c & ((uint64_t(1) << type.bits()) - 1));
      return "(" + vectorType(natural) + ")" + print(e, rankUnary);
    };
    const std::string left = side(a, !bothScalar);
    return set("(" + vectorType(type) + ")(" + left + spaced + side(b, !bothScalar) + ")", rankUnary);
  }
  const std::string left = bothScalar ? print(a, rank) : operand(a, rank);
  set(left + spaced + operand(b, right), rank);
}

void CxxPrinter::visit(const Add *op) {
  if (!isHalf(op->type) && !op->type.is_bfloat())
    return arithmetic(op->a, op->b, "+", rankAdd);
  widenHalf(op->type, Add::make(widened(op->a), widened(op->b)));
}

void CxxPrinter::visit(const Sub *op) {
  if (!isHalf(op->type) && !op->type.is_bfloat())
    return arithmetic(op->a, op->b, "-", rankAdd);
  widenHalf(op->type, Sub::make(widened(op->a), widened(op->b)));
}

void CxxPrinter::visit(const Mul *op) {
  if (!isHalf(op->type) && !op->type.is_bfloat())
    return arithmetic(op->a, op->b, "*", rankMultiply);
  widenHalf(op->type, Mul::make(widened(op->a), widened(op->b)));
}

void CxxPrinter::divide(const Expr &a, const Expr &b, bool remainder) {
  const Type type = a.type();
  const std::string lanes = "<" + std::to_string(type.lanes()) + ">(";
  const Broadcast *broadcast = b.as<Broadcast>();
  const Expr divisor = broadcast && type.is_vector() ? broadcast->value : b;
  const auto power = divisor.type().is_scalar() ? is_const_power_of_two_integer(divisor) : std::optional<int>();
  if (power && !as_const_int(a) && !as_const_uint(a)) {
    // Rounding down is what a shift does, for negative numbers too.
    const std::string suffix = type.is_uint() ? "u" : "", left = print(a, rankUnary);
    if (*power == 0)
      return remainder ? set(type.is_vector() ? vectorType(type) + "{}" : "0") : set(left, rankUnary);
    if (nonNegative(a) && type.is_scalar() && type.bits() >= 32)
      return set(left + (remainder ? " % " : " / ") + std::to_string(uint64_t(1) << *power) + suffix, rankMultiply);
    const std::string text = remainder ? "(" + left + " & " + std::to_string((uint64_t(1) << *power) - 1) + suffix + ")"
                                       : "(" + left + " >> " + std::to_string(*power) + ")";
    return type.is_scalar() && type.bits() < 32 ? set("(" + scalarType(type) + ")" + text, rankUnary) : set(text);
  }
  const auto constant = divisor.type().is_scalar() ? as_const_int(divisor) : std::optional<int64_t>();
  const auto natural = divisor.type().is_scalar() ? as_const_uint(divisor) : std::optional<uint64_t>();
  if (((constant && *constant > 0) || (natural && *natural > 0)) && nonNegative(a) && type.bits() >= 32) {
    const std::string left = print(a, rankMultiply);
    return set(left + (remainder ? " % " : " / ") + print(divisor, rankUnary), rankMultiply);
  }
  if (type.is_scalar()) {
    need("floor_division");
    const std::string left = print(a).text;
    return set((remainder ? "remainder_of<" : "divide<") + scalarType(type) + ">(" + left + ", " + print(b).text + ")");
  }
  need(remainder ? "remainder_lanes" : "divide_lanes");
  const std::string left = print(a).text;
  set((remainder ? "remainder_lanes" : "divide_lanes") + lanes + left + ", " + print(b).text + ")");
}

void CxxPrinter::visit(const Div *op) {
  if (op->type.is_int_or_uint())
    return divide(op->a, op->b, false);
  if (!isHalf(op->type) && !op->type.is_bfloat())
    return arithmetic(op->a, op->b, "/", rankMultiply);
  widenHalf(op->type, Div::make(widened(op->a), widened(op->b)));
}

void CxxPrinter::visit(const Mod *op) {
  if (op->type.is_int_or_uint())
    return divide(op->a, op->b, true);
  // a - b * floor(a / b), as Halide has it for floats.
  if (widenHalf(op->type, Mod::make(widened(op->a), widened(op->b))))
    return;
  printLowered(op->a - op->b * Halide::floor(op->a / op->b));
}

void CxxPrinter::minMax(const Expr &a, const Expr &b, const char *helper) {
  need(helper);
  const Text left = print(a), right = print(b);
  set(std::string(helper) + "<" + typeOf(left, a.type()) + ">(" + left.text + ", " + right.text + ")");
}

void CxxPrinter::visit(const Min *op) {
  if (op->type.is_bool())
    return logical(op->a, op->b, "&&", "&", rankAnd);
  if (!widenHalf(op->type,
                 isHalf(op->type) || op->type.is_bfloat() ? Min::make(widened(op->a), widened(op->b)) : Expr()))
    minMax(op->a, op->b, "minimum");
}

void CxxPrinter::visit(const Max *op) {
  if (op->type.is_bool())
    return logical(op->a, op->b, "||", "|", rankOr);
  if (!widenHalf(op->type,
                 isHalf(op->type) || op->type.is_bfloat() ? Max::make(widened(op->a), widened(op->b)) : Expr()))
    minMax(op->a, op->b, "maximum");
}

//===----------------------------------------------------------------------===//
// Comparisons and logic
//===----------------------------------------------------------------------===//

void CxxPrinter::compare(const Expr &a, const Expr &b, const char *op) {
  const std::string spaced = std::string(" ") + op + " ";
  if (isHalf(a.type()) || a.type().is_bfloat())
    return compare(widened(a), widened(b), op);
  if (a.type().is_scalar()) {
    const std::string left = print(a, rankShift);
    return set(left + spaced + print(b, rankShift), rankCompare);
  }
  if (a.type().is_bool()) {
    // Only (in)equality means something for masks here; order as for numbers.
    const Text left = print(a);
    const std::string right = mask(b, left.maskBits);
    const std::string less =
        op == std::string("<") || op == std::string(">") || op == std::string("<=") || op == std::string(">=")
            ? std::string("-")
            : "";
    return set("((" + maskType(left.maskBits, a.type().lanes()) + ")(" + less + "(" + left.text + ")" + spaced + less +
                   "(" + right + ")))",
               rankPrimary, left.maskBits);
  }
  const bool bothScalar = a.as<Broadcast>() && b.as<Broadcast>();
  const std::string left = bothScalar ? print(a, rankShift) : operand(a, rankShift);
  set("(" + left + spaced + operand(b, rankShift) + ")", rankPrimary, a.type().bits());
}

void CxxPrinter::visit(const EQ *op) { compare(op->a, op->b, "=="); }
void CxxPrinter::visit(const NE *op) { compare(op->a, op->b, "!="); }
void CxxPrinter::visit(const LT *op) { compare(op->a, op->b, "<"); }
void CxxPrinter::visit(const LE *op) { compare(op->a, op->b, "<="); }
void CxxPrinter::visit(const GT *op) { compare(op->a, op->b, ">"); }
void CxxPrinter::visit(const GE *op) { compare(op->a, op->b, ">="); }

void CxxPrinter::logical(const Expr &a, const Expr &b, const char *scalarOp, const char *vectorOp, Rank rank) {
  if (a.type().is_scalar()) {
    // Parentheses for anything but comparisons, as compilers ask for.
    const std::string left = print(a, rankCompare);
    return set(left + " " + scalarOp + " " + print(b, rankCompare), rank);
  }
  const bool swap = a.as<Broadcast>();
  const Expr &first = swap ? b : a, &second = swap ? a : b;
  Text left = print(first);
  const int lanes = a.type().lanes();
  if (second.as<Broadcast>()) {
    const std::string right = mask(second, left.maskBits);
    return set("(" + wrap(left, rankUnary) + " " + vectorOp + " " + right + ")", rankPrimary, left.maskBits);
  }
  Text right = print(second);
  const int bits = std::max(left.maskBits, right.maskBits);
  const auto side = [&](const Text &t) { return t.maskBits == bits ? wrap(t, rankUnary) : toMask(t, lanes, bits); };
  const std::string leftText = side(left);
  set("(" + leftText + " " + vectorOp + " " + side(right) + ")", rankPrimary, bits);
}

void CxxPrinter::visit(const And *op) { logical(op->a, op->b, "&&", "&", rankAnd); }
void CxxPrinter::visit(const Or *op) { logical(op->a, op->b, "||", "|", rankOr); }

void CxxPrinter::visit(const Not *op) {
  const Text a = print(op->a);
  set((op->type.is_scalar() ? "!" : "~") + wrap(a, rankUnary), rankUnary, a.maskBits);
}

void CxxPrinter::visit(const Select *op) {
  const Type type = op->type;
  if (type.is_scalar()) {
    const bool narrow = type.is_int_or_uint() && type.bits() < 32 && !type.is_bool();
    const std::string c = print(op->condition, rankCompare), a = print(op->true_value, rankCompare);
    const std::string text = c + " ? " + a + " : " + print(op->false_value, rankCompare);
    return narrow || isHalf(type) || type.is_bfloat() ? set("(" + scalarType(type) + ")(" + text + ")", rankUnary)
                                                      : set(text, rankTernary);
  }
  if (type.is_bool()) {
    const Text a = print(op->true_value);
    const std::string b = mask(op->false_value, a.maskBits),
                      c = mask(op->condition.type().is_scalar() ? Broadcast::make(op->condition, type.lanes())
                                                                : op->condition,
                               a.maskBits);
    need("minimum");
    return set("(((" + c + ") & (" + a.text + ")) | (~(" + c + ") & (" + b + ")))", rankPrimary, a.maskBits);
  }
  const std::string c = op->condition.type().is_scalar()
                            ? print(op->condition, rankCompare)
                            : mask(op->condition, elementName(type) == "u8" ? 8 : type.bits());
  const std::string a = print(op->true_value, rankUnary);
  set(c + " ? " + a + " : " + print(op->false_value, rankUnary), rankTernary);
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

void CxxPrinter::castScalar(Type to, const Expr &from) {
  const Type type = from.type();
  if (isHalf(type) || type.is_bfloat()) {
    const std::string helper = isHalf(type) ? "from_f16" : "from_bf16";
    need(helper);
    const std::string wide = helper + "(" + print(from).text + ")";
    if (to.is_bool() || isHalf(to) || to.is_bfloat())
      return castScalar(to, widened(from));
    return to.is_float() && to.bits() == 32 ? set(wide) : set("(" + scalarType(to) + ")" + wide, rankUnary);
  }
  if (isHalf(to) || to.is_bfloat()) {
    const std::string helper = isHalf(to) ? "to_f16" : "to_bf16";
    need(helper);
    return set(helper + "((float)" + print(from, rankUnary) + ")");
  }
  if (to.is_bool()) // One bit wide: the lowest stays, as for any narrower integer.
    return type.is_float() ? castScalar(to, Cast::make(Int(32), from))
                           : set("(" + print(from, rankUnary) + " & 1) != 0", rankCompare);
  set("(" + scalarType(to) + ")" + print(from, rankUnary), rankUnary);
}

void CxxPrinter::castVector(Type to, const Expr &from) {
  const Type type = from.type(), wide = Halide::Float(32, to.lanes());
  const int lanes = to.lanes();
  if (to.is_bool()) {
    if (isHalf(type) || type.is_bfloat())
      return castVector(to, widened(from));
    if (type.is_float())
      return castVector(to, Cast::make(Int(32, lanes), from));
    return set("((" + print(from, rankUnary) + " & 1) != 0)", rankPrimary, type.bits());
  }
  if (type.is_bool()) { // 0 or -1 to 0 or 1.
    if (isHalf(to) || to.is_bfloat()) {
      value = print(Cast::make(to, Cast::make(wide, from)));
      return;
    }
    const std::string bits = mask(from, to.bits());
    if (to.is_float()) {
      need("convert");
      return set("convert<" + vectorType(to) + ">(-(" + bits + "))");
    }
    return set("(" + vectorType(to) + ")-(" + bits + ")", rankUnary);
  }
  if (isHalf(type) || type.is_bfloat()) {
    const std::string helper = isHalf(type) ? "from_f16_lanes" : "from_bf16_lanes";
    need(helper);
    const std::string text = helper + "<" + vectorType(wide) + ">(" + print(from).text + ")";
    if (to == wide)
      return set(text);
    if (isHalf(to) || to.is_bfloat()) {
      value = print(Cast::make(to, widened(from)));
      return;
    }
    need("convert");
    return set("convert<" + vectorType(to) + ">(" + text + ")");
  }
  if (isHalf(to) || to.is_bfloat()) {
    const std::string helper = isHalf(to) ? "to_f16_lanes" : "to_bf16_lanes";
    need(helper);
    return set(helper + "<" + vectorType(to) + ">(" + print(type == wide ? from : widened(from)).text + ")");
  }
  if (type.is_int_or_uint() && to.is_int_or_uint() && type.bits() == to.bits())
    return set("(" + vectorType(to) + ")" + print(from, rankUnary), rankUnary);
  need("convert");
  set("convert<" + vectorType(to) + ">(" + print(from).text + ")");
}

void CxxPrinter::visit(const Cast *op) {
  if (op->type == op->value.type()) {
    value = print(op->value);
    return;
  }
  if (op->type.is_handle() || op->value.type().is_handle())
    return refuse("a pointer");
  if (op->type.is_scalar())
    return castScalar(op->type, op->value);
  // Converting a scalar once is better than converting its copies.
  if (const Broadcast *b = op->value.as<Broadcast>(); b && b->value.type().is_scalar()) {
    value = print(Broadcast::make(Cast::make(op->type.element_of(), b->value), op->type.lanes()));
    return;
  }
  castVector(op->type, op->value);
}

void CxxPrinter::visit(const Reinterpret *op) {
  const Type from = op->value.type(), to = op->type;
  // An address, to compare it.
  if (const auto *v = op->value.as<Halide::Internal::Variable>();
      v && from.is_handle() && to == UInt(64) && buffers.count(v->name))
    return set("(uint64_t)(uintptr_t)" + buffer(v->name), rankUnary);
  if (from.is_bool() || to.is_bool() || from.is_handle() || to.is_handle())
    return refuse("the bits of a bool or a pointer");
  const auto size = [](Type t) { return t.bytes() * (t.is_vector() ? paddedLanes(t.lanes()) : 1); };
  if (size(from) != size(to))
    return refuse("a reinterpretation of lanes that are no power of two");
  if (from.is_vector() && to.is_vector())
    return set("(" + vectorType(to) + ")" + print(op->value, rankUnary), rankUnary);
  need("bit_cast");
  const std::string text = exactScalar(op->value);
  set("bit_cast<" + (to.is_vector() ? vectorType(to) : scalarType(to)) + ">(" + text + ")");
}

} // namespace glmc::kernels

//===- LowerBuffers.cpp - What our buffers are, told to lowered Halide ------===//
#include "codegen/kernels/LowerBuffers.h"

#include <set>

using namespace Halide;
using namespace Halide::Internal;

namespace glmc::kernels {

namespace {
/// Stands for haveOwnMemory() until the pipeline is lowered.
const char *const ownMemory = "glmc_have_own_memory";

class BufferLowering : public IRMutator {
public:
  BufferLowering(const std::vector<Func> &outputs, Lowering lowering)
      : placements(std::move(lowering.placements)), values(std::move(lowering.values)),
        trips(std::move(lowering.trips)) {
    for (const Func &output : outputs) {
      names.push_back(output.name());
      parameters[output.name()] = output.output_buffer().parameter();
    }
  }

  using IRMutator::mutate;
  /// Of all statements the outermost first: there, buffers that only moved
  /// temporaries use get their pointer.
  Stmt mutate(const Stmt &s) override {
    ++depth;
    Stmt result = IRMutator::mutate(s);
    if (--depth > 0)
      return result;
    for (const auto &value : values)
      result = withPointer(value.second.argument, LetStmt::make(value.first, value.second.value, result));
    std::set<int> added;
    for (const auto &placement : placements) {
      const std::string &name = names.at(placement.second.output);
      if (!added.insert(placement.second.output).second)
        continue;
      result = withPointer(name, result);
    }
    return result;
  }

private:
  using IRMutator::visit;

  /// `body` where the buffer's elements can be accessed.
  static Stmt withPointer(const std::string &name, const Stmt &body) {
    Expr buffer = Variable::make(type_of<halide_buffer_t *>(), name + ".buffer");
    return LetStmt::make(name, Call::make(type_of<void *>(), Call::buffer_get_host, {buffer}, Call::Extern), body);
  }

  const Placement *placementOf(const std::string &name) const {
    auto found = placements.find(name);
    return found == placements.end() ? nullptr : &found->second;
  }

  /// An index into a moved temporary as an index into its scratch.
  Expr move(const Placement &placement, const Expr &index) const {
    Expr base = static_cast<int>(placement.offset);
    if (task.defined() && placement.perTask)
      base = base + task * static_cast<int>(placement.perTask);
    base = simplify(base);
    if (is_const_zero(base))
      return index;
    // A vector's index stays a ramp, which is what dense accesses look like.
    if (const Ramp *ramp = index.as<Ramp>(); ramp && ramp->base.type().is_scalar())
      return Ramp::make(simplify(ramp->base + base), ramp->stride, ramp->lanes);
    return index + (index.type().is_vector() ? Broadcast::make(base, index.type().lanes()) : base);
  }

  Expr visit(const Load *op) override {
    Expr index = mutate(op->index), predicate = mutate(op->predicate);
    std::string name = op->name;
    ModulusRemainder alignment = op->alignment;
    if (const Placement *placement = placementOf(name)) {
      index = move(*placement, index);
      name = names.at(placement->output);
      alignment = ModulusRemainder();
    }
    Parameter parameter = op->param;
    if (auto output = parameters.find(name); output != parameters.end())
      parameter = output->second;
    return Load::make(op->type, name, index, op->image, parameter, predicate, alignment);
  }

  Stmt visit(const Store *op) override {
    Expr value = mutate(op->value), index = mutate(op->index), predicate = mutate(op->predicate);
    const Placement *placement = placementOf(op->name);
    if (!placement)
      return Store::make(op->name, value, index, op->param, predicate, op->alignment);
    const std::string &name = names.at(placement->output);
    return Store::make(name, value, move(*placement, index), parameters.at(name), predicate, ModulusRemainder());
  }

  Stmt visit(const Allocate *op) override { return placementOf(op->name) ? mutate(op->body) : IRMutator::visit(op); }
  Stmt visit(const Free *op) override { return placementOf(op->name) ? Evaluate::make(0) : IRMutator::visit(op); }

  static bool isLoopOver(const std::string &variable, const For *op) { return ends_with(op->name, "." + variable); }

  Stmt visit(const For *op) override {
    Expr outer = task;
    if (isLoopOver(taskVariable, op))
      task = Variable::make(Int(32), op->name) - op->min;
    Stmt result = IRMutator::visit(op);
    task = outer;
    for (const auto &trip : trips)
      if (const For *loop = result.as<For>(); loop && isLoopOver(trip.first, op))
        result = For::make(loop->name, loop->min, simplify(min(loop->extent, trip.second - loop->min)), loop->for_type,
                           loop->partition_policy, loop->device_api, loop->body);
    return result;
  }

  Expr visit(const Call *op) override {
    if (op->name == Call::buffer_get_min)
      return make_zero(op->type);
    if (op->name == ownMemory)
      return simplify(addressOf(op->args[0]) != addressOf(op->args[1]));
    return IRMutator::visit(op);
  }

  /// Of the buffer that a string names.
  static Expr addressOf(const Expr &name) {
    return reinterpret(UInt(64), Variable::make(type_of<void *>(), name.as<StringImm>()->value));
  }

  std::map<std::string, Placement> placements;
  std::map<std::string, LoadedValue> values;
  std::map<std::string, Expr> trips;
  std::vector<std::string> names;
  std::map<std::string, Parameter> parameters;
  Expr task;
  int depth = 0;
};
} // namespace

Expr haveOwnMemory(const std::string &a, const std::string &b) {
  return Call::make(Bool(), ownMemory, {StringImm::make(a), StringImm::make(b)}, Call::PureExtern);
}

void lowerBuffers(Pipeline &pipeline, const std::vector<Func> &outputs, Lowering lowering) {
  pipeline.add_custom_lowering_pass(new BufferLowering(outputs, std::move(lowering)));
}

} // namespace glmc::kernels

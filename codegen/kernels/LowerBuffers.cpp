//===- LowerBuffers.cpp - What our buffers are, told to lowered Halide ------===//
#include "codegen/kernels/LowerBuffers.h"

#include <set>

using namespace Halide;
using namespace Halide::Internal;

namespace glmc::kernels {

namespace {
class BufferLowering : public IRMutator {
public:
  BufferLowering(const std::vector<Func> &outputs, std::map<std::string, Placement> placements)
      : placements(std::move(placements)) {
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
    std::set<int> added;
    for (const auto &placement : placements) {
      const std::string &name = names.at(placement.second.output);
      if (!added.insert(placement.second.output).second)
        continue;
      Expr buffer = Variable::make(type_of<halide_buffer_t *>(), name + ".buffer");
      Expr host = Call::make(type_of<void *>(), Call::buffer_get_host, {buffer}, Call::Extern);
      result = LetStmt::make(name, host, result);
    }
    return result;
  }

private:
  using IRMutator::visit;

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

  Stmt visit(const For *op) override {
    const std::string suffix = std::string(".") + taskVariable;
    if (!ends_with(op->name, suffix))
      return IRMutator::visit(op);
    Expr outer = task;
    task = Variable::make(Int(32), op->name) - op->min;
    Stmt result = IRMutator::visit(op);
    task = outer;
    return result;
  }

  Expr visit(const Call *op) override {
    if (op->name == Call::buffer_get_min)
      return make_zero(op->type);
    return IRMutator::visit(op);
  }

  std::map<std::string, Placement> placements;
  std::vector<std::string> names;
  std::map<std::string, Parameter> parameters;
  Expr task;
  int depth = 0;
};
} // namespace

void lowerBuffers(Pipeline &pipeline, const std::vector<Func> &outputs, std::map<std::string, Placement> placements) {
  pipeline.add_custom_lowering_pass(new BufferLowering(outputs, std::move(placements)));
}

} // namespace glmc::kernels

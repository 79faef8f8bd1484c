//===- LaunchFuser.cpp - Two launches become one ----------------------------===//
#include "lowering/kernels/LaunchFuser.h"

#include "lowering/kernels/KernelRegion.h"

#include "mlir/IR/Dominance.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/CSE.h"

using namespace mlir;

namespace glmc {
namespace {

/// A kernel beyond this is hard to read and to schedule; nothing is gained by
/// merging more.
constexpr unsigned maxOps = 24;
constexpr unsigned maxOperands = 16;

bool isMadeBy(Value value, glm::LaunchOp launch) { return withoutViews(value).getDefiningOp() == launch; }

/// Whether anything but `reader` reads `value`, directly or through views.
bool isReadBesides(Value value, Operation *reader) {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    auto view = dyn_cast<glm::ReshapeOp>(user);
    return view ? isReadBesides(view, reader) : user != reader;
  });
}

/// Ops between the two that depend on `first`, in order.
llvm::SetVector<Operation *> dependentsBetween(glm::LaunchOp first, glm::LaunchOp second) {
  llvm::SetVector<Operation *> dependents;
  for (Operation *op = first->getNextNode(); op && op != second; op = op->getNextNode())
    if (llvm::any_of(op->getOperands(), [&](Value operand) {
          Operation *maker = operand.getDefiningOp();
          return maker && (maker == first || dependents.contains(maker));
        }))
      dependents.insert(op);
  return dependents;
}

void eraseDeadViews(Value value) {
  for (Operation *user : llvm::make_early_inc_range(value.getUsers()))
    if (auto view = dyn_cast<glm::ReshapeOp>(user)) {
      eraseDeadViews(view);
      if (view.use_empty())
        view.erase();
    }
}

unsigned countOps(glm::KernelOp kernel) {
  return llvm::count_if(kernel.getBody().front().without_terminator(),
                        [](Operation &op) { return !isa<glm::ConstantOp>(op); });
}

} // namespace

LaunchFuser::LaunchFuser(ModuleOp module) : symbols(module) {
  module.walk([&](glm::LaunchOp launch) { ++launchesOf[kernelOf(launch)]; });
}

glm::LaunchOp LaunchFuser::wayAround(glm::LaunchOp first, glm::LaunchOp second) {
  llvm::SetVector<Operation *> dependents = dependentsBetween(first, second);
  for (Value operand : second.getOperands()) {
    auto maker = withoutViews(operand).getDefiningOp<glm::LaunchOp>();
    if (maker && dependents.contains(maker))
      return maker;
  }
  return {};
}

static void collectReaders(Value value, SmallVectorImpl<Operation *> &readers) {
  for (Operation *user : value.getUsers()) {
    if (auto view = dyn_cast<glm::ReshapeOp>(user))
      collectReaders(view, readers);
    else if (!llvm::is_contained(readers, user))
      readers.push_back(user);
  }
}

SmallVector<Operation *> LaunchFuser::readersOf(glm::LaunchOp launch) {
  SmallVector<Operation *> readers;
  for (Value result : launch.getResults())
    collectReaders(result, readers);
  llvm::sort(readers, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return readers;
}

SmallVector<Operation *> LaunchFuser::readersOf(Value value) {
  SmallVector<Operation *> readers;
  collectReaders(value, readers);
  llvm::sort(readers, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return readers;
}

glm::LaunchOp LaunchFuser::onlyReader(glm::LaunchOp launch) {
  if (launch->getNumResults() != 1)
    return {};
  SmallVector<Operation *> readers = readersOf(launch);
  return readers.size() == 1 ? dyn_cast<glm::LaunchOp>(readers.front()) : glm::LaunchOp();
}

void LaunchFuser::untilStable(ModuleOp module, llvm::function_ref<glm::LaunchOp(glm::LaunchOp)> visit) {
  for (auto graph : module.getOps<glm::GraphOp>())
    for (bool changed = true; changed;) {
      changed = false;
      for (Operation *op = &graph.getBody().front().front(); op;) {
        auto launch = dyn_cast<glm::LaunchOp>(op);
        glm::LaunchOp next = launch ? visit(launch) : glm::LaunchOp();
        changed |= bool(next);
        op = next ? next.getOperation() : op->getNextNode();
      }
    }
}

LaunchFuser::Merged LaunchFuser::merge(glm::LaunchOp first, glm::LaunchOp second, bool keepsFirst) {
  Merged merged;
  auto add = [&](Value operand) {
    if (!isMadeBy(operand, first) && !llvm::is_contained(merged.operands, operand))
      merged.operands.push_back(operand);
  };
  llvm::for_each(first.getOperands(), add);
  llvm::for_each(second.getOperands(), add);
  if (!keepsFirst)
    llvm::copy_if(first.getResults(), std::back_inserter(merged.results),
                  [&](Value result) { return isReadBesides(result, second); });
  llvm::append_range(merged.results, second.getResults());

  OpBuilder builder(second.getContext());
  glm::KernelOp kernels[] = {kernelOf(first), kernelOf(second)};
  Location loc = builder.getFusedLoc({kernels[0].getLoc(), kernels[1].getLoc()});
  auto type = builder.getFunctionType(TypeRange(ValueRange(merged.operands)), TypeRange(ValueRange(merged.results)));
  merged.kernel = glm::KernelOp::create(builder, loc, kernels[1].getSymName(), type);
  Block *body = builder.createBlock(&merged.kernel.getBody());
  IRMapping outer; // Values of the graph to values of the body.
  for (Value operand : merged.operands)
    outer.map(operand, body->addArgument(operand.getType(), operand.getLoc()));

  auto inside = [&](Value operand) -> Value {
    if (Value known = outer.lookupOrNull(operand))
      return known;
    // A view of a result of `first`: the same view of the value in the kernel.
    Value base = outer.lookup(withoutViews(operand));
    return glm::ReshapeOp::create(builder, operand.getLoc(), operand.getType(), base);
  };
  for (auto [launch, from] : llvm::zip(std::array{first, second}, kernels)) {
    IRMapping map;
    for (auto [operand, argument] : llvm::zip(launch.getOperands(), from.getBody().getArguments()))
      map.map(argument, inside(operand));
    for (Operation &op : from.getBody().front().without_terminator())
      builder.clone(op, map);
    for (auto [result, yielded] : llvm::zip(launch.getResults(), from.getTerminator()->getOperands()))
      outer.map(result, map.lookup(yielded));
  }
  glm::YieldOp::create(builder, loc, llvm::map_to_vector(merged.results, [&](Value v) { return outer.lookup(v); }));
  // What both sides computed, they compute once: a constant, a table's angle.
  IRRewriter rewriter(builder);
  DominanceInfo dominance(merged.kernel);
  eliminateCommonSubExpressions(rewriter, dominance, merged.kernel);

  if (merged.operands.size() > maxOperands || countOps(merged.kernel) > maxOps)
    merged.refusal = Refusal::size;
  else if (!glmc::familyOf(merged.kernel))
    merged.refusal = Refusal::family;
  return merged;
}

glm::LaunchOp LaunchFuser::replace(glm::LaunchOp first, glm::LaunchOp second, Merged &merged) {
  symbols.insert(merged.kernel);
  OpBuilder builder(second);
  Location loc = builder.getFusedLoc({first.getLoc(), second.getLoc()});
  auto launch = glm::LaunchOp::create(builder, loc, TypeRange(ValueRange(merged.results)),
                                      FlatSymbolRefAttr::get(merged.kernel.getSymNameAttr()), merged.operands);
  ++launchesOf[merged.kernel];
  for (auto [old, result] : llvm::zip(merged.results, launch.getResults()))
    old.replaceAllUsesWith(result);
  return launch;
}

void LaunchFuser::erase(glm::LaunchOp launch) {
  glm::KernelOp kernel = kernelOf(launch);
  launch.erase();
  if (--launchesOf[kernel] == 0) {
    launchesOf.erase(kernel);
    symbols.erase(kernel);
  }
}

LaunchFuser::Refusal LaunchFuser::whyApart(glm::LaunchOp first, glm::LaunchOp second) {
  if (wayAround(first, second))
    return Refusal::between;
  Merged merged = merge(first, second, /*keepsFirst=*/false);
  merged.kernel.erase();
  return merged.refusal;
}

glm::LaunchOp LaunchFuser::fuse(glm::LaunchOp first, glm::LaunchOp second) {
  if (wayAround(first, second))
    return {};
  Merged merged = merge(first, second, /*keepsFirst=*/false);
  if (merged.refusal != Refusal::none) {
    merged.kernel.erase();
    return {};
  }
  // What reads `first` before `second` runs after both from now on.
  llvm::SetVector<Operation *> later = dependentsBetween(first, second);
  glm::LaunchOp launch = replace(first, second, merged);
  Operation *after = launch;
  for (Operation *op : later) {
    op->moveAfter(after);
    after = op;
  }
  erase(second);
  llvm::for_each(first.getResults(), eraseDeadViews);
  llvm::for_each(launch.getResults(), eraseDeadViews);
  erase(first);
  return launch;
}

glm::LaunchOp LaunchFuser::fuseIntoReaders(glm::LaunchOp first) {
  SmallVector<std::pair<glm::LaunchOp, Merged>> readers;
  bool all = true;
  for (Operation *reader : readersOf(first)) {
    auto launch = dyn_cast<glm::LaunchOp>(reader);
    all = all && launch;
    if (!all)
      break;
    readers.emplace_back(launch, merge(first, launch, /*keepsFirst=*/true));
    all = readers.back().second.refusal == Refusal::none;
  }
  glm::LaunchOp fused;
  for (auto [i, entry] : llvm::enumerate(readers)) {
    auto &[reader, merged] = entry;
    if (!all) {
      merged.kernel.erase();
      continue;
    }
    fused = replace(first, reader, merged);
    // A later reader may read this one's results, too.
    for (auto &[later, unfinished] : llvm::drop_begin(readers, i + 1))
      for (Value &operand : unfinished.operands)
        if (operand.getDefiningOp() == reader)
          operand = fused.getResult(cast<OpResult>(operand).getResultNumber());
    erase(reader);
  }
  if (!fused)
    return {};
  llvm::for_each(first.getResults(), eraseDeadViews);
  erase(first);
  return fused;
}

} // namespace glmc

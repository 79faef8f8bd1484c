//===- PlanChecker.cpp - Symbolic execution of a plan -----------------------===//
//
// A memory is a map from offset to what was written there last. Writing cuts
// what it overlaps: the parts left of a value are marked as broken, so that
// nothing can read them as if they were whole. Linear in steps times the log of
// their number.
//
//===----------------------------------------------------------------------===//
#include "lowering/memory/PlanChecker.h"

#include <algorithm>
#include <limits>
#include <map>

namespace glmc::memory {
namespace {

/// Stands for bytes that are no value: scratch, or the rest of one cut apart.
constexpr size_t noValue = std::numeric_limits<size_t>::max();

struct Content {
  int64_t end;
  size_t value;
  std::string writer; ///< Who put it there, or who broke it.
};

bool overlap(const CheckedRange &a, const CheckedRange &b) {
  return a.bytes > 0 && b.bytes > 0 && a.memory == b.memory && a.offset < b.offset + b.bytes &&
         b.offset < a.offset + a.bytes;
}

bool same(const CheckedRange &a, const CheckedRange &b) {
  return a.memory == b.memory && a.offset == b.offset && a.bytes == b.bytes;
}

class Checker {
public:
  explicit Checker(const CheckedPlan &plan) : plan(plan), contents(plan.memories.size()) {}

  std::string check() {
    if (checkStart() && std::all_of(plan.steps.begin(), plan.steps.end(), [&](auto &step) { return run(step); }))
      checkResults();
    return error;
  }

private:
  bool fail(const std::string &who, const std::string &what) {
    error = who + ": " + what;
    return false;
  }

  std::string text(const CheckedRange &range) const {
    return plan.memories[range.memory].name + "[" + std::to_string(range.offset) + ":" + std::to_string(range.bytes) +
           "]";
  }

  bool checkStart() {
    for (const CheckedAccess &access : plan.initial) {
      if (!checkRange("start", access.range))
        return false;
      if (auto *there = firstIn(access.range))
        return fail("start", "value " + std::to_string(access.value) + " at " + text(access.range) + " overlaps " +
                                 describe(*there));
      put(access.range, access.value, "start");
    }
    return true;
  }

  bool checkResults() {
    for (const CheckedAccess &access : plan.results)
      if (!checkRange("end", access.range) || !checkRead("end", access))
        return false;
    return true;
  }

  bool checkRange(const std::string &who, const CheckedRange &range) {
    if (range.memory >= plan.memories.size())
      return fail(who, "names memory " + std::to_string(range.memory) + " of " + std::to_string(plan.memories.size()));
    const CheckedMemory &memory = plan.memories[range.memory];
    if (range.offset < 0 || range.bytes < 0 || range.offset > memory.bytes || range.bytes > memory.bytes - range.offset)
      return fail(who, text(range) + " is not within the " + std::to_string(memory.bytes) + " bytes of " + memory.name);
    if (range.offset % memory.alignment)
      return fail(who, text(range) + " is not aligned to " + std::to_string(memory.alignment));
    return true;
  }

  /// The first content that overlaps a range; null if there is none.
  const Content *firstIn(const CheckedRange &range) const {
    auto &memory = contents[range.memory];
    if (range.bytes == 0)
      return nullptr;
    auto it = memory.upper_bound(range.offset);
    if (it != memory.begin() && std::prev(it)->second.end > range.offset)
      return &std::prev(it)->second;
    return it != memory.end() && it->first < range.offset + range.bytes ? &it->second : nullptr;
  }

  static std::string describe(const Content &content) {
    if (content.value == noValue)
      return "bytes spoiled by " + content.writer;
    return "value " + std::to_string(content.value) + " from " + content.writer;
  }

  bool checkRead(const std::string &who, const CheckedAccess &access) {
    if (access.range.bytes == 0)
      return true;
    auto &memory = contents[access.range.memory];
    auto it = memory.find(access.range.offset);
    if (it != memory.end() && it->second.end == access.range.offset + access.range.bytes &&
        it->second.value == access.value)
      return true;
    auto *there = firstIn(access.range);
    return fail(who, "reads value " + std::to_string(access.value) + " at " + text(access.range) + ", which holds " +
                         (there ? describe(*there) : "nothing"));
  }

  /// Writes a value; what it overlaps is lost, also the parts outside `range`.
  void put(const CheckedRange &range, size_t value, const std::string &writer) {
    if (range.bytes == 0)
      return;
    auto &memory = contents[range.memory];
    int64_t begin = range.offset, end = range.offset + range.bytes;
    auto it = memory.upper_bound(begin);
    if (it != memory.begin() && std::prev(it)->second.end > begin)
      --it;
    while (it != memory.end() && it->first < end) {
      int64_t oldBegin = it->first, oldEnd = it->second.end;
      it = memory.erase(it);
      if (oldBegin < begin)
        memory[oldBegin] = {begin, noValue, writer};
      if (oldEnd > end)
        it = memory.insert_or_assign(end, Content{oldEnd, noValue, writer}).first;
    }
    memory[begin] = {end, value, writer};
  }

  bool run(const CheckedStep &step) {
    if (!checkStep(step) || !checkWrites(step) || !checkScratch(step))
      return false;
    if (step.isCopy)
      return runCopy(step);
    for (const CheckedAccess &read : step.reads)
      if (!checkRead(step.name, read))
        return false;
    for (const CheckedRange &range : step.scratch)
      put(range, noValue, step.name);
    for (const CheckedAccess &write : step.writes)
      put(write.range, write.value, step.name);
    return true;
  }

  bool runCopy(const CheckedStep &step) {
    const CheckedRange &from = step.reads[0].range;
    if (from.bytes == 0)
      return true;
    auto it = contents[from.memory].find(from.offset);
    if (it == contents[from.memory].end() || it->second.end != from.offset + from.bytes || it->second.value == noValue)
      return fail(step.name, "copies " + text(from) + ", which does not hold one value");
    put(step.writes[0].range, it->second.value, step.name);
    return true;
  }

  /// What can be said of a step's ranges one by one.
  bool checkStep(const CheckedStep &step) {
    if (step.isCopy && (step.reads.size() != 1 || step.writes.size() != 1 || !step.scratch.empty()))
      return fail(step.name, "is a copy with other than one read and one write");
    if (step.isCopy && step.reads[0].range.bytes != step.writes[0].range.bytes)
      return fail(step.name, "copies " + std::to_string(step.reads[0].range.bytes) + " bytes to " +
                                 std::to_string(step.writes[0].range.bytes));
    auto inMemory = [&](const CheckedAccess &access) { return checkRange(step.name, access.range); };
    return std::all_of(step.reads.begin(), step.reads.end(), inMemory) &&
           std::all_of(step.writes.begin(), step.writes.end(), inMemory) &&
           std::all_of(step.scratch.begin(), step.scratch.end(),
                       [&](const CheckedRange &range) { return checkRange(step.name, range); });
  }

  bool checkWrites(const CheckedStep &step) {
    for (size_t w = 0; w < step.writes.size(); ++w) {
      const CheckedRange &write = step.writes[w].range;
      if (!plan.memories[write.memory].writable)
        return fail(step.name, "writes " + text(write) + ", which is read-only");
      for (size_t other = 0; other < w; ++other)
        if (overlap(write, step.writes[other].range))
          return fail(step.name, "writes " + text(write) + " and " + text(step.writes[other].range));
      for (size_t r = 0; r < step.reads.size(); ++r) {
        const CheckedRange &read = step.reads[r].range;
        bool paired = std::find(step.inPlace.begin(), step.inPlace.end(), std::pair(r, w)) != step.inPlace.end();
        if (overlap(read, write) && !(paired && same(read, write)))
          return fail(step.name, "writes " + text(write) + " while it reads " + text(read));
      }
    }
    return true;
  }

  bool checkScratch(const CheckedStep &step) {
    for (size_t s = 0; s < step.scratch.size(); ++s) {
      const CheckedRange &scratch = step.scratch[s];
      if (!plan.memories[scratch.memory].writable)
        return fail(step.name, "has scratch at " + text(scratch) + ", which is read-only");
      auto hits = [&](const CheckedAccess &access) { return overlap(access.range, scratch); };
      if (std::any_of(step.reads.begin(), step.reads.end(), hits) ||
          std::any_of(step.writes.begin(), step.writes.end(), hits))
        return fail(step.name, "has scratch at " + text(scratch) + ", which it reads or writes too");
      for (size_t other = 0; other < s; ++other)
        if (overlap(scratch, step.scratch[other]))
          return fail(step.name, "has scratch at " + text(scratch) + " twice");
    }
    return true;
  }

  const CheckedPlan &plan;
  std::vector<std::map<int64_t, Content>> contents; ///< A memory: by offset.
  std::string error;
};

} // namespace

std::string checkPlan(const CheckedPlan &plan) {
  for (const CheckedMemory &memory : plan.memories)
    if (memory.bytes < 0 || memory.alignment < 1)
      return "memory '" + memory.name + "' has " + std::to_string(memory.bytes) + " bytes aligned to " +
             std::to_string(memory.alignment);
  return Checker(plan).check();
}

} // namespace glmc::memory

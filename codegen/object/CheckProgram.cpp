//===- CheckProgram.cpp - Is a program fit to be emitted? -------------------===//
#include "codegen/object/CheckProgram.h"

#include "codegen/ResumeLayout.h"
#include "codegen/SelfTestLayout.h"
#include "codegen/SessionLayout.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace glmc::object {
namespace {

const char *name(Memory memory) {
  switch (memory) {
  case Memory::arena:
    return "arena";
  case Memory::state:
    return "state";
  case Memory::weights:
    return "weights";
  case Memory::input:
    return "input";
  case Memory::output:
    return "output";
  }
  return "unknown memory";
}

std::string show(const Place &place) {
  std::string text = name(place.memory);
  if (place.memory == Memory::input || place.memory == Memory::output)
    text += " " + std::to_string(place.index);
  // The end of a hostile place may be more than an int64_t holds.
  const uint64_t end = uint64_t(place.offset) + uint64_t(place.bytes);
  return text + "[" + std::to_string(place.offset) + ":" + std::to_string(end) + "]";
}

bool overlap(const Place &a, const Place &b) {
  return a.memory == b.memory && a.index == b.index && a.bytes > 0 && b.bytes > 0 && a.offset < b.offset + b.bytes &&
         b.offset < a.offset + a.bytes;
}

bool isIdentifier(const std::string &text) {
  auto good = [](unsigned char c) { return std::isalnum(c) || c == '_'; };
  return !text.empty() && !std::isdigit((unsigned char)text[0]) && std::all_of(text.begin(), text.end(), good);
}

class Checker {
public:
  explicit Checker(const Program &program) : program(program) {}

  std::string check() {
    std::set<std::string> names;
    if (program.arenaBytes < 0 || program.stateBytes < 0 || program.weightBytes < 0)
      return "the program has a memory of negative size";
    if (program.weightBytes > 0 && !program.writeWeights)
      return "the program has weights but nothing that writes them";
    for (const kernels::Kernel &kernel : program.kernels)
      if (!isIdentifier(kernel.name) || !names.insert(kernel.name).second)
        return "kernel name '" + kernel.name + "' is not a C identifier or is used twice";
    if (std::string error = checkVersions(); !error.empty())
      return error;
    names.clear();
    for (const EntryPoint &point : program.entryPoints) {
      if (!isIdentifier(point.name) || !names.insert(point.name).second)
        return "entry point name '" + point.name + "' is not a C identifier or is used twice";
      entry = &point;
      std::string error = checkEntry();
      if (!error.empty())
        return "entry point '" + point.name + "': " + error;
    }
    std::string error = checkSession(program);
    if (error.empty())
      error = checkResume(program);
    return error.empty() ? checkSelfTest(program) : error;
  }

private:
  /// What stands in for a kernel in a version takes what the kernel takes.
  std::string checkVersions() const {
    if (program.versions.empty())
      return "";
    if (program.kernelVersions.size() != program.kernels.size() || program.choices.size() > program.kernels.size())
      return "the versions of " + std::to_string(program.kernelVersions.size()) + " kernels are known, expected " +
             std::to_string(program.kernels.size());
    for (int version : program.kernelVersions)
      if (version < 0 || version >= int(program.versions.size()))
        return "found version " + std::to_string(version) + ", expected one of " +
               std::to_string(program.versions.size());
    for (size_t k = 0; k < program.choices.size(); k++) {
      const kernels::Kernel &kernel = program.kernels[k];
      if (program.choices[k].size() != program.versions.size())
        return "kernel '" + kernel.name + "' has " + std::to_string(program.choices[k].size()) + " versions, expected " +
               std::to_string(program.versions.size());
      for (int choice : program.choices[k])
        if (choice < 0 || choice >= int(program.kernels.size()) || !isAlike(kernel, program.kernels[choice]))
          return "kernel '" + kernel.name + "' has a version that takes other arguments and results";
    }
    return "";
  }

  static bool isAlike(const kernels::Kernel &kernel, const kernels::Kernel &other) {
    bool alike = kernel.arguments == other.arguments && kernel.results.size() == other.results.size();
    for (size_t i = 0; alike && i < kernel.results.size(); i++)
      alike = kernel.typeOf(kernel.results[i]) == other.typeOf(other.results[i]);
    return alike && kernel.inPlace == other.inPlace;
  }

  std::string checkEntry() {
    for (const auto *parameters : {&entry->inputs, &entry->outputs})
      for (const Parameter &parameter : *parameters)
        if (!fits(parameter.place))
          return "parameter '" + parameter.name + "' is at " + show(parameter.place) + ", which is outside that memory";
    int number = 0;
    for (const Step &step : entry->steps) {
      auto *launch = std::get_if<Launch>(&step);
      std::string error = launch ? checkLaunch(*launch) : checkCopy(std::get<Copy>(step));
      if (!error.empty())
        return "step " + std::to_string(number) + ": " + error;
      number++;
    }
    return "";
  }

  /// Bytes of the memory that the place names; -1 if there is none.
  int64_t size(const Place &place) const {
    switch (place.memory) {
    case Memory::arena:
      return program.arenaBytes;
    case Memory::state:
      return program.stateBytes;
    case Memory::weights:
      return program.weightBytes;
    case Memory::input:
    case Memory::output: {
      const auto &parameters = place.memory == Memory::input ? entry->inputs : entry->outputs;
      if (place.index < 0 || place.index >= (int)parameters.size() ||
          parameters[place.index].place.memory != place.memory)
        return -1;
      return parameters[place.index].type.storageBytes();
    }
    }
    return -1;
  }

  bool fits(const Place &place) const {
    int64_t bytes = size(place);
    return place.offset >= 0 && place.bytes >= 0 && place.offset <= bytes && place.bytes <= bytes - place.offset;
  }

  std::string checkPlaces(const std::vector<Place> &places, const std::vector<kernels::TensorType> &types,
                          const char *what) const {
    if (places.size() != types.size())
      return "found " + std::to_string(places.size()) + " " + what + ", expected " + std::to_string(types.size());
    for (size_t i = 0; i < places.size(); i++) {
      if (!fits(places[i]))
        return std::string(what) + " " + std::to_string(i) + " is " + show(places[i]) +
               ", which is outside that memory";
      if (places[i].bytes != types[i].storageBytes())
        return std::string(what) + " " + std::to_string(i) + " is " + show(places[i]) + ", expected " +
               std::to_string(types[i].storageBytes()) + " bytes";
      if (places[i].offset % kernels::byteSize(types[i].element) != 0)
        return std::string(what) + " " + std::to_string(i) + " is " + show(places[i]) +
               ", which is not aligned to its element";
    }
    return "";
  }

  /// Of a program with versions: each finds its own in the first places.
  std::string checkScratch(const Launch &launch) const {
    for (const Place &place : launch.scratch)
      if (!fits(place))
        return "scratch is " + show(place) + ", which is outside that memory";
    for (int choice : program.choices[launch.kernel]) {
      const kernels::Kernel &kernel = program.kernels[choice];
      if (launch.scratch.size() < kernel.scratch.size())
        return "found " + std::to_string(launch.scratch.size()) + " scratch, expected " +
               std::to_string(kernel.scratch.size()) + " for '" + kernel.name + "'";
      for (size_t i = 0; i < kernel.scratch.size(); i++)
        if (launch.scratch[i].bytes < kernel.scratch[i].storageBytes() ||
            launch.scratch[i].offset % kernels::byteSize(kernel.scratch[i].element) != 0)
          return "scratch " + std::to_string(i) + " is " + show(launch.scratch[i]) + ", which is no room for the " +
                 std::to_string(kernel.scratch[i].storageBytes()) + " bytes of '" + kernel.name + "'";
    }
    return "";
  }

  std::string checkLaunch(const Launch &launch) const {
    if (launch.kernel < 0 || launch.kernel >= (int)launchedKernels(program))
      return "found kernel " + std::to_string(launch.kernel) + ", expected one of " +
             std::to_string(launchedKernels(program));
    const kernels::Kernel &kernel = program.kernels[launch.kernel];
    std::string text = "launch of '" + kernel.name + "': ";
    if (launch.processor != "cpu")
      return text + "found processor '" + launch.processor + "', expected 'cpu'";
    std::vector<kernels::TensorType> results;
    for (int value : kernel.results)
      results.push_back(kernel.typeOf(value));
    std::string error = checkPlaces(launch.reads, kernel.arguments, "reads");
    if (error.empty())
      error = checkPlaces(launch.writes, results, "writes");
    if (error.empty())
      error = program.versions.empty() ? checkPlaces(launch.scratch, kernel.scratch, "scratch") : checkScratch(launch);
    if (error.empty())
      error = checkOverlaps(launch, kernel);
    return error.empty() ? "" : text + error;
  }

  /// Only a declared in-place pair may share bytes with what is written.
  std::string checkOverlaps(const Launch &launch, const kernels::Kernel &kernel) const {
    std::vector<Place> written = launch.writes;
    written.insert(written.end(), launch.scratch.begin(), launch.scratch.end());
    for (size_t w = 0; w < written.size(); w++) {
      if (written[w].memory == Memory::weights || written[w].memory == Memory::input)
        return "writes " + show(written[w]) + ", which is read-only";
      for (size_t other = 0; other < w; other++)
        if (overlap(written[w], written[other]))
          return "writes " + show(written[w]) + " and " + show(written[other]) + ", which overlap";
      for (size_t r = 0; r < launch.reads.size(); r++) {
        bool declared = std::count(kernel.inPlace.begin(), kernel.inPlace.end(), std::make_pair((int)r, (int)w)) > 0;
        if (overlap(written[w], launch.reads[r]) && !declared)
          return "reads " + show(launch.reads[r]) + " and writes " + show(written[w]) +
                 ", which overlap, but the kernel is not in-place there";
      }
    }
    return "";
  }

  std::string checkCopy(const Copy &copy) const {
    if (!fits(copy.from) || !fits(copy.to) || copy.from.bytes != copy.to.bytes)
      return "copy from " + show(copy.from) + " to " + show(copy.to) + " is outside a memory or of unequal sizes";
    if (copy.to.memory == Memory::weights || copy.to.memory == Memory::input)
      return "copy to " + show(copy.to) + ", which is read-only";
    if (overlap(copy.from, copy.to))
      return "copy from " + show(copy.from) + " to " + show(copy.to) + ": they overlap";
    return "";
  }

  const Program &program;
  const EntryPoint *entry = nullptr;
};

} // namespace

std::string checkProgram(const Program &program) { return Checker(program).check(); }

} // namespace glmc::object

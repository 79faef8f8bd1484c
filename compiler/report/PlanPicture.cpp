//===- PlanPicture.cpp - A memory plan as an SVG ----------------------------===//
//
//   1. Read the lives of all that lies in the arena off the program: bytes live
//      from the step that writes them to the last that reads them there.
//   2. The peak is the step whose live ranges cover most; an operand and the
//      result that takes it over in place cover the same.
//   3. Draw. A box that is taken over in place ends in the middle of the step,
//      where the next begins.
//
//===----------------------------------------------------------------------===//
#include "compiler/report/PlanPicture.h"

#include "dialects/glm/NodeLocation.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

#include <cmath>
#include <map>

using namespace mlir;

namespace glmc {
namespace {

//===----------------------------------------------------------------------===//
// What there is to see
//===----------------------------------------------------------------------===//

enum class Kind { input, output, value, scratch };

struct Box {
  std::string name;
  Kind kind;
  int64_t offset, bytes;
  size_t first, last;       ///< Steps, both included.
  bool takesOver = false;   ///< Starts in place of another...
  bool isTakenOver = false; ///< ...and ends so.
};

struct Plan {
  std::vector<Box> boxes;
  std::vector<std::string> steps; ///< What each runs.
  size_t peakStep = 0;
  int64_t peakBytes = 0;
};

class PlanReader {
public:
  explicit PlanReader(glm::ProgramOp program) : program(program) {}

  Plan read() {
    for (auto parameter : program.getInputs().getAsRange<glm::ParameterAttr>())
      add(parameter.getPlace(), parameter.getName().str(), Kind::input, 0);
    for (Operation &step : program.getBody().front()) {
      if (auto launch = dyn_cast<glm::PlannedLaunchOp>(step))
        addLaunch(launch);
      else
        addCopy(cast<glm::PlannedCopyOp>(step));
    }
    for (auto parameter : program.getOutputs().getAsRange<glm::ParameterAttr>())
      if (Box *box = at(parameter.getPlace())) {
        box->kind = Kind::output;
        box->last = plan.steps.size();
      }
    findPeak();
    return std::move(plan);
  }

private:
  /// Bytes of a block in the plan, which is made for the widest vector.
  static int64_t aligned(int64_t bytes) { return (bytes + 63) / 64 * 64; }

  /// A program that was not planned here may say anything.
  bool isWithin(glm::PlaceAttr place) {
    auto arena = int64_t(program.getArena());
    return arena < int64_t(1) << 62 && place.getOffset() >= 0 && place.getBytes() <= arena &&
           place.getOffset() <= arena - place.getBytes();
  }

  /// What was written last at a place in the arena; null elsewhere.
  Box *at(glm::PlaceAttr place) {
    auto it = place.getMemory() == "arena" ? current.find(place.getOffset()) : current.end();
    return it == current.end() ? nullptr : &plan.boxes[it->second];
  }

  void add(glm::PlaceAttr place, std::string name, Kind kind, size_t step) {
    if (place.getMemory() != "arena" || place.getBytes() <= 0 || !isWithin(place))
      return;
    Box box{std::move(name), kind, place.getOffset(), place.getBytes(), step, step};
    if (Box *before = at(place); before && before->last == step && kind == Kind::value)
      box.takesOver = before->isTakenOver = true;
    current[place.getOffset()] = plan.boxes.size();
    plan.boxes.push_back(std::move(box));
  }

  void read(glm::PlaceAttr place) {
    if (Box *box = at(place))
      box->last = plan.steps.size();
  }

  void addLaunch(glm::PlannedLaunchOp launch) {
    size_t step = plan.steps.size();
    auto nodes = glm::nodesOf(launch.getLoc());
    std::string name = nodes.empty() ? launch.getKernel().str() : nodes.front().name;
    for (auto place : launch.getReads().getAsRange<glm::PlaceAttr>())
      read(place);
    for (auto [i, place] : llvm::enumerate(launch.getWrites().getAsRange<glm::PlaceAttr>()))
      add(place, launch.getWrites().size() == 1 ? name : name + "#" + std::to_string(i), Kind::value, step);
    for (auto place : launch.getScratch().getAsRange<glm::PlaceAttr>())
      add(place, name + " scratch", Kind::scratch, step);
    plan.steps.push_back("@" + launch.getKernel().str());
  }

  void addCopy(glm::PlannedCopyOp copy) {
    read(copy.getFrom());
    add(copy.getTo(), "copy", Kind::value, plan.steps.size());
    plan.steps.push_back("copy");
  }

  void findPeak() {
    for (size_t step = 0; step <= plan.steps.size(); ++step) {
      std::map<int64_t, int64_t> ends; // Of live ranges, by where they start.
      for (const Box &box : plan.boxes)
        if (box.first <= step && step <= box.last)
          ends[box.offset] = std::max(ends[box.offset], box.offset + aligned(box.bytes));
      int64_t live = 0;
      for (auto [begin, end] : ends)
        live += end - begin;
      if (live > plan.peakBytes) {
        plan.peakBytes = live;
        plan.peakStep = step;
      }
    }
  }

  glm::ProgramOp program;
  Plan plan;
  std::map<int64_t, size_t> current; ///< Box at an offset.
};

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

/// Any bytes as text of XML: XML 1.0 has no control characters at all.
std::string escape(StringRef text) {
  std::string fixed = llvm::json::isUTF8(text) ? text.str() : llvm::json::fixUTF8(text), result;
  for (size_t i = 0; i < fixed.size(); ++i) {
    unsigned char c = fixed[i];
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else if (c < 0x20 || c == 0x7f)
      result += "?";
    else if (StringRef(fixed).substr(i).starts_with("\xef\xbf\xbe") ||
             StringRef(fixed).substr(i).starts_with("\xef\xbf\xbf")) { // U+FFFE, U+FFFF.
      result += "?";
      i += 2;
    } else
      result += char(c);
  }
  return result;
}

/// At most `count` characters of a text, not cut within one.
std::string shortened(StringRef text, size_t count) {
  size_t characters = 0, cut = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] & 0xc0) == 0x80)
      continue; // Within a character.
    if (++characters == count)
      cut = i; // Where the dots would go.
  }
  return characters <= count ? text.str() : (text.take_front(cut) + "\xe2\x80\xa6").str();
}

//===----------------------------------------------------------------------===//
// Drawing
//===----------------------------------------------------------------------===//

constexpr double left = 90, top = 64, chartHeight = 600, letter = 6.9, lineHeight = 12;

StringRef colourOf(const Box &box) {
  switch (box.kind) {
  case Kind::input:
    return "#9ecae1";
  case Kind::output:
    return "#fdae6b";
  case Kind::scratch:
    return "#d9d9d9";
  case Kind::value:
    // Neighbours in time can be told apart.
    return box.first % 2 ? "#a1d99b" : "#c7e9c0";
  }
  return "";
}

StringRef nameOf(Kind kind) {
  constexpr StringRef names[] = {"input", "output", "value", "scratch"};
  return names[size_t(kind)];
}

class Drawing {
public:
  Drawing(glm::ProgramOp program, Plan plan)
      : program(program), plan(std::move(plan)), columns(this->plan.steps.size() + 1),
        column(std::clamp(1100.0 / double(columns), 8.0, 90.0)), arena(std::max<int64_t>(program.getArena(), 1)) {}

  std::string draw() {
    double width = left + double(columns) * column + 150, height = top + chartHeight + 170;
    out << llvm::formatv("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:F0}\" height=\"{1:F0}\" "
                         "viewBox=\"0 0 {0:F0} {1:F0}\" font-family=\"sans-serif\" font-size=\"11\">\n"
                         "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
                         width, height);
    drawHeading();
    for (const Box &box : plan.boxes)
      drawBox(box);
    drawPeakStep();
    drawAxes();
    drawBound();
    out << "</svg>\n";
    return std::move(text);
  }

private:
  double x(double step) const { return left + step * column; }
  double y(int64_t offset) const { return top + chartHeight * (1 - double(offset) / double(arena)); }

  void write(double x, double y, StringRef attributes, const std::string &words) {
    out << llvm::formatv("<text x=\"{0:F1}\" y=\"{1:F1}\"{2}>{3}</text>\n", x, y, attributes, escape(words));
  }

  void drawHeading() {
    int64_t gap = int64_t(program.getArena()) - int64_t(program.getBound());
    std::string heading = llvm::formatv("@{0}: arena {1} B, lower bound {2} B, gap {3} B", program.getSymName(),
                                        program.getArena(), program.getBound(), gap);
    if (auto planner = program->getAttrOfType<StringAttr>("glm.planner"))
      heading += ", planned by " + planner.getValue().str();
    write(left, 22, " font-size=\"15\" font-weight=\"bold\"", heading);
    double at = left;
    for (Kind kind : {Kind::input, Kind::output, Kind::value, Kind::scratch}) {
      Box sample{"", kind, 0, 0, 0, 0};
      out << llvm::formatv("<rect x=\"{0:F1}\" y=\"34\" width=\"12\" height=\"12\" fill=\"{1}\" stroke=\"#444\"/>\n",
                           at, colourOf(sample));
      write(at + 17, 44, "", nameOf(kind).str());
      at += 80;
    }
    write(at, 44, " fill=\"#b2182b\"", "red outline: live at the peak");
  }

  void drawPeakStep() {
    if (plan.peakBytes == 0)
      return;
    out << llvm::formatv("<rect x=\"{0:F1}\" y=\"{1:F1}\" width=\"{2:F1}\" height=\"{3:F1}\" fill=\"#f4a582\" "
                         "fill-opacity=\"0.3\" pointer-events=\"none\"/>\n",
                         x(double(plan.peakStep)), top, column, chartHeight);
    std::string label = llvm::formatv("peak: {0} B in step {1}", plan.peakBytes, plan.peakStep);
    bool leftOf = plan.peakStep * 2 > columns; // Where there is room.
    write(x(double(plan.peakStep) + (leftOf ? 1 : 0)), top - 5,
          leftOf ? " fill=\"#b2182b\" text-anchor=\"end\"" : " fill=\"#b2182b\"", label);
  }

  void drawBox(const Box &box) {
    double from = x(double(box.first) + (box.takesOver ? 0.5 : 0));
    double to = x(double(box.last) + (box.isTakenOver ? 0.5 : 1));
    double upper = y(box.offset + box.bytes), height = y(box.offset) - upper;
    bool atPeak = box.first <= plan.peakStep && plan.peakStep <= box.last;
    out << llvm::formatv("<rect x=\"{0:F1}\" y=\"{1:F1}\" width=\"{2:F1}\" height=\"{3:F1}\" fill=\"{4}\" "
                         "stroke=\"{5}\" stroke-width=\"{6}\"><title>",
                         from, upper, to - from, height, colourOf(box), atPeak ? "#b2182b" : "#444",
                         atPeak ? "1.5" : "0.5");
    out << escape(llvm::formatv("{0}: {1}, {2} B at {3}, steps {4} to {5}", box.name, nameOf(box.kind), box.bytes,
                                box.offset, box.first, box.last)
                      .str())
        << "</title></rect>\n";
    double room = (to - from - 4) / letter;
    if (height >= lineHeight && room >= 3)
      write(from + 3, upper + height / 2 + 4, " pointer-events=\"none\"", shortened(fixed(box.name), size_t(room)));
  }

  static std::string fixed(StringRef text) { return llvm::json::isUTF8(text) ? text.str() : llvm::json::fixUTF8(text); }

  void drawAxes() {
    out << llvm::formatv("<path d=\"M{0:F1} {1:F1}V{2:F1}H{3:F1}\" fill=\"none\" stroke=\"black\"/>\n", left, top,
                         top + chartHeight, x(double(columns)));
    for (int tick = 0; tick <= 8; ++tick) {
      int64_t offset = int64_t(program.getArena()) / 8 * tick;
      write(left - 6, y(offset) + 4, " text-anchor=\"end\"", std::to_string(offset));
    }
    // Turned names need a line's height each; where there is less, every n-th.
    size_t every = std::max<size_t>(1, size_t(std::ceil(lineHeight / column)));
    for (size_t step = 0; step < columns; step += every) {
      double at = x(double(step) + 0.5) + 4;
      std::string name = step < plan.steps.size() ? plan.steps[step] : "end";
      std::string turned =
          llvm::formatv(" text-anchor=\"end\" transform=\"rotate(-90 {0:F1} {1:F1})\"", at, top + chartHeight + 8);
      write(at, top + chartHeight + 8, turned, std::to_string(step) + " " + shortened(fixed(name), 18));
    }
  }

  void drawBound() {
    double at = y(int64_t(program.getBound()));
    out << llvm::formatv("<path d=\"M{0:F1} {1:F1}H{2:F1}\" stroke=\"#b2182b\" stroke-dasharray=\"6 4\"/>\n", left, at,
                         x(double(columns)));
    write(x(double(columns)) + 4, at + 4, " fill=\"#b2182b\"", "bound " + std::to_string(program.getBound()) + " B");
  }

  glm::ProgramOp program;
  Plan plan;
  size_t columns; ///< Steps, and the time after them.
  double column;  ///< Width of one.
  int64_t arena;
  std::string text;
  llvm::raw_string_ostream out{text};
};

} // namespace

std::string planPicture(glm::ProgramOp program) { return Drawing(program, PlanReader(program).read()).draw(); }

} // namespace glmc

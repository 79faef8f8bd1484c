//===- EmulatorProgram.cpp - A program that calls a model on another machine --===//
#include "compiler/EmulatorProgram.h"

#include <algorithm>

namespace glmc {
namespace {

/// Room for the program's own code, its stack and what linking rounds.
constexpr int64_t codeMargin = 64 << 10, dataMargin = 6 << 10;

/// Files where there is a system.
const char *const systemFiles = R"(
#include <stdio.h>
static FILE *file;
static bool openFile(const char *path, bool writes) { return (file = fopen(path, writes ? "wb" : "rb")) != nullptr; }
static bool readFile(void *to, uint32_t bytes) { return fread(to, 1, bytes, file) == bytes; }
static bool writeFile(const void *from, uint32_t bytes) { return fwrite(from, 1, bytes, file) == bytes; }
static bool closeFile() { return fclose(file) == 0; }
static int run();
int main() { return run(); }
)";

/// Files and the start where there is none.
const char *const bareFiles = R"(
static int semihost(int operation, const void *arguments) {
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = arguments;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}
static int file;
static bool openFile(const char *path, bool writes) {
  uint32_t length = 0;
  while (path[length])
    ++length;
  const uint32_t arguments[] = {(uint32_t)path, writes ? 5u : 1u, length};
  return (file = semihost(1, arguments)) != -1;
}
static bool moveBytes(int operation, uint32_t address, uint32_t bytes) {
  const uint32_t arguments[] = {(uint32_t)file, address, bytes};
  return bytes == 0 || semihost(operation, arguments) == 0;
}
static bool readFile(void *to, uint32_t bytes) { return moveBytes(6, (uint32_t)to, bytes); }
static bool writeFile(const void *from, uint32_t bytes) { return moveBytes(5, (uint32_t)from, bytes); }
static bool closeFile() {
  const uint32_t arguments[] = {(uint32_t)file};
  return semihost(2, arguments) == 0;
}
static void leave(bool good) {
  semihost(0x18, (const void *)(good ? 0x20026 : 0x20023));
  for (;;)
    ;
}
static int run();
extern "C" {
extern char stackTop[], zerosBegin[], zerosEnd[];
static void start() {
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
  *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20; // CPACR: the FPU's registers may be used.
  __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
  for (volatile char *p = zerosBegin; p != zerosEnd; ++p)
    *p = 0;
  leave(run() == 0);
}
static void stop() {
  const int32_t report[] = {FAULT, 0, -1};
  if (openFile(OUTPUT_FILE, true) && writeFile(report, sizeof report))
    closeFile();
  leave(false);
}
__attribute__((section(".vectors"), used)) const void *const vectors[] = {
    stackTop,           (const void *)start, (const void *)stop, (const void *)stop,
    (const void *)stop, (const void *)stop,  (const void *)stop, (const void *)stop};
}
)";

/// What is done, the same everywhere.
const char *const body = R"(
static bool isIntact(const uint8_t *watch) {
  for (int i = 0; i < 64; ++i)
    if (watch[i] != 0xa5)
      return false;
  return true;
}
static void copy(uint8_t *to, const uint8_t *from, uint32_t bytes) {
  for (uint32_t i = 0; i < bytes; ++i)
    to[i] = from[i];
}
static void fill(uint8_t *to, uint8_t value, uint32_t bytes) {
  for (uint32_t i = 0; i < bytes; ++i)
    to[i] = value;
}
static int run() {
  // What nobody wrote reads as NaN: using it shows in the outputs.
  for (const Buffer &buffer : buffers) {
    fill(buffer.before, 0xa5, 64);
    fill(buffer.bytes, 0xff, buffer.count);
    fill(buffer.bytes + buffer.count, 0xa5, 64);
  }
  if (!openFile(INPUT_FILE, false))
    return 1;
  for (int i = 0; i < INPUTS; ++i)
    if (!readFile(buffers[1 + i].bytes, buffers[1 + i].count))
      return 1;
  closeFile();
  int32_t report[] = {initialise(), 0, -1};
  if (report[0] == 0)
    report[1] = callEntry();
  for (int i = 0; i < BUFFERS; ++i)
    if (report[2] < 0 && !(isIntact(buffers[i].before) && isIntact(buffers[i].bytes + buffers[i].count)))
      report[2] = i;
  if (!openFile(OUTPUT_FILE, true) || !writeFile(report, sizeof report))
    return 1;
  for (int i = 0; i < BUFFERS; ++i) {
    const Buffer &buffer = buffers[(INPUTS + 1 + i) % BUFFERS];
    if (&buffer != buffers && !writeFile(buffer.bytes, buffer.count))
      return 1;
  }
  return closeFile() ? 0 : 1;
}
)";

std::string quoted(const std::string &text) {
  std::string out = "\"";
  for (char c : text)
    out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "\"";
}

int64_t offsetOf(const std::vector<int64_t> &offsets, size_t i) { return i < offsets.size() ? offsets[i] : -1; }

/// Declarations and a call for each buffer.
class ProgramText {
public:
  explicit ProgramText(const object::RunRequest &request) : request(request) {}

  std::string text(const std::string &inputFile, const std::string &outputFile) {
    addBuffer("context", request.contextBytes);
    for (size_t i = 0; i < request.inputs.size(); i++)
      addParameter("input" + std::to_string(i), int64_t(request.inputs[i].size()), offsetOf(request.inputOffsets, i),
                   /*isOutput=*/false);
    for (size_t i = 0; i < request.outputBytes.size(); i++)
      addParameter("output" + std::to_string(i), request.outputBytes[i], offsetOf(request.outputOffsets, i),
                   /*isOutput=*/true);
    const std::string prefix = request.prefix + "_";
    return "#include <stdint.h>\n#define INPUT_FILE " + quoted(inputFile) + "\n#define OUTPUT_FILE " +
           quoted(outputFile) + "\n#define INPUTS " + std::to_string(request.inputs.size()) + "\n#define BUFFERS " +
           std::to_string(1 + request.inputs.size() + request.outputBytes.size()) + "\n#define FAULT " +
           std::to_string(emulatorFault) + "\nextern \"C\" {\nint " + prefix + "init(void *);\nint " + prefix +
           "release(void *);\nint " + prefix + request.entry + "(void *" + types + ");\n}\n" +
           "template <int64_t N> struct alignas(64) Watched {\n  uint8_t before[64], bytes[N], after[64];\n};\n" +
           storage + "struct Buffer {\n  uint8_t *before, *bytes;\n  uint32_t count;\n};\n" +
           "static const Buffer buffers[] = {\n" + table + "};\n#if __STDC_HOSTED__" + systemFiles + "#else" +
           bareFiles + "#endif\nstatic void copy(uint8_t *, const uint8_t *, uint32_t);\nstatic int initialise() { return " +
           prefix + "init(context.bytes); }\nstatic int callEntry() {\n" + before + "  int status = " + prefix +
           request.entry + "(context.bytes" + arguments + ");\n" + after +
           (request.release ? "  if (status == 0)\n    status = " + prefix + "release(context.bytes);\n" : "") +
           "  return status;\n}\n" + body;
  }

private:
  void addBuffer(const std::string &name, int64_t bytes) {
    storage += "static Watched<" + std::to_string(std::max<int64_t>(bytes, 1)) + "> " + name + ";\n";
    table += "    {" + name + ".before, " + name + ".bytes, " + std::to_string(bytes) + "},\n";
  }

  void addParameter(const std::string &name, int64_t bytes, int64_t offset, bool isOutput) {
    addBuffer(name, bytes);
    if (offset < 0) {
      types += ", void *";
      arguments += ", " + name + ".bytes";
      return;
    }
    const std::string place = "context.bytes + " + std::to_string(offset), own = name + ".bytes";
    (isOutput ? after : before) += "  copy(" + (isOutput ? own + ", " + place : place + ", " + own) + ", " +
                                   std::to_string(bytes) + ");\n";
  }

  const object::RunRequest &request;
  std::string storage, table, types, arguments, before, after;
};

/// The bank of a kind; null if there is none. Of several, the largest.
const targets::MemoryBank *bankOf(const targets::Target &board, const char *kind) {
  const targets::MemoryBank *found = nullptr;
  for (const targets::MemoryBank &bank : board.memories)
    if (bank.kind == kind && (!found || bank.bytes > found->bytes))
      found = &bank;
  return found;
}

} // namespace

std::string emulatorProgram(const object::RunRequest &request, const std::string &inputFile,
                            const std::string &outputFile) {
  return ProgramText(request).text(inputFile, outputFile);
}

std::vector<std::string> emulatorBuffers(const object::RunRequest &request) {
  std::vector<std::string> names = {"the context"};
  for (size_t i = 0; i < request.inputs.size(); i++)
    names.push_back("input " + std::to_string(i));
  for (size_t i = 0; i < request.outputBytes.size(); i++)
    names.push_back("output " + std::to_string(i));
  return names;
}

std::string emulatorLinkerScript(const targets::Target &board, int64_t constantBytes, int64_t dataBytes) {
  const targets::MemoryBank *flash = bankOf(board, "flash"), *external = bankOf(board, "external");
  const targets::MemoryBank *ram = bankOf(board, "ram"), *fast = bankOf(board, "fast_ram");
  ram = ram ? ram : fast;
  if (!flash || !ram)
    return "";
  const targets::MemoryBank *constants = external && constantBytes + codeMargin > flash->bytes ? external : flash;
  const targets::MemoryBank *data = external && dataBytes + dataMargin > ram->bytes ? external : ram;
  std::string text = "ENTRY(start)\nMEMORY {\n";
  for (const targets::MemoryBank &bank : board.memories)
    text += "  " + bank.name + " : ORIGIN = " + std::to_string(bank.base) + ", LENGTH = " + std::to_string(bank.bytes) +
            "\n";
  // The stack grows down from the end of RAM; what it may take is kept free.
  return text + "}\nSECTIONS {\n  .text : { KEEP(*(.vectors)) *(.text*) } > " + flash->name +
         "\n  .ARM.exidx : { *(.ARM.exidx*) *(.ARM.extab*) } > " + flash->name + "\n  .rodata : { *(.rodata*) } > " +
         constants->name + "\n  .data : { *(.data*) } > " + data->name +
         "\n  .bss (NOLOAD) : { zerosBegin = .; *(.bss*) *(COMMON) zerosEnd = .; } > " + data->name +
         "\n  .stack (NOLOAD) : { . = ALIGN(8); . += 4096; } > " + ram->name + "\n  stackTop = ORIGIN(" + ram->name +
         ") + LENGTH(" + ram->name + ");\n}\n";
}

} // namespace glmc

//===- ObjectFile.cpp - The emitted ELF file: checks and the weights --------===//
#include "codegen/object/ObjectFile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/Error.h"

#include <algorithm>

namespace glmc::object {
namespace {

/// Routines that compilers call where the CPU lacks an instruction; libgcc and
/// compiler-rt have them on every system.
bool isSupportRoutine(llvm::StringRef symbol) {
  for (const char *stem :
       {"__extend", "__trunc", "__fix",      "__float", "__add",     "__sub",     "__mul",   "__div",
        "__mod",    "__udiv",  "__umod",     "__ashl",  "__ashr",    "__lshr",    "__cmp",   "__ucmp",
        "__eq",     "__ne",    "__lt",       "__le",    "__gt",      "__ge",      "__unord", "__neg",
        "__clz",    "__ctz",   "__popcount", "__bswap", "__gnu_h2f", "__gnu_f2h", "__aeabi_"})
    if (symbol.starts_with(stem))
      return !symbol.contains("unwind") && !symbol.contains("atexit");
  return false;
}

/// The functions whose code refers to `symbol`: sections are named after them.
std::string usersOf(const llvm::object::ObjectFile &file, llvm::StringRef symbol) {
  std::string users;
  for (const llvm::object::SectionRef &section : file.sections()) {
    auto patched = section.getRelocatedSection();
    if (!patched) {
      llvm::consumeError(patched.takeError());
      continue;
    }
    for (const llvm::object::RelocationRef &relocation : section.relocations()) {
      if (relocation.getSymbol() == file.symbol_end())
        continue;
      llvm::StringRef name = llvm::cantFail(relocation.getSymbol()->getName());
      if (name != symbol)
        continue;
      llvm::StringRef user = llvm::cantFail((*patched)->getName());
      user.consume_front(".text.");
      users += (users.empty() ? "'" : ", '") + user.str() + "'";
      break;
    }
  }
  return users;
}

/// Edits one section header of an ELF file of any width and byte order.
template <class ELFT>
bool moveToEnd(std::vector<char> &object, llvm::StringRef wanted, std::string &error) {
  // LLVM has just written the file, so reading it cannot fail.
  auto file = llvm::cantFail(llvm::object::ELFFile<ELFT>::create(llvm::StringRef(object.data(), object.size())));
  auto sections = llvm::cantFail(file.sections());
  auto found = std::find_if(sections.begin(), sections.end(), [&](const typename ELFT::Shdr &header) {
    return llvm::cantFail(file.getSectionName(header)) == wanted;
  });
  if (found == sections.end() || found->sh_type != llvm::ELF::SHT_NOBITS) {
    error = "the object has no section '" + wanted.str() + "' to put the weights in";
    return false;
  }
  size_t alignment = std::max<size_t>(found->sh_addralign, 1);
  llvm::StringRef name = llvm::cantFail(file.getSectionName(*found));
  std::copy_n(weightsStem, llvm::StringRef(weightsStem).size(), object.begin() + (name.data() - object.data()));
  size_t header = reinterpret_cast<const char *>(&*found) - object.data();
  object.resize((object.size() + alignment - 1) / alignment * alignment);
  auto *section = reinterpret_cast<typename ELFT::Shdr *>(object.data() + header);
  section->sh_type = llvm::ELF::SHT_PROGBITS;
  section->sh_flags = section->sh_flags & ~uint64_t(llvm::ELF::SHF_WRITE);
  section->sh_offset = object.size();
  return true;
}

} // namespace

/// What runtime-min/pool.cpp calls.
static bool isThreadFunction(llvm::StringRef symbol) {
  return symbol.consume_front("pthread_") &&
         llvm::is_contained({"create", "join", "mutex_init", "mutex_destroy", "mutex_lock", "mutex_unlock", "cond_init",
                             "cond_destroy", "cond_wait", "cond_signal", "cond_broadcast"},
                            symbol);
}

bool isAllowedSymbol(const std::string &symbol, bool threads) {
  // runtime-min/cpu.cpp asks the system of an AArch64 machine by getauxval.
  for (const char *function : {"memcpy", "memset", "memmove", "getauxval"})
    if (symbol == function)
      return true;
  return (threads && isThreadFunction(symbol)) || isSupportRoutine(symbol);
}

bool inspectObject(const std::vector<char> &object, bool threads, ObjectContents &contents, std::string &error) {
  llvm::MemoryBufferRef buffer(llvm::StringRef(object.data(), object.size()), "object");
  auto parsed = llvm::object::ObjectFile::createELFObjectFile(buffer);
  if (!parsed) {
    error = "the object that LLVM wrote cannot be read: " + llvm::toString(parsed.takeError());
    return false;
  }
  const llvm::object::ObjectFile &file = **parsed;
  for (const llvm::object::SymbolRef &symbol : file.symbols()) {
    if (!(llvm::cantFail(symbol.getFlags()) & llvm::object::SymbolRef::SF_Undefined))
      continue;
    llvm::StringRef name = llvm::cantFail(symbol.getName());
    if (name.empty())
      continue;
    if (!isAllowedSymbol(name.str(), threads)) {
      error = "generated code needs the symbol '" + name.str() + "', used by " + usersOf(file, name) +
              "; expected nothing but memcpy, memset, memmove and compiler support routines";
      return false;
    }
    contents.undefinedSymbols.push_back(name.str());
  }
  std::sort(contents.undefinedSymbols.begin(), contents.undefinedSymbols.end());
  for (const llvm::object::SectionRef &section : file.sections()) {
    uint64_t flags = llvm::object::ELFSectionRef(section).getFlags();
    if (!(flags & llvm::ELF::SHF_ALLOC))
      continue;
    if (flags & llvm::ELF::SHF_EXECINSTR) {
      contents.codeBytes += section.getSize();
      llvm::StringRef name = llvm::cantFail(section.getName());
      if (name.consume_front(".text."))
        contents.functionBytes[name.str()] += section.getSize();
    } else if (!(flags & llvm::ELF::SHF_WRITE)) {
      contents.constantBytes += section.getSize();
    } else if (!llvm::cantFail(section.getName()).starts_with(emptyWeightsStem)) {
      contents.variableBytes += section.getSize();
    }
  }
  return true;
}

bool reserveWeights(std::vector<char> &object, const std::string &section, std::string &error) {
  bool wide = object[llvm::ELF::EI_CLASS] == llvm::ELF::ELFCLASS64;
  bool little = object[llvm::ELF::EI_DATA] == llvm::ELF::ELFDATA2LSB;
  if (wide)
    return little ? moveToEnd<llvm::object::ELF64LE>(object, section, error)
                  : moveToEnd<llvm::object::ELF64BE>(object, section, error);
  return little ? moveToEnd<llvm::object::ELF32LE>(object, section, error)
                : moveToEnd<llvm::object::ELF32BE>(object, section, error);
}

} // namespace glmc::object

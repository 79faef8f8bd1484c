//===- BindingFlags.h - --dim, --bind, --role, --context as text --------------===//
#ifndef GLMC_COMPILER_BINDINGFLAGS_H
#define GLMC_COMPILER_BINDINGFLAGS_H

#include <cstdint>
#include <string>
#include <vector>

namespace glmc {

/// As the command line has them.
struct BindingFlags {
  std::vector<std::string> dims;  ///< "NAME=V,V".
  std::vector<std::string> binds; ///< "NAME=v,v".
  std::vector<std::string> roles; ///< "NAME=ROLE".
  int64_t context = 0;            ///< 0: no state.
  std::string kv = "f32", logits = "last";
};

/// At most so many tokens fit in a context.
constexpr int64_t largestContext = int64_t(1) << 30;

} // namespace glmc

#endif // GLMC_COMPILER_BINDINGFLAGS_H

# glmc_library(NAME SOURCES ... LINK ...): the one library of a folder.
# Warnings are errors in our own code; precompiled headers are shared by all
# libraries with the same flags, since MLIR's headers dominate build time.
if(GLMC_SANITIZE)
  # Addresses, and of undefined behaviour what hostile numbers can cause. Checks
  # of every pointer (null, alignment, object-size) double the time that MLIR's
  # generated code takes to compile and find what the address sanitizer finds.
  set(glmc_sanitizers address,signed-integer-overflow,shift,integer-divide-by-zero,float-cast-overflow,bounds,bool,enum)
  add_compile_options(-fsanitize=${glmc_sanitizers} -fno-omit-frame-pointer
    -fno-sanitize-recover=signed-integer-overflow,shift,integer-divide-by-zero,float-cast-overflow,bounds,bool,enum)
  add_link_options(-fsanitize=${glmc_sanitizers})
  # GCC takes what its own instrumentation guards for unwritten.
  add_compile_options(-Wno-maybe-uninitialized)
endif()

find_program(GLMC_CCACHE ccache)
if(GLMC_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${GLMC_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
endif()

add_library(glmc_flags INTERFACE)
target_include_directories(glmc_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
target_compile_options(glmc_flags INTERFACE -Wall -Wextra -Werror -Wno-unused-parameter)

# The headers that nearly every MLIR file includes, compiled once.
add_library(glmc_mlir_pch STATIC ${CMAKE_SOURCE_DIR}/cmake/Empty.cpp)
target_link_libraries(glmc_mlir_pch PUBLIC glmc_mlir glmc_flags)
target_precompile_headers(glmc_mlir_pch PRIVATE
  <map> <string> <vector> <optional> <functional> <memory>
  <mlir/IR/Builders.h> <mlir/IR/BuiltinOps.h> <mlir/IR/BuiltinTypes.h> <mlir/IR/BuiltinAttributes.h>
  <mlir/IR/OpImplementation.h> <mlir/IR/DialectImplementation.h> <mlir/IR/PatternMatch.h>
  <mlir/IR/SymbolTable.h> <mlir/IR/DialectResourceBlobManager.h> <mlir/IR/Location.h>
  <mlir/Interfaces/InferTypeOpInterface.h> <mlir/Interfaces/SideEffectInterfaces.h>
  <mlir/Interfaces/FunctionInterfaces.h> <mlir/Pass/Pass.h> <mlir/Pass/PassManager.h>
  <mlir/Transforms/GreedyPatternRewriteDriver.h> <llvm/ADT/TypeSwitch.h>)

function(glmc_library name)
  cmake_parse_arguments(ARG "MLIR" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC glmc_flags ${ARG_LINK})
  if(ARG_MLIR)
    target_link_libraries(${name} PUBLIC glmc_mlir)
    target_precompile_headers(${name} REUSE_FROM glmc_mlir_pch)
  endif()
endfunction()

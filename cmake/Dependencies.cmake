# What glmc is built with. bootstrap.sh installs all of it; see README.md.

# LLVM and MLIR 22 from Debian, as shared libraries.
find_package(MLIR 22.1 REQUIRED CONFIG PATHS /usr/lib/llvm-22/lib/cmake/mlir)
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)
set(GLMC_TABLEGEN_FLAGS -I ${CMAKE_SOURCE_DIR} -I ${MLIR_INCLUDE_DIRS})

# What a library that uses MLIR or LLVM links: no RTTI, as Debian's are built.
# Exceptions stay on for the two places that call libraries which throw.
add_library(glmc_mlir INTERFACE)
target_include_directories(glmc_mlir SYSTEM INTERFACE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
target_compile_definitions(glmc_mlir INTERFACE ${LLVM_DEFINITIONS_LIST})
target_compile_options(glmc_mlir INTERFACE -fno-rtti)
target_link_libraries(glmc_mlir INTERFACE MLIR LLVM)

# Halide 21 from its PyPI wheel. Its headers want RTTI and exceptions, so only
# codegen/kernels uses it, behind plain interfaces.
set(GLMC_VENV ${CMAKE_SOURCE_DIR}/build/venv CACHE PATH "The Python environment that bootstrap.sh makes")
file(GLOB GLMC_HALIDE_ROOT ${GLMC_VENV}/lib/python3*/site-packages/halide)
if(NOT GLMC_HALIDE_ROOT)
  message(FATAL_ERROR "Halide is not in ${GLMC_VENV}: run ./bootstrap.sh first")
endif()
add_library(glmc_halide SHARED IMPORTED)
set_target_properties(glmc_halide PROPERTIES
  IMPORTED_LOCATION ${GLMC_HALIDE_ROOT}/lib64/libHalide.so
  INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${GLMC_HALIDE_ROOT}/include
  INTERFACE_INCLUDE_DIRECTORIES ${GLMC_HALIDE_ROOT}/include)

# ONNX's C++ library, built by bootstrap.sh from PyPI's source package.
set(GLMC_ONNX_ROOT ${CMAKE_SOURCE_DIR}/build/deps/onnx CACHE PATH "Where bootstrap.sh installed ONNX")
find_package(Protobuf REQUIRED)
find_package(ONNX 1.23 REQUIRED CONFIG PATHS ${GLMC_ONNX_ROOT} NO_DEFAULT_PATH)

find_package(CLI11 REQUIRED)
find_package(Threads REQUIRED)

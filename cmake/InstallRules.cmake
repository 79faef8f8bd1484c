# `cmake --install`: bin/{glmc,glm-opt}, the Halide library that they need, and
# the package that find_package(glmc) finds. Everything refers to its own place,
# so the installed folder can be moved.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(GLMC_INSTALL_CMAKEDIR ${CMAKE_INSTALL_LIBDIR}/cmake/glmc)
# Debian's LLVM stays where it is; Halide comes from a wheel in the build folder.
get_filename_component(glmc_llvm_libraries ${LLVM_LIBRARY_DIR} ABSOLUTE)
set_target_properties(glmc glm-opt PROPERTIES
  INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}/glmc;${glmc_llvm_libraries}")

install(TARGETS glmc glm-opt RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${GLMC_HALIDE_ROOT}/lib64/libHalide.so DESTINATION ${CMAKE_INSTALL_LIBDIR}/glmc)

set(GLMC_INSTALL_BINDIR ${CMAKE_INSTALL_BINDIR})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/glmcConfig.cmake.in ${CMAKE_BINARY_DIR}/glmcConfig.cmake
  INSTALL_DESTINATION ${GLMC_INSTALL_CMAKEDIR} PATH_VARS GLMC_INSTALL_BINDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/glmcConfigVersion.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_BINARY_DIR}/glmcConfig.cmake ${CMAKE_BINARY_DIR}/glmcConfigVersion.cmake
  ${CMAKE_CURRENT_LIST_DIR}/GlmcAddModel.cmake DESTINATION ${GLMC_INSTALL_CMAKEDIR})

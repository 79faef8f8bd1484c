# glmc_add_model(TARGET_NAME model.onnx
#                [NAME name] [TARGET target] [EMIT obj|cpp] [THREADS n] [OPTIONS option...])
#
# Adds the static library TARGET_NAME, compiled by glmc from an ONNX model, and
# compiled again when the model changes. What links it finds the header.
#
#   NAME     prefix of the generated files and functions: `name.h`, `name_run`;
#            TARGET_NAME by default
#   TARGET   what `glmc targets` lists; `host` by default
#   EMIT     obj (default): glmc writes the machine code, no C++ compiler is used;
#            cpp: one C++17 file, which the project's own compiler compiles
#   THREADS  threads that the program uses; 1 by default, more need pthread
#   OPTIONS  more options of `glmc compile`
#
# Example:
#   find_package(glmc REQUIRED)
#   glmc_add_model(glm model.onnx TARGET x86-64-v3)
#   target_link_libraries(app PRIVATE glm)
function(glmc_add_model library model)
  cmake_parse_arguments(PARSE_ARGV 2 ARG "" "NAME;TARGET;EMIT;THREADS" "OPTIONS")
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "glmc_add_model(${library}): unknown arguments: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT ARG_NAME)
    set(ARG_NAME ${library})
  endif()
  if(NOT ARG_TARGET)
    set(ARG_TARGET host)
  endif()
  if(NOT ARG_EMIT)
    set(ARG_EMIT obj)
  endif()
  if(NOT ARG_THREADS)
    set(ARG_THREADS 1)
  endif()
  cmake_path(ABSOLUTE_PATH model BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE)
  if(NOT EXISTS ${model})
    message(FATAL_ERROR "glmc_add_model(${library}): there is no ${model}")
  endif()

  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${library}.glmc)
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(ARG_EMIT STREQUAL obj)
    set(source ${folder}/${ARG_NAME}.o)
    set_source_files_properties(${source} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
  elseif(ARG_EMIT STREQUAL cpp)
    set(source ${folder}/${ARG_NAME}.cpp)
    if(NOT CXX IN_LIST languages)
      message(FATAL_ERROR "glmc_add_model(${library}): EMIT cpp needs a project with C++: project(... LANGUAGES CXX)")
    endif()
    # Nobody steps through the kernels; without optimisation they are useless.
    set_source_files_properties(${source} PROPERTIES
      COMPILE_OPTIONS "$<$<CXX_COMPILER_ID:GNU,Clang,AppleClang>:-O3>")
  else()
    message(FATAL_ERROR "glmc_add_model(${library}): EMIT is '${ARG_EMIT}', expected obj or cpp")
  endif()

  # Weights may lie beside the model, in what ONNX calls external data.
  file(GLOB data CONFIGURE_DEPENDS ${model}.data ${model}_data)
  add_custom_command(
    OUTPUT ${source} ${folder}/${ARG_NAME}.h
    COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
    COMMAND glmc::glmc compile ${model} -o ${folder}/${ARG_NAME} --target ${ARG_TARGET} --emit ${ARG_EMIT} --quiet
            --threads ${ARG_THREADS} ${ARG_OPTIONS}
    DEPENDS ${model} ${data} glmc::glmc
    COMMENT "Compiling ${model} for ${ARG_TARGET}"
    VERBATIM)
  add_library(${library} STATIC ${source} ${folder}/${ARG_NAME}.h)
  target_include_directories(${library} PUBLIC ${folder})
  if(ARG_THREADS GREATER 1)
    find_package(Threads REQUIRED)
    target_link_libraries(${library} PUBLIC Threads::Threads)
  endif()
  if(ARG_EMIT STREQUAL obj)
    # An archive of one object; any language can make it.
    list(GET languages 0 language)
    set_target_properties(${library} PROPERTIES LINKER_LANGUAGE ${language})
  else()
    target_compile_features(${library} PRIVATE cxx_std_17)
  endif()
endfunction()

# cmake -DBUILD=... -DEXAMPLE=... -DWORK=... -P InstallTest.cmake
#
# 1. installs BUILD into WORK/first, then moves it: the installed package must
#    work wherever it lies
# 2. its glmc runs, with no library path set
# 3. the example project finds it, compiles its model and prints the token that
#    PyTorch finds likeliest (argmax of the last row of the stored logits of
#    glm.prefill.static.dynamo for its stored prompt: 76)
# 4. the same through EMIT cpp, and the errors of glmc_add_model
cmake_minimum_required(VERSION 3.31)

set(prompt 172 47 117 192 67 251 195)
set(expected 76)
unset(ENV{LD_LIBRARY_PATH})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE err
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\nexited with ${status}\n${out}\n${err}")
  endif()
  set(output "${out}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/first)
file(RENAME ${WORK}/first ${WORK}/prefix)

run(${WORK}/prefix/bin/glmc --version)
message(STATUS "installed: ${output}")
run(${WORK}/prefix/bin/glm-opt --version)

# A project without network, cache or anything of the build but the prefix.
function(build_example name emission)
  set(source ${EXAMPLE})
  if(emission STREQUAL cpp)
    set(source ${WORK}/${name}-source)
    file(COPY ${EXAMPLE}/ DESTINATION ${source})
    file(READ ${source}/CMakeLists.txt text)
    string(REPLACE "LANGUAGES C)" "LANGUAGES C CXX)" text "${text}")
    string(REPLACE "TARGET \${MODEL_TARGET})" "TARGET \${MODEL_TARGET} EMIT cpp THREADS 2)" text "${text}")
    file(WRITE ${source}/CMakeLists.txt "${text}")
  endif()
  set(model ${EXAMPLE}/../../test/models/glm.prefill.static.dynamo/model.onnx)
  run(${CMAKE_COMMAND} -G Ninja -S ${source} -B ${WORK}/${name} -DCMAKE_PREFIX_PATH=${WORK}/prefix
      -DMODEL=${model} -DCMAKE_BUILD_TYPE=Release)
  run(${CMAKE_COMMAND} --build ${WORK}/${name})
  run(${WORK}/${name}/next-token ${prompt})
  if(NOT output STREQUAL expected)
    message(FATAL_ERROR "the next token is '${output}', expected ${expected} (${emission})")
  endif()
  message(STATUS "next token through ${emission}: ${output}")
endfunction()

build_example(object obj)
build_example(source cpp)

# Building again must find nothing to do: the model did not change.
run(${CMAKE_COMMAND} --build ${WORK}/object)
if(NOT output MATCHES "no work to do")
  message(FATAL_ERROR "a second build did something:\n${output}")
endif()

# A mistake in the call is an error of CMake's, with the target's name.
file(WRITE ${WORK}/wrong/CMakeLists.txt [[
cmake_minimum_required(VERSION 3.20)
project(wrong LANGUAGES C)
find_package(glmc REQUIRED)
glmc_add_model(net nothing.onnx)
]])
execute_process(COMMAND ${CMAKE_COMMAND} -G Ninja -S ${WORK}/wrong -B ${WORK}/wrong/build
                -DCMAKE_PREFIX_PATH=${WORK}/prefix RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE err)
if(status EQUAL 0 OR NOT err MATCHES "glmc_add_model\\(net\\): there is no")
  message(FATAL_ERROR "a model that does not exist was accepted:\n${err}")
endif()
file(REMOVE_RECURSE ${WORK})

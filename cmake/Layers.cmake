# hone_layer(NAME LINK targets…): the static library hone_NAME from every source in hone/NAME
# (sub-folders included), with generated code from *.proto files.
function(hone_layer name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS
    "${CMAKE_SOURCE_DIR}/hone/${name}/*.cpp" "${CMAKE_SOURCE_DIR}/hone/${name}/*.h")
  list(FILTER sources EXCLUDE REGEX "/hone/cli/main\\.cpp$")
  file(GLOB protos CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/hone/${name}/*.proto")
  set(units ${sources})
  list(FILTER units INCLUDE REGEX "\\.cpp$")
  if(NOT units AND NOT protos)
    add_library(hone_${name} INTERFACE)
    target_link_libraries(hone_${name} INTERFACE hone_flags ${ARG_LINK})
    return()
  endif()
  add_library(hone_${name} STATIC ${sources})
  target_link_libraries(hone_${name} PUBLIC hone_flags ${ARG_LINK})
  # Highway compiles these once for each instruction set, by including them again.
  file(GLOB per_target CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/hone/${name}/kernels_*.cpp")
  set_source_files_properties(${per_target} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  if(protos)
    protobuf_generate_cpp(proto_sources proto_headers ${protos})
    set_source_files_properties(${proto_sources} PROPERTIES COMPILE_OPTIONS "-w" SKIP_UNITY_BUILD_INCLUSION ON)
    target_sources(hone_${name} PRIVATE ${proto_sources})
    target_include_directories(hone_${name} SYSTEM PRIVATE "${CMAKE_CURRENT_BINARY_DIR}")
  endif()
endfunction()

# hone_embed(TARGET FILE FUNCTION HEADER): the text of FILE as `std::string_view hone::FUNCTION()`, which HEADER declares.
function(hone_embed target file function header)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${file}")
  file(READ "${CMAKE_SOURCE_DIR}/${file}" text)
  set(generated "${CMAKE_CURRENT_BINARY_DIR}/embedded/${function}.cpp")
  file(CONFIGURE OUTPUT "${generated}" @ONLY CONTENT [[
// From @file@.
#include "@header@"

namespace hone {
std::string_view @function@() { return R"embedded(@text@)embedded"; }
}  // namespace hone
]])
  target_sources(${target} PRIVATE "${generated}")
endfunction()

# hone_tests(folders…): one test program per folder of tests/ that holds *_test.cpp files.
function(hone_tests)
  find_package(GTest REQUIRED)
  # Tests are not optimised: that takes longer than running them. What nearly all of them include is parsed
  # once; each still includes what it uses, for the presets that build without precompiled headers.
  add_library(test_headers OBJECT "${CMAKE_SOURCE_DIR}/cmake/precompiled.cpp")
  target_link_libraries(test_headers PRIVATE hone_flags hone_base GTest::gtest GTest::gmock)
  target_compile_options(test_headers PRIVATE -O0)
  target_precompile_headers(test_headers PRIVATE <fmt/format.h> <fmt/ranges.h> <gmock/gmock.h> <gtest/gtest.h>
    <nlohmann/json.hpp> <filesystem> <fstream> <functional> <map> <sstream> <thread>)
  foreach(name ${ARGN})
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/${name}/*.cpp")
    if(NOT sources)
      continue()
    endif()
    add_executable(${name}_test ${sources})
    target_link_libraries(${name}_test PRIVATE hone_flags GTest::gtest_main GTest::gmock)
    if(TARGET hone_${name})
      target_link_libraries(${name}_test PRIVATE hone_${name})
    else()
      target_link_libraries(${name}_test PRIVATE hone_base)
    endif()
    target_compile_options(${name}_test PRIVATE -O0)
    target_precompile_headers(${name}_test REUSE_FROM test_headers)
    if(name STREQUAL "verify")  # whose files each have a judged() of their own
      set_target_properties(${name}_test PROPERTIES UNITY_BUILD OFF)
    endif()
    target_include_directories(${name}_test PRIVATE "${CMAKE_SOURCE_DIR}/tests")
    target_compile_definitions(${name}_test PRIVATE HONE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    if(TARGET hone AND name STREQUAL "cli")
      target_compile_definitions(${name}_test PRIVATE HONE_BINARY="$<TARGET_FILE:hone>")
      add_dependencies(${name}_test hone)
    endif()
    add_test(NAME ${name} COMMAND ${name}_test)
  endforeach()
endfunction()

option(HONE_TESTS "Build the tests" ON)
option(HONE_SANITIZE "Build with address and undefined-behaviour sanitizers" OFF)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # What ccache asks for to work with precompiled headers; g++ needs the option beside it.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros
    "${CCACHE_PROGRAM}")
  add_compile_options(-fpch-preprocess)
endif()

# The architecture stays the distribution's baseline: hot loops choose their
# instructions at run time (Highway), so one binary serves every machine.
add_library(hone_flags INTERFACE)
target_compile_options(hone_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror
  -Wno-restrict)  # g++ 12 sees overlaps in std::string that are not there (GCC bug 105651)
if(CMAKE_UNITY_BUILD)
  target_compile_options(hone_flags INTERFACE -Wno-subobject-linkage)  # every file looks included then
endif()
target_include_directories(hone_flags INTERFACE "${CMAKE_CURRENT_SOURCE_DIR}")
# Contraction would let the compiler choose where a product is fused into a sum:
# the same expression must give the same bits wherever it is written.
target_compile_options(hone_flags INTERFACE -ffp-contract=off)
if(HONE_SANITIZE)
  target_compile_options(hone_flags INTERFACE -fsanitize=address,undefined -fno-omit-frame-pointer)
  target_link_options(hone_flags INTERFACE -fsanitize=address,undefined)
endif()

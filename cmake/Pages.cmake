# hone_pages(TARGET): the pages of web/ within TARGET, as the pages_assets() of hone/web/pages_assets.h. Built by npm and
# Vite in the build folder: the source tree stays as it is, and build folders do not share node_modules.
option(HONE_PAGES "Build the pages of `hone ui` (needs Node.js 18 or newer, and npm)" ON)

function(hone_pages target)
  set(out "${CMAKE_CURRENT_BINARY_DIR}/web")
  set(generated "${CMAKE_CURRENT_BINARY_DIR}/embedded/pages_assets_data.cpp")
  if(HONE_PAGES)
    find_program(NPM_PROGRAM npm)
    if(NOT NPM_PROGRAM)
      message(FATAL_ERROR "npm must be there to build the pages (tools/setup.sh installs it), or -DHONE_PAGES=OFF")
    endif()
    set(web "${CMAKE_SOURCE_DIR}/web")
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${web}/src/*" "${web}/public/*")
    set(set_up "${web}/package.json" "${web}/package-lock.json" "${web}/.npmrc")
    list(APPEND sources "${web}/index.html" "${web}/vite.config.ts" "${web}/tsconfig.json")
    add_custom_command(OUTPUT "${out}/modules.stamp"
      COMMAND "${CMAKE_COMMAND}" -E make_directory "${out}"
      COMMAND "${CMAKE_COMMAND}" -E copy ${set_up} "${out}"
      COMMAND "${CMAKE_COMMAND}" -E chdir "${out}" "${NPM_PROGRAM}" ci --prefer-offline --no-progress --loglevel=error
      COMMAND "${CMAKE_COMMAND}" -E touch "${out}/modules.stamp"
      DEPENDS ${set_up} COMMENT "npm ci" VERBATIM)
    add_custom_command(OUTPUT "${generated}"
      COMMAND "${CMAKE_COMMAND}" "-DWEB=${web}" "-DOUT=${out}" -P "${CMAKE_SOURCE_DIR}/cmake/CopyPages.cmake"
      COMMAND "${CMAKE_COMMAND}" -E chdir "${out}" "${NPM_PROGRAM}" run --silent build
      COMMAND "${CMAKE_COMMAND}" "-DDIST=${out}/dist" "-DGENERATED=${generated}"
        -P "${CMAKE_SOURCE_DIR}/cmake/EmbedPages.cmake"
      DEPENDS ${sources} "${out}/modules.stamp" "${CMAKE_SOURCE_DIR}/cmake/EmbedPages.cmake"
        "${CMAKE_SOURCE_DIR}/cmake/CopyPages.cmake"
      COMMENT "The pages: tsc and Vite" VERBATIM)
  else()
    file(CONFIGURE OUTPUT "${generated}" @ONLY CONTENT [[
#include "hone/web/pages_assets.h"

namespace hone {
std::span<const PagesAsset> pages_assets() { return {}; }
}  // namespace hone
]])
  endif()
  target_sources(${target} PRIVATE "${generated}")
  # Named sections of bytes do not join other files.
  set_source_files_properties("${generated}" PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# The pages in a browser, over a run that the test makes: needs the program, Node.js and Chromium.
function(hone_pages_test)
  find_program(NODE_PROGRAM node)
  if(NOT HONE_PAGES OR NOT NODE_PROGRAM OR NOT TARGET hone)
    return()
  endif()
  add_test(NAME pages COMMAND "${NODE_PROGRAM}" "${CMAKE_SOURCE_DIR}/web/tests/pages.test.mjs")
  set_tests_properties(pages PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300
    ENVIRONMENT "HONE_BINARY=$<TARGET_FILE:hone>;PAGES_MODULES=${CMAKE_CURRENT_BINARY_DIR}/web")
endfunction()

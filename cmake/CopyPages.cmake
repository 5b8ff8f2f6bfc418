# The sources of the pages from ${WEB} to ${OUT}, where node_modules lies; what is gone there goes here.
file(REMOVE_RECURSE "${OUT}/src" "${OUT}/public" "${OUT}/dist")
foreach(name src public index.html vite.config.ts tsconfig.json)
  if(EXISTS "${WEB}/${name}")
    file(COPY "${WEB}/${name}" DESTINATION "${OUT}")
  endif()
endforeach()

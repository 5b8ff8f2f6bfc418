# What `cmake --install` and the Debian package of `make deb` hold: the program, its manual page and completions
# (printed by the program itself), recipes as examples, the licence.
include(GNUInstallDirs)

# Beside libblis of other kinds, the one it was linked with.
set_target_properties(hone PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS hone)

set(about "${CMAKE_CURRENT_BINARY_DIR}/about")
install(CODE "
  file(MAKE_DIRECTORY \"${about}\")
  function(print file)
    execute_process(COMMAND \"$<TARGET_FILE:hone>\" \${ARGN} OUTPUT_FILE \"${about}/\${file}\" COMMAND_ERROR_IS_FATAL ANY)
  endfunction()
  print(hone.1 man)
  print(hone completions bash)
  print(_hone completions zsh)
  print(hone.fish completions fish)
  # As Debian wants them: compressed, without a time of their own.
  configure_file(\"${CMAKE_SOURCE_DIR}/CHANGELOG.md\" \"${about}/changelog\" COPYONLY)
  execute_process(COMMAND gzip -9nf \"${about}/hone.1\" \"${about}/changelog\" COMMAND_ERROR_IS_FATAL ANY)
")
install(FILES "${about}/hone.1.gz" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(FILES "${about}/hone" DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
install(FILES "${about}/_hone" DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions")
install(FILES "${about}/hone.fish" DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
install(FILES "${about}/changelog.gz" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES "${CMAKE_SOURCE_DIR}/cmake/copyright" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY "${CMAKE_SOURCE_DIR}/recipes/" DESTINATION "${CMAKE_INSTALL_DOCDIR}/examples"
  FILES_MATCHING PATTERN "*.yaml")
install(DIRECTORY "${CMAKE_SOURCE_DIR}/docs/examples/" DESTINATION "${CMAKE_INSTALL_DOCDIR}/examples"
  FILES_MATCHING PATTERN "*.py")

# `make deb` builds the program; its tests need not be built for that.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME hone)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "teach language models to reason, from rewards that can be checked")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "The hone developers <hone@localhost>" CACHE STRING "Who answers for the package")
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"One native program for reinforcement learning of language models: problems,
rollouts, verifiers (maths, code, proofs, programs of one's own), the policy
update, evaluation, pages that show a run, and a server of OpenAI's API.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# What verifiers run: without a sandbox, code and proofs are not judged at all.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "bubblewrap, python3, gcc, g++, tcc, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "coq, metamath-databases, nodejs, bash-completion")
set(CPACK_PACKAGE_DIRECTORY "${CMAKE_SOURCE_DIR}/build")
include(CPack)

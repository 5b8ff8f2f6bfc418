// Compiled for the headers that CMake includes before it, so that they are parsed once.

// Source text as the checks read it: lines, and C++ with its comments and literals blanked out.
//
// Pure functions of their arguments, except repository_files. Safe from any thread.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hone::structure {

// Whether the path is that of C++ code.
bool is_cpp(const std::string& path);

// The lines of a text without their ends; a last line without a newline counts.
std::vector<std::string_view> lines_of(std::string_view text);

// The same text, byte for byte in place, with comments and the insides of string and character literals
// turned into spaces; newlines stay. The paths of #include lines are kept.
std::string code_of(std::string_view text);

struct Include {
  int line = 0;      // from 1
  std::string path;  // between the quotes or brackets
  bool quoted = false;
};
std::vector<Include> includes_of(std::string_view text);

// The repository's files, relative to `root`, sorted: what git tracks or would offer to add. Without git,
// every file outside .git, build and runs.
std::vector<std::string> repository_files(const std::filesystem::path& root);

// Whether a file is text: no NUL among its first bytes.
bool is_text(std::string_view bytes);

}  // namespace hone::structure

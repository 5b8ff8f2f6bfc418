// The rules that keep the repository's picture true, each a pure function of a file's path and text.
//
// Paths are relative to the repository's root, with '/'. A check looks only at the kinds of file it is about
// and returns nothing for others, so that all of them can be run over every file. Safe from any thread.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hone::structure {

struct Violation {
  std::string path;
  int line = 0;  // from 1; 0: the file as a whole
  std::string rule;
};
std::string to_string(const Violation& violation);  // "path:line: rule"
using Violations = std::vector<Violation>;

// Every folder of hone/ that may exist, with its rank (docs/architecture.md shows the same table).
const std::map<std::string, int>& ranks();
// The folders that may include ATen, torch and c10.
const std::set<std::string>& torch_island();

// hone/<folder>/ includes only folders of strictly lower rank and itself, by paths from the repository's
// root.
Violations check_layers(const std::string& path, std::string_view text);
// The same of CMakeLists.txt: hone_layer(folder LINK …) links only layers of lower rank.
Violations check_link_lines(const std::string& path, std::string_view text);
// docs/architecture.md: its table of ranks is ranks().
Violations check_rank_table(const std::string& path, std::string_view text);

// Torch's headers stay on the island (and in its tests and benchmarks), torch/torch.h nowhere; and only the
// island and cli/, which wires everything, include the island's own headers, so that no tensor crosses a
// stage.
Violations check_torch_island(const std::string& path, std::string_view text);

// Sources, headers, tests and sources of the pages have at most 500 lines.
Violations check_length(const std::string& path, std::string_view text);

// A header opens with a comment (its contract), has #pragma once before any code (a *-inl.h may have the toggle of
// Highway instead), and no using-directive.
Violations check_header(const std::string& path, std::string_view text);

// No tabs (but in Makefiles), no white space at a line's end, a newline at the file's end, no CR.
Violations check_white_space(const std::string& path, std::string_view text);

// No `using namespace std`; random numbers come from hone/base/rng.h alone, except in tests.
Violations check_cpp_words(const std::string& path, std::string_view text);

// Nothing outside sandbox/ (and tests) starts a program or evaluates text: system, popen, exec*, posix_spawn,
// dlopen in C++; eval and new Function in scripts of the pages.
Violations check_execution(const std::string& path, std::string_view text);

// No absolute paths of one machine, no names of package registries' hosts.
Violations check_forbidden_text(const std::string& path, std::string_view text);

// Links of Markdown files to files, folders and headings of the repository resolve. `read` gives the text of
// a file of the repository, or says that there is none; a folder is there and has an empty text.
struct Linked {
  bool exists = false;
  std::string text;
};
Violations check_links(const std::string& path, std::string_view text,
                       const std::function<Linked(const std::string& path)>& read);

}  // namespace hone::structure

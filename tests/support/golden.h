// Where the golden fixtures lie: made once with the reference implementations, read by the golden tests.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace hone::testing {

// The fixture folders of a kind ("models", "tokenizers", "loss"), sorted within each root: every folder under
// tests/golden/KIND, under $HONE_FIXTURES/KIND when that is set, and those under ../shared/fixtures/KIND
// whose names were not met before. A KIND folder that holds files itself (loss/trl.json) counts as one. The
// caller fails when nothing comes back. Throws when $HONE_FIXTURES is set to what is not a folder.
inline std::vector<std::filesystem::path> golden_folders(const std::string& kind) {
  namespace fs = std::filesystem;
  const fs::path source = HONE_SOURCE_DIR;
  std::vector<fs::path> found;
  std::set<fs::path> seen;
  const auto scan = [&](const fs::path& root, bool only_new_names) {
    if (!fs::is_directory(root)) return;
    std::vector<fs::path> folders;
    bool holds_files = false;
    for (const auto& entry : fs::directory_iterator(root)) {
      if (entry.is_directory()) folders.push_back(entry.path());
      if (entry.is_regular_file()) holds_files = true;
    }
    if (holds_files) folders.push_back(root);
    std::sort(folders.begin(), folders.end());
    for (const fs::path& folder : folders) {
      const bool known = std::any_of(found.begin(), found.end(),
                                     [&](const fs::path& f) { return f.filename() == folder.filename(); });
      if (only_new_names && known) continue;
      if (seen.insert(fs::canonical(folder)).second) found.push_back(folder);
    }
  };
  scan(source / "tests/golden" / kind, false);
  if (const char* fixtures = std::getenv("HONE_FIXTURES"); fixtures != nullptr && *fixtures != '\0') {
    if (!fs::is_directory(fixtures)) {
      throw std::runtime_error(std::string("HONE_FIXTURES must name a folder, got ") + fixtures);
    }
    scan(fs::path(fixtures) / kind, false);
  }
  scan(source / "../shared/fixtures" / kind, true);
  return found;
}

}  // namespace hone::testing

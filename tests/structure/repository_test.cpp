// Every rule of checks.h over every file of the repository.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "structure/checks.h"
#include "structure/source_text.h"

namespace hone::structure {
namespace {

const std::filesystem::path kRoot = HONE_SOURCE_DIR;

std::string bytes_of(const std::string& file) {
  std::ifstream stream(kRoot / file, std::ios::binary);
  std::ostringstream bytes;
  bytes << stream.rdbuf();
  return bytes.str();
}

// path → text of every text file of the repository.
const std::map<std::string, std::string>& files() {
  static const std::map<std::string, std::string> all = [] {
    std::map<std::string, std::string> texts;
    for (const std::string& file : repository_files(kRoot)) {
      std::string bytes = bytes_of(file);
      if (is_text(bytes)) texts.emplace(file, std::move(bytes));
    }
    return texts;
  }();
  return all;
}

template <class Check>
void expect_none(const Check& check) {
  for (const auto& [path, text] : files()) {
    for (const Violation& violation : check(path, text)) ADD_FAILURE() << to_string(violation);
  }
}

TEST(Repository, IsFound) {
  for (const char* file : {"CMakeLists.txt", "README.md", "docs/architecture.md", "hone/base/result.h",
                           "tests/structure/repository_test.cpp", "tools/setup.sh"}) {
    EXPECT_TRUE(files().contains(file)) << file;
  }
}

TEST(Repository, EveryFolderOfHoneHasARank) {
  for (const auto& entry : std::filesystem::directory_iterator(kRoot / "hone")) {
    if (entry.is_directory()) {
      EXPECT_TRUE(ranks().contains(entry.path().filename().string())) << entry.path();
    }
  }
}

TEST(Repository, EveryFolderOfTestsMirrorsALayer) {
  const std::set<std::string> others = {"clients", "golden", "package", "structure", "support", "tutorial"};
  for (const auto& entry : std::filesystem::directory_iterator(kRoot / "tests")) {
    const std::string name = entry.path().filename().string();
    EXPECT_TRUE(ranks().contains(name) || others.contains(name)) << entry.path();
  }
}

TEST(Repository, LayersIncludeOnlyLowerRanks) { expect_none(check_layers); }
TEST(Repository, LayersLinkOnlyLowerRanks) { expect_none(check_link_lines); }
TEST(Repository, ArchitectureShowsTheRanks) { expect_none(check_rank_table); }
TEST(Repository, TorchStaysOnItsIsland) { expect_none(check_torch_island); }
TEST(Repository, FilesAreShort) { expect_none(check_length); }
TEST(Repository, HeadersOpenWithTheirContract) { expect_none(check_header); }
TEST(Repository, WhiteSpaceIsClean) { expect_none(check_white_space); }
TEST(Repository, RandomNumbersComeFromOnePlace) { expect_none(check_cpp_words); }
TEST(Repository, OnlyTheSandboxStartsPrograms) { expect_none(check_execution); }
TEST(Repository, NothingNamesOneMachine) { expect_none(check_forbidden_text); }

TEST(Repository, LinksResolve) {
  const auto read = [](const std::string& path) -> Linked {
    if (const auto file = files().find(path); file != files().end()) return {true, file->second};
    return {std::filesystem::exists(kRoot / path), ""};
  };
  expect_none(
      [&](const std::string& path, const std::string& text) { return check_links(path, text, read); });
}

}  // namespace
}  // namespace hone::structure

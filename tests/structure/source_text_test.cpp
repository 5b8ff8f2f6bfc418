#include "structure/source_text.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/temp_folder.h"

namespace hone::structure {
namespace {

TEST(LinesOf, LastLineNeedsNoNewline) {
  EXPECT_EQ(lines_of("").size(), 0u);
  EXPECT_EQ(lines_of("a\n").size(), 1u);
  EXPECT_EQ(lines_of("a\n\nb").size(), 3u);
  EXPECT_EQ(lines_of("a\n\nb")[2], "b");
}

TEST(CodeOf, BlanksCommentsAndLiteralsInPlace) {
  EXPECT_EQ(code_of("a; // rand()\nb;"), "a;          \nb;");
  EXPECT_EQ(code_of("a /* x\ny */ b"), "a     \n     b");
  EXPECT_EQ(code_of("f(\"q\\\"r\") + 'x'"), "f(      ) +    ");
  EXPECT_EQ(code_of("auto x = R\"z(a \" )\" b)z\"; y"), "auto x = R              ; y");
  EXPECT_EQ(code_of("1'000'000 + rand()"), "1'000'000 + rand()");
  EXPECT_EQ(code_of("BAR\"(\" x"), "BAR    x");  // a word that ends in R opens no raw string
}

TEST(CodeOf, AnUnfinishedLiteralEndsWithItsLineOrText) {
  EXPECT_EQ(code_of("'a\nb"), "  \nb");
  EXPECT_EQ(code_of("/* a"), "    ");
  EXPECT_EQ(code_of("R\"(a"), "R   ");
  EXPECT_EQ(code_of("\"a\\"), "   ");
}

TEST(IncludesOf, FindsBothKindsAndTheirLines) {
  const auto found = includes_of("// one\n#include <vector>\n  # include \"hone/a/b.h\"\n");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].path, "vector");
  EXPECT_EQ(found[0].line, 2);
  EXPECT_FALSE(found[0].quoted);
  EXPECT_EQ(found[1].path, "hone/a/b.h");
  EXPECT_EQ(found[1].line, 3);
  EXPECT_TRUE(found[1].quoted);
}

TEST(IncludesOf, IgnoresCommentsAndLiterals) {
  EXPECT_TRUE(
      includes_of("// #include <a>\n/*\n#include <b>\n*/\nauto s = R\"(\n#include <c>\n)\";\n").empty());
}

TEST(RepositoryFiles, WithoutGitEveryFileButBuildsAndRuns) {
  const testing::TempFolder folder;
  for (const char* name : {"hone/a.h", "build/x.cpp", "runs/r/recipe.yaml", "docs/build/kept.md"}) {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream(folder / name) << "text\n";
  }
  EXPECT_EQ(repository_files(folder.path()), (std::vector<std::string>{"docs/build/kept.md", "hone/a.h"}));
}

TEST(IsText, ANulMakesABinary) {
  EXPECT_TRUE(is_text("abc\n\xff"));
  EXPECT_FALSE(is_text(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace hone::structure

// Each rule of checks.h is seen to fail on a planted violation, and to let the same thing pass where it is
// allowed.
#include "structure/checks.h"

#include <gtest/gtest.h>

namespace hone::structure {
namespace {

// The lines of the violations found; 0 for one of the whole file.
std::vector<int> at(const Violations& found) {
  std::vector<int> lines;
  for (const Violation& violation : found) lines.push_back(violation.line);
  return lines;
}
using Lines = std::vector<int>;

std::string include(const std::string& path) { return "#include \"" + path + "\"\n"; }
std::string angled(const std::string& path) { return "#include <" + path + ">\n"; }

TEST(Violation, SaysWhereAndWhat) {
  EXPECT_EQ(to_string(Violation{"a.h", 3, "rule"}), "a.h:3: rule");
  EXPECT_EQ(to_string(Violation{"a.h", 0, "rule"}), "a.h: rule");
}

TEST(Layers, AHigherRankIsNotIncluded) {
  EXPECT_EQ(at(check_layers("hone/text/a.cpp", "\n" + include("hone/data/task.h"))), Lines{2});
  EXPECT_EQ(at(check_layers("hone/base/a.h", include("hone/types/problem.h"))), Lines{1});
  EXPECT_EQ(at(check_layers("hone/loop/a.cpp", angled("hone/cli/progress.h"))), Lines{1});
}

TEST(Layers, AnEqualRankIsNotIncluded) {
  EXPECT_EQ(at(check_layers("hone/text/a.cpp", include("hone/weights/safetensors.h"))), Lines{1});
  EXPECT_EQ(at(check_layers("hone/loop/a.cpp", include("hone/engine/scheduler.h"))), Lines{1});
}

TEST(Layers, LowerRanksAndTheFolderItselfAre) {
  const std::string text = include("hone/data/a.h") + include("hone/base/result.h") +
                           include("hone/types/problem.h") + include("hone/data/sub/b.h") + angled("vector");
  EXPECT_EQ(at(check_layers("hone/data/sub/c.cpp", text)), Lines{});
}

TEST(Layers, EveryFolderHasARankAndEveryFileAFolder) {
  EXPECT_EQ(at(check_layers("hone/utils/a.h", "")), Lines{0});
  EXPECT_EQ(at(check_layers("hone/a.h", "")), Lines{0});
  EXPECT_EQ(at(check_layers("hone/cli/a.cpp", include("hone/utils/a.h"))), Lines{1});
}

TEST(Layers, PathsStartAtTheRoot) {
  EXPECT_EQ(at(check_layers("hone/text/a.cpp", include("../data/task.h"))), Lines{1});
  EXPECT_EQ(at(check_layers("hone/text/a.cpp", angled("../data/task.h"))), Lines{1});
  EXPECT_EQ(at(check_layers("hone/text/a.cpp", include("tokenizer.h"))), Lines{1});
  EXPECT_EQ(at(check_layers("hone/store/a.cpp", include("event.pb.h"))), Lines{});
}

TEST(Layers, OnlyTheirFilesAreLookedAt) {
  EXPECT_EQ(at(check_layers("tests/text/a_test.cpp", include("hone/data/task.h"))), Lines{});
  EXPECT_EQ(at(check_layers("hone/store/event.proto", include("hone/data/task.h"))), Lines{});
}

TEST(LinkLines, OnlyLowerRanks) {
  const std::string file = "CMakeLists.txt";
  EXPECT_EQ(at(check_link_lines(file, "hone_layer(base LINK fmt::fmt)\nhone_layer(text LINK hone_data)\n")),
            Lines{2});
  EXPECT_EQ(at(check_link_lines(file, "hone_layer(loop LINK hone_base hone_engine)\n")), Lines{1});
  EXPECT_EQ(at(check_link_lines(file, "hone_layer(utils LINK hone_base)\n")), Lines{1});
  EXPECT_EQ(at(check_link_lines(file, "hone_layer(tensor   LINK hone_weights hone_torch hwy::hwy)\n")),
            Lines{});
}

std::string rank_table() {
  std::string text;
  for (const auto& [folder, rank] : ranks())
    text += "| " + std::to_string(rank) + " | `" + folder + "/` | words |\n";
  return text;
}

TEST(RankTable, IsTheOneOfTheTest) {
  const std::string file = "docs/architecture.md", table = rank_table();
  EXPECT_EQ(at(check_rank_table(file, table)), Lines{});
  EXPECT_EQ(at(check_rank_table(file, table.substr(table.find('\n') + 1))), Lines{0});
  EXPECT_EQ(at(check_rank_table(file, "| 9 | `utils/` | words |\n" + table)), Lines{1});
  EXPECT_EQ(at(check_rank_table(file, table + "| 5 | `base/` | words |\n")), Lines{22});
  EXPECT_EQ(check_rank_table(file, "").size(), ranks().size());
}

TEST(TorchIsland, TorchStaysOnIt) {
  for (const char* header : {"ATen/core/Tensor.h", "c10/util/Half.h", "torch/csrc/autograd/variable.h"}) {
    EXPECT_EQ(at(check_torch_island("hone/loop/a.cpp", angled(header))), Lines{1}) << header;
    EXPECT_EQ(at(check_torch_island("hone/cli/a.cpp", include(header))), Lines{1}) << header;
    EXPECT_EQ(at(check_torch_island("tests/rl/a_test.cpp", angled(header))), Lines{1}) << header;
    EXPECT_EQ(at(check_torch_island("tests/support/a.h", angled(header))), Lines{1}) << header;
    for (const char* file :
         {"hone/tensor/a.h", "hone/policy/a.cpp", "tests/update/a_test.cpp", "bench/engine/a.cpp"}) {
      EXPECT_EQ(at(check_torch_island(file, angled(header))), Lines{}) << file;
    }
  }
}

TEST(TorchIsland, TheSlowHeadersAreNowhere) {
  for (const char* header : {"torch/torch.h", "torch/nn/module.h", "torch/optim.h", "torch/extension.h"}) {
    EXPECT_EQ(at(check_torch_island("hone/policy/a.cpp", angled(header))), Lines{1}) << header;
  }
}

TEST(TorchIsland, ItsHeadersCarryTensorsSoOnlyCliSeesThem) {
  const std::string text = include("hone/policy/decoder.h");
  EXPECT_EQ(at(check_torch_island("hone/loop/a.cpp", text)), Lines{1});
  EXPECT_EQ(at(check_torch_island("hone/env/a.cpp", include("hone/tensor/aten.h"))), Lines{1});
  EXPECT_EQ(at(check_torch_island("hone/cli/build.cpp", text)), Lines{});
  EXPECT_EQ(at(check_torch_island("hone/update/a.cpp", text)), Lines{});
}

TEST(Length, FiveHundredLinesAndNoMore) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "x\n";
  for (const char* file :
       {"hone/rl/a.cpp", "hone/rl/a.h", "tests/rl/a_test.cpp", "web/page.js", "web/page.css"}) {
    EXPECT_EQ(at(check_length(file, text)), Lines{}) << file;
    EXPECT_EQ(at(check_length(file, text + "x")), Lines{0}) << file;
  }
  EXPECT_EQ(at(check_length("docs/recipe.md", text + "x\n")), Lines{});
}

TEST(Header, OpensWithItsContractAndThePragma) {
  EXPECT_EQ(at(check_header("hone/rl/a.h", "// What it is.\n#pragma once\nint f();\n")), Lines{});
  EXPECT_EQ(at(check_header("hone/rl/a.h", "/* What\nit is. */\n\n#pragma once\n")), Lines{});
  EXPECT_EQ(at(check_header("hone/rl/a.h", "#pragma once\nint f();\n")), Lines{1});
  EXPECT_EQ(at(check_header("hone/rl/a.h", "// What it is.\n#include <vector>\n#pragma once\n")), Lines{2});
  EXPECT_EQ(at(check_header("hone/rl/a.h", "// #pragma once\n")), Lines{0});
  EXPECT_EQ(at(check_header("hone/rl/a.cpp", "int f();\n")), Lines{});
}

TEST(Header, OneOfHighwaysMayHaveItsToggleInstead) {
  const std::string text = "// A.\n#if defined(A_INL_H_) == defined(HWY_TARGET_TOGGLE)\n#endif\n";
  EXPECT_EQ(at(check_header("hone/tensor/a-inl.h", text)), Lines{});
  EXPECT_EQ(at(check_header("hone/tensor/a.h", text)), Lines{2});
  EXPECT_EQ(at(check_header("hone/tensor/a-inl.h", "// A.\n#ifndef A_INL_H_\n#endif\n")), Lines{2});
}

TEST(Header, HasNoUsingDirective) {
  EXPECT_EQ(at(check_header("hone/rl/a.h", "// A.\n#pragma once\nusing namespace hone;\n")), Lines{3});
  EXPECT_EQ(at(check_header("hone/rl/a.h", "// A.\n#pragma once\nusing hone::Error;\n")), Lines{});
}

TEST(WhiteSpace, NoTabsNoTrailingSpaceNoCarriageReturns) {
  EXPECT_EQ(at(check_white_space("hone/a.cpp", "a\n\tb\n")), Lines{2});
  EXPECT_EQ(at(check_white_space("Makefile", "a:\n\tb\n")), Lines{});
  EXPECT_EQ(at(check_white_space("Makefile", "a: \n")), Lines{1});
  EXPECT_EQ(at(check_white_space("docs/a.md", "a\nb  \n\n")), Lines{2});
  EXPECT_EQ(at(check_white_space("docs/a.md", "a\r\n")), Lines{1});
  EXPECT_EQ(at(check_white_space("docs/a.md", "a")), Lines{0});
  EXPECT_EQ(at(check_white_space("tests/golden/loss/a.json", "a \t")), Lines{});
}

TEST(CppWords, NoUsingNamespaceStd) {
  EXPECT_EQ(at(check_cpp_words("tests/rl/a_test.cpp", "using namespace std;\n")), Lines{1});
  EXPECT_EQ(at(check_cpp_words("hone/rl/a.cpp", "// using namespace std;\nusing namespace ::std ;\n")),
            Lines{2});
  EXPECT_EQ(at(check_cpp_words("hone/rl/a.cpp", "using namespace std::chrono_literals;\n")), Lines{});
}

TEST(CppWords, RandomNumbersComeFromOnePlace) {
  for (const char* text :
       {"int x = rand();", "std::random_device d;", "std::mt19937 g;", "std::mt19937_64 g;", "srand(1);",
        "std::normal_distribution<> n;", "std::shuffle(a, b, g);", "at::randn({2});",
        "at::multinomial(p, 1);", "w.normal_(0, 1);"}) {
    EXPECT_EQ(at(check_cpp_words("hone/rl/a.cpp", std::string("\n") + text)), Lines{2}) << text;
    EXPECT_EQ(at(check_cpp_words("tests/rl/a_test.cpp", text)), Lines{}) << text;
  }
  for (const char* text : {"// rand()", "auto s = \"rand()\";", "operand(2);", "stream.shuffle(x);",
                           "grand();", "StreamRandom random_device_free;"}) {
    EXPECT_EQ(at(check_cpp_words("hone/rl/a.cpp", text)), Lines{}) << text;
  }
}

TEST(Execution, OnlyTheSandboxStartsPrograms) {
  for (const char* text :
       {"system(line);", "std::system(line);", "x = ::popen(a, b);", "execvp(f, a);", "posix_spawn(a);"}) {
    EXPECT_EQ(at(check_execution("hone/verify/a.cpp", text)), Lines{1}) << text;
    EXPECT_EQ(at(check_execution("hone/sandbox/a.cpp", text)), Lines{}) << text;
    EXPECT_EQ(at(check_execution("tests/cli/a_test.cpp", text)), Lines{}) << text;
  }
  for (const char* text : {"system_error(path);", "// system(x)", "prompt.system(text);", "data.eval(i);",
                           "Problem eval(int i);"}) {
    EXPECT_EQ(at(check_execution("hone/data/a.cpp", text)), Lines{}) << text;
  }
}

TEST(Execution, ScriptsOfThePagesEvaluateNothing) {
  EXPECT_EQ(at(check_execution("web/page.js", "let a;\nlet x = eval(text);\n")), Lines{2});
  EXPECT_EQ(at(check_execution("web/page.html", "new Function('x')\n")), Lines{1});
  EXPECT_EQ(at(check_execution("web/page.js", "run.eval(1); evaluate(2);\n")), Lines{});
}

TEST(ForbiddenText, NoPathOfOneMachine) {
  // Planted in pieces: this file is checked as well.
  for (const std::string text : {"/roo"
                                 "t/x",
                                 "cd /wor"
                                 "k/main",
                                 "\"/wor"
                                 "k/a\"",
                                 "path=/roo"
                                 "t/"}) {
    EXPECT_EQ(at(check_forbidden_text("docs/a.md", "\n" + text)), Lines{2}) << text;
  }
  for (const char* text : {"docs/work/a", "../work/a", "/workers/a", "https://a.org/root/x"}) {
    EXPECT_EQ(at(check_forbidden_text("docs/a.md", text)), Lines{}) << text;
  }
}

TEST(ForbiddenText, NoRegistryHosts) {
  for (const std::string text : {"https://pyp"
                                 "i.org/x",
                                 "registry.npmj"
                                 "s.org",
                                 "deb http://deb.debia"
                                 "n.org/debian"}) {
    EXPECT_EQ(at(check_forbidden_text("tools/a.sh", text)), Lines{1}) << text;
  }
  EXPECT_EQ(at(check_forbidden_text("tools/a.sh", "apt-get install; https://www.debian.org; numpypi.organ")),
            Lines{});
}

class Links : public ::testing::Test {
 protected:
  static Lines links(const std::string& path, const std::string& text) {
    const std::map<std::string, std::string> files = {
        {"README.md", "# hone\n"},
        {"docs/a.md", "# A title\n## The `loop`, and more\n## Twice\n## Twice\n"},
        {"docs", ""}};
    return at(check_links(path, text, [&](const std::string& name) -> Linked {
      const auto file = files.find(name);
      return file == files.end() ? Linked{} : Linked{true, file->second};
    }));
  }
};

TEST_F(Links, ToFilesAndFoldersResolve) {
  EXPECT_EQ(links("README.md", "see [a](docs/a.md) and [d](docs)\n\n[gone](docs/b.md)\n"), Lines{3});
  EXPECT_EQ(links("docs/a.md", "[up](../README.md) [same](a.md) [root](/docs/a.md)"), Lines{});
  EXPECT_EQ(links("docs/a.md", "[wrong](README.md)"), Lines{1});
  EXPECT_EQ(links("docs/a.md", "[outside](../../README.md)"), Lines{1});
  EXPECT_EQ(links("README.md", "[![picture](a.png)](docs/a.md)"), Lines{1});
  EXPECT_EQ(links("README.md", "[a]: docs/b.md\n<img src=\"b.png\">\n"), (Lines{1, 2}));
  EXPECT_EQ(links("README.md", "[t](docs/b.md \"a title\")"), Lines{1});
}

TEST_F(Links, ToHeadingsResolve) {
  EXPECT_EQ(links("README.md", "[a](docs/a.md#the-loop-and-more) [b](docs/a.md#twice-1) [c](#top)\n# Top\n"),
            Lines{});
  EXPECT_EQ(links("README.md", "[a](docs/a.md#loop)\n[b](docs/a.md#twice-2)\n[c](#bottom)\n"),
            (Lines{1, 2, 3}));
}

TEST_F(Links, ElsewhereAndInCodeAreNotFollowed) {
  EXPECT_EQ(links("README.md",
                  "[a](https://x.org/b.md) [m](mailto:a@b.c) `[x](y.md)`\n```\n[x](y.md)\n```\n[g](y.md)"),
            Lines{5});
  EXPECT_EQ(links("notes.txt", "[x](y.md)"), Lines{});
}

}  // namespace
}  // namespace hone::structure

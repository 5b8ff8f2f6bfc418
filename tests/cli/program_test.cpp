// The built program, started as a user does.
#include <gtest/gtest.h>

#include "cli/run_program.h"

namespace hone {
namespace {

using namespace hone::testing;

TEST(Program, FiltersAndExitsWith0) {
  const Ran ids = run_program({"tokenize", golden("tokenizers/smollm2")}, "{\"text\":\"Hello, world!\"}\n");
  EXPECT_EQ(ids.exit_code, 0) << ids.err;
  EXPECT_EQ(ids.lines().at(0)["ids"], Json({19556, 28, 905, 17}));
  const Ran score = run_program({"score", golden("models/llama-tied")}, "{\"ids\":[1,2,3]}\n");
  EXPECT_EQ(score.exit_code, 0) << score.err;
  EXPECT_EQ(score.lines().at(0)["logprobs"].size(), 3u);
  EXPECT_EQ(ids.err + score.err, "");
}

TEST(Program, SaysWhatIsWrongInOneLineAndExitsWith2) {
  expect_one_error(run_program({"score", "/nowhere"}), {"/nowhere"});
  expect_one_error(run_program({"tokenize", golden("tokenizers/smollm2")}, "nonsense\n"), {"[stdin:1]"});
}

TEST(Program, UnknownWordsEndWithStatus2) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{}, {"trian"}, {"score"}, {"tasks", "--shwo", "3"}}) {
    const Ran ran = run_program(arguments);
    EXPECT_EQ(ran.exit_code, 2) << ran.err;
    EXPECT_NE(ran.err, "");
    EXPECT_EQ(ran.out, "");
  }
}

TEST(Program, HelpNamesEverySubcommand) {
  const Ran help = run_program({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* name : {"train", "eval", "sample", "chat", "tasks", "replay", "tokenize", "score"}) {
    EXPECT_NE(help.out.find("  " + std::string(name) + " "), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace hone

// Exit codes, and the shape that completions and the manual page are written from.
#include "hone/cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "cli/run_command.h"
#include "hone/base/check.h"

namespace hone::testing {
namespace {

using ::testing::HasSubstr;

struct Outcome {
  int exit_code;
  std::string err;
};

Outcome run_one(const std::function<Result<int>()>& what,
                const std::vector<std::string>& arguments = {"go"}) {
  CommandLine line("Goes.", "1");
  line.add("go", "Goes", what);
  const TempFolder folder;
  int code = 0;
  {
    const Redirected out(STDOUT_FILENO, stdout, folder / "out"), err(STDERR_FILENO, stderr, folder / "err");
    code = line.run(arguments);
  }
  return {code, file_bytes(folder / "err")};
}

TEST(ExitCodes, AreTheOnesOfTheTable) {
  EXPECT_EQ(run_one([] { return 0; }).exit_code, 0);
  EXPECT_EQ(run_one([] { return 130; }).exit_code, 130);
  const Outcome wrong = run_one([]() -> Result<int> { return Error{"here", "must be so", "not so"}; });
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_EQ(wrong.err, "error: [here] must be so, got not so\n");
  const Outcome bug = run_one([]() -> Result<int> {
    HONE_CHECK(false, "cannot be");
    return 0;
  });
  EXPECT_EQ(bug.exit_code, 1);
  EXPECT_THAT(bug.err, HasSubstr("bug: "));
  EXPECT_EQ(run_one([]() -> Result<int> { throw std::runtime_error("odd"); }).exit_code, 1);
}

TEST(ExitCodes, OfLinesThatAreNotUnderstood) {
  const auto none = [] { return 0; };
  EXPECT_EQ(run_one(none, {}).exit_code, 2);
  EXPECT_EQ(run_one(none, {"fly"}).exit_code, 2);
  EXPECT_EQ(run_one(none, {"go", "--fast"}).exit_code, 2);
  EXPECT_EQ(run_one(none, {"--help"}).exit_code, 0);
  EXPECT_EQ(run_one(none, {"--version"}).exit_code, 0);
  EXPECT_EQ(run_one(none, {"go", "--help"}).exit_code, 0);
}

TEST(CommandLineErrors, NameTheWordInOneLine) {
  const auto said = [](const std::vector<std::string>& arguments) {
    CommandLine line("Goes.", "1");
    int times = 0;
    std::string to, note;
    Command& go = line.add("go", "Goes", [] { return 0; });
    go.option("TO", to, "where to", OptionForm::kRequired);
    go.option("-n,--times", times, "how often");
    go.option("--note", note, "what is said");
    line.add("stop", "Stops", [] { return 0; });
    const TempFolder folder;
    {
      const Redirected out(STDOUT_FILENO, stdout, folder / "out"), err(STDERR_FILENO, stderr, folder / "err");
      line.run(arguments);
    }
    return file_bytes(folder / "err");
  };
  EXPECT_EQ(said({"go", "home", "-n", "3", "--note", "--odd"}), "");
  EXPECT_EQ(said({"go", "home", "--", "--odd"}), "error: [hone go] takes no more words, got --odd\n");
  EXPECT_EQ(said({}), "error: [hone] must be told what to do; hone --help lists the commands\n");
  EXPECT_EQ(said({"og"}), "error: [hone] has no command og; did you mean go?\n");
  EXPECT_EQ(said({"elsewhere"}), "error: [hone] has no command elsewhere; hone --help lists what it has\n");
  EXPECT_EQ(said({"--zzz"}), "error: [hone] has no option --zzz; hone --help lists what it has\n");
  EXPECT_EQ(said({"go", "--tiems", "2"}), "error: [hone go] has no option --tiems; did you mean --times?\n");
  EXPECT_EQ(said({"go", "-x"}), "error: [hone go] has no option -x; hone go --help lists what it has\n");
  EXPECT_EQ(said({"go", "home", "--times", "often"}), "error: [--times] must be a number, got often\n");
  EXPECT_EQ(said({"go", "home", "again", "and"}), "error: [hone go] takes no more words, got again and\n");
  EXPECT_EQ(said({"go"}), "error: [hone go] TO is required\n");
}

TEST(CommandLineShape, IsWhatWasAdded) {
  CommandLine line("Goes.", "7");
  std::string text, place;
  std::vector<int> numbers = {1, 4};
  bool flag = false;
  Command& command = line.add("go", "Goes", [] { return 0; });
  command.footer("And that is that.");
  command.option("PLACE", place, "where", OptionForm::kRequired);
  command.hint({.folders = true});
  command.option("-k,--kind", text, "of what", OptionForm::kShowDefault);
  command.value_name("KIND");
  command.option("--numbers", numbers, "some", OptionForm::kShowDefault);
  command.flag("--fast", flag, "soon");
  const ProgramShape program = line.shape();
  EXPECT_EQ(program.version, "7");
  ASSERT_EQ(program.commands.size(), 1u);
  const CommandShape& shape = program.commands[0];
  EXPECT_EQ(shape.footer, "And that is that.");
  ASSERT_EQ(shape.options.size(), 5u);
  EXPECT_EQ(shape.options[0].names, (std::vector<std::string>{"-h", "--help"}));
  EXPECT_TRUE(shape.options[0].is_flag());
  EXPECT_TRUE(shape.options[1].positional && shape.options[1].required && shape.options[1].hint.folders);
  EXPECT_EQ(shape.options[2].names, (std::vector<std::string>{"-k", "--kind"}));
  EXPECT_EQ(shape.options[2].value_name, "KIND");
  EXPECT_FALSE(shape.options[2].repeated || shape.options[2].required);
  EXPECT_TRUE(shape.options[3].repeated);
  EXPECT_EQ(shape.options[3].default_value, "1,4");
  EXPECT_TRUE(shape.options[4].is_flag());
}

}  // namespace
}  // namespace hone::testing

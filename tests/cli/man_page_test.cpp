#include "hone/cli/man_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/run_command.h"
#include "cli/shell.h"

namespace hone::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ManPage, TextIsNeverARequest) {
  EXPECT_EQ(roff_text(".TH is text"), "\\&.TH is text");
  EXPECT_EQ(roff_text("'it'"), "\\&\\(aqit\\(aq");
  EXPECT_EQ(roff_text("a\\n --k"), "a\\en \\-\\-k");
}

TEST(ManPage, TellsOptionsDefaultsAndChoices) {
  OptionShape flag, value, place;
  flag.names = {"-q", "--quick"};
  flag.help = "soon";
  value.names = {"--way"};
  value.help = "which way";
  value.value_name = "TEXT";
  value.default_value = "left";
  value.hint.words = {"left", "right"};
  place.names = {"FILE"};
  place.help = "a file";
  place.value_name = "TEXT";
  place.positional = place.required = true;
  const std::string page =
      man_page({"go", "Goes.", "1", {}, {{"walk", "By foot", "Or\n  not.", {flag, value, place}}}});
  EXPECT_THAT(page, HasSubstr("\\fBgo walk\\fP [\\fIoptions\\fP] \\fIFILE\\fP\n"));
  EXPECT_THAT(page, HasSubstr(".TP\n\\fB\\-q\\fP, \\fB\\-\\-quick\\fP\nsoon\n"));
  EXPECT_THAT(page, HasSubstr(".TP\n\\fB\\-\\-way\\fP \\fITEXT\\fP\nwhich way: left, right [left]\n"));
  EXPECT_THAT(page, HasSubstr(".PP\nOr\n.nf\n  not.\n.fi\n"));
}

TEST(ManPage, HasEveryCommandAndTheSectionsOfOne) {
  const Ran ran = run_command({"man"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  for (const char* part : {".TH HONE 1", ".SH EXIT STATUS", ".SH ENVIRONMENT", ".SH FILES", ".SS hone train",
                           ".SS hone completions", "\\fBNO_COLOR\\fP", "\\fB130\\fP"})
    EXPECT_THAT(ran.out, HasSubstr(part));
}

// The formatter itself warns of unknown requests, unbalanced fonts, lines that cannot be broken.
TEST(ManPage, FormatsWithoutAWarning) {
  if (!has_program("groff")) GTEST_SKIP() << "no groff";
  const TempFolder folder;
  const std::string file = (folder / "hone.1").string();
  write_file(file, run_command({"man"}).out);
  const Shelled warned = run_shell("groff -Kutf8 -man -Tutf8 -ww -z " + file);
  EXPECT_EQ(warned.exit_code, 0);
  EXPECT_EQ(warned.out, "");
  const std::string shown = run_shell("groff -Kutf8 -man -Tascii -P-cbou " + file).out;
  EXPECT_THAT(shown, HasSubstr("--set KEY=VALUE"));
  EXPECT_THAT(shown, Not(HasSubstr("\\f")));
  write_file(file, ".TH HONE 1\n.XX\n");
  EXPECT_THAT(run_shell("groff -Kutf8 -man -Tutf8 -ww -z " + file).out, HasSubstr("XX"))
      << "it would have said so";
}

}  // namespace
}  // namespace hone::testing

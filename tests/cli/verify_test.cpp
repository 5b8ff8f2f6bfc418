// hone verify: JSON lines in, verdicts out, in their order.
#include <gtest/gtest.h>

#include "cli/run_command.h"

namespace hone {
namespace {

using namespace hone::testing;

TEST(Verify, KeepsTheOrderAndTheKeysOfManyLines) {
  std::string input;
  for (int i = 0; i < 2000; ++i) {
    input += fmt::format("{{\"id\":{},\"reference\":\"{}\",\"completion\":\"{}\"}}\n", i, i,
                         i % 3 == 0 ? i + 1 : i);
  }
  const Ran ran = run_command({"verify", "--verifier", "number", "--jobs", "7"}, input);
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  const auto lines = ran.lines();
  ASSERT_EQ(lines.size(), 2000u);
  for (int i = 0; i < 2000; ++i) {
    const Json& line = lines[static_cast<std::size_t>(i)];
    ASSERT_EQ(line["id"], i);
    EXPECT_EQ(line["status"], i % 3 == 0 ? "wrong" : "correct");
    EXPECT_EQ(line["score"], i % 3 == 0 ? 0.0 : 1.0);
  }
  EXPECT_NE(ran.err.find("2000 lines, 1333 correct, 667 wrong"), std::string::npos) << ran.err;
}

TEST(Verify, BadLinesAreReportedAndPassedOn) {
  const Ran ran = run_command({"verify"}, "oops\n\n{\"reference\":\"2\",\"completion\":\"2\"}\n[1,2]\n");
  EXPECT_EQ(ran.exit_code, 0);
  const auto lines = ran.lines();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0]["text"], "oops");
  EXPECT_EQ(lines[0]["line"], 1);
  EXPECT_EQ(lines[0]["status"], "error");
  EXPECT_EQ(lines[0]["score"], nullptr);
  EXPECT_EQ(lines[1]["status"], "correct");
  EXPECT_EQ(lines[2]["line"], 4);
  EXPECT_NE(ran.err.find("[stdin:1] must be valid JSON"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("[stdin:4] must be a JSON object"), std::string::npos) << ran.err;
}

TEST(Verify, NothingInNothingOut) {
  const Ran ran = run_command({"verify"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.out, "");
  EXPECT_NE(ran.err.find("0 lines"), std::string::npos);
}

}  // namespace
}  // namespace hone

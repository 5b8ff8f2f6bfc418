// hone plot, on run databases written here.
#include <gtest/gtest.h>

#include "cli/run_command.h"
#include "hone/base/files.h"
#include "hone/store/run_store.h"

namespace hone {
namespace {

using namespace hone::testing;

class Plot : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"a", "b"}) {
      std::filesystem::create_directories(folder_ / name);
      auto store = RunStore::open(folder_ / name / "run.db");
      ASSERT_TRUE(store.ok()) << store.error().message();
      for (std::int64_t step = 1; step <= 10; ++step) {
        const StepRecord record{"grpo", step, {{"reward", 0.1 * static_cast<double>(step)}, {"kl", 0.5}}, {}};
        ASSERT_TRUE(store->append(record).ok());
      }
    }
  }
  Ran plot(std::vector<std::string> more) const {
    more.insert(more.begin(), {"plot", (folder_ / "a").string()});
    return run_command(more);
  }
  TempFolder folder_;
};

TEST_F(Plot, DrawsRunsAndMetrics) {
  for (const char* name : {"all.svg", "all.png"}) {
    const std::string file = (folder_ / name).string();
    const Ran ran = plot({(folder_ / "b").string(), "--metric", "reward,kl", "--out", file});
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    const auto bytes = read_file(file);
    ASSERT_TRUE(bytes.ok());
    EXPECT_GT(bytes->size(), 1000u);
  }
  // Averaged to two points, the line is another.
  const auto drawn = [&](std::vector<std::string> more) {
    const std::string file = (folder_ / "one.svg").string();
    more.insert(more.end(), {"--metric", "reward", "--out", file});
    EXPECT_EQ(plot(more).exit_code, 0);
    return *read_file(file);
  };
  EXPECT_NE(drawn({}), drawn({"--points", "2"}));
  EXPECT_EQ(drawn({}), drawn({"--points", "10"}));
}

TEST_F(Plot, SaysWhatIsWrong) {
  const std::string out = (folder_ / "x.svg").string();
  EXPECT_NE(plot({"--metric", "rewrd", "--out", out}).err.find("did you mean reward?"), std::string::npos);
  EXPECT_NE(plot({"--metric", "reward", "--out", "x.gif"}).err.find("--out"), std::string::npos);
  EXPECT_NE(plot({"--metric", "reward", "--out", out, "--stage", "sft"}).err.find("--stage"),
            std::string::npos);
  EXPECT_NE(plot({"--metric", "reward", "--out", out, "--stage", "warm"}).err.find("--stage"),
            std::string::npos);
  EXPECT_NE(plot({"--metric", "reward", "--out", out, "--points", "1"}).err.find("--points"),
            std::string::npos);
  const Ran none = run_command({"plot", (folder_ / "c").string(), "--metric", "reward", "--out", out});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_NE(none.err.find("no such folder"), std::string::npos);
}

}  // namespace
}  // namespace hone

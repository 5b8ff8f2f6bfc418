// hone ui, and hone train --ui: what they refuse, and that looking on changes nothing.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <filesystem>

#include "cli/run_command.h"
#include "hone/store/run_store.h"

namespace hone {
namespace {

using namespace hone::testing;
using ::testing::HasSubstr;

constexpr const char* kRecipe = R"(
name: small
model:
  init: {hidden_size: 32, intermediate_size: 64, layers: 2, heads: 2, kv_heads: 1, max_position_embeddings: 96}
  tokenizer: {vocab_size: 272, samples: 200}
data: {task: arithmetic, difficulty: 1}
sft: {steps: 4, batch_size: 8}
grpo:
  steps: 3
  rollout: {prompts_per_step: 4, group_size: 4, max_new_tokens: 16}
eval: {problems: 10}
)";

TEST(Ui, SaysWhatItCannotServe) {
  const TempFolder folder;
  write_file(folder / "file", "x");
  const Ran file = run_command({"ui", (folder / "file").string(), "--port", "0"});
  EXPECT_EQ(file.exit_code, 2);
  EXPECT_THAT(file.err, HasSubstr("[RUNS] must be a folder of runs"));
  const Ran port = run_command({"ui", folder.string(), "--port", "65536"});
  EXPECT_EQ(port.exit_code, 2);
  EXPECT_THAT(port.err, HasSubstr("[--port] must be in [0, 65535], got 65536"));
  const Ran open = run_command({"ui", folder.string(), "--port", "0", "--host", "0.0.0.0"});
  EXPECT_EQ(open.exit_code, 2);
  EXPECT_THAT(open.err, HasSubstr("[--host] must be a loopback address, or come with --token"));
  EXPECT_NE(run_command({"ui", folder.string(), "two"}).exit_code, 0);
}

TEST(Ui, ATrainingThatIsLookedAtHasTheSameBits) {
  const TempFolder folder;
  write_file(folder / "recipe.yaml", kRecipe);
  std::vector<std::string> weights;
  std::vector<StepRecord> last;
  for (const bool looked_at : {false, true}) {
    const std::string runs = (folder / (looked_at ? "looked" : "alone")).string();
    std::vector<std::string> arguments = {"train", (folder / "recipe.yaml").string(), "--set",
                                          "runs=" + runs};
    if (looked_at) arguments.insert(arguments.end(), {"--ui", "0"});
    const Ran ran = run_command(arguments);
    ASSERT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_THAT(ran.out,
                HasSubstr(looked_at ? "watch it   http://127.0.0.1:"
                                    : "watch it   hone ui " + runs + ", then http://127.0.0.1:8642/"));
    EXPECT_THAT(ran.out, HasSubstr("/#/run/small\n"));
    const auto store = RunStore::open(std::filesystem::path(runs) / "small" / "run.db", /*read_only=*/true);
    ASSERT_TRUE(store.ok());
    auto record = store->load("grpo", 3);
    ASSERT_TRUE(record.ok());
    last.push_back(*std::move(record));
    weights.push_back(file_bytes(std::filesystem::path(runs) / "small" / "latest" / "model.safetensors"));
  }
  EXPECT_EQ(weights[0], weights[1]);
  ASSERT_EQ(last[0].groups.size(), last[1].groups.size());
  for (std::size_t g = 0; g < last[0].groups.size(); ++g) {
    for (std::size_t r = 0; r < last[0].groups[g].rollouts.size(); ++r) {
      EXPECT_EQ(last[0].groups[g].rollouts[r].completion.ids, last[1].groups[g].rollouts[r].completion.ids);
      EXPECT_EQ(last[0].groups[g].rollouts[r].completion.logprobs,
                last[1].groups[g].rollouts[r].completion.logprobs);
    }
  }
}

TEST(Ui, APortThatIsTakenStopsATrainingBeforeItBegins) {
  const TempFolder folder;
  write_file(folder / "recipe.yaml", kRecipe);
  const Ran odd = run_command({"train", (folder / "recipe.yaml").string(), "--ui", "70000", "--set",
                               "runs=" + (folder / "runs").string()});
  EXPECT_EQ(odd.exit_code, 2);
  EXPECT_THAT(odd.err, HasSubstr("[--ui] must be a port"));
  EXPECT_FALSE(std::filesystem::exists(folder / "runs"));
  const int taken = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(taken, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(taken, 1), 0);
  socklen_t size = sizeof address;
  ASSERT_EQ(::getsockname(taken, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const Ran ran =
      run_command({"train", (folder / "recipe.yaml").string(), "--ui",
                   std::to_string(ntohs(address.sin_port)), "--set", "runs=" + (folder / "runs").string()});
  ::close(taken);
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, HasSubstr("in use"));
  EXPECT_FALSE(std::filesystem::exists(folder / "runs" / "small"));
}

}  // namespace
}  // namespace hone

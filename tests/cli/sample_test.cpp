// hone sample and hone chat on a small random model.
#include <gtest/gtest.h>

#include "cli/run_command.h"
#include "cli/tiny_model.h"

namespace hone {
namespace {

using namespace hone::testing;

std::vector<std::string> with(std::vector<std::string> first, const std::vector<std::string>& more) {
  first.insert(first.end(), more.begin(), more.end());
  return first;
}

Ran sample(const std::vector<std::string>& more, const std::string& input = "") {
  return run_command(with({"sample", tiny_model(), "--max-new-tokens", "8"}, more), input);
}

TEST(Sample, TheSeedDecides) {
  const Ran a = sample({"2 + 2", "-n", "4", "--json", "--seed", "3"});
  const Ran b = sample({"2 + 2", "-n", "4", "--json", "--seed", "3"});
  const Ran c = sample({"2 + 2", "-n", "4", "--json", "--seed", "4"});
  ASSERT_EQ(a.exit_code, 0) << a.err;
  EXPECT_EQ(a.lines().size(), 4u);
  EXPECT_EQ(a.out, b.out);
  EXPECT_NE(a.out, c.out);
  EXPECT_NE(a.lines()[0]["ids"], a.lines()[1]["ids"]) << "completions of one prompt differ";
}

TEST(Sample, PromptsGoThroughTheTemplateUnlessPlain) {
  const Ran chat = sample({"2 + 2", "--json", "--system", "Be brief."});
  EXPECT_EQ(chat.lines().at(0)["prompt"],
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n2 + 2<|im_end|>\n"
            "<|im_start|>assistant\n");
  const Ran plain = sample({"-", "--json", "--plain"}, "2 + 2\n");
  EXPECT_EQ(plain.lines().at(0)["prompt"], "2 + 2");
}

TEST(Sample, PrintsTexts) {
  const Ran json = sample({"2 + 2", "--json", "--temperature", "0"});
  const Ran one = sample({"2 + 2", "--temperature", "0"});
  EXPECT_EQ(one.out, json.lines().at(0)["completion"].get<std::string>() + "\n");
  EXPECT_EQ(json.lines()[0]["ids"].size(), json.lines()[0]["logprobs"].size());
  EXPECT_LE(json.lines()[0]["ids"].size(), 8u);
  const Ran two = sample({"2 + 2", "-n", "2"});
  EXPECT_NE(two.out.find("── 1 of 2 · "), std::string::npos) << two.out;
  EXPECT_NE(two.out.find("── 2 of 2 · "), std::string::npos) << two.out;
}

TEST(Sample, RefusesImpossibleNumbersBeforeTheModelIsRead) {
  const auto refuse = [](const std::vector<std::string>& more, const std::vector<std::string>& parts) {
    SCOPED_TRACE(more.empty() ? "no options" : more.front());
    const Ran ran = run_command(with({"sample", "/nowhere", "x"}, more));
    expect_one_error(ran, parts);
    EXPECT_EQ(ran.out, "");
  };
  refuse({"--temperature", "-1"}, {"[--temperature]", "got -1"});
  refuse({"--top-p", "1.5"}, {"[--top-p]", "in [0, 1]", "got 1.5"});
  refuse({"--min-p", "-0.1"}, {"[--min-p]", "got -0.1"});
  refuse({"--top-k", "-3"}, {"[--top-k]", "got -3"});
  refuse({"--max-new-tokens", "0"}, {"[--max-new-tokens]", "at least 1", "got 0"});
  refuse({"-n", "0"}, {"[-n]", "at least 1", "got 0"});
  refuse({"--stop", ""}, {"[--stop]"});
  refuse({"--temperature", "nan"}, {"[--temperature]"});
  refuse({}, {"/nowhere"});
}

TEST(Sample, RefusesAPromptLongerThanTheContext) {
  std::string question;
  for (int i = 0; i < 200; ++i) question += "9 ";
  expect_one_error(sample({question}), {"[PROMPT]", "context of 128 tokens", "got "});
  expect_one_error(sample({"-"}, ""), {"[PROMPT]"});
}

Ran chat(const std::string& input, const std::vector<std::string>& more = {}) {
  return run_command(with({"chat", tiny_model(), "--max-new-tokens", "8", "--temperature", "0"}, more),
                     input);
}

TEST(Chat, AnswersEachLineFromTheConversationSoFar) {
  const Ran first = chat("1 + 1\n");
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const Ran alone = sample({"1 + 1", "--json", "--temperature", "0"});
  EXPECT_EQ(first.out, alone.lines().at(0)["completion"].get<std::string>() + "\n");
  const Ran twice = chat("1 + 1\n/reset\n1 + 1\n");
  EXPECT_EQ(twice.out, first.out + first.out) << "a conversation that was reset begins anew";
  const Ran quit = chat("1 + 1\n/quit\n1 + 1\n");
  EXPECT_EQ(quit.out, first.out);
  EXPECT_EQ(quit.exit_code, 0);
  EXPECT_EQ(chat("\n  \n").out, "");
}

TEST(Chat, KeepsTheConversation) {
  // Enough turns fill the context: nothing of what was said is dropped silently.
  std::string input;
  for (int i = 0; i < 40; ++i) input += "3 + 4\n";
  const Ran ran = chat(input);
  expect_one_error(ran, {"[conversation]", "context of 128 tokens", "/reset"});
  EXPECT_FALSE(ran.out.empty());
  std::string with_resets;
  for (int i = 0; i < 40; ++i) with_resets += "3 + 4\n/reset\n";
  EXPECT_EQ(chat(with_resets).exit_code, 0);
}

TEST(Chat, RefusesUnknownCommands) {
  expect_one_error(chat("/rest\n"), {"/reset and /quit", "/rest"});
  EXPECT_EQ(chat("//rest\n").exit_code, 0);
}

}  // namespace
}  // namespace hone

#include "hone/loop/think_budget.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "hone/base/check.h"
#include "loop/think_fakes.h"

namespace hone {
namespace {

using testing::ThinkingGenerator;
using Ids = std::vector<std::int32_t>;

class ThinkBudget : public ::testing::Test {
 protected:
  static constexpr std::size_t kGroups = 3;
  static constexpr int kSamples = 2;

  Result<ThinkBudgets> sample(const ThinkBudgetOptions& options, const std::string& end_of_prompt = "") {
    groups_.clear();
    for (std::size_t g = 0; g < kGroups; ++g) {
      Group& group = groups_.emplace_back();
      group.problem.source = "problem " + std::to_string(g);
      group.prompt_text = "cat" + end_of_prompt;
      group.prompt_ids = generator_.tokenizer.encode(group.prompt_text);
    }
    return sample_think_budgets(groups_, generator_, generator_.tokenizer, {}, kSamples, 7, options);
  }
  static const ThinkBudgets::Answer& at(const ThinkBudgets& budgets, std::size_t budget, std::size_t group,
                                        std::size_t s) {
    return budgets.answers[budgets.by_budget[budget][group * kSamples + s]];
  }
  static std::string thought(int letters) {
    std::string text;
    for (int i = 0; i < letters; ++i) text += "the"[i % 3];
    return text;
  }
  static std::string whole(int letters, const std::string& of) {
    return "<think>" + of + "</think><answer>" + std::to_string(letters) + "</answer>";
  }
  static int letters(std::size_t g, std::size_t s) { return ThinkingGenerator::letters(g, s); }
  static std::size_t forced(const Completion& c) {
    return static_cast<std::size_t>(
        std::ranges::count_if(c.logprobs, [](float logprob) { return std::isnan(logprob); }));
  }

  ThinkingGenerator generator_;
  std::vector<Group> groups_;
};

TEST_F(ThinkBudget, CutsThoughtsAndForcesTheTag) {
  const auto result = sample({.budgets = {0, 4, 100}});
  ASSERT_TRUE(result.ok()) << result.error().message();
  const std::vector<int> budgets = {0, 4, 100};
  const auto before = generator_.tokens;
  int cut = 0, natural = 0;
  for (std::size_t b = 0; b < budgets.size(); ++b) {
    for (std::size_t g = 0; g < kGroups; ++g) {
      for (std::size_t s = 0; s < kSamples; ++s) {
        const int own = letters(g, s), kept = std::min(own, budgets[b]);
        const ThinkBudgets::Answer& answer = at(*result, b, g, s);
        EXPECT_EQ(answer.group, g);
        EXPECT_EQ(answer.sample, s);
        const Completion& c = answer.completion;
        EXPECT_EQ(c.text, whole(kept, thought(kept)));
        EXPECT_EQ(c.finish, FinishReason::kEos);
        EXPECT_EQ(c.logprobs.size(), c.ids.size());
        EXPECT_EQ(forced(c), own <= budgets[b] && own != budgets[b] ? 1u : 2u) << "<think>, </think>";
        EXPECT_EQ(answer.tokens, std::ssize(c.ids));
        // One id for each tag and letter, and for the eos.
        EXPECT_EQ(std::ssize(c.ids), 1 + kept + 1 + 2 + std::ssize(std::to_string(kept)) + 1);
        cut += own > budgets[b] ? 1 : 0;
        natural += own < budgets[b] ? 1 : 0;
      }
    }
  }
  EXPECT_GT(cut, 6);
  EXPECT_GT(natural, 5);
  EXPECT_EQ(result->sampled_tokens, before);
}

TEST_F(ThinkBudget, IdsThatWereSampledAreNeverTokenisedAgain) {
  const auto result = sample({.budgets = {9, 100}});
  ASSERT_TRUE(result.ok());
  for (const auto& answer : result->answers) {
    const Ids& ids = answer.completion.ids;
    const Ids again = generator_.tokenizer.encode(answer.completion.text);
    EXPECT_LT(again.size(), ids.size() - 1) << "\"the\" is a token: the thought would be another";
    // Some request went on from exactly these ids.
    bool found = false;
    for (const GenerationRequest& request : generator_.asked) {
      Ids all = groups_[answer.group].prompt_ids;
      all.insert(all.end(), ids.begin(), ids.end());
      const bool fits = request.prompt.size() < all.size() && request.key.problem == answer.group &&
                        std::equal(request.prompt.begin(), request.prompt.end(), all.begin());
      found = found || (fits && request.sampling.stop.empty());
    }
    EXPECT_TRUE(found);
  }
}

TEST_F(ThinkBudget, ThoughtsAreSampledOnceAndSharedAnswersToo) {
  const auto result = sample({.budgets = {2, 50, 100}});
  ASSERT_TRUE(result.ok());
  for (std::size_t g = 0; g < kGroups; ++g) {
    EXPECT_EQ(&at(*result, 1, g, 0), &at(*result, 2, g, 0)) << "both end the thought by itself";
    EXPECT_NE(&at(*result, 0, g, 0), &at(*result, 1, g, 0));
  }
  EXPECT_EQ(result->answers.size(), 2 * kGroups * kSamples);
  std::int64_t thoughts = 0;
  for (const GenerationRequest& request : generator_.asked) {
    EXPECT_NE(request.key.step, 0u) << "the pool's draws";
    thoughts += request.sampling.stop.empty() ? 0 : request.n;
  }
  EXPECT_EQ(thoughts, std::ssize(groups_) * kSamples);
}

TEST_F(ThinkBudget, BudgetZeroSamplesNoThoughtAndReadsEachPromptOnce) {
  const auto result = sample({.budgets = {0}});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(generator_.asked.size(), kGroups);
  EXPECT_EQ(generator_.asked[0].n, kSamples);
  EXPECT_EQ(at(*result, 0, 2, 1).completion.text, whole(0, ""));
}

TEST_F(ThinkBudget, AThoughtClosedTooSoonIsGoneOnWith) {
  const int wait = static_cast<int>(generator_.tokenizer.encode("Wait").size());
  const auto result = sample({.budgets = {5, 100}, .at_least = 8, .more_times = 2});
  ASSERT_TRUE(result.ok());
  int extended = 0, left = 0;
  for (std::size_t g = 0; g < kGroups; ++g) {
    for (std::size_t s = 0; s < kSamples; ++s) {
      const int own = letters(g, s);
      std::string text = thought(own);
      int count = own, tokens = own, times = 0;
      for (; tokens < 8 && times < 2; ++times) {
        text += "Wait";
        for (int i = 0; i < 3; ++i) text += "the"[count++ % 3];
        tokens += wait + 3;
      }
      const ThinkBudgets::Answer& answer = at(*result, 1, g, s);
      EXPECT_EQ(answer.completion.text, whole(count, text));
      EXPECT_EQ(forced(answer.completion), static_cast<std::size_t>(1 + times * wait));
      EXPECT_EQ(answer.tokens, std::ssize(answer.completion.ids) + times) << "each dropped tag was paid for";
      (times > 0 ? extended : left) += 1;
      // Cut at 5: what stands there of the extended thought.
      const ThinkBudgets::Answer& shorter = at(*result, 0, g, s);
      const Ids& ids = answer.completion.ids;
      EXPECT_TRUE(std::equal(ids.begin(), ids.begin() + 6, shorter.completion.ids.begin()));
      EXPECT_EQ(shorter.tokens - std::ssize(shorter.completion.ids), own < 5 ? 1 : 0);
    }
  }
  EXPECT_GT(extended, 1);
  EXPECT_GT(left, 1);
}

TEST_F(ThinkBudget, ExtendingEndsWhereTheBudgetDoes) {
  const auto result = sample({.budgets = {12}, .at_least = 12, .more_times = 100});
  ASSERT_TRUE(result.ok());
  for (const auto& answer : result->answers) {
    const Ids& ids = answer.completion.ids;
    const auto close = std::ranges::find(ids, *generator_.tokenizer.id_of("</think>"));
    EXPECT_EQ(close - ids.begin(), 1 + 12);
    EXPECT_TRUE(std::isnan(answer.completion.logprobs[13]));
  }
}

TEST_F(ThinkBudget, APromptThatOpensTheThoughtIsNotOpenedAgain) {
  const auto result = sample({.budgets = {4}}, "<think>\n");
  ASSERT_TRUE(result.ok());
  const Completion& c = at(*result, 0, 0, 0).completion;
  EXPECT_FALSE(c.text.starts_with("<think>"));
  EXPECT_NE(c.text.find("</think><answer>"), std::string::npos);
}

TEST_F(ThinkBudget, AnEndInsideTheThoughtIsNoAnswer) {
  generator_.never_closes = true;
  const auto result = sample({.budgets = {100}});
  ASSERT_TRUE(result.ok());
  for (const auto& answer : result->answers) {
    const int own = letters(answer.group, answer.sample);
    EXPECT_EQ(answer.completion.text, whole(own, thought(own)));
    EXPECT_EQ(forced(answer.completion), 2u);
    EXPECT_EQ(answer.tokens, std::ssize(answer.completion.ids) + 1) << "the eos was sampled too";
  }
}

// Some tokenizers call the tags special: they are dropped from texts, and no stop string sees them.
TEST_F(ThinkBudget, TagsMayLeaveNoText) {
  generator_.tokenizer = testing::think_tokenizer(testing::Tags::kSpecial);
  const auto result = sample({.budgets = {4, 100}, .at_least = 4});
  ASSERT_TRUE(result.ok());
  const std::int32_t tag = *generator_.tokenizer.id_of("</think>");
  for (std::size_t b = 0; b < 2; ++b) {
    for (std::size_t g = 0; g < kGroups; ++g) {
      for (std::size_t s = 0; s < kSamples; ++s) {
        const int own = letters(g, s), kept = b == 0 ? std::min(own, 4) : own;
        const Completion& c = at(*result, b, g, s).completion;
        EXPECT_EQ(std::ranges::count(c.ids, tag), 1);
        EXPECT_EQ(c.finish, FinishReason::kEos);
        if (own < 4) {
          EXPECT_NE(c.text.find(b == 0 ? "W" : "Wait"), std::string::npos) << c.text;
        } else {
          EXPECT_EQ(c.text, thought(kept) + std::to_string(kept));
        }
      }
    }
  }
}

TEST_F(ThinkBudget, TagsMaySpanTokens) {
  generator_.tokenizer = testing::think_tokenizer(testing::Tags::kSpelled);
  const auto result = sample({.budgets = {4, 100}, .at_least = 4}, "<think>");
  ASSERT_TRUE(result.ok()) << result.error().message();
  const int wait = static_cast<int>(generator_.tokenizer.encode("Wait").size());
  int dropped = 0;
  for (std::size_t g = 0; g < kGroups; ++g) {
    for (std::size_t s = 0; s < kSamples; ++s) {
      const int own = letters(g, s);
      const bool more = own < 4;
      const std::string text =
          more ? thought(own) + "Wait" + thought(own + 3).substr(static_cast<std::size_t>(own))
               : thought(own);
      const ThinkBudgets::Answer& answer = at(*result, 1, g, s);
      EXPECT_EQ("<think>" + answer.completion.text, whole(own + (more ? 3 : 0), text));
      EXPECT_EQ(forced(answer.completion), static_cast<std::size_t>(more ? wait : 0))
          << "its own tag is kept";
      EXPECT_EQ(answer.tokens - std::ssize(answer.completion.ids), more ? 8 : 0);
      dropped += more ? 1 : 0;
    }
  }
  EXPECT_GT(dropped, 0);
}

TEST_F(ThinkBudget, TheAnswerKeepsItsRoomInTheContext) {
  generator_.context = 32;
  const auto result = sample({.budgets = {1000}, .at_least = 1000, .more_times = 1000});
  ASSERT_TRUE(result.ok()) << result.error().message();
  const std::int64_t prompt = std::ssize(groups_[0].prompt_ids);
  for (const auto& answer : result->answers) {
    const Ids& ids = answer.completion.ids;
    const auto close = std::ranges::find(ids, *generator_.tokenizer.id_of("</think>")) - ids.begin();
    EXPECT_EQ(prompt + close + 1, 32 - 4) << "an eighth is left";
  }
  generator_.context = prompt + 4;  // tags and an answer of one token
  EXPECT_FALSE(sample({.budgets = {0}}, " and the hat").ok());
  generator_.context = prompt + 2;
  const auto none = sample({.budgets = {0}});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().where, "problem 0");
}

TEST_F(ThinkBudget, ModelsWithoutTagsAreRefused) {
  generator_.tokenizer = testing::think_tokenizer(testing::Tags::kSpelled);
  const auto result = sample({.budgets = {4}});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().where, "think budgets");
  EXPECT_TRUE(generator_.asked.empty());
  EXPECT_THROW((void)sample({.budgets = {}}), BrokenInvariant);
  EXPECT_THROW((void)sample({.budgets = {4, 4}}), BrokenInvariant);
}

}  // namespace
}  // namespace hone

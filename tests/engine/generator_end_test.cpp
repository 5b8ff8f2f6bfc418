// How completions end, what is reported while they do, and what is refused.
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "engine/engine_helpers.h"
#include "hone/engine/generator.h"

namespace hone {
namespace {

using testing::request;
using testing::value_or_throw;

class GeneratorEnd : public ::testing::Test {
 protected:
  Completion one(const GenerationRequest& r, GeneratorOptions options = {}, bool with_tokenizer = true) {
    PolicyGenerator generator(policy_, with_tokenizer ? std::optional(tokenizer_) : std::nullopt, options);
    return value_or_throw(generator.generate({&r, 1}))[0][0];
  }
  std::string error(const GenerationRequest& r, GeneratorOptions options = {}, bool with_tokenizer = true) {
    PolicyGenerator generator(policy_, with_tokenizer ? std::optional(tokenizer_) : std::nullopt, options);
    const std::vector<GenerationRequest> requests = {request(1, 3, 1, 2), r};
    int finished = 0;
    const auto result = generator.generate(requests, [&](auto, auto, const auto&) { ++finished; });
    if (result.ok()) return "";
    EXPECT_EQ(finished, 0) << "nothing is sampled";
    return result.error().message();
  }

  Policy policy_ = testing::load_policy(testing::golden_model("llama-tied"));
  Tokenizer tokenizer_ = testing::small_tokenizer();
};

TEST_F(GeneratorEnd, AnyIdOfTheEosSetEndsACompletionAndIsItsLast) {
  const auto r = request(3, 6, 1, 40);
  const Completion whole = one(r);
  ASSERT_EQ(whole.ids.size(), 40u);
  EXPECT_EQ(whole.finish, FinishReason::kLength);
  const std::int32_t late = whole.ids[20], soon = whole.ids[7];
  const auto first_of = [&](std::int32_t id) {
    return static_cast<std::size_t>(std::find(whole.ids.begin(), whole.ids.end(), id) - whole.ids.begin());
  };
  const std::size_t count = std::min(first_of(late), first_of(soon)) + 1;
  const Completion ended = one(r, {.eos_ids = {late, soon}});
  EXPECT_EQ(ended.finish, FinishReason::kEos);
  EXPECT_EQ(ended.ids,
            std::vector<std::int32_t>(whole.ids.begin(), whole.ids.begin() + static_cast<long>(count)));
  EXPECT_EQ(ended.logprobs.size(), count);
  // The eos leaves no text, be it special to the tokenizer or not.
  EXPECT_EQ(ended.text, tokenizer_.decode(std::span(ended.ids).first(count - 1), true));
  EXPECT_EQ(whole.text, tokenizer_.decode(whole.ids, true));
}

TEST_F(GeneratorEnd, AnEosThatIsTheLastTokenAllowedIsStillAnEos) {
  const auto r = request(3, 6, 1, 1);
  const Completion whole = one(r);
  EXPECT_EQ(one(r, {.eos_ids = whole.ids}).finish, FinishReason::kEos);
  EXPECT_EQ(one(r, {.eos_ids = whole.ids}).text, "");
}

TEST_F(GeneratorEnd, AStopStringAcrossTokensCutsTheText) {
  int found = 0;
  for (std::uint64_t problem = 0; problem < 12; ++problem) {
    auto r = request(problem, 6, 1, 60);
    const Completion whole = one(r);
    // Three characters that no single token gave, from somewhere in the text.
    for (std::size_t at = 5; at + 3 <= whole.text.size(); ++at) {
      const std::string stop = whole.text.substr(at, 3);
      if (std::any_of(stop.begin(), stop.end(), [](char c) { return (c & 0x80) != 0; })) continue;
      r.sampling.stop = {"never in the text", stop};
      const Completion cut = one(r);
      ASSERT_EQ(cut.finish, FinishReason::kStop);
      EXPECT_EQ(cut.text, whole.text.substr(0, whole.text.find(stop)));
      // The ids that spell the stop string stay; nothing was sampled after them.
      ASSERT_LE(cut.ids.size(), whole.ids.size());
      EXPECT_TRUE(std::equal(cut.ids.begin(), cut.ids.end(), whole.ids.begin()));
      EXPECT_NE(tokenizer_.decode(cut.ids, true).find(stop), std::string::npos);
      EXPECT_EQ(tokenizer_.decode(std::span(cut.ids).first(cut.ids.size() - 1), true).find(stop),
                std::string::npos);
      EXPECT_EQ(cut.logprobs.size(), cut.ids.size());
      ++found;
      break;
    }
  }
  EXPECT_GT(found, 5);
}

TEST_F(GeneratorEnd, AStopIdEndsACompletionAndLeavesNoText) {
  auto r = request(3, 6, 1, 40);
  const Completion whole = one(r);
  const std::int32_t id = whole.ids[12];
  const auto count = static_cast<std::size_t>(std::ranges::find(whole.ids, id) - whole.ids.begin()) + 1;
  r.sampling.stop_ids = {id};
  const Completion cut = one(r);
  EXPECT_EQ(cut.finish, FinishReason::kStop);
  EXPECT_EQ(cut.ids,
            std::vector<std::int32_t>(whole.ids.begin(), whole.ids.begin() + static_cast<long>(count)));
  EXPECT_EQ(cut.text, tokenizer_.decode(std::span(cut.ids).first(count - 1), true));
  // Beside stop strings: whichever comes first.
  r.sampling.stop = {"never in the text"};
  EXPECT_EQ(one(r).text, cut.text);
  EXPECT_EQ(one(r).finish, FinishReason::kStop);
  r.sampling.stop = {};
  EXPECT_EQ(one(r, {}, /*with_tokenizer=*/false).ids, cut.ids) << "needs no tokenizer";
  EXPECT_EQ(one(r, {.eos_ids = {id}}).finish, FinishReason::kEos);
  r.sampling.stop_ids = {320};
  EXPECT_NE(error(r).find("stop_ids"), std::string::npos);
}

TEST_F(GeneratorEnd, TheContextEndsACompletion) {
  const auto r = request(4, 10, 2, 100);
  PolicyGenerator generator(policy_, tokenizer_, {.context_length = 16});
  EXPECT_EQ(generator.context_length(), 16);
  const auto results = value_or_throw(generator.generate({&r, 1}));
  for (const Completion& c : results[0]) {
    EXPECT_EQ(c.ids.size(), 6u);
    EXPECT_EQ(c.finish, FinishReason::kLength);
  }
  EXPECT_EQ(PolicyGenerator(policy_, {}, {}).context_length(), policy_.config().max_position_embeddings);
  EXPECT_EQ(PolicyGenerator(policy_, {}, {.context_length = 1 << 20}).context_length(),
            policy_.config().max_position_embeddings);
}

TEST_F(GeneratorEnd, TheModelsOwnContextCanBeFilledToItsEnd) {
  const auto context = policy_.config().max_position_embeddings;
  EXPECT_EQ(one(request(4, context - 3, 1, 100)).ids.size(), 3u);
  EXPECT_EQ(one(request(4, context - 1, 1, 100)).ids.size(), 1u);
}

TEST_F(GeneratorEnd, EachCompletionIsReportedOnceAsSoonAsItEnds) {
  const std::vector<GenerationRequest> requests = {request(1, 5, 3, 9), request(2, 8, 2, 3),
                                                   request(3, 2, 4, 1)};
  std::int64_t version = 41;
  PolicyGenerator generator(policy_, tokenizer_, {.max_sequences = 4}, [&] { return version; });
  std::map<std::pair<std::size_t, std::size_t>, Completion> reported;
  std::vector<std::size_t> order;
  const auto results = value_or_throw(generator.generate(requests, [&](auto r, auto i, const Completion& c) {
    EXPECT_TRUE(reported.emplace(std::pair{r, i}, c).second) << "reported twice";
    order.push_back(r);
    version = 99;  // asked at the beginning only
  }));
  EXPECT_EQ(reported.size(), 9u);
  EXPECT_EQ(order.front(), 1u) << "the short one ends while longer ones decode";
  for (std::size_t r = 0; r < results.size(); ++r) {
    ASSERT_EQ(results[r].size(), static_cast<std::size_t>(requests[r].n));
    for (std::size_t i = 0; i < results[r].size(); ++i) {
      const Completion& c = reported.at({r, i});
      EXPECT_EQ(c.ids, results[r][i].ids);
      EXPECT_EQ(c.text, results[r][i].text);
      EXPECT_EQ(c.logprobs, results[r][i].logprobs);
      EXPECT_EQ(results[r][i].policy_version, 41);
    }
  }
}

TEST_F(GeneratorEnd, KeptTokensAreRecordedForTruncatedSamplingOnly) {
  const Completion plain = one(request(1, 5, 1, 12));
  EXPECT_TRUE(plain.kept.empty());
  EXPECT_TRUE(plain.kept.ids.empty());
  const Completion top = one(request(1, 5, 1, 12, 1, 7));
  ASSERT_EQ(top.kept.offsets.size(), 13u);
  for (std::size_t t = 0; t < 12; ++t) {
    const auto begin = top.kept.ids.begin() + top.kept.offsets[t],
               end = top.kept.ids.begin() + top.kept.offsets[t + 1];
    EXPECT_EQ(end - begin, 7);
    EXPECT_TRUE(std::is_sorted(begin, end));
    EXPECT_TRUE(std::binary_search(begin, end, top.ids[t]));
  }
  EXPECT_TRUE(one(request(1, 5, 1, 12, 0, 7)).kept.empty());
}

TEST_F(GeneratorEnd, TheCacheGrowsToWhatIsNeededAndIsKept) {
  PolicyGenerator generator(policy_, {}, {});
  const auto big = request(1, 20, 4, 11), small = request(2, 5, 1, 3);
  value_or_throw(generator.generate({&big, 1}));
  EXPECT_EQ(generator.cache_rows(), 20 + 4 * 10);
  const auto among_old_rows = value_or_throw(generator.generate({&small, 1}))[0][0];
  EXPECT_EQ(generator.cache_rows(), 60);
  EXPECT_EQ(among_old_rows.ids, one(small).ids);
}

TEST_F(GeneratorEnd, NothingAskedIsNothingGiven) {
  PolicyGenerator generator(policy_, {}, {});
  EXPECT_TRUE(value_or_throw(generator.generate({})).empty());
}

TEST_F(GeneratorEnd, BadRequestsAreErrorsThatNameThem) {
  auto r = request(1, 0, 1, 4);
  EXPECT_EQ(error(r), "[generation, request 1] a prompt must hold at least one token, got none");
  r = request(1, 16, 1, 4);
  EXPECT_EQ(
      error(r, {.context_length = 16}),
      "[generation, request 1] a prompt and one token must fit the context of 16 tokens, got a prompt of 16");
  r = request(1, 5, 0, 4);
  EXPECT_EQ(error(r), "[generation, request 1: n] must be at least 1, got 0");
  r = request(1, 5, 1, 0);
  EXPECT_EQ(error(r), "[generation, request 1: max_new_tokens] must be at least 1, got 0");
  for (const std::int32_t bad : {-1, 320, std::numeric_limits<std::int32_t>::max()}) {
    r = request(1, 5, 1, 4);
    r.prompt[2] = bad;
    EXPECT_EQ(error(r), "[generation, request 1, prompt token 2] ids must be in the vocabulary of 320, got " +
                            std::to_string(bad));
  }
  r = request(1, 5, 1, 4);
  r.sampling.stop = {"x"};
  EXPECT_EQ(error(r, {}, false),
            "[generation, request 1: stop] stop strings need a tokenizer, and this generator has none, got 1 "
            "of them");
  r = request(1, 5, 2, 4);
  EXPECT_EQ(error(r, {.max_cache_rows = 7}),
            "[generation, request 1] a sequence must fit the cache of at most 7 rows, got 8 rows: a prompt "
            "of 5 and 4 "
            "new tokens");
  EXPECT_EQ(error(r, {.max_cache_rows = 8}), "");
  r.sampling.temperature = -1;
  EXPECT_EQ(error(r), "[generation, request 1: temperature] must be 0 (greedy) or a positive number, got -1");
}

TEST_F(GeneratorEnd, WeightsThatBrokeAreAnErrorNotACrash) {
  const at::NoGradGuard no_grad;
  Policy broken = policy_.clone();
  for (Parameter& p : broken.parameters()) p.value.fill_(std::numeric_limits<float>::quiet_NaN());
  PolicyGenerator generator(broken, {}, {});
  for (const double temperature : {0.0, 1.0}) {
    const std::vector<GenerationRequest> requests = {request(1, 5, 2, 4, temperature),
                                                     request(2, 5, 2, 4, 1, 3)};
    const auto result = generator.generate(requests);
    ASSERT_FALSE(result.ok());
    EXPECT_NE(result.error().message().find("must be finite"), std::string::npos) << result.error().message();
  }
}

}  // namespace
}  // namespace hone

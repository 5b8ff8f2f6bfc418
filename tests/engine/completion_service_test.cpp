// Requests that join and leave at any time get what they would have got alone.
#include "hone/engine/completion_service.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>

#include "engine/engine_helpers.h"
#include "hone/engine/row_scores.h"

namespace hone {
namespace {

using testing::request;
using Answer = StreamingGenerator::Submission::Answer;
using State = CompletionStream::State;

struct Served {
  Policy policy = testing::load_policy(testing::golden_model("llama-tied"));
  Tokenizer tokenizer = testing::small_tokenizer();
  CompletionService service;
  explicit Served(ServiceOptions options = {}) : service(policy, tokenizer, std::move(options)) {}
};

// All pieces of a stream, with what its samples ended as.
struct Fetched {
  std::vector<StreamPiece> pieces;
  std::vector<Completion> samples;
  State state = State::kMore;
};
Fetched fetch(CompletionStream& stream, std::size_t n) {
  Fetched all;
  while ((all.state = stream.next(all.pieces, 20.0)) == State::kMore) {
  }
  all.samples.resize(n);
  for (const StreamPiece& piece : all.pieces) {
    if (piece.ended) all.samples[piece.sample] = *piece.ended;
  }
  return all;
}

std::vector<GenerationRequest> varied_requests() {
  std::vector<GenerationRequest> requests;
  for (std::uint64_t i = 0; i < 12; ++i) {
    requests.push_back(request(i, 3 + static_cast<std::int64_t>(5 * i % 17), 1 + static_cast<int>(i % 3),
                               4 + static_cast<int>(7 * i % 23), i % 4 == 0 ? 0.0 : 0.9));
  }
  return requests;
}

TEST(CompletionService, WhatARequestGetsIsWhatItGetsAlone) {
  const auto requests = varied_requests();
  std::vector<std::vector<Completion>> alone;
  {
    Policy policy = testing::load_policy(testing::golden_model("llama-tied"));
    PolicyGenerator generator(policy, testing::small_tokenizer(), {});
    for (const auto& r : requests) alone.push_back(testing::value_or_throw(generator.generate({&r, 1}))[0]);
  }
  Served served({.engine = {.max_sequences = 5, .prefill_tokens = 7}});
  std::vector<std::thread> clients;
  std::vector<Fetched> fetched(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    clients.emplace_back([&, i] {
      const auto submitted = served.service.submit({requests[i], -1, /*whole=*/i % 2 == 1});
      if (submitted.answer == Answer::kAccepted) {
        fetched[i] = fetch(*submitted.stream, static_cast<std::size_t>(requests[i].n));
      }
    });
  }
  for (auto& client : clients) client.join();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    SCOPED_TRACE(i);
    ASSERT_EQ(fetched[i].state, State::kEnded);
    for (std::size_t k = 0; k < alone[i].size(); ++k) {
      EXPECT_EQ(fetched[i].samples[k].ids, alone[i][k].ids);
      EXPECT_EQ(fetched[i].samples[k].logprobs, alone[i][k].logprobs);
      EXPECT_EQ(fetched[i].samples[k].text, alone[i][k].text);
      std::vector<std::int32_t> streamed;
      for (const StreamPiece& piece : fetched[i].pieces) {
        if (piece.sample == k) streamed.insert(streamed.end(), piece.ids.begin(), piece.ids.end());
      }
      EXPECT_EQ(streamed, alone[i][k].ids) << "every token is told of once";
    }
  }
  const auto load = served.service.load();
  EXPECT_EQ(load.waiting, 0U);
  std::int64_t tokens = 0;
  for (const auto& group : alone) {
    for (const auto& c : group) tokens += std::ssize(c.ids);
  }
  EXPECT_EQ(load.completion_tokens, tokens);
}

TEST(CompletionService, ScoresAreTheModelsOwnWhateverTheTemperature) {
  Served served;
  auto cold = request(1, 8, 1, 6, 0.0);
  auto hot = cold;
  hot.sampling.temperature = 0.5;
  const auto greedy = served.service.submit({cold, 0});
  const auto scaled = served.service.submit({hot, 3});
  const Fetched a = fetch(*greedy.stream, 1), b = fetch(*scaled.stream, 1);
  const Completion& completion = a.samples[0];
  std::size_t position = 0;
  for (const StreamPiece& piece : a.pieces) {
    for (const TokenScore& score : piece.scores) {
      EXPECT_EQ(score.id, completion.ids[position]);
      EXPECT_FLOAT_EQ(score.logprob, completion.logprobs[position]) << "greedy records the model's own";
      EXPECT_TRUE(score.top.empty());
      ++position;
    }
  }
  EXPECT_EQ(position, completion.ids.size());
  const TokenScore& first = b.pieces.at(0).scores.at(0);
  ASSERT_EQ(first.top.size(), 3U);
  EXPECT_EQ(first.top[0].first, completion.ids[0]) << "the likeliest is what greedy decoding took";
  EXPECT_FLOAT_EQ(first.top[0].second, completion.logprobs[0]);
  EXPECT_GE(first.top[1].second, first.top[2].second);
  EXPECT_NE(first.logprob, b.samples[0].logprobs[0]) << "the temperature is not in it";
}

TEST(CompletionService, RestingLastsUntilTheEnd) {
  Served served;
  for (const bool stops : {false, true}) {
    const auto submitted = served.service.submit({request(1, 8, 2, 20), -1, false});
    ASSERT_EQ(submitted.answer, Answer::kAccepted);
    if (stops) served.service.stop();
    submitted.stream->rest(60.0);
    std::vector<StreamPiece> pieces;
    EXPECT_EQ(submitted.stream->next(pieces, 0.0), stops ? State::kFailed : State::kEnded);
  }
}

TEST(CompletionService, RefusalsSayWhy) {
  Served served({.engine = {.context_length = 32, .cache_bytes = 1}});
  auto impossible = request(1, 4, 0, 3);
  EXPECT_EQ(served.service.submit({impossible}).answer, Answer::kInvalid);
  EXPECT_EQ(served.service.submit({request(1, 32, 1, 3)}).answer, Answer::kInvalid);
  const auto large = served.service.submit({request(1, 4, 1, 20)});
  EXPECT_EQ(large.answer, Answer::kInvalid);
  EXPECT_NE(large.why.find("cache of 1 tokens"), std::string::npos) << large.why;
  served.service.stop();
  EXPECT_EQ(served.service.submit({request(1, 1, 1, 1)}).answer, Answer::kStopping);
}

TEST(CompletionService, AFullQueueIsBusyAndADroppedStreamMakesRoom) {
  Served served({.engine = {.max_sequences = 1}, .waiting = 2});
  auto endless = request(1, 4, 1, 100000);
  auto running = served.service.submit({endless});
  std::vector<StreamPiece> pieces;
  ASSERT_EQ(running.stream->next(pieces, 20.0), State::kMore);  // it has begun
  auto first = served.service.submit({request(2, 4, 1, 3)});
  auto second = served.service.submit({request(3, 4, 1, 3)});
  EXPECT_EQ(second.answer, Answer::kAccepted);
  const auto third = served.service.submit({request(4, 4, 1, 3)});
  EXPECT_EQ(third.answer, Answer::kBusy);
  running.stream.reset();
  second.stream.reset();
  EXPECT_EQ(fetch(*first.stream, 1).state, State::kEnded);
  const auto again = served.service.submit({request(4, 4, 1, 3)});
  ASSERT_EQ(again.answer, Answer::kAccepted);
  EXPECT_EQ(fetch(*again.stream, 1).state, State::kEnded);
}

TEST(CompletionService, WhatBeginsAtOnceWaitsForNobody) {
  Served served({.engine = {.max_sequences = 6}, .waiting = 1});
  std::vector<StreamingGenerator::Submission> taken;
  const auto submit = [&](std::uint64_t seed, int n) {
    taken.push_back(served.service.submit({request(seed, 4, n, 100000)}));
    return taken.back().answer;
  };
  EXPECT_EQ(submit(1, 1), Answer::kAccepted);
  EXPECT_EQ(submit(2, 4), Answer::kAccepted);
  EXPECT_EQ(submit(3, 1), Answer::kAccepted);  // the engine is full
  EXPECT_EQ(submit(4, 1), Answer::kAccepted);  // waits
  EXPECT_EQ(served.service.load().waiting, 1U);
  EXPECT_EQ(submit(5, 1), Answer::kBusy);
  served.service.stop();
}

TEST(CompletionService, WithoutAQueueOneRequestMayFollowAnother) {
  Served served({.engine = {.max_sequences = 1}, .waiting = 0});
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto one = served.service.submit({request(seed, 4, 1, 2)});
    ASSERT_EQ(one.answer, Answer::kAccepted) << seed;
    EXPECT_EQ(fetch(*one.stream, 1).state, State::kEnded);
  }
  const auto endless = served.service.submit({request(1, 4, 1, 100000)});
  EXPECT_EQ(endless.answer, Answer::kAccepted);
  EXPECT_EQ(served.service.submit({request(2, 4, 1, 2)}).answer, Answer::kBusy);
}

TEST(CompletionService, StoppingFailsWhatRuns) {
  Served served;
  const auto running = served.service.submit({request(1, 4, 1, 100000)});
  served.service.stop();
  const Fetched fetched = fetch(*running.stream, 1);
  EXPECT_EQ(fetched.state, State::kFailed);
  EXPECT_EQ(running.stream->why(), "the server is stopping");
}

TEST(CompletionService, LogitsThatAreNotFiniteFailTheirRequestAlone) {
  Policy policy = testing::load_policy(testing::golden_model("qwen3"));
  for (Parameter& p : policy.parameters()) {
    if (p.name.find("embed") == std::string::npos) continue;
    const at::NoGradGuard no_grad;
    p.value.select(0, 319).fill_(std::numeric_limits<float>::quiet_NaN());
  }
  CompletionService service(policy, testing::small_tokenizer(), {});
  auto poisoned = request(1, 4, 2, 10), harmless = request(2, 4, 1, 10, 0.0);
  poisoned.prompt[2] = 319;
  std::ranges::replace(harmless.prompt, 319, 5);
  const auto broken = service.submit({poisoned});
  const auto well = service.submit({harmless});
  EXPECT_EQ(fetch(*broken.stream, 2).state, State::kFailed);
  EXPECT_NE(broken.stream->why().find("not finite"), std::string::npos);
  EXPECT_EQ(fetch(*well.stream, 1).state, State::kEnded);
}

TEST(RowScores, AreLogProbabilitiesInOrder) {
  const std::vector<float> z = {1.0F, 3.0F, 2.0F, 3.0F};
  const RowScores scores(z, 9);
  const double total = std::exp(1.0) + 2 * std::exp(3.0) + std::exp(2.0);
  const TokenScore score = scores.of(2);
  EXPECT_NEAR(score.logprob, 2.0 - std::log(total), 1e-6);
  std::vector<std::int32_t> ids;
  for (const auto& [id, logprob] : score.top) ids.push_back(id);
  EXPECT_EQ(ids, (std::vector<std::int32_t>{1, 3, 2, 0}));
}

}  // namespace
}  // namespace hone

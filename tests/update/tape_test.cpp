// An update that starts from the activations of sampling, against one that computes them itself.
#include <gtest/gtest.h>

#include "hone/update/learner.h"
#include "update/update_helpers.h"

namespace hone {
namespace {

using testing::learner_options;
using testing::random_batch;
using testing::same_bits;
using testing::weights;

at::Tensor longs(const std::vector<std::int64_t>& values) {
  auto t = at::empty({std::ssize(values)}, at::kLong);
  std::copy(values.begin(), values.end(), t.data_ptr<std::int64_t>());
  return t;
}

Policy policy_of(const std::string& family) {
  ModelInitOptions o;
  o.family = family;
  o.hidden_size = 32;
  o.intermediate_size = 48;
  o.layers = 2;
  o.heads = 4;
  o.kv_heads = 2;
  o.head_dim = family == "qwen3" || family == "gemma2" ? 12 : 0;
  o.max_position_embeddings = 64;
  o.tie_word_embeddings = true;
  return std::move(Policy::init(make_model_config(o, 48, 0, 1).value(), 3, 0.2, "cpu", "float32")).value();
}

// Reads rows as decoding does: tokens one after another, all on the tape.
struct Decoding {
  Policy& policy;
  ActivationTape& tape;
  KvCache cache;
  std::int64_t next_row = 0;

  ActivationTape::Rows feed(std::span<const std::int32_t> ids, std::int64_t position, kernel::Span span) {
    ActivationTape::Rows rows;
    for (const std::int32_t id : ids) {
      ++span.own_count;
      rows.push_back(tape.used());
      policy.forward_cached(longs({id}), longs({position++}), make_spans({span}), longs({next_row++}), cache,
                            &tape);
    }
    return rows;
  }
};

// Puts the groups' activations on the tape, the sequences of each in reverse.
void decode(Policy& policy, ActivationTape& tape, TrainBatch& batch, std::size_t groups) {
  Decoding decoding{policy, tape, policy.make_cache(400)};
  for (std::size_t g = 0; g < groups; ++g) {
    TrainGroup& group = batch.groups[g];
    ASSERT_TRUE(tape.reserve(60));
    const auto prompt_at = static_cast<std::int32_t>(decoding.next_row);
    const auto count = static_cast<std::int32_t>(group.prompt.size());
    const auto prompt =
        std::make_shared<ActivationTape::Rows>(decoding.feed(group.prompt, 0, {0, 0, prompt_at, 0}));
    for (std::size_t s = group.sequences.size(); s-- > 0;) {
      TrainSequence& sequence = group.sequences[s];
      const auto own_at = static_cast<std::int32_t>(decoding.next_row);
      const std::span<const std::int32_t> read(sequence.completion.data(), sequence.completion.size() - 1);
      sequence.activations = tape.add({prompt, decoding.feed(read, count, {prompt_at, count, own_at, 0})});
    }
  }
}

std::vector<float> train(const std::string& family, std::size_t groups_on_tape, std::int64_t microbatch) {
  Policy policy = policy_of(family);
  ActivationTape tape(policy.decoder(), 1 << 24);
  LearnerOptions options = learner_options();
  options.tape = &tape;
  options.microbatch.sequences = microbatch;
  options.inner_epochs = 2;  // of which the first alone can use it
  PolicyLearner learner(policy, options);
  for (std::uint64_t step = 0; step < 3; ++step) {
    TrainBatch batch = random_batch(policy, step, {.groups = 3, .sequences = 4});
    decode(policy, tape, batch, groups_on_tape);
    if (groups_on_tape > 0) {
      EXPECT_GT(tape.used(), 0);
    }
    EXPECT_TRUE(learner.update(batch).ok());
    EXPECT_EQ(tape.used(), 0) << "the weights have changed";
    EXPECT_EQ(tape.find(0), nullptr);
  }
  return weights(policy);
}

TEST(Tape, GradientsHaveTheSameBits) {
  for (const std::string family : {"llama", "qwen3", "gemma2", "qwen2"}) {
    const auto computed = train(family, 0, 0);
    for (const std::size_t groups :
         {std::size_t{3}, std::size_t{2}}) {  // all of them; prompts of a bundle in part
      for (const std::int64_t microbatch : {0, 1, 5})
        EXPECT_TRUE(same_bits(train(family, groups, microbatch), computed))
            << family << ", " << groups << " groups, microbatches of " << microbatch;
    }
  }
}

// What is on the tape is used: other activations give other weights.
TEST(Tape, IsWhatTheUpdateStartsFrom) {
  Policy policy = policy_of("llama");
  ActivationTape tape(policy.decoder(), 1 << 24);
  LearnerOptions options = learner_options();
  options.tape = &tape;
  PolicyLearner learner(policy, options);
  TrainBatch batch = random_batch(policy, 1, {.groups = 1, .sequences = 2});
  decode(policy, tape, batch, 1);
  const LayerActivations last = tape.activations().layer(policy.decoder().layers.size());
  std::fill_n(last.x, tape.used() * policy.config().hidden_size, 0.5f);
  const auto spoiled = learner.update(batch);
  ASSERT_FALSE(spoiled.ok());
  EXPECT_NE(spoiled.error().message().find("must be those recorded at sampling"), std::string::npos);
}

TEST(Tape, HoldsNoMoreThanItsBytes) {
  const Policy policy = policy_of("llama");
  ActivationTape none(policy.decoder(), 0);
  EXPECT_FALSE(none.reserve(1));
  const std::int64_t row = Activations::row_bytes(policy.decoder());
  ActivationTape tape(policy.decoder(), 10 * row + row / 2);
  EXPECT_EQ(tape.capacity(), 10);
  EXPECT_TRUE(tape.reserve(6));
  EXPECT_FALSE(tape.reserve(5));
  EXPECT_EQ(tape.append(2), 0);
  EXPECT_EQ(tape.append(1), 2);
  tape.give_back(3);
  EXPECT_TRUE(tape.reserve(7));
  EXPECT_FALSE(tape.reserve(1));
  const std::int64_t handle = tape.add({nullptr, {0, 2}});
  ASSERT_NE(tape.find(handle), nullptr);
  EXPECT_EQ(tape.find(handle)->own, (ActivationTape::Rows{0, 2}));
  tape.clear();
  EXPECT_EQ(tape.find(handle), nullptr);
  EXPECT_TRUE(tape.reserve(10));
  EXPECT_NE(tape.add({}), handle) << "a handle is never used twice";
}

}  // namespace
}  // namespace hone

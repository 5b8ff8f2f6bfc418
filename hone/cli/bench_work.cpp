#include "hone/cli/bench_work.h"

#include <blis.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <map>

#include "hone/base/rng.h"
#include "hone/base/threads.h"
#include "hone/engine/generator.h"
#include "hone/tensor/gemm.h"
#include "hone/update/learner.h"

namespace hone {
namespace {

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The quickest of several runs of each, in turn, of at least `seconds` together: what the machine can do.
std::vector<double> best_seconds(double seconds, const std::vector<std::function<void()>>& works) {
  std::vector<double> best(works.size(), 1e300);
  double spent = 0.0;
  for (int runs = 0; runs < 3 || spent < seconds; ++runs) {
    for (std::size_t i = 0; i < works.size(); ++i) {
      const double took = seconds_of(works[i]);
      best[i] = std::min(best[i], took);
      spent += took;
    }
  }
  return best;
}

double best_seconds(double seconds, const std::function<void()>& work) {
  return best_seconds(seconds, std::vector{work})[0];
}

// y [m, n] = x [m, k] · w [n, k]ᵀ by BLIS, on its path for small matrices or the other.
void blis_product(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, const float* w, float* y,
                  bool small_path) {
  rntm_t runtime;
  bli_rntm_init_from_global(&runtime);
  bli_rntm_set_num_threads(thread_count(), &runtime);
  if (small_path) {
    bli_rntm_enable_l3_sup(&runtime);
  } else {
    bli_rntm_disable_l3_sup(&runtime);
  }
  float one = 1.0f, zero = 0.0f;
  bli_sgemm_ex(BLIS_NO_TRANSPOSE, BLIS_TRANSPOSE, m, n, k, &one, const_cast<float*>(x), k, 1,
               const_cast<float*>(w), k, 1, &zero, y, n, 1, nullptr, &runtime);
}

std::vector<float> random_floats(std::int64_t n, std::uint32_t seed) {
  std::vector<float> values(static_cast<std::size_t>(n));
  parallel_for(n, 4096, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      values[static_cast<std::size_t>(i)] =
          static_cast<float>(
              random_uniform({.seed = seed, .purpose = Purpose::kTest}, static_cast<std::uint32_t>(i))) -
          0.5f;
  });
  return values;
}

struct Shape {
  std::string name;
  ModelInitOptions init;
  std::int64_t vocabulary;
};
const std::vector<Shape>& shapes() {
  // smol135: SmolLM2-135M's config.json.
  static const std::vector<Shape> all = {
      {"smol135", {"llama", 576, 1536, 30, 9, 3, 64, 8192, 100000.0, true, 0.02}, 49152},
      {"tiny5m", {"llama", 256, 768, 6, 8, 4, 32, 2048, 10000.0, true, 0.02}, 512},
  };
  return all;
}

std::vector<GenerationRequest> requests_of(const Policy& policy, const BenchWork& work, std::uint64_t step) {
  std::vector<GenerationRequest> requests(static_cast<std::size_t>(work.prompts));
  for (std::size_t i = 0; i < requests.size(); ++i) {
    RandomStream random({.seed = 1, .purpose = Purpose::kTest, .step = step, .problem = i});
    for (std::int64_t t = 0; t < work.prompt_tokens; ++t)
      requests[i].prompt.push_back(
          static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(policy.config().vocab_size))));
    requests[i].n = static_cast<int>(work.group_size);
    requests[i].keep_activations = work.tape_bytes > 0;
    requests[i].sampling.max_new_tokens = static_cast<int>(work.new_tokens);
    requests[i].key = {.seed = 1, .purpose = Purpose::kSampling, .step = step, .problem = i};
  }
  return requests;
}

TrainBatch batch_of(const std::vector<GenerationRequest>& requests,
                    const std::vector<std::vector<Completion>>& completions) {
  TrainBatch batch;
  for (std::size_t g = 0; g < requests.size(); ++g) {
    TrainGroup& group = batch.groups.emplace_back();
    group.prompt = requests[g].prompt;
    for (const Completion& completion : completions[g]) {
      TrainSequence& sequence = group.sequences.emplace_back();
      sequence.completion = completion.ids;
      sequence.loss_mask.assign(completion.ids.size(), 1);
      sequence.old_logprobs = completion.logprobs;
      sequence.activations = completion.activations;
      sequence.advantage = group.sequences.size() % 2 == 0 ? 1.0 : -1.0;
    }
  }
  return batch;
}

}  // namespace

MachineLimits measure_limits() {
  MachineLimits limits;
  limits.threads = thread_count();
  {
    constexpr std::int64_t n = 2048;
    const std::vector<float> x = random_floats(n * n, 1), w = random_floats(n * n, 2);
    std::vector<float> y(static_cast<std::size_t>(n * n));
    // BLIS's product or ours, whichever is quicker: the limit is the machine's, not this program's.
    const auto best = best_seconds(
        1.0, {[&] { gemm_nn(n, n, n, x.data(), w.data(), y.data(), false); },
              [&] { blis_product(n, n, n, x.data(), w.data(), y.data(), /*small_path=*/false); }});
    limits.sgemm_flops = 2.0 * n * n * n / std::min(best[0], best[1]);
  }
  const std::int64_t n = std::int64_t{64} << 20;  // 256 MiB, beyond any cache
  const std::vector<float> data = random_floats(n, 3);
  std::atomic<double> sink = 0.0;
  limits.memory_bytes = 4.0 * static_cast<double>(n) / best_seconds(0.5, [&] {
                          parallel_for(n, 4096, [&](std::int64_t begin, std::int64_t end) {
                            float partial[64] = {};  // enough chains to wait for memory alone
                            for (std::int64_t i = begin; i + 64 <= end; i += 64)
                              for (std::int64_t j = 0; j < 64; ++j)
                                partial[j] += data[static_cast<std::size_t>(i + j)];
                            double sum = 0.0;
                            for (const float p : partial) sum += p;
                            sink = sum;  // or the compiler would leave it all out
                          });
                        });
  return limits;
}

const std::vector<std::string>& bench_shapes() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Shape& shape : shapes()) all.push_back(shape.name);
    return all;
  }();
  return names;
}

Result<Policy> bench_policy(const std::string& model) {
  for (const Shape& shape : shapes()) {
    if (shape.name != model) continue;
    HONE_TRY(const ModelConfig config, make_model_config(shape.init, shape.vocabulary, 0, 0));
    return Policy::init(config, 1, shape.init.initializer_range, "cpu", "float32");
  }
  return Policy::load(model, "cpu", "float32");
}

Result<MemoryPlan> plan_bench(const Policy& policy, BenchWork& work, bool reuse, std::int64_t limit) {
  MemoryWork memory{.prompts = work.prompts,
                    .group_size = work.group_size,
                    .prompt_tokens = work.prompt_tokens,
                    .completion_tokens = work.new_tokens,
                    .decoded_at_once = work.prompts * work.group_size,
                    .reuse = reuse,
                    .microbatch_tokens = work.microbatch_tokens};
  memory.cache_rows = expected_cache_rows(
      policy, work.prompts, {work.prompt_tokens, work.group_size, work.new_tokens}, memory.decoded_at_once);
  HONE_TRY(const MemoryPlan plan, plan_memory(policy, memory, limit));
  work.microbatch_tokens = plan.microbatch_tokens;
  work.tape_bytes = plan.tape;
  return plan;
}

Result<std::vector<BenchStep>> bench_steps(Policy& policy, const BenchWork& work, int steps, bool update) {
  GeneratorOptions generator_options;
  generator_options.max_sequences = work.prompts * work.group_size;
  if (work.mean_tokens > 0) {
    // Random weights say nearly every token with the same probability: a share of them ends a completion.
    const auto ends = static_cast<std::int32_t>(
        std::lround(static_cast<double>(policy.config().vocab_size) / work.mean_tokens));
    for (std::int32_t id = 0; id < std::max(ends, 1); ++id) generator_options.eos_ids.push_back(id);
  }
  ActivationTape tape(policy.decoder(), update ? work.tape_bytes : 0);
  PolicyGenerator generator(policy, std::nullopt, generator_options, {}, &tape);
  LearnerOptions learner_options;
  learner_options.total_steps = steps + 1;
  learner_options.microbatch.tokens = work.microbatch_tokens;
  learner_options.tape = &tape;
  std::optional<PolicyLearner> learner;
  if (update) learner.emplace(policy, learner_options);

  const double parameters = static_cast<double>(policy.parameter_count());
  std::vector<BenchStep> measured;
  for (int i = 0; i <= steps; ++i) {  // the first warms up and is not counted
    BenchWork now = work;
    if (i == 0) now.new_tokens = std::min<std::int64_t>(work.new_tokens, 2);
    const std::vector<GenerationRequest> requests = requests_of(policy, now, static_cast<std::uint64_t>(i));
    BenchStep step;
    std::optional<Result<std::vector<std::vector<Completion>>>> completions;
    start_time_split();
    step.generate.seconds = seconds_of([&] { completions = generator.generate(requests); });
    step.generate.split = end_time_split();
    if (!completions->ok()) return completions->error();
    for (const auto& group : **completions)
      for (const Completion& completion : group) step.generate.tokens += std::ssize(completion.ids);
    const double read = static_cast<double>(step.generate.tokens + work.prompts * work.prompt_tokens);
    step.generate.flops = 2.0 * parameters * read;
    if (update) {
      const TrainBatch batch = batch_of(requests, **completions);
      std::optional<Result<UpdateReport>> report;
      start_time_split();
      step.update.seconds = seconds_of([&] { report = learner->update(batch); });
      step.update.split = end_time_split();
      if (!report->ok()) return report->error();
      step.update.tokens = step.generate.tokens;
      step.update.flops = 6.0 * parameters * read;
    }
    if (i > 0) measured.push_back(step);
  }
  return measured;
}

std::vector<BenchProduct> bench_products(const Policy& policy, std::int64_t rows) {
  const ModelConfig& c = policy.config();
  const std::int64_t qkv = (c.heads + 2 * c.kv_heads) * c.head_dim;
  std::vector<BenchProduct> products = {
      {"query, key, value", rows, qkv, c.hidden_size},
      {"attention out", rows, c.hidden_size, c.heads * c.head_dim},
      {"gate, up", rows, 2 * c.intermediate_size, c.hidden_size},
      {"down", rows, c.hidden_size, c.intermediate_size},
      {"head", rows, policy.head().size(0), c.hidden_size},
  };
  for (BenchProduct& p : products) {
    const std::vector<float> x = random_floats(p.m * p.k, 1), w = random_floats(p.n * p.k, 2),
                             dy = random_floats(p.m * p.n, 3);
    std::vector<float> y(dy.size()), dx(x.size()), dw(w.size());
    const double flops = 2.0 * static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k);
    const auto forward =
        best_seconds(0.9, {[&] { gemm_nt(p.m, p.n, p.k, x.data(), w.data(), y.data()); },
                           [&] { blis_product(p.m, p.n, p.k, x.data(), w.data(), y.data(), false); },
                           [&] { blis_product(p.m, p.n, p.k, x.data(), w.data(), y.data(), true); }});
    p.forward = flops / forward[0];
    p.blis_forward = flops / std::min(forward[1], forward[2]);
    p.input_gradient =
        flops / best_seconds(0.3, [&] { gemm_nn(p.m, p.k, p.n, dy.data(), w.data(), dx.data(), false); });
    p.weight_gradient =
        flops / best_seconds(0.3, [&] { gemm_tn(p.n, p.k, p.m, dy.data(), x.data(), dw.data()); });
  }
  return products;
}

}  // namespace hone

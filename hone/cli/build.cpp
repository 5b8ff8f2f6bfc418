#include "hone/cli/build.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "hone/data/task.h"
#include "hone/weights/model_folder.h"

namespace hone {
namespace {

Result<void> check_vocabulary(const Model& model, const std::string& where) {
  if (model.tokenizer.vocab_size() > model.policy->config().vocab_size) {
    return Error{where,
                 fmt::format("the tokenizer's ids must lie below config.json's vocab_size {}",
                             model.policy->config().vocab_size),
                 fmt::format("{} ids", model.tokenizer.vocab_size())};
  }
  if (model.eos_ids.empty()) {
    return Error{
        where,
        "an end-of-sequence id must be named (generation_config.json, config.json or tokenizer_config.json)",
        "none"};
  }
  return {};
}

// A folder that goes away with this object.
struct ScratchFolder {
  std::filesystem::path path;
  ScratchFolder()
      : path(std::filesystem::temp_directory_path() / fmt::format("hone-tokenizer-{}", ::getpid())) {
    std::filesystem::create_directories(path);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ec;
    std::filesystem::remove_all(path, ec);
  }
};

// Trained on what the run will read and write: rendered problems and their worked solutions.
Result<Tokenizer> train_run_tokenizer(const Recipe& recipe, const Dataset& dataset) {
  std::vector<std::string> texts;
  for (std::int64_t i = 0; i < recipe.model.tokenizer.samples; ++i) {
    const Problem problem = dataset.train(i);
    for (const Message& message : problem.messages) {
      texts.push_back(message.role + "\n");  // the chat template writes it
      texts.push_back(message.content);
    }
    texts.push_back("assistant\n");
    if (!problem.solution.empty()) texts.push_back(problem.solution);
  }
  HONE_TRY(const TokenizerFiles files, train_tokenizer(recipe.model.tokenizer, texts));
  const ScratchFolder scratch;
  HONE_TRY_VOID(write_tokenizer(files, scratch.path));
  return Tokenizer::load(scratch.path);
}

// The verifier of the tasks' own: several may be mixed where one reads the answers of all. Tasks write
// whole numbers in one way, so that "text" reads those too.
Result<std::string> natural_verifier(const std::vector<std::string>& tasks) {
  std::string natural = tasks.empty() ? "number" : "";
  for (const std::string& name : tasks) {
    const Task* task = find_task(name);
    const std::string own = task != nullptr ? task->verifier() : "number";
    const auto plain = [](const std::string& verifier) { return verifier == "number" || verifier == "text"; };
    if (natural.empty() || natural == own) {
      natural = own;
    } else if (plain(natural) && plain(own)) {
      natural = "text";
    } else {
      return Error{"data.task", fmt::format("tasks judged by {} and by {} can't be mixed", natural, own),
                   fmt::format("{}", fmt::join(tasks, ", "))};
    }
  }
  return natural;
}

// Vocabularies are padded to a multiple of 16, the width of the products' tiles.
std::int64_t padded(std::int64_t n) { return (n + 15) / 16 * 16; }

}  // namespace

Result<Model> load_model(const std::filesystem::path& folder, const std::string& device,
                         const std::string& dtype) {
  HONE_TRY(Policy policy, Policy::load(folder, device, dtype));
  HONE_TRY(Tokenizer tokenizer, Tokenizer::load(folder));
  HONE_TRY(std::vector<std::int32_t> eos_ids, read_eos_ids(folder));
  if (const auto own = tokenizer.eos_id();
      own && std::find(eos_ids.begin(), eos_ids.end(), *own) == eos_ids.end()) {
    eos_ids.push_back(*own);
  }
  Model model{std::make_unique<Policy>(std::move(policy)), std::move(tokenizer), std::move(eos_ids)};
  HONE_TRY_VOID(check_vocabulary(model, folder.string()));
  return model;
}

Result<Model> make_model(const Recipe& recipe, const Dataset& dataset) {
  const ModelOptions& o = recipe.model;
  if (!o.path.empty()) return load_model(o.path, o.device, o.dtype);
  HONE_TRY(Tokenizer tokenizer, train_run_tokenizer(recipe, dataset));
  const std::int32_t eos = tokenizer.eos_id().value_or(-1), pad = tokenizer.pad_id().value_or(-1);
  HONE_TRY(const ModelConfig config, make_model_config(o.init, padded(tokenizer.vocab_size()), eos, pad));
  HONE_TRY(Policy policy, Policy::init(config, recipe.seed, o.init.initializer_range, o.device, o.dtype));
  Model model{std::make_unique<Policy>(std::move(policy)), std::move(tokenizer), {eos}};
  HONE_TRY_VOID(check_vocabulary(model, "model.init"));
  return model;
}

Result<std::unique_ptr<SingleTurn>> make_environment(const Tokenizer& tokenizer,
                                                     const std::string& prompt_format) {
  return SingleTurn::make(tokenizer, prompt_format);
}

std::unique_ptr<PolicyGenerator> make_generator(Model& model, int max_sequences,
                                                std::function<std::int64_t()> policy_version,
                                                ActivationTape* tape) {
  GeneratorOptions options;
  options.max_sequences = max_sequences;
  options.eos_ids = model.eos_ids;
  return std::make_unique<PolicyGenerator>(*model.policy, model.tokenizer, options, std::move(policy_version),
                                           tape);
}

double forward_flops(const Policy& policy, std::int64_t cached, std::int64_t total) {
  const ModelConfig& config = policy.config();
  // A row of the embedding is read, not multiplied; tied to the head, it is both.
  const double looked_up =
      config.tie_word_embeddings ? 0.0 : static_cast<double>(config.vocab_size * config.hidden_size);
  const double tokens = static_cast<double>(total - cached);
  const double keys = tokens * static_cast<double>(cached + total + 1) / 2.0;
  return 2.0 * tokens * (static_cast<double>(policy.parameter_count()) - looked_up) +
         4.0 * keys * static_cast<double>(config.layers * config.heads * config.head_dim);
}

Result<Rubric> make_rubric(const Recipe& recipe, std::shared_ptr<const Friends> friends) {
  RewardOptions options = recipe.reward;
  for (VerifierOptions& entry : options.rubric) {
    const bool judges_groups = entry.verifier == "vote" || entry.verifier == "friends";
    if (judges_groups && entry.answers.empty()) {
      HONE_TRY(entry.answers, natural_verifier(recipe.data.task));
    }
  }
  HONE_TRY(Rubric rubric, Rubric::make(options, recipe.seed, friends));
  if (rubric.judges_correctness()) return rubric;
  HONE_TRY(const std::string natural, natural_verifier(recipe.data.task));
  options.rubric.push_back({.verifier = natural, .weight = 0.0});
  return Rubric::make(options, recipe.seed, friends);
}

Result<void> save_companions(const Model& model, const std::filesystem::path& source,
                             const std::string& folder) {
  HONE_TRY_VOID(model.tokenizer.save(folder));
  if (source.empty()) return {};
  return copy_if_present(source, folder, companion_file_names());
}

}  // namespace hone

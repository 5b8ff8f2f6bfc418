#include "hone/config/check.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <set>
#include <string_view>

#include "hone/config/check_friends.h"
#include "hone/config/fields.h"

namespace hone {
namespace {

class Checker {
 public:
  explicit Checker(const Locate& locate) : locate_(locate) {}

  // Keeps the first rule that fails. `keys`: those that the rule is about.
  void require(bool holds, std::initializer_list<const char*> keys, std::string rule, std::string got = "") {
    if (holds || error_) return;
    error_ = Error{locate_(std::span(keys.begin(), keys.size())), std::move(rule), std::move(got)};
  }
  Result<void> result() const { return error_ ? Result<void>(*error_) : Result<void>(); }

 private:
  const Locate& locate_;
  std::optional<Error> error_;
};

// The text of the fields below `prefix`, to tell whether they are as they came.
std::string rendered(Recipe recipe, std::string_view prefix) {
  std::string text;
  const Fields table = fields_of(recipe);
  for (const Field& field : table.fields) {
    if (field.key.starts_with(prefix)) text += render(field) + "\n";
  }
  return text;
}

bool is_default(const Recipe& recipe, std::string_view prefix) {
  return rendered(recipe, prefix) == rendered(Recipe{}, prefix);
}

bool is_folder_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.size() <= 200 &&
         std::none_of(name.begin(), name.end(),
                      [](unsigned char c) { return c == '/' || c < 0x20 || c == 0x7f; });
}

bool is_device(const std::string& device) {
  if (device == "cpu" || device == "cuda") return true;
  const std::string_view prefix = "cuda:";
  return device.starts_with(prefix) && device.size() > prefix.size() && device.size() <= prefix.size() + 3 &&
         std::all_of(device.begin() + prefix.size(), device.end(),
                     [](unsigned char c) { return std::isdigit(c); });
}

void check_model(Checker& c, const Recipe& recipe) {
  const ModelOptions& model = recipe.model;
  c.require(is_device(model.device), {"model.device"}, "must be cpu, cuda or cuda:N", render(model.device));
  if (!model.path.empty()) {
    const char* rule = "a model that is read from model.path has its own; give one or the other";
    c.require(is_default(recipe, "model.init."), {"model.init", "model.path"}, rule);
    c.require(is_default(recipe, "model.tokenizer."), {"model.tokenizer", "model.path"}, rule);
    return;
  }
  const ModelInitOptions& init = model.init;
  c.require(init.head_dim > 0 || init.hidden_size % init.heads == 0,
            {"model.init.heads", "model.init.hidden_size"},
            fmt::format("must divide hidden_size {}, or head_dim be given", init.hidden_size),
            std::to_string(init.heads));
  c.require(init.heads % init.kv_heads == 0, {"model.init.kv_heads", "model.init.heads"},
            fmt::format("must divide heads {}", init.heads), std::to_string(init.kv_heads));
  const int head_dim = init.head_dim > 0 ? init.head_dim : init.hidden_size / init.heads;
  c.require(head_dim % 2 == 0 && head_dim > 0,
            {"model.init.head_dim", "model.init.heads", "model.init.hidden_size"},
            "rotary embeddings need an even head_dim", std::to_string(head_dim));
  c.require(
      recipe.grpo.steps == 0 || recipe.grpo.rollout.max_new_tokens < init.max_position_embeddings,
      {"grpo.rollout.max_new_tokens", "model.init.max_position_embeddings"},
      fmt::format("must leave room for a prompt in max_position_embeddings {}", init.max_position_embeddings),
      std::to_string(recipe.grpo.rollout.max_new_tokens));
  c.require(
      recipe.eval.max_new_tokens < init.max_position_embeddings,
      {"eval.max_new_tokens", "model.init.max_position_embeddings"},
      fmt::format("must leave room for a prompt in max_position_embeddings {}", init.max_position_embeddings),
      std::to_string(recipe.eval.max_new_tokens));

  const auto& special = model.tokenizer.special;
  const std::set<std::string> distinct(special.begin(), special.end());
  c.require(distinct.size() == special.size() && !distinct.contains(""), {"model.tokenizer.special"},
            "special tokens must be distinct and not empty", fmt::format("{}", fmt::join(special, ", ")));
  c.require(static_cast<std::size_t>(model.tokenizer.vocab_size) >= 256 + special.size(),
            {"model.tokenizer.vocab_size", "model.tokenizer.special"},
            fmt::format("must hold the 256 bytes and {} special tokens", special.size()),
            std::to_string(model.tokenizer.vocab_size));
}

void check_data(Checker& c, const Recipe& recipe) {
  const DataOptions& data = recipe.data;
  c.require(!data.files.empty() || !data.task.empty(), {"data.files", "data"},
            "problems must come from data.files or data.task", "neither");
  c.require(data.files.empty() || data.task.empty(), {"data.task", "data.files"},
            "problems must come from data.files or data.task", "both");
  const auto has_empty = [](const std::vector<std::string>& files) {
    return std::find(files.begin(), files.end(), "") != files.end();
  };
  c.require(!has_empty(data.files), {"data.files"}, "must name files", "\"\"");
  c.require(!has_empty(data.eval_files), {"data.eval_files"}, "must name files", "\"\"");
  if (data.task.empty()) {
    c.require(data.difficulty.empty(), {"data.difficulty"},
              "grades the problems of data.task; files have none");
    c.require(data.task_weights.empty(), {"data.task_weights"}, "weighs the tasks of data.task");
    c.require(!data.fields.prompt.empty(), {"data.fields.prompt"}, "must name a key of the rows", "\"\"");
  } else {
    const std::set<std::string> tasks(data.task.begin(), data.task.end());
    c.require(tasks.size() == data.task.size() && !tasks.contains(""), {"data.task"},
              "must name each task once", fmt::format("{}", fmt::join(data.task, ", ")));
    c.require(data.task_weights.empty() || data.task_weights.size() == data.task.size(),
              {"data.task_weights"}, fmt::format("must weigh each of the {} tasks", data.task.size()),
              fmt::format("{} weights", data.task_weights.size()));
    c.require(data.eval_files.empty(), {"data.eval_files"},
              "belongs to data.files; a task holds out its own");
    c.require(is_default(recipe, "data.fields."), {"data.fields"},
              "maps the rows of data.files; a task has none");
  }
}

bool in_metric_names(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
}

void check_reward(Checker& c, const Recipe& recipe) {
  const auto& rubric = recipe.reward.rubric;
  c.require(!rubric.empty(), {"reward"}, "must name at least one verifier", "none");
  std::set<std::string> names;
  bool weighs = false;
  for (const VerifierOptions& entry : rubric) {
    c.require(!entry.verifier.empty(), {"reward"}, "a verifier must have a name", "\"\"");
    const std::string& name = entry.name.empty() ? entry.verifier : entry.name;
    c.require(std::all_of(entry.name.begin(), entry.name.end(), in_metric_names), {"reward"},
              "a verifier's name must be of letters, digits, . _ and -", render(entry.name));
    c.require(names.insert(name).second, {"reward"},
              "must name a verifier once (the key name tells two of a kind apart)", name);
    weighs = weighs || entry.weight != 0;
    c.require(entry.verifier == "vote" || !entry.shuffled, {"reward"}, "shuffled belongs to vote",
              entry.verifier);
    c.require(entry.verifier == "vote" || entry.verifier == "friends" || entry.answers.empty(), {"reward"},
              "answers belongs to vote and friends", entry.verifier);
  }
  c.require(weighs, {"reward"}, "at least one verifier must have a weight other than 0", "only weights of 0");
}

void check_optimizer(Checker& c, const OptimizerOptions& optimizer, const char* warmup) {
  c.require(optimizer.warmup < 1 || optimizer.warmup == std::trunc(optimizer.warmup), {warmup},
            "must be a share below 1, or a whole number of steps", render(optimizer.warmup));
}

void check_stages(Checker& c, const Recipe& recipe) {
  c.require(
      recipe.sft.steps > 0 || recipe.amortize.steps > 0 || recipe.propose.steps > 0 || recipe.grpo.steps > 0,
      {"grpo.steps", "sft.steps", "amortize.steps", "propose.steps"},
      "a stage must have steps: sft.steps, amortize.steps, propose.steps, grpo.steps", "0");
  check_optimizer(c, recipe.sft.optimizer, "sft.optimizer.warmup");
  check_optimizer(c, recipe.amortize.optimizer, "amortize.optimizer.warmup");
  check_optimizer(c, recipe.propose.optimizer, "propose.optimizer.warmup");
  check_optimizer(c, recipe.grpo.optimizer, "grpo.optimizer.warmup");

  const GrpoOptions& grpo = recipe.grpo;
  c.require(grpo.rollout.trained != 1 && grpo.rollout.trained <= grpo.rollout.group_size,
            {"grpo.rollout.trained", "grpo.rollout.group_size"},
            fmt::format("must be 0, or from 2 to group_size {}", grpo.rollout.group_size),
            std::to_string(grpo.rollout.trained));
  const auto stops = grpo.rollout.stop;
  c.require(std::find(stops.begin(), stops.end(), "") == stops.end(), {"grpo.rollout.stop"},
            "a stop text must not be empty", "\"\"");
  const std::int64_t completions = std::int64_t{grpo.rollout.prompts_per_step} * grpo.rollout.group_size;
  c.require(grpo.minibatches <= completions, {"grpo.minibatches", "grpo.rollout.prompts_per_step"},
            fmt::format("must not exceed the {} completions of a step", completions),
            std::to_string(grpo.minibatches));

  const LossOptions& loss = grpo.loss;
  c.require(loss.type != LossType::kGspo || loss.ratio_level == RatioLevel::kSequence,
            {"grpo.loss.ratio_level", "grpo.loss.type"}, "gspo's ratio is of the sequence", "token");
  c.require(loss.overlong_buffer <= grpo.rollout.max_new_tokens,
            {"grpo.loss.overlong_buffer", "grpo.rollout.max_new_tokens"},
            fmt::format("must not exceed max_new_tokens {}", grpo.rollout.max_new_tokens),
            std::to_string(loss.overlong_buffer));
  c.require(loss.reference_every == 0 || loss.beta > 0, {"grpo.loss.reference_every", "grpo.loss.beta"},
            "needs beta above 0: without it there is no reference", std::to_string(loss.reference_every));
}

}  // namespace

Result<void> check_recipe(const Recipe& recipe, const Locate& locate) {
  Checker c(locate);
  c.require(is_folder_name(recipe.name), {"name"}, "must be a folder's name, at most 200 bytes and without /",
            render(recipe.name));
  c.require(!recipe.runs.empty(), {"runs"}, "must name a folder", "\"\"");
  check_stages(c, recipe);
  check_model(c, recipe);
  check_data(c, recipe);
  check_reward(c, recipe);
  HONE_TRY_VOID(c.result());
  return check_friends(recipe, locate);
}

}  // namespace hone

// hone sample: completions of one prompt.
#include <iostream>
#include <iterator>
#include <memory>

#include "hone/base/hash.h"
#include "hone/base/json.h"
#include "hone/cli/build.h"
#include "hone/cli/command.h"
#include "hone/cli/jsonl.h"
#include "hone/cli/model_options.h"
#include "hone/cli/progress.h"
#include "hone/cli/thinking.h"
#include "hone/text/thought.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;

struct SampleArguments {
  ModelChoice model;
  std::string prompt;
  std::string system;
  int n = 1;
  SamplingParams sampling;
  std::uint64_t seed = 1;
  bool plain = false;
  bool json = false;
};

Result<std::string> read_prompt(const std::string& argument) {
  if (argument != "-") return argument;
  std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  if (std::cin.bad()) return Error{"stdin", "must be readable", ""};
  if (text.ends_with('\n')) text.pop_back();  // an editor's or echo's, not the prompt's
  return text;
}

Result<void> check(const SampleArguments& options, const std::string& prompt) {
  if (options.n < 1) return Error{"-n", "must be at least 1", std::to_string(options.n)};
  HONE_TRY_VOID(check_sampling_options(options.sampling));
  if (prompt.empty()) return Error{"PROMPT", "must hold at least one character", "an empty text"};
  if (options.plain && !options.system.empty())
    return Error{"--system", "needs a chat template: leave --plain out", ""};
  return {};
}

Result<void> print_json(const Environment::Prompt& prompt, const Completion& completion) {
  return write_json_line(stdout, OrderedJson{{"prompt", prompt.text},
                                             {"completion", completion.text},
                                             {"finish", to_string(completion.finish)},
                                             {"prompt_ids", prompt.ids},
                                             {"ids", completion.ids},
                                             {"logprobs", completion.logprobs},
                                             {"entropies", completion.entropies}});
}

Result<void> print_text(const Environment::Prompt& prompt, const Completion& completion, int index,
                        int count) {
  const Terminal terminal = detect_terminal(stdout);
  std::string text;
  if (count > 1) {
    text = fmt::format("{}── {} of {} · {} tokens · {} ──\n", index > 0 ? "\n" : "", index + 1, count,
                       completion.ids.size(), to_string(completion.finish));
  }
  text += terminal.live ? terminal_text(completion.text, opens_thought(prompt.text), terminal.color)
                        : completion.text;
  return write_text(stdout, text + "\n");
}

Result<int> sample(const SampleArguments& options) {
  HONE_TRY(const std::string question, read_prompt(options.prompt));
  HONE_TRY_VOID(check(options, question));
  HONE_TRY(Model model, load_model(options.model.folder, options.model.device, options.model.dtype));
  const bool plain = options.plain || model.tokenizer.chat_template().empty();
  if (plain && !options.system.empty()) {
    return Error{"--system", "needs a chat template", options.model.folder + " has none"};
  }
  HONE_TRY(const auto environment, make_environment(model.tokenizer, plain ? "plain" : "chat"));
  std::vector<Message> messages;
  if (!options.system.empty()) messages.push_back({"system", options.system});
  messages.push_back({"user", question});
  HONE_TRY(const Environment::Prompt prompt, environment->render(messages));

  const auto generator = make_generator(model, options.n);
  if (std::ssize(prompt.ids) >= generator->context_length()) {
    return Error{
        "PROMPT",
        fmt::format("must leave room in the model's context of {} tokens", generator->context_length()),
        fmt::format("{} tokens", prompt.ids.size())};
  }
  const GenerationRequest request{
      prompt.ids,
      options.n,
      options.sampling,
      {.seed = options.seed, .purpose = Purpose::kSampling, .problem = hash64(prompt.text)}};
  HONE_TRY(const auto completions, generator->generate({&request, 1}));
  for (int i = 0; i < options.n; ++i) {
    const Completion& completion = completions[0][static_cast<std::size_t>(i)];
    HONE_TRY_VOID(options.json ? print_json(prompt, completion)
                               : print_text(prompt, completion, i, options.n));
  }
  return 0;
}

}  // namespace

void add_sample_command(CommandLine& line) {
  auto options = std::make_shared<SampleArguments>();
  Command& command = line.add("sample", "Completions of a prompt", [options] { return sample(*options); });
  add_model_options(command, options->model);
  command.option("PROMPT", options->prompt, "what is asked; -: read from stdin", OptionForm::kRequired);
  command.option("-n,--samples", options->n, "completions", OptionForm::kShowDefault);
  command.option("--system", options->system, "a system prompt");
  add_sampling_options(command, options->sampling, options->seed);
  command.flag("--plain", options->plain, "the prompt as it is, without the model's chat template");
  command.flag("--json", options->json,
               "a JSON line for each: prompt, completion, finish, ids, logprobs, entropies");
}

}  // namespace hone

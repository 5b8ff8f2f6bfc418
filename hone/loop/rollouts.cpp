#include "hone/loop/rollouts.h"

#include "hone/loop/judge.h"

namespace hone {

Result<std::vector<Group>> prompt_groups(std::span<const Problem> problems, Environment& environment,
                                         std::int64_t context_length, std::int64_t max_prompt_tokens) {
  std::vector<Group> groups;
  groups.reserve(problems.size());
  for (const Problem& problem : problems) {
    HONE_TRY(Environment::Prompt prompt, environment.reset(problem));
    const auto tokens = static_cast<std::int64_t>(prompt.ids.size());
    if (tokens >= context_length) {
      return Error{problem.source,
                   fmt::format("the prompt must leave room in the context of {} tokens", context_length),
                   fmt::format("{} tokens", tokens)};
    }
    if (max_prompt_tokens > 0 && tokens > max_prompt_tokens) {
      return Error{
          problem.source,
          fmt::format("the prompt must have at most {} tokens (data.max_prompt_tokens)", max_prompt_tokens),
          fmt::format("{} tokens", tokens)};
    }
    groups.push_back({problem, std::move(prompt.text), std::move(prompt.ids), {}});
  }
  return groups;
}

Result<std::vector<Group>> roll_out(
    std::span<const Problem> problems, const RolloutRequest& request, Environment& environment,
    Generator& generator, const Rubric& rubric,
    const std::function<void(std::size_t done, std::size_t all)>& on_progress) {
  const std::int64_t room = generator.context_length() - static_cast<std::int64_t>(request.prefix.ids.size());
  HONE_TRY(std::vector<Group> groups, prompt_groups(problems, environment, room, request.max_prompt_tokens));
  std::vector<GenerationRequest> requests;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups[i].prompt_text += request.prefix.text;
    groups[i].prompt_ids.insert(groups[i].prompt_ids.end(), request.prefix.ids.begin(),
                                request.prefix.ids.end());
    RandomKey key = request.key;
    key.problem += i;
    requests.push_back(
        {groups[i].prompt_ids, request.samples, request.sampling, key, request.keep_activations});
  }
  RolloutJudge judge(groups, request.samples, rubric);
  const std::size_t all = groups.size() * static_cast<std::size_t>(request.samples);
  std::size_t done = 0;
  HONE_TRY_VOID(
      generator.generate(requests, [&](std::size_t i, std::size_t sample, const Completion& sampled) {
        if (request.prefix.text.empty()) {
          judge.add(i, sample, sampled);
        } else {
          Completion whole = sampled;
          whole.text.insert(0, request.prefix.text);
          judge.add(i, sample, whole);
        }
        if (on_progress) on_progress(++done, all);
      }));
  judge.finish();
  return groups;
}

}  // namespace hone

#include "hone/loop/test_time_waves.h"

#include <utility>

#include "hone/loop/judge.h"
#include "hone/loop/test_time_choose.h"
#include "hone/verify/vote.h"

namespace hone {

Result<std::vector<std::vector<Completion>>> sample_in_waves(std::span<const GenerationRequest> requests,
                                                             Generator& generator, const Verifier& answers,
                                                             double confidence) {
  std::vector<std::vector<Completion>> drawn(requests.size());
  std::vector<std::vector<std::optional<std::string>>> read(requests.size());
  std::vector<AdaptiveVote> votes;
  for (const GenerationRequest& request : requests) votes.emplace_back(request.n, confidence);
  for (;;) {
    std::vector<GenerationRequest> wave;
    std::vector<std::size_t> of;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const int n = votes[i].wave();
      if (n == 0) continue;
      GenerationRequest& next = wave.emplace_back(requests[i]);
      next.n = n;
      next.key.rollout += static_cast<std::uint32_t>(votes[i].drawn());
      of.push_back(i);
    }
    if (wave.empty()) return drawn;
    HONE_TRY(auto completions, generator.generate(wave));
    for (std::size_t w = 0; w < wave.size(); ++w) {
      const std::size_t i = of[w];
      for (Completion& completion : completions[w]) {
        read[i].push_back(answers.final_answer(completion));
        drawn[i].push_back(std::move(completion));
      }
      // Counted from the start: candidates keep their numbers when more voters come.
      const Votes counted = count_votes(answers, read[i]);
      for (auto voter = static_cast<std::size_t>(votes[i].drawn()); voter < counted.choice.size(); ++voter)
        votes[i].add(counted.choice[voter]);
    }
  }
}

void judge_samples(std::span<JudgedSample> samples, const Rubric& rubric) {
  std::vector<Group> groups;  // of one rollout each
  groups.reserve(samples.size());
  for (const JudgedSample& sample : samples) groups.push_back({*sample.problem, "", {}, {}});
  RolloutJudge judge(groups, 1, rubric);
  for (std::size_t i = 0; i < samples.size(); ++i) judge.add(i, 0, samples[i].rollout.completion);
  judge.finish();
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i].rollout = std::move(groups[i].rollouts[0]);
}

}  // namespace hone

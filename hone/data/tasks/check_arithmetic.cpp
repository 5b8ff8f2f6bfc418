// Whether a proposed answer to a chain of sums is right, asked in the words of the verifier "friends": what a
// judge of the task `arithmetic` must be able to do.
#include <cstdlib>

#include "hone/config/judge_prompt.h"
#include "hone/data/tasks/graded_task.h"

namespace hone {
namespace {

// A slip that people and small models make: off by a little, by a ten, a digit or the sign wrong.
std::int64_t slipped(RandomStream& random, std::int64_t right) {
  const std::int64_t sign = random.below(2) == 0 ? 1 : -1;
  switch (random.below(4)) {
    case 0:
      return right + sign;
    case 1:
      return right + sign * random.between(2, 9);
    case 2:
      return right + sign * 10;
    default:
      return right != 0 ? -right : sign;
  }
}

class CheckArithmetic final : public GradedTask {
 public:
  CheckArithmetic()
      : GradedTask({"check_arithmetic", "is the proposed answer to a chain of + - and * right?", "text",
                    make_arithmetic()->max_difficulty(), make_arithmetic()->default_difficulty()}),
        sums_(make_arithmetic()) {}

 private:
  Draft pose(RandomStream& random, int grade) const override {
    const Problem sum = sums_->make(random, grade);
    const bool right = random.below(2) == 0;
    const std::string proposed =
        right ? sum.answer : std::to_string(slipped(random, std::atoll(sum.answer.c_str())));
    Draft draft;
    draft.question =
        fill_prompt(kJudgePrompt, {{"question", sum.messages.front().content}, {"answer", proposed}});
    constexpr std::string_view kOpen = "<think>", kClose = "</think>";
    const std::string steps = sum.solution.substr(kOpen.size(), sum.solution.find(kClose) - kOpen.size());
    draft.think = fmt::format("{};{}{}{}", steps, sum.answer, right ? "==" : "!=", proposed);
    draft.answer = right ? "yes" : "no";
    draft.kin = sum.id;
    return draft;
  }

  std::unique_ptr<Task> sums_;
};

}  // namespace

std::unique_ptr<Task> make_check_arithmetic() { return std::make_unique<CheckArithmetic>(); }

}  // namespace hone

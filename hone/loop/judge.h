// Verdicts on the rollouts of one generate(), most of them while others still decode.
//
//   Generator ──on_finished──> add ──queue──> workers ──Rubric::judge──> the rollout's reward
//
// Decoding has every core, and each of its products waits for the slowest thread. So while it runs only
// verifiers that wait for other processes are called, on Rubric::concurrency() threads that mostly sleep.
// What verifiers compute waits until finish(), which gives it every core: measured on two, computing it
// beside decoding made both together 10 to 20 % slower, and at idle priority nothing was won. Verdicts and
// their places depend on none of this.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "hone/types/interfaces.h"
#include "hone/verify/rubric.h"

namespace hone {

// Thread safety: members from one thread. Until finish() has returned nobody else may touch the rollouts.
class RolloutJudge {
 public:
  // Makes room for `samples` rollouts in each group. Groups and rubric outlive it.
  RolloutJudge(std::span<Group> groups, int samples, const Rubric& rubric);
  // Without finish(): what is being judged ends, what waits is dropped.
  ~RolloutJudge();
  RolloutJudge(const RolloutJudge&) = delete;
  RolloutJudge& operator=(const RolloutJudge&) = delete;

  // Puts a copy in its place and has it judged, now or in finish(); never waits for a verdict. Each place
  // once.
  void add(std::size_t group, std::size_t sample, const Completion& completion);

  // Waits until every rollout has its reward; call once, when all have been added. Throws what a verifier
  // threw (BrokenInvariant alone); the rollouts after it may then be without a reward.
  void finish();

 private:
  struct Task {
    const Problem* problem;
    Rollout* rollout;
  };

  void hire();  // one more worker, if the system has a thread for it
  void work();  // judges what waits, until that is all

  const std::span<Group> groups_;
  const Rubric& rubric_;
  const std::size_t waiting_calls_;  // Rubric::concurrency()
  std::size_t missing_;              // completions still to be added
  std::vector<std::jthread> workers_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Under mutex_:
  std::deque<Task> waiting_;
  std::size_t idle_ = 0;  // workers that wait for a task
  bool over_ = false;     // nothing more will be added
  std::exception_ptr thrown_;
};

}  // namespace hone

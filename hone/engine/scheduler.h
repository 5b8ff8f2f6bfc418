// Decides what each engine step computes: which prompts are read, which samples draw their first token, which
// decode. Knows no tensors.
//
// A group is one request: a prompt, read once, and its samples. Groups may be added at any time, are admitted
// in order, and their samples in order, as long as the limit on running samples and the cache rows allow;
// nothing overtakes. A sample takes the rows that it may need at most when it is admitted, so what runs
// always runs to its end; they are released when it finishes, the prompt's with its last sample. The same
// calls give the same plan. Nothing is kept of groups that have ended before the first that has not.
//
//   Scheduler scheduler(groups, limits);
//   while (!scheduler.done()) {
//     const Plan& plan = scheduler.next();
//     … compute it; for each sample that ended: scheduler.finish(sample);
//   }
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "hone/engine/row_pool.h"
#include "hone/engine/window.h"

namespace hone {

struct ScheduledGroup {
  std::int64_t prompt_tokens = 1;  // ≥ 1
  std::int64_t samples = 1;        // ≥ 1
  std::int64_t max_tokens = 1;     // ≥ 1, of each sample

  // Rows of one sample: its last token is never read, so it takes none.
  std::int64_t sample_rows() const { return max_tokens - 1; }
  // What the group needs to make any progress.
  std::int64_t least_rows() const { return prompt_tokens + sample_rows(); }
};

// No scheduler over these groups can use more rows than this with max_sequences running at once.
std::int64_t most_rows(std::span<const ScheduledGroup> groups, std::int64_t max_sequences);

class Scheduler {
 public:
  struct Limits {
    std::int64_t max_sequences = 256;    // samples running at once, ≥ 1
    std::int64_t rows = 0;               // of the cache; ≥ least_rows() of every group
    std::int64_t prefill_tokens = 4096;  // prompt tokens read in one step, ≥ 1; longer prompts take several
  };

  // Samples are numbered through all groups, from 0: group 0's first. So are groups.
  struct Sample {
    std::size_t group, index;    // index within the group
    std::int64_t first_row = 0;  // of its own tokens
  };

  // Prompt tokens [begin, begin + count) of a group are read.
  struct Prefill {
    std::size_t group;
    std::int64_t begin, count;
  };
  struct Plan {
    std::vector<Prefill> prefill;
    std::vector<std::size_t> start;   // samples that draw their first token; their prompt is read by now
    std::vector<std::size_t> decode;  // samples that feed their last token and draw the next
  };

  explicit Scheduler(Limits limits);
  Scheduler(const std::vector<ScheduledGroup>& groups, Limits limits);

  // The group's number. Requires that it fits: least_rows() ≤ limits.rows.
  std::size_t add(const ScheduledGroup& shape);
  // Ends those of its samples that have not finished, whether they run or wait.
  void cancel(std::size_t group);

  bool done() const { return unfinished_ == 0; }

  // Admits what fits and plans one step, taking for granted that the plan before was carried out. Requires
  // !done(). The plan is never empty and stays valid until the next call.
  const Plan& next();

  // A sample of the current plan ended. Its rows may be given to others by the next call of next().
  void finish(std::size_t sample);

  // These three ask of groups that are still kept: at least until next() after their end.
  const Sample& sample(std::size_t id) const { return samples_[id]; }
  const ScheduledGroup& group(std::size_t id) const { return groups_[id].shape; }
  std::int64_t prompt_row(std::size_t group) const { return groups_[group].prompt_row; }
  // Whether samples of this group still wait for a place, so that its prompt's last state is needed again.
  bool has_waiting(std::size_t group) const { return groups_[group].admitted < groups_[group].shape.samples; }
  std::size_t first_sample(std::size_t group) const { return groups_[group].first_sample; }
  // Groups and samples before these numbers are not kept any more.
  std::size_t first_kept_group() const { return groups_.begin(); }
  std::size_t first_kept_sample() const { return samples_.begin(); }
  // Samples that run or are about to.
  std::size_t active() const { return active_.size(); }

 private:
  struct Group {
    ScheduledGroup shape;
    std::size_t first_sample = 0;
    std::int64_t prompt_row = -1;  // −1: not in the cache
    std::int64_t read = 0;         // prompt tokens in the cache
    std::int64_t admitted = 0, finished = 0;
    bool ended() const { return finished == shape.samples; }
  };
  enum class State { kWaiting, kAdmitted, kRunning, kFinished };

  void forget_ended();
  void admit();
  bool admit_next();
  void release(std::size_t id);
  void plan_prefill();

  Limits limits_;
  RowPool pool_;
  Window<Group> groups_;
  Window<Sample> samples_;
  Window<State> states_;              // per sample
  std::vector<std::size_t> active_;   // admitted and not finished, in order of admission
  std::vector<std::size_t> reading_;  // groups whose prompt is not read whole, in order of admission
  std::size_t next_group_ = 0;        // the first group with samples that wait
  std::size_t unfinished_ = 0;
  Plan plan_;
};

}  // namespace hone

#include "hone/engine/scheduler.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "hone/base/check.h"

namespace hone {

std::int64_t most_rows(std::span<const ScheduledGroup> groups, std::int64_t max_sequences) {
  // Samples run in order, without gaps between groups but for those that finished: at most max_sequences of
  // the longest, and as many prompts (a group whose samples all wait holds none but the one next in line).
  std::vector<std::pair<std::int64_t, std::int64_t>> sample_rows;  // rows of one, how many
  std::vector<std::int64_t> prompts;
  for (const ScheduledGroup& group : groups) {
    sample_rows.emplace_back(group.sample_rows(), group.samples);
    prompts.push_back(group.prompt_tokens);
  }
  std::sort(sample_rows.begin(), sample_rows.end(), std::greater<>());
  std::sort(prompts.begin(), prompts.end(), std::greater<>());
  std::int64_t rows = 0, places = max_sequences;
  for (const auto& [each, count] : sample_rows) {
    const std::int64_t taken = std::min(places, count);
    rows += taken * each;
    places -= taken;
    if (places == 0) break;
  }
  const auto held = std::min<std::int64_t>(max_sequences, static_cast<std::int64_t>(prompts.size()));
  for (std::int64_t i = 0; i < held; ++i) rows += prompts[static_cast<std::size_t>(i)];
  return rows;
}

Scheduler::Scheduler(Limits limits) : limits_(limits), pool_(limits.rows) {
  HONE_CHECK(limits.max_sequences >= 1, "max_sequences = {}", limits.max_sequences);
  HONE_CHECK(limits.prefill_tokens >= 1, "prefill_tokens = {}", limits.prefill_tokens);
}

Scheduler::Scheduler(const std::vector<ScheduledGroup>& groups, Limits limits) : Scheduler(limits) {
  for (const ScheduledGroup& shape : groups) add(shape);
}

std::size_t Scheduler::add(const ScheduledGroup& shape) {
  const std::size_t number = groups_.end();
  HONE_CHECK(shape.prompt_tokens >= 1 && shape.samples >= 1 && shape.max_tokens >= 1,
             "group {}: {} prompt tokens, {} samples, {} tokens each", number, shape.prompt_tokens,
             shape.samples, shape.max_tokens);
  HONE_CHECK(shape.least_rows() <= limits_.rows, "group {} needs {} rows of {}", number, shape.least_rows(),
             limits_.rows);
  groups_.push_back({shape, samples_.end()});
  for (std::int64_t i = 0; i < shape.samples; ++i) {
    samples_.push_back({number, static_cast<std::size_t>(i)});
    states_.push_back(State::kWaiting);
  }
  unfinished_ += static_cast<std::size_t>(shape.samples);
  return number;
}

const Scheduler::Plan& Scheduler::next() {
  HONE_CHECK(!done(), "every sample has finished");
  std::erase_if(active_, [&](std::size_t id) { return states_[id] == State::kFinished; });
  forget_ended();
  admit();
  plan_.prefill.clear();
  plan_.start.clear();
  plan_.decode.clear();
  plan_prefill();
  for (const std::size_t id : active_) {
    if (states_[id] == State::kRunning) {
      plan_.decode.push_back(id);
    } else if (const Group& group = groups_[samples_[id].group]; group.read == group.shape.prompt_tokens) {
      plan_.start.push_back(id);
      states_[id] = State::kRunning;
    }
  }
  HONE_CHECK(!plan_.prefill.empty() || !plan_.start.empty() || !plan_.decode.empty(), "nothing can be done");
  return plan_;
}

void Scheduler::forget_ended() {
  std::size_t group = groups_.begin(), sample = samples_.begin();
  for (; group < groups_.end() && groups_[group].ended(); ++group)
    sample += static_cast<std::size_t>(groups_[group].shape.samples);
  groups_.drop_before(group);
  samples_.drop_before(sample);
  states_.drop_before(sample);
  next_group_ = std::max(next_group_, group);
}

void Scheduler::admit() {
  for (; next_group_ < groups_.end(); ++next_group_) {
    while (has_waiting(next_group_)) {
      if (std::cmp_greater_equal(active_.size(), limits_.max_sequences) || !admit_next()) return;
    }
  }
}

// Admits the next sample in line, with its prompt where that is not in the cache yet. Never stuck: when
// nothing runs, either the whole cache is free, or all of it but the prompt and the place that the group's
// last sample left.
bool Scheduler::admit_next() {
  Group& group = groups_[next_group_];
  if (group.prompt_row < 0) {
    const auto row = pool_.allocate(group.shape.prompt_tokens);
    if (!row) return false;
    group.prompt_row = *row;
  }
  const auto own = pool_.allocate(group.shape.sample_rows());
  if (!own) {
    if (group.admitted == 0) {  // a prompt alone would hold rows for nothing
      pool_.release(std::exchange(group.prompt_row, -1), group.shape.prompt_tokens);
    }
    return false;
  }
  if (group.admitted == 0) reading_.push_back(next_group_);
  const std::size_t id = group.first_sample + static_cast<std::size_t>(group.admitted++);
  samples_[id].first_row = *own;
  states_[id] = State::kAdmitted;
  active_.push_back(id);
  return true;
}

void Scheduler::plan_prefill() {
  std::int64_t budget = limits_.prefill_tokens;
  for (const std::size_t g : reading_) {
    if (budget == 0) break;
    Group& group = groups_[g];
    const std::int64_t count = std::min(budget, group.shape.prompt_tokens - group.read);
    plan_.prefill.push_back({g, group.read, count});
    group.read += count;
    budget -= count;
  }
  std::erase_if(reading_, [&](std::size_t g) { return groups_[g].read == groups_[g].shape.prompt_tokens; });
}

// What an admitted sample held.
void Scheduler::release(std::size_t id) {
  Group& group = groups_[samples_[id].group];
  states_[id] = State::kFinished;
  --unfinished_;
  pool_.release(samples_[id].first_row, group.shape.sample_rows());
  if (++group.finished == group.shape.samples) {
    pool_.release(std::exchange(group.prompt_row, -1), group.shape.prompt_tokens);
  }
}

void Scheduler::finish(std::size_t id) {
  HONE_CHECK(states_[id] == State::kRunning, "sample {} is not running", id);
  release(id);
}

void Scheduler::cancel(std::size_t number) {
  Group& group = groups_[number];
  const std::size_t first = group.first_sample;
  const auto admitted = static_cast<std::size_t>(group.admitted);
  // Those that wait go first, so that the last that runs gives the prompt back.
  for (auto id = first + admitted; id < first + static_cast<std::size_t>(group.shape.samples); ++id) {
    if (states_[id] == State::kFinished) continue;
    states_[id] = State::kFinished;
    --unfinished_;
    ++group.finished;
  }
  group.admitted = group.shape.samples;
  if (group.ended() && group.prompt_row >= 0) {  // all that had run has finished
    pool_.release(std::exchange(group.prompt_row, -1), group.shape.prompt_tokens);
  }
  for (std::size_t id = first; id < first + admitted; ++id) {
    if (states_[id] != State::kFinished) release(id);
  }
  std::erase(reading_, number);
}

}  // namespace hone

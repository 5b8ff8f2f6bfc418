#include "hone/engine/generation.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hone/base/check.h"
#include "hone/base/threads.h"
#include "hone/base/time_split.h"
#include "hone/engine/row_scores.h"
#include "hone/engine/sampler.h"

namespace hone {
namespace {

// Bytes of logits held at once.
constexpr std::int64_t kLogitBytes = 64 << 20;

// Views of one step's vectors: they must outlive the pass.
at::Tensor view_of(std::vector<std::int64_t>& values) {
  return at::from_blob(values.data(), {static_cast<std::int64_t>(values.size())}, at::kLong);
}
at::Tensor view_of(std::vector<kernel::Span>& spans) {
  static_assert(sizeof(kernel::Span) == 4 * sizeof(std::int32_t));
  return at::from_blob(spans.data(), {static_cast<std::int64_t>(spans.size()), 4}, at::kInt);
}

}  // namespace

Generation::Generation(Setting setting, Scheduler::Limits limits) : setting_(setting), scheduler_(limits) {}

std::size_t Generation::add(GenerationRequest request, std::int64_t max_tokens, int top_logprobs) {
  const std::size_t number = scheduler_.add({std::ssize(request.prompt), request.n, max_tokens});
  Group added;
  added.request = std::move(request);
  added.top_logprobs = top_logprobs;
  groups_.push_back(std::move(added));
  const GenerationRequest& kept = groups_[number].request;  // stays where it is: StopFinder points into it
  for (int i = 0; i < kept.n; ++i) {
    Sequence sequence;
    sequence.key = kept.key;
    sequence.key.rollout += static_cast<std::uint32_t>(i);
    sequence.completion.policy_version = setting_.policy_version;
    if (kept.sampling.truncates()) sequence.completion.kept.offsets.push_back(0);
    if (!kept.sampling.stop.empty()) sequence.stop.emplace(*setting_.tokenizer, kept.sampling.stop);
    sequences_.push_back(std::move(sequence));
  }
  return number;
}

void Generation::step(GenerationEvents& events) {
  const Scheduler::Plan& plan = scheduler_.next();
  groups_.drop_before(scheduler_.first_kept_group());
  sequences_.drop_before(scheduler_.first_kept_sample());
  feed(plan);
  const at::Tensor states_NH = states(plan);
  if (scored_.empty()) return;
  draw_tokens(states_NH);
  for (const std::size_t id : plan.start) tell(id, events);
  for (const std::size_t id : plan.decode) tell(id, events);
  give_up_broken(events);
}

void Generation::Pass::clear() {
  ids.clear(), positions.clear(), cache_rows.clear(), gathered.clear();
  spans.clear(), taped.clear();
}

// Decides, once for a group, whether the tape keeps it: there must be room for all that it may come to.
void Generation::begin_tape(std::size_t group) {
  const ScheduledGroup& shape = scheduler_.group(group);
  if (setting_.tape == nullptr || !groups_[group].request.keep_activations) return;
  if (!setting_.tape->reserve(shape.prompt_tokens + shape.samples * shape.sample_rows())) return;
  groups_[group].prompt_taped = std::make_shared<ActivationTape::Rows>();
}

void Generation::finish_tape(std::size_t id) {
  Sequence& sequence = sequences_[id];
  const std::size_t group = scheduler_.sample(id).group;
  setting_.tape->give_back(scheduler_.group(group).sample_rows() - std::ssize(sequence.taped));
  sequence.completion.activations =
      setting_.tape->add({groups_[group].prompt_taped, std::move(sequence.taped)});
}

Generation::Place Generation::feed_row(std::size_t group, std::int32_t id, std::int64_t position,
                                       std::int64_t cache_row, kernel::Span span,
                                       ActivationTape::Rows* taped) {
  const int index = tapes(group) ? kTaped : kPlain;
  Pass& pass = passes_[index];
  pass.ids.push_back(id);
  pass.positions.push_back(position);
  pass.cache_rows.push_back(cache_row);
  pass.spans.push_back(span);
  if (index == kTaped) pass.taped.push_back(taped);
  return {index, std::ssize(pass.ids) - 1};
}

// Lays the plan out as rows of passes, and names the rows to draw from.
void Generation::feed(const Scheduler::Plan& plan) {
  for (Pass& pass : passes_) pass.clear();
  scored_.clear(), draws_.clear();
  for (const auto& part : plan.prefill) {
    Group& group = groups_[part.group];
    const auto& prompt = group.request.prompt;
    const auto begin = static_cast<std::int32_t>(scheduler_.prompt_row(part.group));
    if (part.begin == 0) begin_tape(part.group);
    Place last;
    for (std::int64_t i = part.begin; i < part.begin + part.count; ++i) {
      last = feed_row(part.group, prompt[static_cast<std::size_t>(i)], i, begin + i,
                      {0, 0, begin, static_cast<std::int32_t>(i) + 1}, group.prompt_taped.get());
    }
    if (std::cmp_equal(part.begin + part.count, prompt.size())) group.last_row = last;
  }
  for (const std::size_t id : plan.decode) {
    const Scheduler::Sample& sample = scheduler_.sample(id);
    const auto& completion = sequences_[id].completion.ids;
    const auto prompt_count = static_cast<std::int32_t>(groups_[sample.group].request.prompt.size());
    const auto count = static_cast<std::int32_t>(completion.size());
    const std::int64_t row = sample.first_row + count - 1;
    const Place place = feed_row(sample.group, completion.back(), prompt_count + count - 1, row,
                                 {static_cast<std::int32_t>(scheduler_.prompt_row(sample.group)),
                                  prompt_count, static_cast<std::int32_t>(sample.first_row), count},
                                 &sequences_[id].taped);
    scored_.push_back({sample.group, place, draws_.size(), 1});
    draws_.push_back(id);
  }
  for (const std::size_t id : plan.start) {  // samples of one group follow one another
    const std::size_t group = scheduler_.sample(id).group;
    if (scored_.empty() || scored_.back().group != group || draws_.size() == plan.decode.size()) {
      scored_.push_back({group, groups_[group].last_row, draws_.size(), 0});
    }
    ++scored_.back().count;
    draws_.push_back(id);
  }
  // By pass; stored states come last.
  std::stable_sort(scored_.begin(), scored_.end(), [](const Scored& a, const Scored& b) {
    return static_cast<unsigned>(a.place.pass) < static_cast<unsigned>(b.place.pass);
  });
  for (const Scored& row : scored_) {
    if (row.place.pass >= 0) passes_[row.place.pass].gathered.push_back(row.place.row);
  }
}

// The states [T, H] of a pass's rows; undefined when it has none.
at::Tensor Generation::run_pass(int index) {
  Pass& pass = passes_[index];
  if (pass.ids.empty()) return {};
  ActivationTape* tape = index == kTaped ? setting_.tape : nullptr;
  for (std::size_t i = 0; i < pass.taped.size(); ++i)
    pass.taped[i]->push_back(tape->used() + static_cast<std::int64_t>(i));
  return setting_.policy.forward_cached(view_of(pass.ids), view_of(pass.positions), view_of(pass.spans),
                                        view_of(pass.cache_rows), setting_.cache, tape);
}

// Runs the passes; [N, H], the states to draw from, in the order of scored_.
at::Tensor Generation::states(const Scheduler::Plan& plan) {
  at::Tensor hidden_TH[kPasses];
  std::vector<at::Tensor> parts;
  for (int i = 0; i < kPasses; ++i) {
    Pass& pass = passes_[i];
    hidden_TH[i] = run_pass(i);
    if (pass.gathered.empty()) continue;
    const bool all_in_order =
        pass.gathered.size() == pass.ids.size() && std::is_sorted(pass.gathered.begin(), pass.gathered.end());
    parts.push_back(all_in_order ? hidden_TH[i] : gather_rows(hidden_TH[i], view_of(pass.gathered)));
  }
  // What samples that still wait will draw from is kept; the others let it go.
  for (const Scored& row : scored_) {
    if (row.place.pass >= 0) continue;
    at::Tensor& state = groups_[row.group].last_state;
    HONE_CHECK(state.defined(), "no state of prompt {}", row.group);
    parts.push_back(state);
    if (!scheduler_.has_waiting(row.group)) state.reset();
  }
  for (const auto& part : plan.prefill) {
    Group& group = groups_[part.group];
    const Place place = std::exchange(group.last_row, Place());
    if (place.pass < 0 || !scheduler_.has_waiting(part.group)) continue;
    group.last_state = hidden_TH[place.pass].narrow(0, place.row, 1).clone();
  }
  if (parts.empty()) return {};
  return parts.size() == 1 ? parts[0] : at::cat(parts, 0);
}

void Generation::draw_tokens(const at::Tensor& states_NH) {
  const Timed timed(TimePart::kSoftmax);
  const at::Tensor& head_VH = setting_.policy.head();
  const std::int64_t N = states_NH.size(0), V = head_VH.size(0);
  const std::int64_t chunk =
      std::max<std::int64_t>(1, kLogitBytes / static_cast<std::int64_t>(sizeof(float)) / V);
  for (std::int64_t begin = 0; begin < N; begin += chunk) {
    const std::int64_t n = std::min(chunk, N - begin);
    const at::Tensor logits_nV =
        head_logits(states_NH.narrow(0, begin, n), head_VH, setting_.policy.config().final_logit_softcap)
            .to(at::kCPU, at::kFloat)
            .contiguous();
    float* z = logits_nV.data_ptr<float>();
    parallel_for(n, std::max<std::int64_t>(1, 4096 / V), [&](std::int64_t b, std::int64_t e) {
      for (std::int64_t i = b; i < e; ++i) {
        draw_row(scored_[static_cast<std::size_t>(begin + i)], {z + i * V, static_cast<std::size_t>(V)});
      }
    });
  }
}

// Runs on the pool's threads: touches nothing but the row's own samples.
void Generation::draw_row(Scored& row, std::span<float> z) {
  thread_local RowSampler sampler;
  thread_local std::vector<float> raw;  // the logits as they were: prepare() changes them
  const Group& group = groups_[row.group];
  const SamplingParams& sampling = group.request.sampling;
  if (group.top_logprobs >= 0) raw.assign(z.begin(), z.end());
  if (!sampler.prepare(z, sampling)) {
    row.broken = true;
    return;
  }
  std::optional<RowScores> scores;
  if (group.top_logprobs >= 0) scores.emplace(raw, group.top_logprobs);
  for (std::size_t i = row.first; i < row.first + row.count; ++i) {
    Sequence& sequence = sequences_[draws_[i]];
    Completion& completion = sequence.completion;
    const auto position = static_cast<std::uint32_t>(completion.ids.size());
    const auto token = sampler.draw(sampling.temperature == 0 ? 0.0 : random_uniform(sequence.key, position));
    completion.ids.push_back(token.id);
    completion.logprobs.push_back(token.logprob);
    completion.entropies.push_back(token.entropy);
    if (scores) sequence.score = scores->of(token.id);
    if (!sampling.truncates()) continue;
    const auto kept = sampler.kept();
    completion.kept.ids.insert(completion.kept.ids.end(), kept.begin(), kept.end());
    completion.kept.offsets.push_back(std::ssize(completion.kept.ids));
  }
}

std::optional<FinishReason> Generation::ended(std::size_t id) {
  Sequence& sequence = sequences_[id];
  const auto& ids = sequence.completion.ids;
  if (std::ranges::find(setting_.eos_ids, ids.back()) != setting_.eos_ids.end()) return FinishReason::kEos;
  if (sequence.stop && sequence.stop->push(ids.back())) return FinishReason::kStop;
  const auto& stop_ids = groups_[scheduler_.sample(id).group].request.sampling.stop_ids;
  if (std::ranges::find(stop_ids, ids.back()) != stop_ids.end()) {
    sequence.stop.reset();  // no string was found: the text is that of the ids before
    return FinishReason::kStop;
  }
  if (std::ssize(ids) >= scheduler_.group(scheduler_.sample(id).group).max_tokens)
    return FinishReason::kLength;
  return std::nullopt;
}

void Generation::write_text(Sequence& sequence) const {
  Completion& completion = sequence.completion;
  if (completion.finish == FinishReason::kStop && sequence.stop) {
    completion.text = sequence.stop->text();
  } else if (setting_.tokenizer != nullptr) {
    // An eos or stop id is no text, even where the tokenizer does not call it special.
    const std::span<const std::int32_t> ids = completion.ids;
    const bool whole = completion.finish == FinishReason::kLength;
    completion.text =
        setting_.tokenizer->decode(whole ? ids : ids.first(ids.size() - 1), /*skip_special=*/true);
  }
  sequence.stop.reset();
}

void Generation::tell(std::size_t id, GenerationEvents& events) {
  Sequence& sequence = sequences_[id];
  Completion& completion = sequence.completion;
  const Scheduler::Sample& sample = scheduler_.sample(id);
  const std::int64_t count = std::ssize(completion.ids);
  if (std::exchange(sequence.told, count) == count) return;  // its row was broken
  events.drawn(sample.group, sample.index, completion,
               groups_[sample.group].top_logprobs >= 0 ? &sequence.score : nullptr);
  const auto reason = ended(id);
  if (!reason) return;
  completion.finish = *reason;
  write_text(sequence);
  if (tapes(sample.group)) finish_tape(id);
  scheduler_.finish(id);
  events.finished(sample.group, sample.index, std::move(completion));
}

void Generation::give_up_broken(GenerationEvents& events) {
  for (const Scored& row : scored_) {
    Group& group = groups_[row.group];
    if (!row.broken || std::exchange(group.given_up, true)) continue;
    scheduler_.cancel(row.group);
    events.broken(row.group);
  }
}

}  // namespace hone

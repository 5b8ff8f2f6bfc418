#include "hone/web/pages_answers.h"

#include <algorithm>
#include <array>
#include <limits>
#include <unordered_map>

#include "hone/base/json.h"
#include "hone/types/stage.h"
#include "hone/web/pages_json.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::array kOutcomes = {"both", "only_a", "only_b", "neither"};
constexpr std::int64_t kMaxStep = std::numeric_limits<std::int64_t>::max();

struct Pair {
  std::size_t outcome = 0;  // of kOutcomes
  std::int64_t a = 0, b = 0;
};

bool solved(const RunSummary::Entry& entry) { return entry.rollouts > 0 && entry.accuracy() >= 0.5; }

}  // namespace

Result<AnswersAsked> answers_asked(const PagesParams& params) {
  AnswersAsked asked;
  asked.run = params.text("run");
  asked.with = params.text("with").empty() ? asked.run : params.text("with");
  asked.stage = params.text("stage");
  asked.with_stage = params.text("with_stage").empty() ? asked.stage : params.text("with_stage");
  for (const std::string& stage : {asked.stage, asked.with_stage}) {
    if (!is_eval_stage(stage)) return Error{"stage", "must be eval or eval_direct", stage.substr(0, 60)};
  }
  asked.outcome = params.text("outcome");
  if (!asked.outcome.empty() && std::ranges::find(kOutcomes, asked.outcome) == kOutcomes.end()) {
    return Error{"outcome", fmt::format("must be one of {}", fmt::join(kOutcomes, ", ")),
                 asked.outcome.substr(0, 60)};
  }
  HONE_TRY(const auto step, params.integer("step", 0, kMaxStep));
  HONE_TRY(const auto with_step, params.integer("with_step", 0, kMaxStep));
  HONE_TRY(const auto offset, params.integer("offset", 0, kMaxStep));
  HONE_TRY(const auto limit, params.integer("limit", 1, 500));
  asked.step = step.value_or(0);
  asked.with_step = with_step.value_or(0);
  asked.offset = offset.value_or(0);
  asked.limit = limit.value_or(50);
  return asked;
}

Result<std::optional<OrderedJson>> answers_json(const AnswersAsked& asked, const RunQuery& a,
                                                const RunQuery& b) {
  HONE_TRY(const auto summary_a, a.summary(SummaryOf::kEvaluations));
  HONE_TRY(const auto summary_b, b.summary(SummaryOf::kEvaluations));
  const RunSummary::Step* step_a = summary_a->find(asked.stage, asked.step);
  const RunSummary::Step* step_b = summary_b->find(asked.with_stage, asked.with_step);
  if (step_a == nullptr || step_b == nullptr) return std::optional<OrderedJson>();
  std::unordered_map<std::uint64_t, const RunSummary::Entry*> of_b;
  for (std::size_t i = step_b->begin; i < step_b->end; ++i)
    of_b.emplace(summary_b->entries[i].problem, &summary_b->entries[i]);
  std::array<std::int64_t, kOutcomes.size()> counts{};
  std::vector<Pair> pairs;
  std::int64_t shared = 0;
  for (std::size_t i = step_a->begin; i < step_a->end; ++i) {
    const RunSummary::Entry& entry = summary_a->entries[i];
    const auto other = of_b.find(entry.problem);
    if (other == of_b.end()) continue;
    ++shared;
    const bool right_a = solved(entry), right_b = solved(*other->second);
    const std::size_t outcome = right_a ? (right_b ? 0 : 1) : (right_b ? 2 : 3);
    ++counts[outcome];
    if (asked.outcome.empty() || asked.outcome == kOutcomes[outcome])
      pairs.push_back({outcome, entry.group, other->second->group});
  }
  const auto begin = static_cast<std::size_t>(std::min(asked.offset, std::ssize(pairs)));
  const std::size_t end = std::min(begin + static_cast<std::size_t>(asked.limit), pairs.size());
  OrderedJson rows = OrderedJson::array();
  for (std::size_t i = begin; i < end; ++i) {
    HONE_TRY(const auto row_a, a.rows({pairs[i].a}));
    HONE_TRY(const auto row_b, b.rows({pairs[i].b}));
    if (row_a.empty() || row_b.empty()) continue;  // the run was rewound meanwhile
    rows.push_back(
        {{"outcome", kOutcomes[pairs[i].outcome]}, {"a", row_json(row_a[0])}, {"b", row_json(row_b[0])}});
  }
  OrderedJson tally = OrderedJson::object();
  for (std::size_t i = 0; i < counts.size(); ++i) tally[kOutcomes[i]] = counts[i];
  const auto size = [](const RunSummary::Step& s) { return static_cast<std::int64_t>(s.end - s.begin); };
  return std::optional<OrderedJson>(OrderedJson{{"counts", std::move(tally)},
                                                {"only_in_one", size(*step_a) + size(*step_b) - 2 * shared},
                                                {"total", pairs.size()},
                                                {"rows", std::move(rows)}});
}

}  // namespace hone

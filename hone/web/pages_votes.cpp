// Answers counted, pooled as a run's verifier compares them.
#include <algorithm>
#include <functional>

#include "hone/base/json.h"
#include "hone/verify/vote.h"
#include "hone/web/pages_json.h"

namespace hone {

using OrderedJson = nlohmann::ordered_json;

OrderedJson votes_json(const Verifier& verifier, std::span<const std::optional<std::string>> answers,
                       const std::vector<bool>& correct) {
  const Votes votes = count_votes(verifier, answers);
  struct Line {
    std::string answer;
    int count = 0, correct = 0;
  };
  std::vector<Line> lines;
  for (const Votes::Candidate& candidate : votes.candidates) lines.push_back({candidate.answer});
  int none = 0;
  for (std::size_t i = 0; i < votes.choice.size(); ++i) {
    if (!votes.choice[i]) {
      ++none;
      continue;
    }
    Line& line = lines[*votes.choice[i]];
    ++line.count;
    line.correct += !correct.empty() && correct[i] ? 1 : 0;
  }
  std::ranges::stable_sort(lines, std::ranges::greater{}, &Line::count);
  OrderedJson list = OrderedJson::array();
  for (const Line& line : lines) {
    OrderedJson entry = {{"answer", line.answer}, {"count", line.count}};
    if (!correct.empty()) entry["correct"] = line.correct;
    list.push_back(std::move(entry));
  }
  return {{"answers", std::move(list)}, {"none", none}, {"compared_by", verifier.name()}};
}

}  // namespace hone

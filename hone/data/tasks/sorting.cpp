// Sorting of integers, worked as an insertion sort: the sorted part after each number is taken in.
#include <algorithm>
#include <array>

#include "hone/data/tasks/graded_task.h"

namespace hone {
namespace {

struct SortingGrade {
  int count;
  std::int64_t smallest, largest;
  bool both_ways;  // descending as well
};
constexpr std::array<SortingGrade, 6> kSortingGrades = {{{3, 0, 9, false},
                                                         {4, 0, 99, false},
                                                         {5, 0, 99, true},
                                                         {6, 0, 99, true},
                                                         {8, -99, 99, true},
                                                         {10, -999, 999, true}}};

std::string spell(const std::vector<std::int64_t>& numbers) {
  return fmt::format("{}", fmt::join(numbers, " "));
}

class Sorting final : public GradedTask {
 public:
  Sorting()
      : GradedTask({"sorting",
                    "integers put in order, by insertion",
                    "text",
                    static_cast<int>(kSortingGrades.size()),
                    {2, 3}}) {}

 private:
  Draft pose(RandomStream& random, int grade) const override {
    const SortingGrade& g = kSortingGrades[static_cast<std::size_t>(grade - 1)];
    const bool descending = g.both_ways && random.below(2) == 1;
    std::vector<std::int64_t> numbers, sorted;
    for (int i = 0; i < g.count; ++i) numbers.push_back(random.between(g.smallest, g.largest));
    std::vector<std::string> steps;
    for (const std::int64_t n : numbers) {
      sorted.insert(std::find_if(sorted.begin(), sorted.end(),
                                 [&](std::int64_t other) { return descending ? other < n : other > n; }),
                    n);
      steps.push_back(spell(sorted));
    }
    return {fmt::format("Sort {}: {}", descending ? "descending" : "ascending", spell(numbers)),
            spell(sorted), join(steps), ""};
  }
};

}  // namespace

std::unique_ptr<Task> make_sorting() { return std::make_unique<Sorting>(); }

}  // namespace hone

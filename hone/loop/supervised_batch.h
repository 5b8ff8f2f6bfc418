// Worked solutions → a batch for the supervised stage: loss on completions only.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/types/interfaces.h"

namespace hone {

// The solution with nothing between its think tags: the answer given directly.
std::string without_thinking(const std::string& solution);

// Error when a problem has no worked solution to learn from.
Result<void> check_solution(const Problem& problem);

// Where a solution begins with the tokens `forced` (empty: none do), these carry no loss.
// Error: a problem without a worked solution, or one that does not fit the context, by its source.
Result<TrainBatch> supervised_batch(
    std::span<const Problem> problems, Environment& environment, std::int64_t context_length,
    const std::function<std::vector<std::int32_t>(const std::string&)>& encode, std::int64_t step,
    std::span<const std::int32_t> forced = {});

}  // namespace hone

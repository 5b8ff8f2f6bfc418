// Fixed choices that several commands offer to completions.
#pragma once

#include <string>
#include <vector>

namespace hone {

std::vector<std::string> stage_names();  // of a run's records: sft … eval_direct
std::vector<std::string> task_names();   // as hone tasks lists them

}  // namespace hone

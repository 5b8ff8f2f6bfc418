// The lines that a program of the user's own reads and writes.
//
// Asked: {"id": n, "prompt": text or [{role, content}…] or null, "completion": text, "reference": text or
// null} and the other keys of the problem's row; the row's own "id", where it has one, is "row_id".
// Answered: {"score": number}, and optionally "id" (that of the question), "status" (correct, wrong,
// unparsable, timeout, error) and "detail" (text). Or the score alone. true and false are 1 and 0.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hone/types/completion.h"
#include "hone/types/problem.h"
#include "hone/types/verdict.h"

namespace hone {

inline constexpr std::size_t kAnswerBytes = std::size_t{1} << 20;  // of a line, at most

std::string question_line(std::uint64_t id, const Problem& problem, const Completion& completion);

struct ProgramAnswer {
  Verdict verdict;
  // Whether the line answers the question of that id. What follows is then in step with the questions, even
  // if the verdict is an error (a status that there is not, a score that is no number).
  bool in_step = true;
};
// Without "status": correct for a score of at least 1, else wrong. Without "score": 1 for correct, 0 for
// wrong and unparsable. Neither, or a score of null alone: error.
ProgramAnswer read_answer(std::string_view line, std::uint64_t id);

}  // namespace hone

// Where a completion states its final answer, for maths: the places to look at, the most trusted first.
//
// After the thought (answer.h): the last <answer>; else the last \boxed{} (several that only "and" or commas
// part are one list); else what follows the last "answer is", "answer:" or "####"; else the last formula;
// else the last number. Inside of one of these that is a sentence: its formula or number when it has only
// one. Linear in the text; only its last 200,000 bytes are looked at, its last 40,000 for answers without a
// mark. Thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hone {

struct AnswerCandidate {
  std::string text;
  bool inner = false;      // stands inside of the candidate before it
  const char* place = "";  // for details: "box", "answer tag", "statement", "formula", "number"
};

// At most four. The next one counts only when the one before cannot be read.
std::vector<AnswerCandidate> final_answers(std::string_view completion);

}  // namespace hone

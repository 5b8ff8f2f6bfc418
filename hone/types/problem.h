// A problem: what is asked, and what the verifiers need to judge an answer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hone {

struct Message {
  std::string role;  // "system", "user", "assistant"
  std::string content;
};

struct Problem {
  std::uint64_t id = 0;           // stable key: hash of the task and its parameters, or of the row's prompt
  std::string source;             // "file.jsonl:12" or "arithmetic:34", for people
  std::vector<Message> messages;  // what is asked; a plain prompt is one user message
  std::string answer;             // the reference answer; empty where there is none
  std::string solution;           // a worked completion for warm starts, think and answer tags included; may be empty
  std::string fields;             // the row as JSON text, for verifiers that need more (countdown's numbers, tests …)
  int difficulty = 0;             // the task's grade, 0 where there is none
  std::uint64_t kin = 0;          // the id of the problem inside this one, held out together with it; 0: none
};

}  // namespace hone

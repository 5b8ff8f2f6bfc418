// Procedural tasks: seeded problems, graded in difficulty, each with its own verifier and worked solutions.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hone/base/rng.h"
#include "hone/types/problem.h"

namespace hone {

class Task {
 public:
  virtual ~Task() = default;
  virtual std::string name() const = 0;
  virtual std::string summary() const = 0;   // one line for `hone tasks`
  virtual std::string verifier() const = 0;  // the verifier that judges it: "number", "expression", "text" …
  virtual int max_difficulty() const = 0;    // grades are 1 … this
  virtual std::vector<int> default_difficulty() const = 0;
  // A pure function of the stream. Sets messages, answer, solution ("<think>…</think><answer>…</answer>"),
  // fields where the verifier needs them, difficulty, and id = hash64 of the task's name and the question.
  virtual Problem make(RandomStream& random, int difficulty) const = 0;
};

const std::vector<std::unique_ptr<Task>>& all_tasks();
const Task* find_task(const std::string& name);  // nullptr when unknown

}  // namespace hone

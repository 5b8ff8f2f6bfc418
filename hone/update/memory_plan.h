// How much memory a training will take on the CPU in fp32, and how it is best spent.
//
// Buffers only grow and stay: the peak is the sum of all. What a run may need at most is counted (every
// completion as long as allowed), so shorter ones stay below it.
#pragma once

#include <cstdint>
#include <string>

#include "hone/base/result.h"
#include "hone/policy/policy.h"

namespace hone {

// One stage's steps.
struct MemoryWork {
  std::string stage = "grpo";                // "sft" or "grpo", for people
  std::int64_t prompts = 1, group_size = 1;  // of a step
  std::int64_t prompt_tokens = 1;            // of the longest
  std::int64_t completion_tokens = 1;        // at most
  std::int64_t cache_rows = 0;               // of the generator's key/value cache, whoever fills it
  std::int64_t decoded_at_once = 1;          // sequences
  std::int64_t beside = 0;                   // bytes of other models: judges, a thinker
  std::int64_t prefill_tokens = 4096;        // of one pass
  bool reference = false;                    // a KL term keeps a second policy
  bool undo_copy = false;                    // several optimizer steps a batch
  bool reuse = false;                        // the update may start from sampling's activations
  bool reuse_always = true;                  // … and a tape of a whole step's rows serves every pass of it
  std::int64_t microbatch_tokens = 0;        // 0: to be chosen
  std::int64_t least_passes = 0;             // bytes that another stage's passes take anyway
};

struct MemoryPlan {
  // Bytes.
  std::int64_t process = 0;  // what the process held already, the weights not counted
  std::int64_t weights = 0;  // with gradients, moments, a reference and a copy to go back to
  std::int64_t cache = 0;    // keys and values
  std::int64_t beside = 0;   // other models, with keys and values of their own
  std::int64_t passes = 0;   // activations and gradients of prompts and a microbatch
  std::int64_t tape = 0;     // activations kept from sampling
  std::int64_t total() const { return process + weights + cache + beside + passes + tape; }
  std::int64_t microbatch_tokens = 0;
  std::string to_string() const;  // one line
};

// The plan with the largest tape that is of use within `limit` bytes. Error when nothing fits: it names the
// least limit that would do, and the longest completions that this limit allows.
Result<MemoryPlan> plan_memory(const Policy& policy, const MemoryWork& work, std::int64_t limit);

// Bytes to plan within: so many GB (10⁹ bytes), or with 0 four fifths of the machine's memory.
std::int64_t memory_limit(double gigabytes);

// Bytes of memory that the machine has, as far as this process may use them (cgroup limits count), and that
// this process holds now.
std::int64_t machine_memory();
std::int64_t resident_memory();
// The most that it ever held, or held since the last reset (where the system allows one).
std::int64_t peak_memory();
void reset_peak_memory();

}  // namespace hone

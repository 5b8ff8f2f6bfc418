// The friends of a run: from the recipe's list `friends` to those that the verifier asks.
#pragma once

#include <filesystem>
#include <memory>

#include "hone/base/result.h"
#include "hone/cli/build.h"
#include "hone/config/options.h"
#include "hone/types/interfaces.h"
#include "hone/verify/friends.h"

namespace hone {

// Owns what its friends speak with: other models, earlier checkpoints. Not thread safe; the friends are asked
// while nothing else uses the run's model. Arguments of make() outlive it, and it outlives the friends.
class FriendCircle {
 public:
  virtual ~FriendCircle() = default;
  // Loads other models and looks up keys, before anything is written. Errors: theirs; a tokenizer whose yes
  // and no begin alike, where a probability is wanted.
  static Result<std::unique_ptr<FriendCircle>> make(const Recipe& recipe, Model& model, Generator& generator,
                                                    Environment& environment);
  // The friends, in the order of the list. Earlier checkpoints and the cache are kept in the run's folder.
  virtual Result<Friends> seat(const std::filesystem::path& run) = 0;
};

}  // namespace hone

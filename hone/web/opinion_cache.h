// The answers of endpoints, in a file: what was asked is not asked again, and a resumed run sees what the run
// before it saw.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "hone/base/result.h"
#include "hone/verify/friends.h"

namespace hone {

class Database;

// Thread safety: none; callers take turns.
class OpinionCache {
 public:
  // Creates the file when absent. Errors: SQLite's.
  static Result<std::unique_ptr<OpinionCache>> open(const std::filesystem::path& file);
  ~OpinionCache();

  // By what identifies the question: the endpoint, and all that was sent but the key.
  Result<std::optional<Opinion>> find(const std::string& endpoint, const std::string& question);
  struct Spent {
    std::int64_t calls = 0, tokens = 0;
  };
  // On the disk when it returns, with what it cost.
  Result<void> put(const std::string& endpoint, const std::string& question, const Opinion& opinion,
                   Spent cost);
  // Questions that begin so. What they cost stays spent.
  Result<void> forget(const std::string& endpoint, const std::string& beginning);
  Result<Spent> spent(const std::string& endpoint);

 private:
  explicit OpinionCache(std::unique_ptr<Database> db);
  std::unique_ptr<Database> db_;
};

}  // namespace hone

// The runs under a folder, while others write them: which there are, how they stand, and their databases held
// open between requests.
//
// Thread safety: members of PagesRuns from any thread; a PagesRun is shared and locks by itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/config/options.h"
#include "hone/store/run_query.h"
#include "hone/text/tokenizer.h"
#include "hone/types/interfaces.h"

namespace hone {

// A run whose database is open.
class PagesRun {
 public:
  static Result<std::shared_ptr<PagesRun>> open(const std::filesystem::path& folder);

  const std::filesystem::path& folder() const { return folder_; }
  const RunQuery& query() const { return query_; }
  // Of the newest checkpoint, or of the model that the run began with. Error: neither is there.
  Result<Tokenizer> tokenizer();
  // What reads and compares answers, by the run's rubric; words, where that compares none.
  std::shared_ptr<const Verifier> answers();

 private:
  PagesRun(std::filesystem::path folder, RunQuery query)
      : folder_(std::move(folder)), query_(std::move(query)) {}
  std::filesystem::path folder_;
  RunQuery query_;
  std::mutex mutex_;
  std::optional<Tokenizer> tokenizer_;
  std::shared_ptr<const Verifier> answers_;
};

struct PagesPlace {
  std::string name;  // its path below the folder of runs: "votes-1", "old/votes-1"
  std::filesystem::path folder;
  std::string stamp;                               // changes when the run's files do
  std::chrono::system_clock::time_point modified;  // the files, last
};

class PagesRuns {
 public:
  // `root`: a folder of runs (three levels are searched), or one run's folder. It may be made later.
  explicit PagesRuns(std::filesystem::path root) : root_(std::move(root)) {}
  PagesRuns(PagesRuns&&) = delete;
  PagesRuns& operator=(PagesRuns&&) = delete;

  const std::filesystem::path& root() const { return root_; }
  // By name.
  std::vector<PagesPlace> list() const;
  // Nothing when there is no such run.
  std::optional<PagesPlace> find(const std::string& name) const;
  // The handle is kept for the next request, and made anew when another file took the database's place.
  Result<std::shared_ptr<PagesRun>> open(const PagesPlace& place);

 private:
  struct Open {
    std::shared_ptr<PagesRun> run;
    std::uint64_t file = 0;  // device and inode of run.db
    std::uint64_t used = 0;
  };
  std::filesystem::path root_;
  std::mutex mutex_;
  std::map<std::string, Open> open_;
  std::uint64_t clock_ = 0;
};

// "running", "finished", "stopped", "failed"; "interrupted": its process ended without a word. From the fact
// in run.db and the lock that the process of a run holds.
std::string run_state(const std::string& fact, const std::filesystem::path& folder);

// Whether a process holds a flock on the file. Asks without taking it, so that no run is disturbed.
bool is_flocked(const std::filesystem::path& file);

}  // namespace hone

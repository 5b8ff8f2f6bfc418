#include "hone/cli/run_database.h"

namespace hone {

namespace fs = std::filesystem;

Result<fs::path> run_database(const std::string& run) {
  std::error_code ec;
  if (fs::is_regular_file(run, ec)) return fs::path(run);
  const fs::path file = fs::path(run) / "run.db";
  if (fs::is_regular_file(file, ec)) return file;
  return Error{file.string(), "must be a run's database (RUN is the run's folder)",
               fs::is_directory(run, ec) ? "a folder without one" : "no such folder"};
}

}  // namespace hone

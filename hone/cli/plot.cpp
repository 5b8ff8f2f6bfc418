// hone plot: metrics of runs over their steps, as a picture.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>

#include "hone/base/files.h"
#include "hone/base/suggest.h"
#include "hone/cli/chart.h"
#include "hone/cli/choices.h"
#include "hone/cli/command.h"
#include "hone/cli/run_database.h"
#include "hone/store/run_store.h"
#include "hone/types/stage.h"

namespace hone {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPlotHelp =
    R"(Several metrics, several runs or both are drawn as a line each. --points averages neighbouring steps: a metric of
one step is noisy. Names of metrics: hone replay RUN --step 1, or a mistaken one, whose nearest is told.)";

struct PlotArguments {
  std::vector<std::string> runs, metrics;
  std::string stage = "grpo", file, title;
  int points = 30;
};

// The metric's values, neighbours averaged so that at most so many are left.
Result<std::vector<ChartPoint>> points_of(const RunStore& store, const PlotArguments& options,
                                          const std::string& metric, const std::string& where) {
  HONE_TRY(const std::vector<RunStore::Point> values, store.metric(options.stage, metric));
  if (values.empty()) {
    HONE_TRY(const auto steps, store.steps(options.stage));
    if (steps.empty())
      return Error{where, fmt::format("must hold steps of the stage {} (--stage)", options.stage), "none"};
    HONE_TRY(const StepRecord last, store.load(options.stage, steps.back()));
    std::vector<std::string> known;
    for (const auto& [name, value] : last.metrics) known.push_back(name);
    const std::string near = nearest(metric, known);
    return Error{"--metric", fmt::format("must be recorded in {}", where),
                 near.empty() ? metric : fmt::format("{} (did you mean {}?)", metric, near)};
  }
  const std::size_t each = (values.size() + static_cast<std::size_t>(options.points) - 1) /
                           static_cast<std::size_t>(options.points);
  std::vector<ChartPoint> points;
  for (std::size_t begin = 0; begin < values.size(); begin += each) {
    const std::size_t end = std::min(begin + each, values.size());
    double step = 0, value = 0;
    for (std::size_t i = begin; i < end; ++i) {
      step += static_cast<double>(values[i].step);
      value += values[i].value;
    }
    const auto n = static_cast<double>(end - begin);
    points.push_back({.x = step / n, .y = value / n, .low = value / n, .high = value / n});
  }
  return points;
}

Result<int> plot(PlotArguments options) {
  options.metrics = divided_by_commas(options.metrics);
  HONE_TRY(const ChartFormat format, chart_format(options.file, "--out"));
  if (options.points < 2) return Error{"--points", "must be at least 2", std::to_string(options.points)};
  if (!is_train_stage(options.stage) && !is_eval_stage(options.stage))
    return Error{"--stage", "must be a stage of a run", options.stage};
  Chart chart{.title = options.title,
              .x_title = options.stage + " step",
              .y_title = options.metrics.size() == 1 ? options.metrics[0] : "",
              .log_x = false,
              .y_min = {},
              .y_max = {},
              .series = {}};
  for (const std::string& run : options.runs) {
    HONE_TRY(const fs::path database, run_database(run));
    HONE_TRY(const RunStore store, RunStore::open(database, /*read_only=*/true));
    // "runs/a/" and "runs/a" are both called a.
    const fs::path folder = fs::path(run).has_filename() ? fs::path(run) : fs::path(run).parent_path();
    for (const std::string& metric : options.metrics) {
      HONE_TRY(std::vector<ChartPoint> points, points_of(store, options, metric, run));
      const std::string name = folder.filename().string();
      chart.series.push_back({options.metrics.size() == 1 ? name
                              : options.runs.size() == 1  ? metric
                                                          : name + ": " + metric,
                              std::move(points)});
    }
  }
  // The axis of rates does not go beyond what they can be.
  const bool rates = std::ranges::all_of(chart.series, [](const ChartSeries& series) {
    return std::ranges::all_of(series.points, [](const ChartPoint& p) { return p.y >= 0 && p.y <= 1; });
  });
  if (rates) {
    chart.y_min = 0;
    chart.y_max = 1;
  }
  HONE_TRY_VOID(write_file_atomically(options.file, draw_chart(chart, format)));
  return 0;
}

}  // namespace

void add_plot_command(CommandLine& line) {
  auto options = std::make_shared<PlotArguments>();
  Command& command = line.add("plot", "Metrics of runs over their steps, as a picture",
                              [options] { return plot(*options); });
  command.footer(kPlotHelp);
  command.option("runs", options->runs, "folders of runs", OptionForm::kRequired);
  command.hint({.folders = true});
  command.option("--metric", options->metrics, "what is drawn, as reward,accuracy", OptionForm::kRequired);
  command.option("--out", options->file, "the picture: a .svg or .png", OptionForm::kRequired);
  command.hint({.files = true, .endings = {"svg", "png"}});
  command.option("--stage", options->stage, "sft, amortize, propose, grpo, eval, eval_direct",
                 OptionForm::kShowDefault);
  command.hint({.words = stage_names()});
  command.option("--points", options->points, "of a line, at most", OptionForm::kShowDefault);
  command.option("--title", options->title, "above the picture");
}

}  // namespace hone

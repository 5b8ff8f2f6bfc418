// hone bench: how fast this machine takes GRPO steps, and how near that is to what it can do.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "hone/base/json.h"
#include "hone/base/suggest.h"
#include "hone/base/threads.h"
#include "hone/cli/bench_work.h"
#include "hone/cli/command.h"
#include "hone/cli/group_view.h"
#include "hone/cli/jsonl.h"
#include "hone/cli/table.h"

namespace hone {
namespace {

constexpr const char* kBenchHelp =
    R"(Prompts are random, completions have exactly --new-tokens tokens unless --mean-tokens lets them end earlier.
A token costs 2 FLOPs a parameter forward and 4 backward; a group's prompt counts once. The limit is the time that
these FLOPs take at the speed of a 2048³ product, measured in the same run. Times are medians over --repeat steps
after one that warms up. Forward products stand beside those of BLIS, in whichever of its ways is quicker: its rows
do not have the same bits in both.)";

struct BenchArguments {
  std::string what = "step";
  std::string model = "tiny5m";
  BenchWork work;
  int repeat = 3;
  double memory_limit = 0.0;
  bool no_reuse = false;
  int threads = 0;
  bool json = false;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

double median_of(const std::vector<BenchStep>& steps, const std::function<double(const BenchStep&)>& value) {
  std::vector<double> values;
  for (const BenchStep& step : steps) values.push_back(value(step));
  return median(std::move(values));
}

// One line of the report: medians over the steps.
struct Line {
  std::string name;
  double seconds, tokens, flops, limit_seconds;
  TimeSplit split;
};

std::vector<Line> lines_of(const std::vector<BenchStep>& steps, const MachineLimits& limits, bool update) {
  const auto line = [&](std::string name, const std::function<BenchStage(const BenchStep&)>& stage) {
    const auto of = [&](double BenchStage::*field) {
      return median_of(steps, [&](const BenchStep& s) { return stage(s).*field; });
    };
    const double share = median_of(
        steps, [&](const BenchStep& s) { return stage(s).flops / limits.sgemm_flops / stage(s).seconds; });
    const double seconds = of(&BenchStage::seconds);
    const double tokens =
        median_of(steps, [&](const BenchStep& s) { return static_cast<double>(stage(s).tokens); });
    TimeSplit split{};
    for (std::size_t part = 0; part < kTimeParts; ++part)
      split[part] = median_of(steps, [&](const BenchStep& s) { return stage(s).split[part]; });
    return Line{std::move(name), seconds, tokens, of(&BenchStage::flops), share * seconds, split};
  };
  std::vector<Line> lines = {line("generation", [](const BenchStep& s) { return s.generate; })};
  if (!update) return lines;
  lines.push_back(line("update", [](const BenchStep& s) { return s.update; }));
  lines.push_back(line("step", [](const BenchStep& s) {
    BenchStage step{s.generate.seconds + s.update.seconds, s.generate.tokens,
                    s.generate.flops + s.update.flops, s.generate.split};
    for (std::size_t part = 0; part < kTimeParts; ++part) step.split[part] += s.update.split[part];
    return step;
  }));
  return lines;
}

Json to_json(const MachineLimits& limits) {
  return {{"threads", limits.threads},
          {"sgemm_gflops", limits.sgemm_flops / 1e9},
          {"memory_gb_per_s", limits.memory_bytes / 1e9}};
}

void print_machine(const MachineLimits& limits) {
  fmt::print("{} thread{}, sgemm 2048³ {:.1f} GFLOP/s, memory {:.1f} GB/s\n", limits.threads,
             limits.threads == 1 ? "" : "s", limits.sgemm_flops / 1e9, limits.memory_bytes / 1e9);
}

// Seconds by part of the work.
std::string split_table(const std::vector<Line>& lines) {
  std::vector<Table::Column> columns = {{"seconds in", Align::kLeft}};
  for (const Line& line : lines) columns.push_back({line.name, Align::kRight});
  Table table(columns);
  for (const TimePart part : {TimePart::kProducts, TimePart::kAttention, TimePart::kSoftmax, TimePart::kRows,
                              TimePart::kOptimizer, TimePart::kOther}) {
    std::vector<std::string> row = {to_string(part)};
    for (const Line& line : lines)
      row.push_back(fmt::format("{:.3f}", line.split[static_cast<std::size_t>(part)]));
    table.row(row);
  }
  return table.render(0, stdout_style().unicode);
}

Result<int> bench_work(const BenchArguments& options, Policy& policy, const MachineLimits& limits) {
  const bool update = options.what != "decode";
  BenchWork w = options.work;
  const std::int64_t limit = memory_limit(options.memory_limit);
  reset_peak_memory();  // measuring the machine took some
  MemoryPlan plan;
  if (update) {
    HONE_TRY(plan, plan_bench(policy, w, !options.no_reuse, limit));
  }
  HONE_TRY(const std::vector<BenchStep> steps, bench_steps(policy, w, options.repeat, update));
  std::vector<Line> lines = lines_of(steps, limits, update);
  if (options.what == "update") lines = {lines[1]};
  if (options.json) {
    Json out = {{"machine", to_json(limits)},
                {"model", options.model},
                {"parameters", policy.parameter_count()},
                {"prompts", w.prompts},
                {"group_size", w.group_size},
                {"prompt_tokens", w.prompt_tokens},
                {"new_tokens", w.new_tokens},
                {"mean_tokens", w.mean_tokens},
                {"repeat", options.repeat},
                {"peak_bytes", peak_memory()},
                {"planned_bytes", update ? plan.total() : 0}};
    for (const Line& line : lines) {
      out[line.name] = {{"seconds", line.seconds},
                        {"tokens", line.tokens},
                        {"tokens_per_s", line.tokens / line.seconds},
                        {"gflops", line.flops / line.seconds / 1e9},
                        {"share_of_limit", line.limit_seconds / line.seconds}};
      for (std::size_t part = 0; part < kTimeParts; ++part)
        out[line.name]["split"][to_string(static_cast<TimePart>(part))] = line.split[part];
    }
    HONE_TRY_VOID(write_json_line(stdout, out));
    return 0;
  }
  print_machine(limits);
  fmt::print("{}: {:.1f} M parameters; {} prompts of {} tokens × {} completions of {}{} tokens\n\n",
             options.model, static_cast<double>(policy.parameter_count()) / 1e6, w.prompts, w.prompt_tokens,
             w.group_size, w.mean_tokens > 0 ? fmt::format("about {}, at most ", w.mean_tokens) : "",
             w.new_tokens);
  Table table({{"", Align::kLeft},
               {"seconds", Align::kRight},
               {"tokens/s", Align::kRight},
               {"GFLOP/s", Align::kRight},
               {"limit, s", Align::kRight},
               {"share of it", Align::kRight}});
  for (const Line& line : lines)
    table.row(
        {line.name, fmt::format("{:.3f}", line.seconds), fmt::format("{:.0f}", line.tokens / line.seconds),
         fmt::format("{:.1f}", line.flops / line.seconds / 1e9), fmt::format("{:.3f}", line.limit_seconds),
         fmt::format("{:.1f} %", 100 * line.limit_seconds / line.seconds)});
  fmt::print("{}\n{}\npeak memory {:.2f} GB\n", table.render(0, stdout_style().unicode), split_table(lines),
             static_cast<double>(peak_memory()) / 1e9);
  if (update) fmt::print("{}\n", plan.to_string());
  return 0;
}

Result<int> bench_kernels(const BenchArguments& options, const Policy& policy, const MachineLimits& limits) {
  Json out = {{"machine", to_json(limits)}, {"model", options.model}, {"products", Json::array()}};
  Table table({{"product", Align::kLeft},
               {"rows", Align::kRight},
               {"n", Align::kRight},
               {"k", Align::kRight},
               {"forward", Align::kRight},
               {"BLIS's", Align::kRight},
               {"to inputs", Align::kRight},
               {"to weights", Align::kRight}});
  const std::int64_t sequences = options.work.prompts * options.work.group_size;
  for (const std::int64_t rows : {sequences, std::int64_t{2048}}) {
    for (const BenchProduct& p : bench_products(policy, rows)) {
      const auto gflops = [](double flops) { return fmt::format("{:.1f}", flops / 1e9); };
      table.row({p.name, std::to_string(p.m), std::to_string(p.n), std::to_string(p.k), gflops(p.forward),
                 gflops(p.blis_forward), gflops(p.input_gradient), gflops(p.weight_gradient)});
      out["products"].push_back({{"name", p.name},
                                 {"m", p.m},
                                 {"n", p.n},
                                 {"k", p.k},
                                 {"forward_gflops", p.forward / 1e9},
                                 {"blis_forward_gflops", p.blis_forward / 1e9},
                                 {"input_gradient_gflops", p.input_gradient / 1e9},
                                 {"weight_gradient_gflops", p.weight_gradient / 1e9}});
    }
    if (rows == sequences) table.rule();
  }
  if (options.json) {
    HONE_TRY_VOID(write_json_line(stdout, out));
    return 0;
  }
  print_machine(limits);
  fmt::print("{}: products in GFLOP/s\n\n{}", options.model, table.render(0, stdout_style().unicode));
  return 0;
}

const std::vector<std::string>& bench_kinds() {
  static const std::vector<std::string> kinds = {"step", "decode", "update", "kernels"};
  return kinds;
}

Result<void> check(const BenchArguments& o) {
  const std::vector<std::string>& known = bench_kinds();
  if (std::find(known.begin(), known.end(), o.what) == known.end()) {
    const std::string near = nearest(o.what, known);
    return Error{"WHAT", fmt::format("must be one of {}", fmt::join(known, ", ")),
                 fmt::format("'{}'{}", o.what, near.empty() ? "" : " (did you mean '" + near + "'?)")};
  }
  const auto positive = [](const char* name, std::int64_t value) -> Result<void> {
    if (value >= 1) return {};
    return Error{name, "must be at least 1", std::to_string(value)};
  };
  HONE_TRY_VOID(positive("--prompts", o.work.prompts));
  HONE_TRY_VOID(positive("--group-size", o.work.group_size));
  HONE_TRY_VOID(positive("--prompt-tokens", o.work.prompt_tokens));
  HONE_TRY_VOID(positive("--new-tokens", o.work.new_tokens));
  HONE_TRY_VOID(positive("--repeat", o.repeat));
  if (o.work.mean_tokens < 0)
    return Error{"--mean-tokens", "must not be negative", fmt::format("{}", o.work.mean_tokens)};
  if (o.work.microbatch_tokens < 0)
    return Error{"--microbatch-tokens", "must not be negative", std::to_string(o.work.microbatch_tokens)};
  if (o.memory_limit < 0)
    return Error{"--memory-limit", "must not be negative", std::to_string(o.memory_limit)};
  if (o.threads < 0) return Error{"--threads", "must not be negative", std::to_string(o.threads)};
  return {};
}

Result<int> bench(const BenchArguments& options) {
  HONE_TRY_VOID(check(options));
  set_thread_count(options.threads);
  HONE_TRY(Policy policy, bench_policy(options.model));
  const MachineLimits limits = measure_limits();
  if (options.what == "kernels") return bench_kernels(options, policy, limits);
  return bench_work(options, policy, limits);
}

}  // namespace

void add_bench_command(CommandLine& line) {
  auto options = std::make_shared<BenchArguments>();
  Command& command = line.add("bench", "How fast this machine is, and how near to its limit",
                              [options] { return bench(*options); });
  command.footer(kBenchHelp);
  command.option("WHAT", options->what, "step (generation and update), decode, update, kernels (products)",
                 OptionForm::kShowDefault);
  command.hint({.words = bench_kinds()});
  command.option(
      "--model", options->model,
      fmt::format("a model directory, or a shape with random weights: {}", fmt::join(bench_shapes(), ", ")),
      OptionForm::kShowDefault);
  command.hint({.folders = true, .words = bench_shapes()});
  command.option("--prompts", options->work.prompts, "prompts of a step", OptionForm::kShowDefault);
  command.option("--group-size", options->work.group_size, "completions of each", OptionForm::kShowDefault);
  command.option("--prompt-tokens", options->work.prompt_tokens, "length of a prompt",
                 OptionForm::kShowDefault);
  command.option("--new-tokens", options->work.new_tokens, "length of a completion",
                 OptionForm::kShowDefault);
  command.option("--mean-tokens", options->work.mean_tokens, "completions of random lengths with this mean");
  command.option("--microbatch-tokens", options->work.microbatch_tokens,
                 "of one forward and backward pass; default: as memory allows");
  command.option("--memory-limit", options->memory_limit, "GB to plan for; default: 80 % of the machine's");
  command.flag("--no-reuse", options->no_reuse, "the update computes what sampling computed once more");
  command.option("--repeat", options->repeat, "steps measured", OptionForm::kShowDefault);
  command.option("--threads", options->threads, "default: the cores");
  command.flag("--json", options->json, "one JSON object instead of the table");
}

}  // namespace hone

// hone export: models as GGUF, rollouts as JSON lines. hone import: GGUF as a Hugging Face directory.
#include <algorithm>
#include <filesystem>
#include <memory>

#include "hone/base/files.h"
#include "hone/cli/choices.h"
#include "hone/cli/command.h"
#include "hone/cli/export_rollouts.h"
#include "hone/cli/jsonl.h"
#include "hone/text/tokenizer.h"
#include "hone/text/vocabulary.h"
#include "hone/weights/gguf_model.h"
#include "hone/weights/gguf_vocabulary.h"
#include "hone/weights/model_config.h"
#include "hone/weights/model_folder.h"

namespace hone {
namespace {

namespace fs = std::filesystem;

struct ExportArguments {
  std::string source;
  std::string to;
  std::string type;
  RolloutExport rollouts;
};

struct ImportArguments {
  std::string file;
  std::string folder;
};

// A model's folder; of a run, that of its newest checkpoint.
fs::path model_folder_of(const fs::path& source) {
  std::error_code ec;
  const bool is_run =
      !fs::exists(source / "config.json", ec) && fs::exists(source / "latest" / "config.json", ec);
  return is_run ? source / "latest" : source;
}

// `type`, or by default what the model's files hold.
Result<GgufType> chosen_type(const std::string& type, const fs::path& folder) {
  if (!type.empty()) {
    const auto chosen = gguf_type_from_string(type);
    if (!chosen) return Error{"--type", "must be f32, f16, bf16 or q8_0", type};
    return *chosen;
  }
  HONE_TRY(const ModelConfig config, read_model_config(folder));
  return config.dtype == "float16"    ? GgufType::kF16
         : config.dtype == "bfloat16" ? GgufType::kBF16
                                      : GgufType::kF32;
}

std::string size_text(std::uintmax_t bytes) {
  return bytes < 1'000'000 ? fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3)
                           : fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

Result<int> export_model(const ExportArguments& options) {
  if (!options.to.ends_with(".gguf")) return Error{"--to", "must be a file named *.gguf", options.to};
  const fs::path folder = model_folder_of(options.source);
  HONE_TRY(const GgufType type, chosen_type(options.type, folder));
  HONE_TRY(const Tokenizer tokenizer, Tokenizer::load(folder));
  HONE_TRY(const Vocabulary vocabulary, vocabulary_of(tokenizer));
  HONE_TRY(std::vector<std::int32_t> ends, read_eos_ids(folder));
  if (const auto eos = tokenizer.eos_id(); eos && std::ranges::find(ends, *eos) == ends.end())
    ends.push_back(*eos);
  HONE_TRY_VOID(export_gguf(folder, vocabulary, ends, type, options.to));
  std::error_code ec;
  HONE_TRY_VOID(write_text(stdout, fmt::format("{}: {}, {}\n", options.to, to_string(type),
                                               size_text(fs::file_size(options.to, ec)))));
  return 0;
}

Result<int> export_lines(const ExportArguments& options) {
  RolloutExport rollouts = options.rollouts;
  rollouts.run = options.source;
  HONE_TRY(const ExportedRollouts count, export_rollouts(rollouts));
  if (rollouts.file != "-") {
    HONE_TRY_VOID(write_text(stdout, fmt::format("{}: {} of {} rollouts, {} steps\n", rollouts.file,
                                                 count.written, count.seen, count.steps)));
  }
  return 0;
}

Result<int> export_either(const ExportArguments& options, const Command& command) {
  if (options.to.empty() == options.rollouts.file.empty())
    return Error{"hone export", "needs --to FILE.gguf or --rollouts FILE.jsonl, one of them",
                 options.to.empty() ? "neither" : "both"};
  const char* const of_rollouts[] = {"--stage",        "--from-step",  "--to-step",
                                     "--correct-only", "--min-reward", "--best-of-group"};
  for (const char* name : of_rollouts) {
    if (!options.to.empty() && command.given(name)) return Error{name, "goes with --rollouts", "--to"};
  }
  if (!options.rollouts.file.empty() && !options.type.empty())
    return Error{"--type", "goes with --to", "--rollouts"};
  return options.to.empty() ? export_lines(options) : export_model(options);
}

// Fills a folder beside the destination, so that a failure leaves no half a model.
Result<void> fill_folder(const GgufFile& file, const fs::path& folder) {
  HONE_TRY(const Vocabulary vocabulary, read_vocabulary(file));
  HONE_TRY(const TokenizerFiles files, tokenizer_files(vocabulary, file.where()));
  HONE_TRY_VOID(import_gguf(file, vocabulary, folder));
  HONE_TRY_VOID(write_tokenizer(files, folder));
  return to_void(Tokenizer::load(folder));  // merges of tokens that are not there …
}

Result<int> import_model(const ImportArguments& options) {
  HONE_TRY(const GgufFile file, GgufFile::open(options.file));
  std::error_code ec;
  const fs::path folder = fs::path(options.folder).lexically_normal();
  if (fs::exists(folder, ec) && !fs::is_empty(folder, ec))
    return Error{options.folder, "must be a new or empty folder", "one that holds files"};
  fs::path unfinished = folder.has_filename() ? folder : folder.parent_path();
  unfinished += ".unfinished";
  fs::remove_all(unfinished, ec);
  fs::create_directories(unfinished, ec);
  if (ec) return Error{unfinished.string(), "the folder must be made", ec.message()};
  auto done = fill_folder(file, unfinished);
  if (done.ok()) done = replace_folder(unfinished, folder.has_filename() ? folder : folder.parent_path());
  if (!done.ok()) {
    fs::remove_all(unfinished, ec);
    return done.error();
  }
  HONE_TRY_VOID(write_text(stdout, fmt::format("{}: {} tensors\n", options.folder, file.tensors().size())));
  return 0;
}

}  // namespace

void add_export_command(CommandLine& line) {
  auto options = std::make_shared<ExportArguments>();
  auto self = std::make_shared<Command*>(nullptr);
  Command& command = line.add("export", "A model as GGUF, or a run's rollouts as JSON lines",
                              [options, self] { return export_either(*options, **self); });
  *self = &command;
  command.footer(
      "hone export MODEL --to model.gguf --type q8_0     for llama.cpp and what is built on it\n"
      "hone export RUN --rollouts sft.jsonl --correct-only --best-of-group     for supervised trainers");
  command.option("SOURCE", options->source, "a Hugging Face model directory, or a run's folder",
                 OptionForm::kRequired);
  command.hint({.folders = true});
  command.option("--to", options->to, "the GGUF file to write; of a run, its newest checkpoint");
  command.hint({.files = true, .endings = {"gguf"}});
  command.value_name("FILE.gguf");
  command.option("--type", options->type, "of the matrices: f32, f16, bf16, q8_0; default: the model's own");
  command.hint({.words = {"f32", "f16", "bf16", "q8_0"}});
  command.option("--rollouts", options->rollouts.file, "the JSON lines to write; -: to stdout");
  command.hint({.files = true, .endings = {"jsonl"}});
  command.value_name("FILE.jsonl");
  command.option("--stage", options->rollouts.stage,
                 "rollouts of this stage: amortize, propose, grpo, eval, eval_direct",
                 OptionForm::kShowDefault);
  command.hint({.words = stage_names()});
  command.option("--from-step", options->rollouts.from_step, "the first step");
  command.option("--to-step", options->rollouts.to_step, "the last step");
  command.flag("--correct-only", options->rollouts.correct_only, "rollouts that were judged correct");
  command.option("--min-reward", options->rollouts.min_reward, "rollouts with at least this reward");
  command.flag("--best-of-group", options->rollouts.best_of_group,
               "of each group, the one of the highest reward");
}

void add_import_command(CommandLine& line) {
  auto options = std::make_shared<ImportArguments>();
  Command& command = line.add("import", "A GGUF file as a Hugging Face model directory",
                              [options] { return import_model(*options); });
  command.footer("F32, F16, BF16 and Q8_0 of the llama, qwen2 and qwen3 architectures.");
  command.option("FILE", options->file, "a GGUF file", OptionForm::kRequired);
  command.hint({.files = true, .endings = {"gguf"}});
  command.option("FOLDER", options->folder, "the model directory to make", OptionForm::kRequired);
  command.hint({.folders = true});
}

}  // namespace hone

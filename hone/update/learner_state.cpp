// What a checkpoint keeps of the learner: trainer/learner.json and trainer/*.safetensors beside the model's
// own files.
#include <algorithm>
#include <cstring>
#include <filesystem>

#include "hone/base/check.h"
#include "hone/base/files.h"
#include "hone/base/json.h"
#include "hone/update/learner.h"
#include "hone/weights/safetensors.h"

namespace hone {
namespace {

constexpr const char* kOptimizerFile = "optimizer.safetensors";
constexpr const char* kReferenceFile = "reference.safetensors";
constexpr const char* kStateFile = "learner.json";

// Tensors to write, with the CPU copies that own their bytes.
struct Outgoing {
  std::vector<at::Tensor> kept;
  std::vector<TensorToWrite> tensors;

  void add(const std::string& name, const at::Tensor& value) {
    kept.push_back(value.detach().to(at::kFloat).cpu().contiguous());
    const at::Tensor& t = kept.back();
    tensors.push_back(
        {name,
         DType::kF32,
         t.sizes().vec(),
         {static_cast<const std::byte*>(t.data_ptr()), static_cast<std::size_t>(t.numel()) * sizeof(float)}});
  }
};

Result<void> read_into(const TensorFiles& files, const std::string& name, at::Tensor& destination) {
  HONE_TRY(const TensorView view, files.find(name));
  if (view.dtype != DType::kF32 || view.shape != destination.sizes().vec()) {
    return Error{name, "must have the shape and dtype of the parameter it belongs to", to_string(view.dtype)};
  }
  auto copy = destination.cpu().contiguous().clone();
  std::memcpy(copy.data_ptr(), view.bytes.data(), view.bytes.size());
  const at::NoGradGuard no_grad;
  destination.copy_(copy);
  return {};
}

}  // namespace

Result<void> PolicyLearner::save(const std::string& folder) const {
  const std::filesystem::path root(folder), trainer = root / "trainer";
  std::error_code ec;
  std::filesystem::create_directories(trainer, ec);
  if (ec) return Error{trainer.string(), "the folder must be made", ec.message()};
  HONE_TRY_VOID(policy_.save(root, options_.eos_ids));
  if (options_.save_companions) HONE_TRY_VOID(options_.save_companions(folder));

  Outgoing moments;
  const AdamW::State& state = optimizer_.state();
  const auto& parameters = policy_.parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    moments.add(parameters[i].name + ".first", state.first[i]);
    moments.add(parameters[i].name + ".second", state.second[i]);
    if (parameters[i].value.scalar_type() != at::kFloat)
      moments.add(parameters[i].name + ".master", state.masters[i]);
  }
  HONE_TRY_VOID(write_safetensors(trainer / kOptimizerFile, moments.tensors));
  if (reference_) {
    Outgoing reference;
    for (const Parameter& p : reference_->parameters()) reference.add(p.name, p.value);
    HONE_TRY_VOID(write_safetensors(trainer / kReferenceFile, reference.tensors));
  }
  const Json json = {{"policy_version", policy_version_}, {"optimizer_steps", state.steps}};
  return write_file_atomically(trainer / kStateFile, json.dump(2) + "\n");
}

Result<void> PolicyLearner::restore(const std::string& folder) {
  const std::filesystem::path root(folder), trainer = root / "trainer";
  HONE_TRY(const Json json, read_json(trainer / kStateFile));
  const std::string where = (trainer / kStateFile).string();
  HONE_TRY(const std::int64_t version, json_require<std::int64_t>(json, "policy_version", where));
  HONE_TRY(const std::int64_t steps, json_require<std::int64_t>(json, "optimizer_steps", where));
  if (version < 0 || steps < 0) {
    return Error{where, "policy_version and optimizer_steps must not be negative",
                 fmt::format("{} and {}", version, steps)};
  }
  HONE_TRY(const Policy saved, Policy::load(root, policy_.device(),
                                            policy_.dtype() == at::kFloat      ? "float32"
                                            : policy_.dtype() == at::kBFloat16 ? "bfloat16"
                                                                               : "float16"));
  auto& parameters = policy_.parameters();
  const auto& loaded = saved.parameters();
  for (std::size_t i = 0; i < std::max(loaded.size(), parameters.size()); ++i) {
    if (i < loaded.size() && i < parameters.size() && loaded[i].name == parameters[i].name &&
        loaded[i].value.sizes() == parameters[i].value.sizes()) {
      continue;
    }
    return Error{folder, "the checkpoint's model must have this run's shape",
                 i < loaded.size() ? loaded[i].name : fmt::format("{} tensors", loaded.size())};
  }
  HONE_TRY(const TensorFiles files, TensorFiles::open_file(trainer / kOptimizerFile));
  AdamW::State state = optimizer_.copy_state();
  state.steps = steps;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    HONE_TRY_VOID(read_into(files, parameters[i].name + ".first", state.first[i]));
    HONE_TRY_VOID(read_into(files, parameters[i].name + ".second", state.second[i]));
    if (parameters[i].value.scalar_type() == at::kFloat) {
      state.masters[i] = loaded[i].value;
    } else {
      HONE_TRY_VOID(read_into(files, parameters[i].name + ".master", state.masters[i]));
    }
  }
  std::vector<at::Tensor> reference;
  if (reference_) {
    HONE_TRY(const TensorFiles values, TensorFiles::open_file(trainer / kReferenceFile));
    for (const Parameter& p : reference_->parameters()) {
      reference.push_back(p.value.to(at::kFloat, /*non_blocking=*/false, /*copy=*/true));
      HONE_TRY_VOID(read_into(values, p.name, reference.back()));
    }
  }
  // All of it was read: from here on nothing fails.
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    reference_->parameters()[i].value.copy_(reference[i]);
  }
  optimizer_.set_state(state);
  if (options_.tape != nullptr) options_.tape->clear();
  policy_version_ = version;
  return {};
}

}  // namespace hone

// Weights in and out: Hugging Face folders, and models made from nothing.
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <fmt/ranges.h>

#include <cstring>

#include "hone/base/check.h"
#include "hone/base/rng.h"
#include "hone/policy/layout.h"
#include "hone/policy/policy.h"
#include "hone/weights/convert.h"
#include "hone/weights/model_folder.h"
#include "hone/weights/safetensors.h"

namespace hone {
namespace {

// Copies a file's tensor into rows of a CPU fp32 parameter.
Result<void> read_part(const TensorFiles& files, const std::filesystem::path& folder,
                       const Parameter::Part& part, std::vector<std::int64_t> shape, float* destination) {
  HONE_TRY(const TensorView view, files.find(part.name));
  shape[0] = part.rows;
  if (view.shape != shape) {
    return Error{fmt::format("{}: {}", folder.string(), part.name),
                 fmt::format("must have the shape [{}] that config.json gives it", fmt::join(shape, ", ")),
                 fmt::format("[{}]", fmt::join(view.shape, ", "))};
  }
  HONE_TRY(const std::vector<float> values, to_float32(view));
  std::memcpy(destination, values.data(), values.size() * sizeof(float));
  return {};
}

// Memory for the parameters as they are read, in fp32; none where each is only on its way to another device
// or dtype.
std::vector<at::Tensor> values_of(const std::vector<ParameterSpec>& specs, const std::string& device,
                                  at::ScalarType type) {
  if (device != "cpu" || type != at::kFloat) return {};
  std::vector<std::vector<std::int64_t>> shapes;
  for (const ParameterSpec& spec : specs) shapes.push_back(spec.shape);
  return empty_together(shapes);
}

at::Tensor value_of(const ParameterSpec& spec, const std::vector<at::Tensor>& values, std::size_t i) {
  return values.empty() ? at::empty(spec.shape, at::kFloat) : values[i];
}

DType file_dtype(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return DType::kF32;
    case at::kBFloat16:
      return DType::kBF16;
    case at::kHalf:
      return DType::kF16;
    default:
      HONE_CHECK(false, "parameters are float32, bfloat16 or float16");
      return DType::kF32;
  }
}

}  // namespace

Result<Policy> Policy::load(const std::filesystem::path& folder, const std::string& device,
                            const std::string& dtype) {
  HONE_TRY_VOID(check_device(device));
  HONE_TRY(const at::ScalarType type, parse_dtype(dtype));
  HONE_TRY(ModelConfig config, read_model_config(folder));
  HONE_TRY(const Family family, find_family(config.model_type));
  HONE_TRY(const TensorFiles files, TensorFiles::open_model(folder));
  Policy policy(std::move(config), family, device);
  auto specs = parameter_layout(policy.config(), family);
  const auto values = values_of(specs, device, type);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    ParameterSpec& spec = specs[i];
    const at::Tensor value = value_of(spec, values, i);
    const std::int64_t columns = spec.shape.size() > 1 ? spec.shape[1] : 1;
    for (const auto& part : spec.parameter.parts) {
      HONE_TRY_VOID(
          read_part(files, folder, part, spec.shape, value.data_ptr<float>() + part.begin * columns));
    }
    spec.parameter.value = value.to(at::Device(device), type);
    policy.parameters_.push_back(std::move(spec.parameter));
  }
  policy.bind();
  if (const auto path = folder / "generation_config.json"; std::filesystem::exists(path)) {
    HONE_TRY(policy.generation_config_, read_file(path));
  }
  return policy;
}

Result<Policy> Policy::init(const ModelConfig& config, std::uint64_t seed, double initializer_range,
                            const std::string& device, const std::string& dtype) {
  HONE_TRY_VOID(check_device(device));
  HONE_TRY(const at::ScalarType type, parse_dtype(dtype));
  HONE_TRY(const Family family, find_family(config.model_type));
  Policy policy(config, family, device);
  std::uint64_t index = 0;
  auto specs = parameter_layout(config, family);
  const auto values = values_of(specs, device, type);
  for (ParameterSpec& spec : specs) {
    const at::Tensor value = value_of(spec, values, index);
    float* p = value.data_ptr<float>();
    const std::int64_t n = value.numel();
    if (spec.kind == ParameterSpec::Kind::kMatrix) {
      RandomStream random({.seed = seed, .purpose = Purpose::kWeightInit, .problem = index});
      for (std::int64_t i = 0; i < n; ++i) p[i] = static_cast<float>(random.normal() * initializer_range);
    } else {
      const bool ones = spec.kind == ParameterSpec::Kind::kNorm && !family.norm_add_one;
      std::fill(p, p + n, ones ? 1.0f : 0.0f);
    }
    ++index;
    spec.parameter.value = value.to(at::Device(device), type);
    policy.parameters_.push_back(std::move(spec.parameter));
  }
  policy.bind();
  return policy;
}

Result<void> Policy::save(const std::filesystem::path& folder,
                          const std::vector<std::int32_t>& eos_ids) const {
  std::vector<at::Tensor> kept;  // owns the bytes until they are written
  std::vector<TensorToWrite> tensors;
  for (const Parameter& p : parameters_) {
    kept.push_back(p.value.detach().cpu().contiguous());
    const auto* bytes = static_cast<const std::byte*>(kept.back().data_ptr());
    const std::int64_t row_bytes = kept.back().numel() / kept.back().size(0) * kept.back().element_size();
    for (const auto& part : p.parts) {
      auto shape = kept.back().sizes().vec();
      shape[0] = part.rows;
      tensors.push_back({part.name,
                         file_dtype(kept.back().scalar_type()),
                         std::move(shape),
                         {bytes + part.begin * row_bytes, static_cast<std::size_t>(part.rows * row_bytes)}});
    }
  }
  HONE_TRY_VOID(write_model_config(folder, config(), file_dtype(dtype())));
  if (generation_config_.empty()) {
    HONE_TRY_VOID(write_generation_config(folder, eos_ids));
  } else {
    HONE_TRY_VOID(write_file_atomically(folder / "generation_config.json", generation_config_));
  }
  return write_model_tensors(folder, tensors);
}

}  // namespace hone

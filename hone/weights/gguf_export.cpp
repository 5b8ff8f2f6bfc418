#include <cstring>

#include "hone/base/json.h"
#include "hone/weights/convert.h"
#include "hone/weights/gguf_convert.h"
#include "hone/weights/gguf_layout.h"
#include "hone/weights/gguf_model.h"
#include "hone/weights/gguf_vocabulary.h"
#include "hone/weights/model_config.h"
#include "hone/weights/safetensors.h"

namespace hone {
namespace {

// llama.cpp's llama_ftype.
std::uint32_t file_type(GgufType type) {
  switch (type) {
    case GgufType::kF32:
      return 0;
    case GgufType::kF16:
      return 1;
    case GgufType::kQ8_0:
      return 7;
    case GgufType::kBF16:
      break;
  }
  return 32;
}

std::uint32_t u32(std::int64_t value) { return static_cast<std::uint32_t>(value); }

// llama.cpp reads the tokenizers of models with these names as Phi-3's own, whatever they are.
bool sounds_like_phi3(std::string name) {
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return name.find("phi-3") != std::string::npos || name.find("phi3") != std::string::npos;
}

GgufMetadata model_keys(const ModelConfig& c, GgufType type, const std::string& name) {
  GgufMetadata out;
  const std::string arch = gguf_architecture(c.model_type);
  const auto key = [&](const char* rest) { return arch + "." + rest; };
  out.text("general.architecture", arch);
  out.text("general.type", "model");
  out.text("general.name", sounds_like_phi3(name) ? "model" : name);
  out.u32("general.file_type", file_type(type));
  if (type == GgufType::kQ8_0) out.u32("general.quantization_version", 2);
  out.u32(key("block_count"), u32(c.layers));
  out.u32(key("context_length"), u32(c.max_position_embeddings));
  out.u32(key("embedding_length"), u32(c.hidden_size));
  out.u32(key("feed_forward_length"), u32(c.intermediate_size));
  out.u32(key("attention.head_count"), u32(c.heads));
  out.u32(key("attention.head_count_kv"), u32(c.kv_heads));
  out.u32(key("attention.key_length"), u32(c.head_dim));
  out.u32(key("attention.value_length"), u32(c.head_dim));
  out.f32(key("attention.layer_norm_rms_epsilon"), static_cast<float>(c.rms_norm_eps));
  out.u32(key("vocab_size"), u32(c.vocab_size));
  out.u32(key("rope.dimension_count"), u32(c.head_dim));
  out.f32(key("rope.freq_base"), static_cast<float>(c.rope.theta));
  if (c.rope.type == "linear") {
    out.text(key("rope.scaling.type"), "linear");
    out.f32(key("rope.scaling.factor"), static_cast<float>(c.rope.factor));
  }
  if (c.model_type == "gemma2") {
    out.u32(key("attention.sliding_window"), u32(c.window[0]));
    out.f32(key("attn_logit_softcapping"), static_cast<float>(c.attn_logit_softcap));
    out.f32(key("final_logit_softcapping"), static_cast<float>(c.final_logit_softcap));
  }
  return out;
}

std::vector<float> in_pairs(const std::vector<float>& values, std::int64_t rows, std::int64_t head_dim) {
  std::vector<float> out(values.size());
  const std::size_t columns = values.size() / static_cast<std::size_t>(rows);
  for (std::int64_t row = 0; row < rows; ++row) {
    std::memcpy(out.data() + static_cast<std::size_t>(row) * columns,
                values.data() + static_cast<std::size_t>(paired_to_halves(row, head_dim)) * columns,
                columns * sizeof(float));
  }
  return out;
}

Result<std::vector<std::byte>> slot_bytes(const TensorView& tensor, const GgufSlot& slot, GgufType type,
                                          std::int64_t head_dim) {
  HONE_TRY(std::vector<float> values, to_float32(tensor));
  if (slot.paired_heads > 0) values = in_pairs(values, slot.shape[0], head_dim);
  if (slot.added != 0) {
    for (float& value : values) value += slot.added;
  }
  return to_gguf(values, type, slot.hugging_face);
}

GgufType slot_type(const GgufSlot& slot, GgufType type) {
  if (slot.shape.size() == 1) return GgufType::kF32;
  return slot.shape.back() % block_size(type) == 0 ? type : GgufType::kF16;
}

Result<std::vector<GgufTensorToWrite>> tensors_to_write(const TensorFiles& files, const ModelConfig& config,
                                                        GgufType type, const std::string& where) {
  std::vector<GgufTensorToWrite> out;
  for (const GgufSlot& slot : gguf_layout(config)) {
    HONE_TRY(const TensorView tensor, files.find(slot.hugging_face));
    if (tensor.shape != slot.shape)
      return Error{where + ": " + slot.hugging_face,
                   fmt::format("must have the shape {} that config.json says", Json(slot.shape).dump()),
                   Json(tensor.shape).dump()};
    const GgufType stored = slot_type(slot, type);
    out.push_back({slot.gguf, stored, slot.shape,
                   [=, head_dim = config.head_dim] { return slot_bytes(tensor, slot, stored, head_dim); }});
  }
  if (config.rope.type == "llama3") {
    const std::vector<float> divisors = llama3_divisors(config.rope, config.head_dim);
    out.push_back(
        {"rope_freqs.weight", GgufType::kF32, {static_cast<std::int64_t>(divisors.size())}, [divisors] {
           return to_gguf(divisors, GgufType::kF32, "rope_freqs.weight");
         }});
  }
  return out;
}

}  // namespace

Result<void> export_gguf(const std::filesystem::path& folder, const Vocabulary& vocabulary,
                         std::span<const std::int32_t> end_ids, GgufType type,
                         const std::filesystem::path& file) {
  HONE_TRY(const ModelConfig config, read_model_config(folder));
  HONE_TRY_VOID(check_gguf_config(config, (folder / "config.json").string()));
  HONE_TRY(const TensorFiles files, TensorFiles::open_model(folder));
  std::filesystem::path named = folder.has_filename() ? folder : folder.parent_path();
  GgufMetadata metadata = model_keys(config, type, named.filename().string());
  HONE_TRY_VOID(write_vocabulary(vocabulary, end_ids, config.vocab_size, metadata));
  HONE_TRY(const auto tensors, tensors_to_write(files, config, type, folder.string()));
  return write_gguf(file, metadata, tensors);
}

}  // namespace hone

#include "hone/text/tokenizer.h"

#include "hone/base/files.h"
#include "hone/text/tokenizer_impl.h"
#include "hone/text/utf8.h"

namespace hone {
namespace {

// Takes a workspace from the idle ones, or makes one, and gives it back.
class Lease {
 public:
  explicit Lease(const Tokenizer::Impl& impl) : impl_(impl) {
    {
      const std::lock_guard lock(impl_.mutex);
      if (!impl_.idle.empty()) {
        workspace_ = std::move(impl_.idle.back());
        impl_.idle.pop_back();
      }
    }
    if (!workspace_) workspace_ = std::make_unique<Tokenizer::Impl::Workspace>();
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() {
    const std::lock_guard lock(impl_.mutex);
    impl_.idle.push_back(std::move(workspace_));
  }
  Tokenizer::Impl::Workspace& operator*() { return *workspace_; }

 private:
  const Tokenizer::Impl& impl_;
  std::unique_ptr<Tokenizer::Impl::Workspace> workspace_;
};

}  // namespace

void Tokenizer::Impl::walk(std::string_view text, Workspace& workspace,
                           const std::function<void(std::string_view)>& word,
                           const std::function<void(std::int32_t)>& token) const {
  workspace.raw.clear();
  added.cut(text, false, workspace.raw);
  for (const AddedTokens::Piece& raw : workspace.raw) {
    if (raw.id >= 0) {
      token(raw.id);
      continue;
    }
    std::string changed;
    std::string_view piece = raw.text;
    if (!normalizer.identity()) {
      changed = normalizer.apply(piece);
      piece = changed;
    }
    workspace.normalized.clear();
    added.cut(piece, true, workspace.normalized);
    for (const AddedTokens::Piece& part : workspace.normalized) {
      if (part.id >= 0) {
        token(part.id);
        continue;
      }
      pre_tokenizer.split(part.text, workspace.words);
      for (const std::string_view one : workspace.words.list) word(one);
    }
  }
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text, bool add_special) const {
  std::vector<std::int32_t> ids;
  std::string valid;
  if (!is_valid_utf8(text)) {
    append_lossy_utf8(text, valid);
    text = valid;
  }
  const PostProcessor& post = impl_->post_processor;
  if (add_special) ids = post.prefix;
  Lease lease(*impl_);
  Impl::Workspace& workspace = *lease;
  impl_->walk(
      text, workspace, [&](std::string_view word) { impl_->bpe.encode(word, workspace.bpe, ids); },
      [&](std::int32_t id) { ids.push_back(id); });
  if (add_special) ids.insert(ids.end(), post.suffix.begin(), post.suffix.end());
  return ids;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids, bool skip_special) const {
  std::string bytes;
  for (const std::int32_t id : ids) {
    if (!skip_special || !is_special(id)) bytes += bytes_of(id);
  }
  if (is_valid_utf8(bytes)) return bytes;
  std::string text;
  append_lossy_utf8(bytes, text);
  return text;
}

std::string_view Tokenizer::bytes_of(std::int32_t id) const {
  if (id < 0 || id >= vocab_size()) return {};
  const auto i = static_cast<std::size_t>(id);
  const std::size_t begin = i == 0 ? 0 : impl_->byte_ends[i - 1];
  return std::string_view(impl_->bytes).substr(begin, impl_->byte_ends[i] - begin);
}

std::string Tokenizer::token(std::int32_t id) const {
  const auto added = impl_->added_texts.find(id);
  if (added != impl_->added_texts.end()) return added->second;
  return std::string(impl_->bpe.token(id));
}

bool Tokenizer::is_special(std::int32_t id) const {
  return id >= 0 && id < vocab_size() && impl_->special[static_cast<std::size_t>(id)];
}

std::optional<std::int32_t> Tokenizer::id_of(std::string_view token) const {
  const auto added = impl_->added_ids.find(std::string(token));
  if (added != impl_->added_ids.end()) return added->second;
  return impl_->bpe.id_of(token);
}

std::int64_t Tokenizer::vocab_size() const { return static_cast<std::int64_t>(impl_->byte_ends.size()); }
std::optional<std::int32_t> Tokenizer::eos_id() const { return impl_->eos; }
std::optional<std::int32_t> Tokenizer::bos_id() const { return impl_->bos; }
std::optional<std::int32_t> Tokenizer::pad_id() const { return impl_->pad; }
const std::string& Tokenizer::chat_template() const { return impl_->chat_template; }
std::string Tokenizer::bos_token() const { return impl_->bos_text; }
std::string Tokenizer::eos_token() const { return impl_->eos_text; }

Result<void> Tokenizer::save(const std::filesystem::path& folder) const {
  for (const auto& [name, bytes] : impl_->files) HONE_TRY_VOID(write_file_atomically(folder / name, bytes));
  return {};
}

StreamDecoder::StreamDecoder(Tokenizer tokenizer, bool skip_special)
    : tokenizer_(std::move(tokenizer)), skip_special_(skip_special) {}

std::string StreamDecoder::push(std::int32_t id) {
  if (!skip_special_ || !tokenizer_.is_special(id)) pending_ += tokenizer_.bytes_of(id);
  const std::size_t settled = settled_utf8_prefix(pending_);
  std::string text;
  append_lossy_utf8(std::string_view(pending_).substr(0, settled), text);
  pending_.erase(0, settled);
  return text;
}

std::string StreamDecoder::finish() {
  std::string text;
  append_lossy_utf8(pending_, text);
  pending_.clear();
  return text;
}

}  // namespace hone

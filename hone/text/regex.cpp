#include "hone/text/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <cstdint>

#include "hone/base/check.h"

namespace hone {

struct Regex::Code {
  pcre2_code* code = nullptr;
  bool jit = false;
  Code() = default;
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  ~Code() { pcre2_code_free(code); }
};

namespace {

// What a match needs besides the pattern; one of each per thread.
struct Matcher {
  pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  pcre2_jit_stack* stack = pcre2_jit_stack_create(32 * 1024, 8 * 1024 * 1024, nullptr);

  Matcher() {
    HONE_CHECK(data != nullptr && context != nullptr, "out of memory for a regular expression's match");
    // Texts are as long as they are: no limit but memory.
    pcre2_set_match_limit(context, UINT32_MAX);
    pcre2_set_depth_limit(context, UINT32_MAX);
    pcre2_set_heap_limit(context, UINT32_MAX);
    if (stack != nullptr) pcre2_jit_stack_assign(context, nullptr, stack);
  }
  Matcher(const Matcher&) = delete;
  Matcher& operator=(const Matcher&) = delete;
  ~Matcher() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    pcre2_jit_stack_free(stack);
  }
};

Matcher& matcher() {
  thread_local Matcher instance;
  return instance;
}

struct FreeContext {
  void operator()(pcre2_compile_context* context) const { pcre2_compile_context_free(context); }
};

}  // namespace

Result<Regex> Regex::compile(std::string_view pattern) {
  HONE_TRY(const std::string translated, translate_regex(pattern));
  return compile_pcre(translated, pattern, false);
}

Result<Regex> Regex::literal(std::string_view text) { return compile_pcre(std::string(text), text, true); }

Result<Regex> Regex::compile_pcre(const std::string& pattern, std::string_view shown, bool literal) {
  const std::unique_ptr<pcre2_compile_context, FreeContext> context(pcre2_compile_context_create(nullptr));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  std::uint32_t options = PCRE2_UTF;
  // Oniguruma's ^ and $ are those of a line.
  options |= literal ? PCRE2_LITERAL : PCRE2_UCP | PCRE2_MULTILINE;
  int number = 0;
  PCRE2_SIZE offset = 0;
  auto code = std::make_shared<Code>();
  code->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options, &number,
                             &offset, context.get());
  if (code->code == nullptr) {
    PCRE2_UCHAR message[160];
    pcre2_get_error_message(number, message, sizeof(message));
    return Error{"regular expression",
                 fmt::format("must compile ({} at {})", reinterpret_cast<const char*>(message), offset),
                 std::string(shown)};
  }
  code->jit = pcre2_jit_compile(code->code, PCRE2_JIT_COMPLETE) == 0;
  Regex regex;
  regex.code_ = std::move(code);
  return regex;
}

bool Regex::find(std::string_view subject, std::size_t from, std::size_t* begin, std::size_t* end) const {
  Matcher& m = matcher();
  const auto* text = reinterpret_cast<PCRE2_SPTR>(subject.data());
  int status = PCRE2_ERROR_JIT_STACKLIMIT;
  if (code_->jit) {
    status = pcre2_jit_match(code_->code, text, subject.size(), from, 0, m.data, m.context);
  }
  if (status == PCRE2_ERROR_JIT_STACKLIMIT) {  // the interpreter's stack is the heap
    status = pcre2_match(code_->code, text, subject.size(), from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, m.data,
                         m.context);
  }
  if (status == PCRE2_ERROR_NOMATCH) return false;
  HONE_CHECK(status >= 0, "PCRE2 error {} in a match of {} bytes", status, subject.size());
  const PCRE2_SIZE* ovector = pcre2_get_ovector_pointer(m.data);
  *begin = ovector[0];
  *end = ovector[1];
  return true;
}

}  // namespace hone

#include "hone/types/completion.h"
#include "hone/types/verdict.h"

namespace hone {

const char* to_string(FinishReason reason) {
  switch (reason) {
    case FinishReason::kEos: return "eos";
    case FinishReason::kStop: return "stop";
    case FinishReason::kLength: return "length";
  }
  return "?";
}

const char* to_string(VerdictStatus status) {
  switch (status) {
    case VerdictStatus::kCorrect: return "correct";
    case VerdictStatus::kWrong: return "wrong";
    case VerdictStatus::kUnparsable: return "unparsable";
    case VerdictStatus::kTimeout: return "timeout";
    case VerdictStatus::kError: return "error";
  }
  return "?";
}

}  // namespace hone

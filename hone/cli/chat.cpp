// hone chat: a conversation with a model.
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <memory>

#include "hone/cli/build.h"
#include "hone/cli/command.h"
#include "hone/cli/jsonl.h"
#include "hone/cli/model_options.h"
#include "hone/cli/progress.h"
#include "hone/cli/thinking.h"
#include "hone/engine/completion_service.h"
#include "hone/text/thought.h"
#include "hone/web/text_stream.h"

namespace hone {
namespace {

constexpr const char* kChatHelp =
    R"(Each line on stdin is a message; the whole conversation so far is the prompt.
  /reset  forgets the conversation    /quit, or the end of stdin, ends the program    //x  sends "/x"
On a terminal thoughts are dimmed, and what cannot be answered (a conversation longer than the context) is said
and taken back; elsewhere it ends the program with status 2.)";

struct ChatArguments {
  ModelChoice model;
  std::string system;
  SamplingParams sampling{.max_new_tokens = 1024, .temperature = 0.7, .stop = {}};
  std::uint64_t seed = 1;
  bool plain = false;
};

// Async-signal-safe (signal-safety(7)): the terminal's line is ended, and the program with it.
extern "C" void hone_end_chat(int) {
  const ssize_t ignored = ::write(STDOUT_FILENO, "\n", 1);
  static_cast<void>(ignored);
  ::_exit(130);
}

class Conversation {
 public:
  Conversation(Model& model, SingleTurn& environment, const ChatArguments& options)
      : environment_(environment),
        tokenizer_(model.tokenizer),
        service_(*model.policy, model.tokenizer, {.engine = {.max_sequences = 1, .eos_ids = model.eos_ids}}),
        options_(options) {
    reset();
  }

  void reset() {
    messages_.clear();
    if (!options_.system.empty()) messages_.push_back({"system", options_.system});
    turn_ = 0;
  }

  // Writes the reply to stdout as it comes. On an error the conversation is as it was.
  Result<void> say(const std::string& text, const Terminal& terminal) {
    messages_.push_back({"user", text});
    const auto reply = answer(terminal);
    if (!reply.ok()) {
      messages_.pop_back();
      return reply.error();
    }
    messages_.push_back({"assistant", *reply});
    ++turn_;
    return {};
  }

 private:
  Result<std::string> answer(const Terminal& terminal) {
    HONE_TRY(const Environment::Prompt prompt, environment_.render(messages_));
    if (std::ssize(prompt.ids) >= service_.context_length()) {
      return Error{"conversation",
                   fmt::format("must leave room in the context of {} tokens (/reset starts over)",
                               service_.context_length()),
                   fmt::format("{} tokens", prompt.ids.size())};
    }
    StreamRequest request;
    request.generation = {prompt.ids,
                          1,
                          options_.sampling,
                          {.seed = options_.seed, .purpose = Purpose::kSampling, .problem = turn_}};
    auto submission = service_.submit(std::move(request));
    if (submission.stream == nullptr) return Error{"conversation", submission.why, ""};
    TextStream text(tokenizer_, options_.sampling.stop);
    TerminalStream shown(opens_thought(prompt.text), terminal.color);
    for (;;) {
      std::vector<StreamPiece> pieces;
      const auto state = submission.stream->next(pieces, 1.0);
      if (state == CompletionStream::State::kFailed)
        return Error{"conversation", submission.stream->why(), ""};
      for (const StreamPiece& piece : pieces) {
        const std::string fresh = text.push(piece);
        HONE_TRY_VOID(write_text(stdout, terminal.live ? shown.push(fresh, piece.ended.has_value()) : fresh));
        if (!piece.ended) continue;
        HONE_TRY_VOID(write_text(stdout, ending(*piece.ended, terminal)));
        return piece.ended->text;
      }
    }
  }

  static std::string ending(const Completion& completion, const Terminal& terminal) {
    if (!terminal.live) return "\n";
    const bool cut = completion.finish == FinishReason::kLength;
    return cut ? fmt::format("\n(cut after {} tokens)\n\n", completion.ids.size()) : "\n\n";
  }

  SingleTurn& environment_;
  Tokenizer tokenizer_;
  CompletionService service_;
  const ChatArguments& options_;
  std::vector<Message> messages_;
  std::uint64_t turn_ = 0;
};

// stdin and stdout are both a person's.
bool is_terminal() { return ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0; }

Result<int> talk(Conversation& conversation) {
  const bool person = is_terminal();
  const Terminal terminal = detect_terminal(stdout);
  std::string line;
  for (;;) {
    if (person) HONE_TRY_VOID(write_text(stdout, "> "));
    if (!std::getline(std::cin, line)) break;
    if (line.ends_with('\r')) line.pop_back();
    if (line == "/quit") return 0;
    if (line == "/reset") {
      conversation.reset();
      if (person) HONE_TRY_VOID(write_text(stdout, "(a new conversation)\n"));
      continue;
    }
    if (line.find_first_not_of(" \t") == std::string::npos) continue;
    if (line.starts_with("//")) {
      line.erase(0, 1);
    } else if (line.starts_with("/")) {
      const Error error{"chat", "commands are /reset and /quit (// begins a message with a slash)", line};
      if (!person) return error;
      HONE_TRY_VOID(write_text(stdout, error.message() + "\n"));
      continue;
    }
    if (const auto said = conversation.say(line, terminal); !said.ok()) {
      if (!person) return said.error();
      HONE_TRY_VOID(write_text(stdout, said.error().message() + "\n"));
    }
  }
  if (std::cin.bad()) return Error{"stdin", "must be readable", ""};
  if (person) HONE_TRY_VOID(write_text(stdout, "\n"));
  return 0;
}

Result<int> chat(const ChatArguments& options) {
  HONE_TRY_VOID(check_sampling_options(options.sampling));
  HONE_TRY(Model model, load_model(options.model.folder, options.model.device, options.model.dtype));
  const bool plain = options.plain || model.tokenizer.chat_template().empty();
  HONE_TRY(const auto environment, make_environment(model.tokenizer, plain ? "plain" : "chat"));
  Conversation conversation(model, *environment, options);
  std::signal(SIGINT, hone_end_chat);
  return talk(conversation);
}

}  // namespace

void add_chat_command(CommandLine& line) {
  auto options = std::make_shared<ChatArguments>();
  Command& command = line.add("chat", "A conversation with a model", [options] { return chat(*options); });
  command.footer(kChatHelp);
  add_model_options(command, options->model);
  command.option("--system", options->system, "a system prompt");
  add_sampling_options(command, options->sampling, options->seed);
  command.flag("--plain", options->plain, "messages joined by newlines, without the model's chat template");
}

}  // namespace hone

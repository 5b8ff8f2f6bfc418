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
#include "hone/text/thought.h"

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
      : environment_(environment), generator_(make_generator(model, 1)), options_(options) {
    reset();
  }

  void reset() {
    messages_.clear();
    if (!options_.system.empty()) messages_.push_back({"system", options_.system});
    turn_ = 0;
  }

  struct Reply {
    Completion completion;
    bool thought_open = false;  // by the prompt
  };
  // On an error the conversation is as it was.
  Result<Reply> say(const std::string& text) {
    messages_.push_back({"user", text});
    auto reply = answer();
    if (!reply.ok()) {
      messages_.pop_back();
      return reply;
    }
    messages_.push_back({"assistant", reply->completion.text});
    ++turn_;
    return reply;
  }

 private:
  Result<Reply> answer() {
    HONE_TRY(const Environment::Prompt prompt, environment_.render(messages_));
    if (std::ssize(prompt.ids) >= generator_->context_length()) {
      return Error{"conversation",
                   fmt::format("must leave room in the context of {} tokens (/reset starts over)",
                               generator_->context_length()),
                   fmt::format("{} tokens", prompt.ids.size())};
    }
    const GenerationRequest request{prompt.ids,
                                    1,
                                    options_.sampling,
                                    {.seed = options_.seed, .purpose = Purpose::kSampling, .problem = turn_}};
    HONE_TRY(auto completions, generator_->generate({&request, 1}));
    return Reply{std::move(completions[0][0]), opens_thought(prompt.text)};
  }

  SingleTurn& environment_;
  std::unique_ptr<PolicyGenerator> generator_;
  const ChatArguments& options_;
  std::vector<Message> messages_;
  std::uint64_t turn_ = 0;
};

Result<void> print_reply(const Conversation::Reply& reply, const Terminal& terminal) {
  const Completion& completion = reply.completion;
  std::string text =
      terminal.live ? terminal_text(completion.text, reply.thought_open, terminal.color) : completion.text;
  text += "\n";
  if (terminal.live) {
    if (completion.finish == FinishReason::kLength)
      text += fmt::format("(cut after {} tokens)\n", completion.ids.size());
    text += "\n";
  }
  return write_text(stdout, text);
}

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
    const auto reply = conversation.say(line);
    if (reply.ok()) {
      HONE_TRY_VOID(print_reply(*reply, terminal));
    } else if (person) {
      HONE_TRY_VOID(write_text(stdout, reply.error().message() + "\n"));
    } else {
      return reply.error();
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

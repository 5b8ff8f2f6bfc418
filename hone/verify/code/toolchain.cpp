#include "hone/verify/code/toolchain.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sstream>

#include "hone/base/files.h"
#include "hone/base/hash.h"
#include "hone/base/log.h"
#include "hone/verify/code/harness.h"

namespace hone {
namespace {

// What small programs use. The standard library's other headers hold inline functions whose templates would
// be instantiated again in every program: the whole of it costs g++ twice as much.
constexpr const char* kCommonHeaders[] = {
    "algorithm", "array",         "bitset",        "cassert", "cctype", "climits",    "cmath",
    "cstdint",   "cstdio",        "cstdlib",       "cstring", "deque",  "functional", "iomanip",
    "iostream",  "iterator",      "limits",        "list",    "map",    "memory",     "numeric",
    "optional",  "queue",         "set",           "sstream", "stack",  "string",     "string_view",
    "tuple",     "unordered_map", "unordered_set", "utility", "vector"};
constexpr const char* kInside = "/hone/headers";  // where the compilers see the folder
constexpr const char* kCommonHeader = "common.h";
constexpr const char* kAll = "all/bits/stdc++.h";

bool installed(const std::string& program) { return ::access(("/usr/bin/" + program).c_str(), X_OK) == 0; }

std::vector<std::string> common_flags() { return {"-std=gnu++17", "-O1", "-w"}; }
std::vector<std::string> all_flags() { return {"-std=gnu++20", "-O1", "-w"}; }

std::vector<std::string> joined(std::vector<std::string> first, const std::vector<std::string>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

// The linker's own words, from what g++ -### says it would run: two programs between them and the linker cost
// as much as half of the linking. Empty where g++ says something else.
std::vector<std::string> linker_words(std::string_view said) {
  const std::size_t at = said.find("collect2");
  if (at == std::string_view::npos) return {};
  std::istringstream line{std::string(said.substr(at, said.find('\n', at) - at))};
  std::vector<std::string> words = {"ld.gold", "-s", "--as-needed"};
  std::string word;
  line >> word;  // collect2 itself
  while (line >> word) {
    std::erase(word, '"');
    if (word == "-plugin")
      line >> word;
    else if (!word.starts_with("-plugin-opt=") && !word.starts_with("-fuse-ld=") && word != "--build-id")
      words.push_back(word);
  }
  const auto has = [&](const char* name) {
    return std::find(words.begin(), words.end(), name) != words.end();
  };
  return has("main.o") && has("program") && has("-lstdc++") ? words : std::vector<std::string>{};
}

Error system_error(const fs::path& path, const std::string& rule) {
  return {"code: " + path.string(), rule, std::strerror(errno)};
}

// A folder of ours alone to write, and everyone's to read, under the system's temporary folder. Its name
// holds everything that the precompiled headers depend on.
Result<fs::path> header_folder() {
  std::error_code none;
  std::string depends = compile_server_source() + cpp_calls_header();
  for (const char* header : kCommonHeaders) depends += header;
  for (const std::string& flag : joined(common_flags(), all_flags())) depends += flag;
  for (const char* program : {"/usr/bin/g++", "/usr/include/c++"}) {
    const fs::path real = fs::canonical(program, none);
    struct stat info {};
    ::stat(real.c_str(), &info);
    depends += real.string() + fmt::format(":{}:{}", info.st_size, info.st_mtime);
  }
  const fs::path folder =
      fs::temp_directory_path(none) / fmt::format("hone-headers-{}-{:016x}", ::geteuid(), hash64(depends));
  if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST)
    return system_error(folder, "must be possible to make");
  struct stat info {};
  if (::lstat(folder.c_str(), &info) != 0) return system_error(folder, "must be there");
  if (!S_ISDIR(info.st_mode) || info.st_uid != ::geteuid() || (info.st_mode & 022) != 0) {
    return Error{"code: " + folder.string(), "must be a folder that only this user can write to",
                 "another's"};
  }
  ::chmod(folder.c_str(), 0755);  // whatever the umask
  for (const char* sub : {"all", "all/bits", "bits"}) {
    ::mkdir((folder / sub).c_str(), 0755);
    ::chmod((folder / sub).c_str(), 0755);
  }
  return folder;
}

Result<void> write_readable(const fs::path& path, std::string_view text) {
  std::error_code none;
  if (!fs::exists(path, none)) HONE_TRY_VOID(write_file_atomically(path, text));
  ::chmod(path.c_str(), 0644);
  return {};
}

}  // namespace

Toolchain::Toolchain(Toolchain&& other) noexcept
    : tcc_(other.tcc_),
      gcc_(other.gcc_),
      gxx_(other.gxx_),
      node_(other.node_),
      gold_(other.gold_),
      folder_(std::move(other.folder_)),
      servers_(std::move(other.servers_)) {}

Result<Toolchain> Toolchain::find(const Sandbox& sandbox) {
  Toolchain tools;
  tools.tcc_ = installed("tcc");
  tools.gcc_ = installed("gcc");
  tools.gxx_ = installed("g++");
  tools.node_ = installed("node");
  tools.gold_ = installed("ld.gold");
  HONE_TRY(tools.folder_, header_folder());
  std::string common;
  for (const char* header : kCommonHeaders) common += fmt::format("#include <{}>\n", header);
  common += "#include \"hone_calls.h\"\n";
  HONE_TRY_VOID(write_readable(tools.folder_ / "hone_calls.h", cpp_calls_header()));
  HONE_TRY_VOID(write_readable(tools.folder_ / kCommonHeader, common));
  // Programs that ask for everything find the common headers there already.
  HONE_TRY_VOID(write_readable(tools.folder_ / "bits/stdc++.h", "#pragma once\n"));
  HONE_TRY_VOID(write_readable(tools.folder_ / kAll, "#include_next <bits/stdc++.h>\n"));
  std::vector<std::string> flags = common_flags();
  // Collecting garbage would write to every page that the forks share.
  flags = joined(std::move(flags), {"--param", "ggc-min-heapsize=262144", "-I", tools.folder_.string(),
                                    "-include", (tools.folder_ / kCommonHeader).string()});
  tools.servers_ = std::make_unique<CompileServers>(sandbox, tools.folder_, std::move(flags));
  return tools;
}

std::vector<std::pair<fs::path, std::string>> Toolchain::folders() const { return {{folder_, kInside}}; }

std::string Toolchain::missing(Language language) const {
  switch (language) {
    case Language::kPython:
      return "";
    case Language::kC:
      return gcc_ ? "" : "gcc";
    case Language::kCpp:
      return gxx_ ? "" : "g++";
    case Language::kJavaScript:
      return node_ ? "" : "nodejs";
  }
  return "";
}

Result<Toolchain::Built> Toolchain::build(std::vector<std::string> argv, const Files& files,
                                          Judgement& judgement, std::int64_t memory_bytes) const {
  HONE_TRY(Fd binary, make_empty_memory_file());
  WorkerJob job;
  job.argv = std::move(argv);
  job.files = files;
  job.keep = "program";
  job.fds = {binary.get()};
  SandboxLimits limits = judgement.compile_limits();
  limits.memory_bytes = memory_bytes;
  HONE_TRY(const WorkerResult result, judgement.run(std::move(job), limits));
  Built built;
  if (result.success() && ::lseek(binary.get(), 0, SEEK_END) > 0) {
    HONE_TRY_VOID(seal(binary.get()));
    built.binary = std::move(binary);
  } else {
    built.errors = judgement.compiler_errors(result);
  }
  return built;
}

Result<Toolchain::Built> Toolchain::build_with_tcc(const Files& files, Judgement& judgement) const {
  return build({"tcc", "-w", "-o", "program", "main.c", "-lm"}, files, judgement, 256 << 20);
}

Result<Toolchain::Built> Toolchain::build_c(const Files& files, Judgement& judgement) const {
  std::vector<std::string> argv = {"gcc", "-std=gnu17", "-O1", "-w", "-o", "program", "main.c", "-lm"};
  if (gold_) argv.emplace_back("-fuse-ld=gold");
  return build(std::move(argv), files, judgement);
}

Result<Toolchain::Built> Toolchain::build_cpp(const Files& files, Judgement& judgement) const {
  const std::vector<std::string> rest =
      gold_ ? std::vector<std::string>{"-o", "program", "main.cpp", "-fuse-ld=gold"}
            : std::vector<std::string>{"-o", "program", "main.cpp"};
  precompile(kCommonHeader, common_flags(), judgement, common_done_);
  std::optional<Built> first = build_served(files, judgement);
  std::vector<std::string> argv = joined({"g++"}, common_flags());
  if (!first) {
    argv = joined(std::move(argv), {"-I", kInside, "-include", fmt::format("{}/{}", kInside, kCommonHeader)});
    HONE_TRY(first, build(joined(std::move(argv), rest), files, judgement));
  }
  Built built = std::move(*first);
  if (built.binary || judgement.seconds_left() <= 0) return built;

  argv = joined({"g++"}, all_flags());
  bool everything = false;
  for (const auto& [name, text] : files)
    everything = everything || text.find("bits/stdc++.h") != std::string::npos;
  if (everything) {
    precompile(kAll, all_flags(), judgement, all_done_);
    argv.push_back(fmt::format("-I{}/all", kInside));
  }
  return build(joined(std::move(argv), rest), files, judgement);
}

bool Toolchain::make_file(const std::string& name, std::vector<std::string> argv, const Files& files,
                          Judgement& judgement) const {
  std::error_code none;
  if (fs::exists(folder_ / name, none)) return true;
  const auto made = [&]() -> Result<void> {
    HONE_TRY(const Fd kept, make_empty_memory_file());
    WorkerJob job;
    job.argv = std::move(argv);
    job.files = files;
    job.keep = "kept";
    job.fds = {kept.get()};
    SandboxLimits limits = judgement.compile_limits();
    limits.file_bytes = 512 << 20;
    limits.wall_seconds = limits.cpu_seconds = 120;
    HONE_TRY(const WorkerResult ran, judgement.run_unbounded(std::move(job), limits));
    if (!ran.success()) return Error{"code: " + name, "must be possible to make", ran.err.substr(0, 200)};
    return write_readable(folder_ / name, content_of(kept, limits.file_bytes));
  }();
  if (!made.ok()) log_warn("{}", made.error().message());
  return made.ok();
}

void Toolchain::precompile(const std::string& header, const std::vector<std::string>& flags,
                           Judgement& judgement, bool& done) const {
  const std::lock_guard lock(mutex_);
  if (done) return;
  done = true;
  make_file(header + ".gch",
            joined(joined({"g++"}, flags),
                   {"-x", "c++-header", fmt::format("{}/{}", kInside, header), "-o", "kept"}),
            {}, judgement);
}

std::optional<Toolchain::Built> Toolchain::build_served(const Files& files, Judgement& judgement) const {
  {
    const std::lock_guard lock(mutex_);
    if (!server_done_) {
      server_done_ = true;
      served_ = make_file(
          "server.so", {"g++", "-x", "c", "-shared", "-fPIC", "-O1", "-w", "-o", "kept", "server.c", "-ldl"},
          {{"server.c", compile_server_source()}}, judgement);
      if (served_ && gold_) {
        WorkerJob ask;
        ask.argv = {"g++", "-fuse-ld=gold", "-###", "-o", "program", "main.o"};
        ask.files = {{"main.o", ""}};
        const auto said = judgement.run_unbounded(std::move(ask), judgement.compile_limits());
        if (said.ok()) linker_ = linker_words(said->err);
      }
    }
    if (!served_) return std::nullopt;
  }
  const auto compiled = servers_->compile(files.at("main.cpp"), judgement.seconds_left());
  if (!compiled.ok()) return std::nullopt;
  Built built;
  built.errors = compiled->errors;
  if (!compiled->ok) return built;
  std::vector<std::string> argv = {"g++", "-o", "program", "main.s"};
  if (gold_) argv.emplace_back("-fuse-ld=gold");
  if (!linker_.empty()) argv = joined({"sh", "-c", "as -o main.o main.s && exec \"$@\"", "sh"}, linker_);
  auto linked = build(std::move(argv), {{"main.s", compiled->assembly}}, judgement);
  if (!linked.ok()) return std::nullopt;
  return std::move(linked).value();
}

WorkerJob run_built(const Fd& binary) {
  WorkerJob job;
  job.argv = {"/proc/self/fd/3"};
  job.fds = {binary.get()};
  return job;
}

}  // namespace hone

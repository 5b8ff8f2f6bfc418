// The compilers and interpreters of this machine, and how programs are built with them in the sandbox.
//
// C: tcc where it is there, which compiles in a few milliseconds; its successes stand, and whatever fails
// with it is judged again with gcc, whose word is final. C++: g++ -O1. First as C++17 with the common headers
// precompiled and already included; what does not compile so is tried once more as C++20 with only its own
// includes.
//
// Thread safety: all const functions from several threads at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "hone/base/result.h"
#include "hone/verify/code/compile_server.h"
#include "hone/verify/code/extract.h"
#include "hone/verify/code/judgement.h"

namespace hone {

class Toolchain {
 public:
  // Makes the folder of the precompiled headers; it is filled when it is first needed, and kept for later
  // runs.
  static Result<Toolchain> find(const Sandbox& sandbox);
  Toolchain(Toolchain&& other) noexcept;

  // What a language needs that is not installed; empty when all is there.
  std::string missing(Language language) const;
  bool has_tcc() const { return tcc_; }

  // The folders that workers must see, and where.
  std::vector<std::pair<std::filesystem::path, std::string>> folders() const;

  struct Built {
    std::optional<Fd> binary;  // sealed; absent when it does not compile
    std::string errors;
  };
  // Error: the host's. files: main.c or main.cpp, and what it includes.
  using Files = std::map<std::string, std::string>;
  Result<Built> build_with_tcc(const Files& files, Judgement& judgement) const;
  Result<Built> build_c(const Files& files, Judgement& judgement) const;
  Result<Built> build_cpp(const Files& files, Judgement& judgement) const;

 private:
  Toolchain() = default;
  Result<Built> build(std::vector<std::string> argv, const Files& files, Judgement& judgement,
                      std::int64_t memory_bytes = 768 << 20) const;
  // Precompiles `header` of the folder unless that was done; where it cannot be, programs compile without it.
  void precompile(const std::string& header, const std::vector<std::string>& flags, Judgement& judgement,
                  bool& done) const;

  bool tcc_ = false, gcc_ = false, gxx_ = false, node_ = false, gold_ = false;
  // Compiles with a server and links; nothing where that is not to be had.
  std::optional<Built> build_served(const Files& files, Judgement& judgement) const;
  // Makes `name` of the folder by a command that leaves it as "kept"; false when it cannot be made.
  bool make_file(const std::string& name, std::vector<std::string> argv, const Files& files,
                 Judgement& judgement) const;

  std::filesystem::path folder_;
  std::unique_ptr<CompileServers> servers_;
  mutable std::mutex mutex_;
  mutable std::vector<std::string> linker_;  // of what a server compiled; empty: by way of g++
  mutable bool common_done_ = false, all_done_ = false, server_done_ = false, served_ = false;
};

// The job that runs a program that was built. The program must outlive the job.
WorkerJob run_built(const Fd& binary);

}  // namespace hone

// A recipe file: YAML in, every key checked.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "hone/base/result.h"
#include "hone/config/options.h"

namespace hone {

// Reads a recipe and applies `key=value` settings (dotted keys: grpo.rollout.group_size=4; values are YAML).
// Errors name file, line, key, rule and value: an unknown key (with the nearest known one), a wrong type, an
// impossible number (negative sizes, clip ranges, group_size 1 …), keys that contradict each other.
Result<Recipe> read_recipe(const std::filesystem::path& file, std::span<const std::string> settings = {});
Result<Recipe> parse_recipe(const std::string& yaml, const std::string& where,
                            std::span<const std::string> settings = {});

// The whole recipe, every key with its value in force, as YAML that read_recipe accepts.
std::string to_yaml(const Recipe& recipe);

// Every key that differs, one "key: before -> after" each: for --resume.
std::vector<std::string> differences(const Recipe& a, const Recipe& b);

// Markdown tables of every key, its type, default and meaning: docs/recipe.md is made of it.
std::string recipe_reference();

}  // namespace hone

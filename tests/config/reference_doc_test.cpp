// docs/recipe.md is what recipe_reference() says. To write it anew: HONE_UPDATE_DOCS=1 config_test.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "hone/base/files.h"
#include "hone/config/recipe.h"

namespace hone {
namespace {

TEST(ReferenceDocument, IsCurrent) {
  const std::filesystem::path file = std::filesystem::path(HONE_SOURCE_DIR) / "docs/recipe.md";
  const std::string wanted =
      "# Recipes\n\nA recipe is a YAML file that describes one run. Every key has a default, unknown keys "
      "are errors, and\n"
      "`--set key=value` overrides a key (dotted: `--set grpo.steps=20`). The run folder keeps the recipe "
      "with every value in\n"
      "force. Recipes that work are in [recipes/](../recipes).\n\n" +
      recipe_reference();
  if (std::getenv("HONE_UPDATE_DOCS") != nullptr) {
    ASSERT_TRUE(write_file_atomically(file, wanted).ok());
  }
  const auto text = read_file(file);
  ASSERT_TRUE(text.ok()) << text.error().message();
  EXPECT_EQ(*text, wanted) << "write it anew with HONE_UPDATE_DOCS=1";
}

TEST(ShippedRecipes, AreReadWithoutError) {
  int count = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::filesystem::path(HONE_SOURCE_DIR) / "recipes")) {
    if (entry.path().extension() != ".yaml") continue;
    const auto recipe = read_recipe(entry.path());
    EXPECT_TRUE(recipe.ok()) << recipe.error().message();
    EXPECT_EQ(recipe.ok() ? recipe->name : "", entry.path().stem().string());
    ++count;
  }
  EXPECT_GE(count, 3);
}

}  // namespace
}  // namespace hone

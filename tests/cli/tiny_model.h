// A small random model with a tokenizer and a chat template, made once for each test program.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "hone/cli/build.h"
#include "support/temp_folder.h"

namespace hone::testing {

// A Hugging Face folder; the tokenizer knows the words of arithmetic. Removed when the program ends.
inline std::string tiny_model() {
  static const auto folder = [] {
    auto made = std::make_unique<TempFolder>();
    Recipe recipe;
    recipe.data.task = "arithmetic";
    recipe.model.init = {.hidden_size = 32,
                         .intermediate_size = 64,
                         .layers = 2,
                         .heads = 2,
                         .kv_heads = 1,
                         .max_position_embeddings = 128,
                         .initializer_range = 0.3};  // wide: a narrow one repeats its last token
    recipe.model.tokenizer.samples = 50;
    const auto dataset = open_dataset(recipe.data, 1);
    EXPECT_TRUE(dataset.ok());
    auto model = make_model(recipe, **dataset);
    EXPECT_TRUE(model.ok()) << model.error().message();
    EXPECT_TRUE(model->policy->save(made->path(), model->eos_ids).ok());
    EXPECT_TRUE(save_companions(*model, "", made->string()).ok());
    return made;
  }();
  return folder->string();
}

}  // namespace hone::testing

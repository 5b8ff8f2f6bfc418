#include "hone/cli/command.h"

int main(int argc, char** argv) { return hone::run_hone({argv + 1, argv + argc}); }

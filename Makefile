# hone: `make quickstart` sets up, builds and trains; `make test` sets up, builds and tests.
PRESET ?= release
BUILD := build/$(PRESET)

.PHONY: quickstart test build setup bench format clean
quickstart: build
	$(BUILD)/hone train recipes/quickstart.yaml

test: build
	cd $(BUILD) && ctest --output-on-failure

build: setup
	cmake --preset $(PRESET) $(CMAKE_FLAGS)
	cmake --build $(BUILD)

setup:
	tools/setup.sh

bench: build
	$(BUILD)/hone bench

format:
	find hone tests bench -name '*.h' -o -name '*.cpp' | xargs clang-format -i

clean:
	rm -rf build

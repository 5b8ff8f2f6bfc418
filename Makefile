# hone: `make quickstart` sets up, builds and trains; `make test` sets up, builds and tests.
PRESET ?= release
BUILD := build/$(PRESET)

.PHONY: quickstart test build bench deb deb-test docs configure setup setup-test format clean
quickstart: configure
	cmake --build $(BUILD) --target hone
	$(BUILD)/hone train recipes/quickstart.yaml

test: setup-test build
	cd $(BUILD) && ctest --output-on-failure -j 2

build: configure
	cmake --build $(BUILD)

bench: configure
	cmake --build $(BUILD) --target kernels_bench
	$(BUILD)/kernels_bench

# build/hone_VERSION_ARCH.deb
deb: configure
	tools/setup.sh deb
	cmake --build $(BUILD) --target hone
	cd $(BUILD) && cpack

# The package in a bare Debian of its own (root only): installs, trains, completes, is removed again.
deb-test: deb
	tools/setup.sh deb-test
	tests/package/run.sh

# build/docs/index.html
docs:
	tools/setup.sh docs
	mkdocs build

configure: setup
	cmake --preset $(PRESET) $(CMAKE_FLAGS)

setup:
	tools/setup.sh

setup-test:
	tools/setup.sh test

format:
	find hone tests bench -name '*.h' -o -name '*.cpp' | xargs clang-format -i

clean:
	rm -rf build

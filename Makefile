# SPDX-License-Identifier: Apache-2.0
#
# make help lists the targets, with the text behind ## in their lines.
#
# T=PATH selects tests of one part, ARGS="-k NAME" passes options to pytest:
#   make test-kernel T=tests/kernel/test_schema.py ARGS=-x
#   make test-kernel SUITE=sid T=tests/clients

VENV = .venv
FB = .venv-fb
BENCH = .venv-bench
PYTHON3 = $(CURDIR)/$(VENV)/bin/python
MEMORY = 1G
STATE = $(or $(XDG_STATE_HOME),$(HOME)/.local/state)/targetcli/sandbox
JOBS = $(shell nproc)
SANDBOX = $(PYTHON3) -m targetcli.sandbox --memory $(MEMORY)
export PYTHON3
PYTEST = $(PYTHON3) -m pytest $(SELECT) $(ARGS)
HOST_TESTS = tests/unit tests/fuzz tests/packages tests/pairs
SIDE_BY_SIDE = tests/kernel/sidebyside/
# The longest first, so that several at once end together.
COMMANDS = tests/kernel/commands/
LONGEST = $(COMMANDS):a-h $(COMMANDS):i-z \
	$(addprefix tests/,kernel/plan/ clients/ kernel/compatibility/)
KERNEL_TESTS = $(LONGEST) $(filter-out $(SIDE_BY_SIDE) $(COMMANDS) $(LONGEST), \
	$(sort $(dir $(wildcard tests/kernel/*/test_*.py tests/clients/test_*.py)))) \
	$(wildcard tests/kernel/test_*.py)

# The Debian suites of the user-mode kernels: all tests run on the first, those that
# tests/thinning.py chooses on the newer ones. Kernels are fetched once, to this directory.
SUITE = bookworm
NEWER = trixie sid
KERNELS = .kernels
USER_MODE = $(KERNELS)/user-mode
# packaging/kernel-tests on the kernel of SUITE; $(call IN_KERNEL,PARTS,OPTIONS).
IN_KERNEL = kernel=$$(packaging/user-mode-kernel $(USER_MODE) $(SUITE)) && \
	packaging/kernel-tests $(1) -- $(SANDBOX) --kernel "$$kernel" $(PYTEST) $(2)

# test-qemu: the suites of the full kernels, and the tests. Tests of the sandbox itself are omitted;
# those of the fabrics run last on each kernel and print their tables.
SUITES = bookworm trixie trixie-backports
FABRIC_TESTS = tests/kernel/fabrics/
QEMU_TESTS = $(filter-out tests/kernel/test_sandbox.py $(FABRIC_TESTS),$(KERNEL_TESTS))
QEMU_PARTS = $(if $(T),$(SUITES:%=qemu-%),$(SUITES:%=qemu-%) $(SUITES:%=fabrics-%))
export VNG = $(CURDIR)/$(VENV)/bin/vng

# The kernel and the programs of the sandbox; then initiators, file systems, tools, linters.
PACKAGES = user-mode-linux kmod iproute2 mount util-linux \
	open-iscsi open-isns-server libiscsi-bin nftables qemu-utils qemu-block-extra sg3-utils e2fsprogs xfsprogs lvm2 tmux zsh systemd dbus man-db shellcheck

# Another target, beside which a long test exports the same disks. It is fetched once, and not
# installed: the package would start it at boot.
TGT = $(KERNELS)/tgt/complete

# What builds and checks the packages of Debian and Fedora.
DIST_PACKAGES = dpkg-dev debhelper dh-python pybuild-plugin-pyproject python3-all \
	python3-setuptools python3-wheel rpm

# Of the long tests: a browser, which is large, multipath with the devices that it needs, the tester
# of resource agents, and what checks and installs the packages.
LONG_PACKAGES = chromium multipath-tools udev resource-agents libxml2-utils $(DIST_PACKAGES) \
	lintian rpmlint mmdebstrap cpio

QEMU_PACKAGES = qemu-system-x86 udev busybox-static

.PHONY: all collection help venv packages kernels test test-unit test-sandbox test-kernel test-newer \
	test-long fuzz test-sidebyside test-qemu fabrics mutants bench lint demo dist clean

all: packages venv ## install missing Debian packages, and the project in .venv

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.* ## /\1 /p' $(firstword $(MAKEFILE_LIST)) | \
		while read -r target text; do printf '%-18s%s\n' "$$target" "$$text"; done

venv: $(VENV)/stamp ## create .venv with the project and its test tools

$(VENV)/stamp: setup.cfg pyproject.toml packaging/make-venv
	@packaging/make-venv $(VENV)
	@touch $@

packages: ## install the Debian packages that tests and sandbox need
	@packaging/debian-packages $(PACKAGES)

kernels: ## fetch the user-mode kernels of other Debian suites
	@for suite in $(SUITE) $(NEWER); do \
		packaging/user-mode-kernel $(USER_MODE) $$suite >/dev/null || { \
			echo >&2 "== The tests need the user-mode kernel of $$suite, and it cannot be fetched"; \
			exit 1; }; \
	done

$(TGT): packaging/debian-programs | venv
	@packaging/debian-programs $(@D) bookworm tgt \
		'libaio1|libibverbs1|librdmacm1|libnl-.*|libconfig-general-perl'
	@touch $@

# One line after the other, also with make -j. First the kernels, so that a missing one is reported
# at once. The unit tests and those of the sandbox use one core each.
test: all ## all tests except the long ones
	@$(MAKE) --no-print-directory kernels
	@$(MAKE) --no-print-directory --jobs=$(JOBS) --output-sync=target test-unit test-sandbox
	@$(MAKE) --no-print-directory test-kernel
	@$(MAKE) --no-print-directory test-newer
	@echo "== All tests passed"

test-unit: all ## the unit tests, on this host
	@echo "== Unit tests, on this host"
	@$(PYTEST) $(or $(T),$(HOST_TESTS))

test-sandbox: all ## the tests of the sandbox, on this host
	@echo "== Tests of the sandbox, on this host"
	@$(PYTEST) $(or $(T),tests/sandbox)

test-kernel: all ## the tests on a real kernel, in the sandbox: Linux 6.1, or that of SUITE=sid
	@echo "== Kernel tests, in the sandbox with the kernel of $(SUITE), $(JOBS) at once"
	@export JOBS=$(JOBS) && $(call IN_KERNEL,$(or $(T),$(KERNEL_TESTS)))

test-newer: $(NEWER:%=newer-%) ## those that tests/thinning.py chooses, on newer kernels

newer-%: SUITE = $*
newer-%: all
	@$(if $(T),,echo "== The sandbox with the kernel of $*, without IPv6" && kernel=$$(packaging/user-mode-kernel $(USER_MODE) $*) && \
		TARGETCLI_SANDBOX_KERNEL="$$kernel" $(PYTEST) tests/sandbox/test_no_ipv6.py)
	@echo "== Fewer kernel tests, in the sandbox with the kernel of $*, $(JOBS) at once"
	@export JOBS=$(JOBS) && $(call IN_KERNEL,$(or $(T),$(KERNEL_TESTS)),--thin $*)

# pytest's status 5 means that no test was selected; in the sandbox, at least one must be.
test-long: SELECT = -m long
test-long: all $(VENV)/fuzz $(VENV)/collection $(TGT) ## the long tests, including test-sidebyside
	@packaging/debian-packages $(LONG_PACKAGES)
	@echo "== Long tests, on this host"
	@$(PYTEST) $(HOST_TESTS) || [ $$? -eq 5 ]
	@echo "== Long tests, in the sandbox"
	@$(call IN_KERNEL,$(or $(T),$(KERNEL_TESTS)))
	@$(if $(T),,$(MAKE) --no-print-directory test-sidebyside)

$(VENV)/collection: $(VENV)/stamp
	@$(PYTHON3) -m pip install --quiet --disable-pip-version-check --editable .[collection]
	@touch $@

fuzz: all $(VENV)/fuzz ## search for inputs that break the program: ARGS="--seconds 600 line"
	@$(PYTHON3) -m tests.fuzz $(ARGS)

$(VENV)/fuzz: $(VENV)/stamp
	@$(PYTHON3) -m pip install --quiet --disable-pip-version-check --editable .[fuzz]
	@touch $@

test-sidebyside: SELECT = -m long
test-sidebyside: MEMORY = 1500M
test-sidebyside: all $(FB)/stamp ## the same commands with targetcli-fb and with this program
	@echo "== targetcli-fb and this program, in one sandbox"
	@$(call IN_KERNEL,$(or $(T),$(SIDE_BY_SIDE)))

$(FB)/stamp: packaging/make-fb-venv | packages venv
	@packaging/debian-packages python3-gi
	@packaging/make-fb-venv $(FB) $(PYTHON3)
	@touch $@

# Continue on the next kernel after a failure; without -j, so that the output stays in order.
test-qemu: all $(VENV)/qemu ## the kernel tests on Debian kernels under QEMU: half an hour each
	@packaging/debian-packages $(QEMU_PACKAGES)
	@$(MAKE) --no-print-directory --keep-going --jobs=1 $(QEMU_PARTS)
	@echo "== All tests under QEMU passed"

qemu-%:
	@echo "== Kernel tests, under QEMU with the kernel of $*"
	@image=$$(packaging/debian-kernel $(KERNELS) $*) && \
		packaging/kernel-tests $(or $(T),$(QEMU_TESTS)) -- packaging/qemu $$image $(PYTEST)

fabrics-%:
	@echo "== Fabrics, under QEMU with the kernel of $*"
	@image=$$(packaging/debian-kernel $(KERNELS) $*) && \
		packaging/kernel-tests $(FABRIC_TESTS) -- packaging/qemu $$image $(PYTEST)

fabrics: all $(VENV)/qemu ## measure the tables of docs/FABRICS.md again, on all kernels
	@packaging/debian-packages $(QEMU_PACKAGES)
	@{ for suite in $(SUITE) $(NEWER); do \
		$(MAKE) --no-print-directory test-kernel SUITE=$$suite T=$(FABRIC_TESTS); done; \
		$(MAKE) --no-print-directory --keep-going --jobs=1 $(SUITES:%=fabrics-%); \
	} 2>&1 | $(PYTHON3) docs/fabrics.py

$(VENV)/qemu: $(VENV)/stamp
	@$(PYTHON3) -m pip install --quiet --disable-pip-version-check --editable .[qemu]
	@touch $@

# Changes that were tried already are in .mutation; make clean forgets them.
COUNT = 200
SEED = 0
mutants: all $(VENV)/mutation ## change the program at random and see which test notices: hours
	@test -d .mutation || $(PYTHON3) -m tests.mutation touched
	@$(PYTHON3) -m tests.mutation run $(COUNT) $(SEED)

$(VENV)/mutation: $(VENV)/stamp
	@$(PYTHON3) -m pip install --quiet --disable-pip-version-check --editable .[mutation]
	@touch $@

# Not the environment of the tests: an editable install adds as much start time as Python itself.
bench: all $(FB)/stamp ## run times, compared with bare system calls and targetcli-fb
	@$(PYTHON3) -m venv --clear $(BENCH)
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check .[bench]
	@$(BENCH)/bin/python -m benchmarks $(ARGS)

lint: venv ## ruff (rules and format) and mypy; the pre-commit hook runs it
	@$(PYTHON3) -m ruff check
	@$(PYTHON3) -m ruff format --check --quiet
	@$(PYTHON3) -m mypy

COLLECTION = ansible_collections/targetcli/lio
collection: venv ## build the Ansible collection targetcli.lio, in dist
	@$(PYTHON3) -m ansible galaxy collection build --force --output-path dist $(COLLECTION)

demo: all ## examples/demo.sh, in the sandbox
	@PYTHON=$(PYTHON3) $(SANDBOX) --env PYTHON bash examples/demo.sh

dist: ## build the packages of Debian and Fedora, wheel and sdist, in dist/
	@packaging/debian-packages $(DIST_PACKAGES)
	@packaging/make-packages dist

clean: ## delete generated files
	rm -rf .fuzz $(VENV) $(FB) $(BENCH) $(KERNELS) build dist *.egg-info .hypothesis .mutation .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
	@if test -d "$(STATE)"; then echo "kept: the disks and configuration of the sandbox; to delete them: rm -r '$(STATE)'"; fi

# SPDX-License-Identifier: GPL-2.0-or-later
# guestarp: `make`, `sudo make deps demo`, `sudo make deps check`. Sources and tests are found, never listed.

# --- the user's; never appended to ---------------------------------------------------------------------------
CC         ?= cc
CFLAGS     ?= -O2 -g -fstack-protector-strong -fstack-clash-protection -fPIE $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2)
CPPFLAGS   ?=
LDFLAGS    ?= -pie -Wl,-z,relro,-z,now
PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/libexec
DESTDIR    ?=
LXCDIR     ?= /usr/share/lxc/config/common.conf.d
TMPFILES   ?= /usr/lib/tmpfiles.d
UNITDIR    ?= /usr/lib/systemd/system
SNIPPETS   ?= /var/lib/vz/snippets
VZCTLDIR   ?= /usr/lib/vzctl/scripts
SANITIZE   ?=
BUILD      ?= build$(if $(SANITIZE),-sanitize)
V          ?=

# --- ours ----------------------------------------------------------------------------------------------------
VERSION    := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' packaging/debian/changelog)
PACKAGES   := libnl-3.0 json-c
WARN       := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wpointer-arith \
              -Wcast-align -Wcast-qual -Wformat=2 -Wundef -Wvla -Wswitch-default -Wconversion -Wno-sign-conversion \
              $(if $(CI),-Werror)
comma      := ,
SANITIZERS := $(if $(SANITIZE),-fsanitize=address$(comma)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)

ALL_CPPFLAGS = -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -Icommon $(shell pkg-config --cflags $(PACKAGES)) $(CPPFLAGS)
# No unwind tables in the programs: nothing here throws, and a debugger has its own in the debug information (an eighth of the size).
ALL_CFLAGS   = -std=gnu11 $(WARN) -MMD -MP -fno-asynchronous-unwind-tables $(SANITIZERS) $(CFLAGS)
ALL_LDFLAGS  = $(SANITIZERS) $(LDFLAGS)
# libc first, as most symbols are its own: each is looked up in one library instead of four at every start.
# librt has clock_gettime() before glibc 2.17, and is empty by now.
LDLIBS       = -lc -lrt $(shell pkg-config --libs $(PACKAGES))

HOOKS      := $(wildcard hooks/*.c)
PROGRAMS   := $(HOOKS:hooks/%.c=$(BUILD)/%)
COMMON     := $(wildcard common/*/*.c)
LIBRARY    := $(BUILD)/libguestarp.a
UNITS      := $(wildcard tests/unit/*.c)
UNIT_TESTS := $(UNITS:tests/unit/%.c=$(BUILD)/tests/unit/%)
MANUALS    := $(wildcard packaging/man/*.[1-8])
SCHEMAS    := $(wildcard packaging/*.schema.json)
SHARE       = $(DESTDIR)$(PREFIX)/share
OBJECTS    := $(COMMON:%.c=$(BUILD)/%.o) $(HOOKS:%.c=$(BUILD)/%.o) $(UNITS:%.c=$(BUILD)/%.o)

# Quiet unless V=1.
ifeq ($(V),)
  say = @printf '  %-4s %s\n' $(1) '$(subst $(BUILD)/,,$(2))';
endif

# FILE of packaging/host, MODE, PATH: with the paths that it names.
define place
sed -e 's,@BINDIR@,$(BINDIR),g' -e 's,@LIBEXECDIR@,$(LIBEXECDIR),g' packaging/host/$(1) >$(DESTDIR)$(3)
chmod $(2) $(DESTDIR)$(3)
endef

.PHONY: all tests check check-long coverage fuzz bench demo lint one install install-host deb source check-package check-system clean deps lint-deps fuzz-deps package-deps vm-deps
.DELETE_ON_ERROR:

all: $(PROGRAMS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(LIBRARY): $(COMMON:%.c=$(BUILD)/%.o)
	$(call say,AR,$@)rm -f $@ && ar rcsD $@ $^

$(PROGRAMS): $(BUILD)/%: $(BUILD)/hooks/%.o $(LIBRARY)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

$(UNIT_TESTS): $(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

# The same programs as one file with all their names: what the package has (packaging/one.c).
ONE         = $(PROGRAMS:$(BUILD)/%=$(BUILD)/one/%)
ONE_OBJECTS = $(HOOKS:%.c=$(BUILD)/one/%.o) $(BUILD)/one/packaging/one.o

$(BUILD)/one/hooks/%.o: hooks/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(ALL_CPPFLAGS) -Dmain=$(subst -,_,$*)_main $(ALL_CFLAGS) -Wno-missing-prototypes -c -o $@ $<

$(BUILD)/one/packaging/one.o: packaging/one.c $(HOOKS)
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $< \
		-DPROGRAMS='$(foreach h,$(HOOKS:hooks/%.c=%),PROGRAM($(subst -,_,$(h)), "$(h)"))'

$(firstword $(ONE)): $(ONE_OBJECTS) $(LIBRARY)
	$(call say,LD,$@)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

$(wordlist 2,$(words $(ONE)),$(ONE)): $(firstword $(ONE))
	$(call say,LN,$@)ln -f $< $@

one: $(ONE)

# A change of the version is a change of the object that prints it.
$(BUILD)/common/base/log.o: packaging/debian/changelog

tests: all $(UNIT_TESTS)

check: tests
	GUESTARP_BUILD=$(abspath $(BUILD)) tests/run

# What takes too long for every run: the administrator's command at 1,000 guests, every fault point, 10,000 random hosts and a tenth
# of that with two VRFs, every event twenty times on watched wires, long fuzzing.
check-long: tests
	GUESTARP_BUILD=$(abspath $(BUILD)) tests/admin/scale
	GUESTARP_BUILD=$(abspath $(BUILD)) GUESTARP_FAULT_FULL=1 GUESTARP_EVENTS=10000 tests/run tests/fault/*.t tests/events/random.t
	GUESTARP_BUILD=$(abspath $(BUILD)) GUESTARP_HOSTS=10000 tests/run tests/net/harm.t
	GUESTARP_BUILD=$(abspath $(BUILD)) GUESTARP_HOSTS=1000 GUESTARP_UML_SECONDS=86400 tests/run tests/uml/harm.t
	GUESTARP_BUILD=$(abspath $(BUILD)) tests/run tests/uml/long/*.t
	GUESTARP_BUILD=$(abspath $(BUILD)) GUESTARP_STARTS=100 tests/run tests/lxc/start-host.t
	GUESTARP_BUILD=$(abspath $(BUILD)) GUESTARP_ADDRESSES=1000 GUESTARP_OLD_FULL=1 tests/run tests/vz/many.t tests/old/kernels.t
	GUESTARP_BUILD=$(abspath $(BUILD)) GUESTARP_JUDGED=1 GUESTARP_HOSTS=2000 GUESTARP_SEED=$$(date +%j) tests/run tests/answer/wire.t
	GUESTARP_BUILD=$(abspath $(BUILD)) GUESTARP_HOSTS=500 GUESTARP_UML_SECONDS=86400 tests/run tests/uml/answer.t
	GUESTARP_BUILD=$(abspath $(BUILD)) GUESTARP_JUDGED=1 GUESTARP_HOSTS=500 GUESTARP_UML_SECONDS=86400 tests/run tests/uml/answer.t
	GUESTARP_BUILD=$(abspath $(BUILD)) tests/wire/table
	FUZZ_BUILD=$(BUILD)-fuzz tests/fuzz/run -runs=10000000

# How many lines of each file the tests run. TESTS: those alone.
coverage:
	tests/coverage $(BUILD)-coverage $(TESTS)

# Each harness of tests/fuzz for so long.
FUZZ_SECONDS ?= 60
fuzz:
	FUZZ_BUILD=$(BUILD)-fuzz tests/fuzz/run $(FUZZ_SECONDS)

bench: all
	GUESTARP_BUILD=$(abspath $(BUILD)) CC='$(CC)' CFLAGS='$(CFLAGS)' LDFLAGS='$(LDFLAGS)' tests/bench/run --json $(BUILD)/bench.json

demo: all
	GUESTARP_BUILD=$(abspath $(BUILD)) tests/demo

lint:
	tests/lint

# Below PREFIX, the programs or, with ONE_FILE=1, the one that they all are; then what Proxmox VE, LXC, OpenVZ and systemd look for in places of their own.
install: INSTALLED = $(if $(ONE_FILE),$(ONE),$(PROGRAMS))
install: $(if $(ONE_FILE),one,all)
	install -d $(SHARE)/man/man5 $(SHARE)/man/man8 $(SHARE)/doc/guestarp/examples $(DESTDIR)$(LIBEXECDIR)/guestarp
	install -d $(DESTDIR)$(BINDIR)
	cp --remove-destination --preserve=links,mode $(INSTALLED) $(DESTDIR)$(LIBEXECDIR)/guestarp/
	ln -sf $(LIBEXECDIR)/guestarp/guestarp $(DESTDIR)$(BINDIR)/guestarp
	for page in $(MANUALS); do install -m 644 $$page $(SHARE)/man/man$${page##*.}/ || exit; done
	sed -e '/^ *\/\//d' -e 's,  *//.*,,' packaging/examples/guestarp.jsonc >$(SHARE)/doc/guestarp/examples/guestarp.json
	install -m 644 packaging/examples/guestarp.jsonc packaging/examples/icinga2.conf packaging/examples/ansible.yml \
		$(SHARE)/doc/guestarp/examples/
	install -m 755 packaging/examples/check_guestarp $(SHARE)/doc/guestarp/examples/
	install -m 644 README.md $(wildcard packaging/doc/*.md) $(SHARE)/doc/guestarp/
	install -d $(SHARE)/bash-completion/completions
	$(filter %/guestarp,$(INSTALLED)) --completion >$(SHARE)/bash-completion/completions/guestarp
	for file in $(SCHEMAS); do install -D -m 644 $$file $(SHARE)/guestarp/$${file##*/} || exit; done

install-host:
	install -d $(DESTDIR)/etc/guestarp $(DESTDIR)$(LXCDIR) $(DESTDIR)$(TMPFILES) $(DESTDIR)$(SNIPPETS) $(DESTDIR)$(VZCTLDIR) \
		$(DESTDIR)$(UNITDIR)
	$(call place,lxc.conf.in,644,$(LXCDIR)/guestarp.conf)
	$(call place,tmpfiles.conf,644,$(TMPFILES)/guestarp.conf)
	$(if $(UNITDIR),$(call place,guestarp.service.in,644,$(UNITDIR)/guestarp.service))
	$(if $(UNITDIR),$(call place,guestarp-watch.service.in,644,$(UNITDIR)/guestarp-watch.service))
	$(if $(UNITDIR),$(call place,guestarp-prometheus.service.in,644,$(UNITDIR)/guestarp-prometheus.service))
	$(if $(UNITDIR),$(call place,guestarp-prometheus.timer,644,$(UNITDIR)/guestarp-prometheus.timer))
	ln -sfn $(LIBEXECDIR)/guestarp/guestarp-pve $(DESTDIR)$(SNIPPETS)/guestarp
	ln -sfn $(LIBEXECDIR)/guestarp/vznet-custom $(DESTDIR)$(VZCTLDIR)/vznet-custom

# Debian packages into build/deb, from a copy of the tree that has packaging/debian as debian/; make source: the same as
# a source package. packaging/build says how it is reproducible.
deb:
	packaging/build $(BUILD)/deb binary

source:
	packaging/build $(BUILD)/deb source

# In clean systems of each Debian release (RELEASES="bookworm trixie"): build, install, upgrade, remove, purge.
check-package:
	packaging/check $(BUILD)/check-package $(RELEASES)

# In whole Debian systems, booted in QEMU. PARTS="NAME...", SHORT=1: see tests/README.md. What is kept from call to call has
# a directory of its own.
check-system:
	tests/system/check $(BUILD)-system $(RELEASES)

clean:
	rm -rf $(BUILD) $(BUILD)-fuzz $(BUILD)-coverage $(BUILD)-system

# What building, demo and tests need beyond `make`; what lint and coverage, fuzzing, packaging need. apt is asked only for what is missing.
DEPS      := gcc libc6-dev pkg-config libnl-3-dev libjson-c-dev libcmocka-dev perl iproute2 jq \
             iputils-arping iputils-ping ndisc6 tcpdump strace valgrind procps util-linux lxc busybox-static nftables \
             python3 python3-jsonschema time tmux patch
LINT_DEPS := git clang-format clang-tidy cppcheck shellcheck universal-ctags mandoc gcovr
FUZZ_DEPS := clang libclang-rt-dev
# The other kernels of tests/wire, tests/kernel and tests/uml, which are skipped without them. Not in DEPS: a demo must not put
# another kernel on a host.
VM_DEPS   := qemu-system-x86 linux-image-cloud-amd64 kmod cpio user-mode-linux
# What `make deb`, `make source` and `make check-package` need.
PACKAGE_DEPS := build-essential debhelper pkgconf libnl-3-dev libjson-c-dev mmdebstrap rpm

deps: NEEDED := $(DEPS)
lint-deps: NEEDED := $(LINT_DEPS)
fuzz-deps: NEEDED := $(FUZZ_DEPS)
package-deps: NEEDED := $(PACKAGE_DEPS)
vm-deps: NEEDED := $(VM_DEPS)
deps lint-deps fuzz-deps package-deps vm-deps:
	@missing=; for p in $(NEEDED); do \
		dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; \
	done; \
	if [ -n "$$missing" ]; then \
		set -- $$missing; \
		echo "$@: $$# packages are missing, apt says below how much it installs:$$missing"; \
		apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $$missing; \
	fi

-include $(OBJECTS:.o=.d) $(ONE_OBJECTS:.o=.d)

# SPDX-License-Identifier: GPL-2.0-or-later
# guestarp: `make`, `sudo make deps demo`, `sudo make deps check`. Sources and tests are found, never listed.

# --- the user's; never appended to ---------------------------------------------------------------------------
CC         ?= cc
CFLAGS     ?= -O2 -g -fstack-protector-strong -fstack-clash-protection -fPIE $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2)
CPPFLAGS   ?=
LDFLAGS    ?= -pie -Wl,-z,relro,-z,now
PREFIX     ?= /usr/local
LIBEXECDIR ?= $(PREFIX)/libexec
DESTDIR    ?=
SANITIZE   ?=
BUILD      ?= build$(if $(SANITIZE),-sanitize)
V          ?=

# --- ours ----------------------------------------------------------------------------------------------------
VERSION    := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' packaging/debian/changelog)
PACKAGES   := libnl-3.0 libnl-route-3.0 json-c
WARN       := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wpointer-arith \
              -Wcast-align -Wcast-qual -Wformat=2 -Wundef -Wvla -Wswitch-default -Wconversion -Wno-sign-conversion \
              $(if $(CI),-Werror)
SANITIZERS := $(if $(SANITIZE),-fsanitize=address$(comma)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
comma      := ,

ALL_CPPFLAGS = -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -Icommon $(shell pkg-config --cflags $(PACKAGES)) $(CPPFLAGS)
ALL_CFLAGS   = -std=gnu11 $(WARN) -MMD -MP $(SANITIZERS) $(CFLAGS)
ALL_LDFLAGS  = $(SANITIZERS) $(LDFLAGS)
LDLIBS       = $(shell pkg-config --libs $(PACKAGES))

HOOKS      := $(wildcard hooks/*.c)
PROGRAMS   := $(HOOKS:hooks/%.c=$(BUILD)/%)
COMMON     := $(wildcard common/*/*.c)
LIBRARY    := $(BUILD)/libguestarp.a
UNITS      := $(wildcard tests/unit/*.c)
UNIT_TESTS := $(UNITS:tests/unit/%.c=$(BUILD)/tests/unit/%)
MANUALS    := $(wildcard packaging/man/*.[1-8])
OBJECTS    := $(COMMON:%.c=$(BUILD)/%.o) $(HOOKS:%.c=$(BUILD)/%.o) $(UNITS:%.c=$(BUILD)/%.o)

# Quiet unless V=1.
ifeq ($(V),)
  say = @printf '  %-4s %s\n' $(1) '$(subst $(BUILD)/,,$(2))';
endif

.PHONY: all tests check demo lint install clean deps lint-deps
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

# A change of the version is a change of every object that prints it.
$(HOOKS:%.c=$(BUILD)/%.o): packaging/debian/changelog

tests: all $(UNIT_TESTS)

check: tests
	GUESTARP_BUILD=$(abspath $(BUILD)) tests/run

demo: all
	GUESTARP_BUILD=$(abspath $(BUILD)) tests/demo

lint:
	tests/lint

install: all
	install -d $(DESTDIR)$(LIBEXECDIR)/guestarp $(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 755 $(filter-out $(BUILD)/guestarp,$(PROGRAMS)) $(DESTDIR)$(LIBEXECDIR)/guestarp/
	for page in $(MANUALS); do install -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/ || exit; done

clean:
	rm -rf $(BUILD)

# What building, demo and tests need beyond `make`, and what lint needs; apt is asked only for what is missing.
DEPS      := gcc libc6-dev pkg-config libnl-3-dev libnl-route-3-dev libjson-c-dev libcmocka-dev perl iproute2 jq \
             iputils-arping iputils-ping ndisc6 tcpdump strace valgrind procps util-linux lxc busybox-static nftables
LINT_DEPS := git clang-format clang-tidy cppcheck shellcheck universal-ctags mandoc

deps: NEEDED := $(DEPS)
lint-deps: NEEDED := $(LINT_DEPS)
deps lint-deps:
	@missing=; for p in $(NEEDED); do \
		dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; \
	done; \
	if [ -n "$$missing" ]; then \
		apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $$missing; \
	fi

-include $(OBJECTS:.o=.d)

# test/programs.mk
#	  Test programs that need no server; included by the Makefile.
#
# By convention, so that a new test is a new file and nothing else:
#
#	test/unit/NAME.c		a unit test of the engine; make check-unit runs it
#	test/fuzz/NAME_fuzz.c	a libFuzzer target; make fuzz runs it FUZZ_TIME s
#	test/properties/NAME.py	judges what the server says (make check-properties
#							runs them on the server of the PG* environment);
#							a leading underscore marks a module for the others
#
# The engine (src/core) is compiled with -DFRONTEND, as PostgreSQL's own
# src/common is, and linked with libpgcommon and libpgport alone.  A program
# passes when it exits with 0; one that prints TAP is counted line by line.

UNIT_TESTS = $(patsubst test/unit/%.c,%,$(sort $(wildcard test/unit/*.c)))
FUZZ_TESTS = $(patsubst test/fuzz/%.c,%,$(sort $(wildcard test/fuzz/*_fuzz.c)))
PROPERTY_TESTS = $(patsubst test/properties/%.py,%,\
	$(filter-out test/properties/_%,$(sort $(wildcard test/properties/*.py))))

CORE_SRCS = $(sort $(wildcard src/core/*.c))
TEST_HEADERS = $(DG_HEADERS) $(wildcard test/unit/*.h test/fuzz/*.h)

FRONTEND_CPPFLAGS = -DFRONTEND -D_GNU_SOURCE -I$(CURDIR)/src \
	-I$(shell $(PG_CONFIG) --includedir-server)
# libpgcommon is in libdir, but Debian has it among the modules.
FRONTEND_LIBS = -L$(shell $(PG_CONFIG) --pkglibdir) \
	-L$(shell $(PG_CONFIG) --libdir) -lpgcommon -lpgport -lm
FRONTEND_WARNINGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -Wdeclaration-after-statement

# Assert() is PostgreSQL's, so the unit tests check what the engine assumes;
# the sanitizers are there to find what a test does not look at.
SANITIZE ?= -fsanitize=address,undefined -fno-sanitize-recover=undefined
UNIT_FLAGS = -g -O1 -DUSE_ASSERT_CHECKING $(SANITIZE)

FUZZ_CC ?= $(firstword $(shell for c in $(notdir $(CLANG)) clang clang-19 \
	clang-18 clang-17 clang-16 clang-15 clang-14; \
	do command -v $$c; done 2>/dev/null; true) clang)
FUZZ_FLAGS = -g -O1 -DUSE_ASSERT_CHECKING \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
FUZZ_TIME ?= 20
# An input that takes longer than this many seconds is a finding, too.
FUZZ_TIMEOUT ?= 10

export UBSAN_OPTIONS ?= print_stacktrace=1
# The engine frees at the end of a memory context, which a program has not.
export ASAN_OPTIONS ?= detect_leaks=0

build/unit/%: test/unit/%.c $(CORE_SRCS) $(TEST_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(UNIT_FLAGS) $(FRONTEND_WARNINGS) $(COPT) $(FRONTEND_CPPFLAGS) \
		-o $@ $< $(CORE_SRCS) $(FRONTEND_LIBS)

build/fuzz/%: test/fuzz/%.c $(CORE_SRCS) $(TEST_HEADERS)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_FLAGS) $(FRONTEND_CPPFLAGS) \
		-o $@ $< $(CORE_SRCS) $(FRONTEND_LIBS)

.PHONY: unit-programs fuzz-programs check-unit check-properties fuzz \
	list-unit list-properties list-fuzz

unit-programs: $(UNIT_TESTS:%=build/unit/%)
fuzz-programs: $(FUZZ_TESTS:%=build/fuzz/%)

check-unit: $(UNIT_TESTS:%=run-unit-%)
run-unit-%: build/unit/%
	build/unit/$*

check-properties: $(PROPERTY_TESTS:%=run-property-%)
run-property-%:
	$(PYTHON3) test/properties/$*.py

# What libFuzzer finds stays in build/fuzz/NAME.corpus for the next run; what
# made it stop is build/fuzz/NAME-crash-... and the like.
fuzz: $(FUZZ_TESTS:%=run-fuzz-%)
run-fuzz-%: build/fuzz/%
	@mkdir -p build/fuzz/$*.corpus
	build/fuzz/$* -max_total_time=$(FUZZ_TIME) -timeout=$(FUZZ_TIMEOUT) \
		-rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix=build/fuzz/$*- build/fuzz/$*.corpus \
		$(wildcard test/fuzz/corpus/$*)

PYTHON3 ?= python3

# For test/run, which counts the tests one by one.
list-unit:
	@echo $(UNIT_TESTS)
list-properties:
	@echo $(PROPERTY_TESTS)
list-fuzz:
	@echo $(FUZZ_TESTS)

# ---------------------------------------------------------------------------
# Layout of the source: PostgreSQL's, by its own tool (Debian: pg-bsd-indent).
# make indent lays out, make check-indent only tells.  The tool has to be told
# which words are types: those that the source defines, and those of
# PostgreSQL that it uses, found by their looks and in the headers.
# ---------------------------------------------------------------------------

INDENT = pg_bsd_indent
INDENT_FLAGS = -bad -bap -bbb -bc -bl -cli1 -cp33 -cdb -nce -d0 -di12 -nfc1 \
	-i4 -l79 -lp -lpl -nip -npro -sac -tpg -ts4
INDENT_FILES = $(wildcard src/*/*.[ch] test/unit/*.[ch] test/fuzz/*.[ch])

.PHONY: indent check-indent
indent check-indent: build/typedefs.list
	@PG_INDENT="$(INDENT) $(INDENT_FLAGS)" test/indent $@ $< $(INDENT_FILES)

build/typedefs.list: $(INDENT_FILES)
	@mkdir -p $(@D)
	@test/indent typedefs $(shell $(PG_CONFIG) --includedir-server) $^ >$@

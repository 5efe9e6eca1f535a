# diffgen: diffs of text and jsonb inside PostgreSQL
#
# make && make install && make installcheck, as for any extension.
# test/programs.mk adds what needs no server (make check-unit, make fuzz).

EXTENSION = diffgen
MODULE_big = diffgen
PGFILEDESC = "diffgen - diffs of text and jsonb"

DATA = $(wildcard sql/diffgen--*.sql)
SRCS = $(sort $(wildcard src/*/*.c))
OBJS = $(SRCS:.c=.o)
DG_HEADERS = $(wildcard src/*/*.h)

# pg_regress reads test/sql/*.sql and expected/*.out.  A file of the same name
# in sql/ would shadow a test, so no test is called "diffgen--...".
REGRESS = $(sort $(patsubst test/sql/%.sql,%,$(wildcard test/sql/*.sql)))
REGRESS_OPTS = --inputdir=test --encoding=UTF8
ISOLATION = $(sort $(patsubst test/specs/%.spec,%,$(wildcard test/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test --load-extension=diffgen

# The TAP tests make clusters, which takes Perl's IPC::Run and not being root.
TAP_TESTS := $(shell test "$$(id -u)" != 0 && perl -MIPC::Run -e 'print 1' 2>&-)
PROVE_TESTS = $(sort $(wildcard test/t/*.pl))

# The engine's inner loops compare and count bytes: -O3 is worth it there.
OPTFLAGS ?= -O3
PG_CPPFLAGS = -I$(CURDIR)/src -DDIFFGEN_VERSION=\"$(shell sed -n "s/^default_version = .\(.*\).$$/\1/p" diffgen.control)\"
PG_CFLAGS = $(OPTFLAGS)

EXTRA_CLEAN = build

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

$(OBJS): $(DG_HEADERS)

include test/programs.mk

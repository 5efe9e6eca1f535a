# test/server.sh
#	  What the demo and the tests stand on: a private, throw-away PostgreSQL.
#
# Source it from bash.  It can install what is missing with apt-get, makes a
# relocated copy of the distribution's PostgreSQL in a temporary directory,
# builds the extension there, installs it into that copy only, and runs a
# server of its own from it, on a Unix socket nobody else can reach.  No
# existing cluster is touched, nor the system's PostgreSQL installation, nor
# the directory of this checkout.  Everything is gone at exit.
#
# PostgreSQL does not run as root.  As root, everything that belongs to the
# server runs as the user "postgres", which the Debian packages make; else
# everything runs as oneself, and only apt-get needs sudo.
#
# Nothing here needs /proc, a locale, systemd or a terminal.
#
# Set by the user:
#	PG_MAJOR	the PostgreSQL version to use (default: the highest installed one,
#				or else the highest that apt-get knows)
#	KEEP=1		keep the temporary directory
# Set here for the caller:
#	top			the checkout
#	work		the temporary directory
#	src			the copy of the checkout in it, where things are built
#	PG_CONFIG, PGHOST, PGPORT, PGUSER, PGDATABASE, PATH

# Debian and Ubuntu name a package after the major version; these are ours.
pg_majors="19 18 17 16 15"

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=
child=
child_is_apt=
server_running=
began=$SECONDS
export LC_ALL=C.UTF-8
unset PGHOST PGPORT PGUSER PGDATABASE PGPASSWORD PGSERVICE PGOPTIONS PGDATA \
	PGAPPNAME PGHOSTADDR PGSSLMODE MAKEFLAGS MAKELEVEL

# ---------------------------------------------------------------------------
# Saying what goes on
# ---------------------------------------------------------------------------

if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
	bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
	terminal=1
else
	bold= dim= red= green= plain=
	terminal=
fi

say()
{
	printf '%s\n' "$*"
}

# headline TEXT: begins a part of the output
headline()
{
	printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}

die()
{
	printf '%serror:%s %s\n' "$red" "$plain" "$*" >&2
	exit 1
}

# show_log FILE [LINES]: the end of a log, indented
show_log()
{
	[ -s "$1" ] && tail -n "${2:-30}" "$1" | sed 's/^/    | /'
}

# log_of NAME: where quietly keeps what a command printed
log_of()
{
	echo "$work/log/${1//[^A-Za-z0-9_.-]/_}.log"
}

# quietly NAME LIMIT COMMAND...
#
# Runs a command with its output in $work/log/NAME.log, and shows that it is
# alive: on a terminal with a line that keeps changing, else with a line
# every half minute.  Ends it after LIMIT seconds (0: never).  Prints one line
# with the outcome and the time.  Returns the command's status.
quietly()
{
	local name=$1 limit=$2 log start status=0 spent last
	shift 2
	log=$(log_of "$name")
	start=$SECONDS

	# a process group of its own, so that all of it can be ended
	set -m
	"$@" </dev/null >"$log" 2>&1 &
	child=$!
	set +m
	sleep 0.1
	while kill -0 "$child" 2>/dev/null; do
		spent=$((SECONDS - start))
		if [ "$limit" -gt 0 ] && [ "$spent" -ge "$limit" ]; then
			end_child
			echo "(ended after $limit s)" >>"$log"
			break
		fi
		if [ -n "$terminal" ]; then
			last=$(tail -n 1 "$log" 2>/dev/null | tr -cd '[:print:]' | cut -c 1-48)
			printf '\r\e[K  %-32s %4d s  %s%s%s' "$name" "$spent" "$dim" "$last" "$plain"
			sleep 0.3
		else
			if [ $((spent % 30)) -eq 29 ]; then
				say "  $name: $((spent + 1)) s so far"
				sleep 0.8
			fi
			sleep 0.2
		fi
	done
	wait "$child" || status=$?
	child=
	spent=$((SECONDS - start))
	[ -n "$terminal" ] && printf '\r\e[K'
	if [ "$status" -eq 0 ]; then
		printf '  %-32s %sok%s      %4d s\n' "$name" "$green" "$plain" "$spent"
	else
		printf '  %-32s %sfailed%s  %4d s\n' "$name" "$red" "$plain" "$spent"
	fi
	return "$status"
}

# Ends what quietly runs, politely at first.
end_child()
{
	local i

	kill -TERM -- "-$child" 2>/dev/null
	for i in $(seq 50); do
		kill -0 -- "-$child" 2>/dev/null || return 0
		sleep 0.1
	done
	kill -KILL -- "-$child" 2>/dev/null
}

# ---------------------------------------------------------------------------
# Who runs what
# ---------------------------------------------------------------------------

# as_owner COMMAND...: as the user that owns the server
as_owner()
{
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=postgres --regid=postgres --init-groups \
			env HOME="$work" USER=postgres LOGNAME=postgres "$@"
	else
		"$@"
	fi
}

# as_root COMMAND...: for apt-get and nothing else
as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# ---------------------------------------------------------------------------
# Packages
# ---------------------------------------------------------------------------

installed()
{
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# The package has a version that apt-get could install.
available()
{
	apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [^(]'
}

# Sets $major: the one asked for, else the highest whose server is installed,
# else the highest on offer.
choose_major()
{
	local m

	major=${PG_MAJOR:-}
	[ -n "$major" ] && return
	for m in $pg_majors; do
		if installed "postgresql-$m" && installed "postgresql-server-dev-$m"; then
			major=$m
			return
		fi
	done
	for m in $pg_majors; do
		if installed "postgresql-$m" && available "postgresql-server-dev-$m"; then
			major=$m
			return
		fi
	done
	for m in $pg_majors; do
		if available "postgresql-$m" && available "postgresql-server-dev-$m"; then
			major=$m
			return
		fi
	done
}

# need PACKAGE...
#
# Installs what is missing of the packages, of PostgreSQL itself, and of what
# it takes to build.  Some words stand for packages that depend on what there
# is: "server" for PostgreSQL's, "fuzzer" for the clang that goes with them,
# "npm" for node and its package manager, "chromium" for a browser.
need()
{
	local missing

	command -v apt-get >/dev/null ||
		die "this script installs what it needs with apt-get, which is not here;
       see doc/install.md for building by hand"

	choose_major
	missing=$(missing_packages "$@")
	if [ -z "$major" ] || [ -n "$missing" ]; then
		if [ "$(id -u)" -ne 0 ]; then
			command -v sudo >/dev/null ||
				die "these packages are missing, and there is no sudo to install them:
       ${missing:-postgresql postgresql-server-dev-all}"
			say "Some packages are missing; apt-get needs root for them."
			sudo -n true 2>/dev/null || sudo -v || die "not without sudo: ${missing:-postgresql}"
		fi
		quietly "apt-get update" 0 apt_get update ||
			say "  (going on with the package lists that are there)"
		choose_major
		[ -n "$major" ] || die "no PostgreSQL 15 or later among the packages of this system"
		missing=$(missing_packages "$@")
		say "  installing: $missing" | fold -s -w 98 | sed '2,$s/^/    /'
		install_packages $missing
	fi
	pg_lib=/usr/lib/postgresql/$major
	[ -x "$pg_lib/bin/postgres" ] || die "no PostgreSQL server in $pg_lib"
	[ -e "/usr/include/postgresql/$major/server/postgres.h" ] ||
		die "no server headers of PostgreSQL $major"
}

missing_packages()
{
	local word name list=

	for word in "$@"; do
		case $word in
			server)
				[ -n "$major" ] || continue
				word="postgresql-$major postgresql-server-dev-$major"
				;;
			npm)					# other sources of node bring their own
				command -v npm >/dev/null && continue
				word="nodejs npm"
				;;
			chromium)				# Ubuntu's is a snap, and no package
				command -v chromium chromium-browser google-chrome >/dev/null && continue
				available chromium || continue
				;;
			fuzzer)
				[ -n "$major" ] || continue
				word=$(clang_packages)
				;;
		esac
		for name in $word; do
			installed "$name" || list="$list $name"
		done
	done
	echo $list
}

# The clang that PostgreSQL's own headers package depends on comes with it
# anyway; its run-time library holds libFuzzer and the sanitizers.
clang_packages()
{
	local version

	version=$(apt-cache depends "postgresql-server-dev-$major" 2>/dev/null |
		sed -n 's/.*Depends: clang-\([0-9][0-9]*\)$/\1/p' | head -n 1)
	if [ -n "$version" ] && available "libclang-rt-$version-dev"; then
		echo "clang-$version libclang-rt-$version-dev"
	else
		echo "clang"
	fi
}

apt_get()
{
	as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 LC_ALL=C \
		apt-get -y -q --no-install-recommends \
		-o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@"
}

# PostgreSQL's packages make a cluster "main" when they are installed, and
# start it together with every other cluster that happens to be down.  We want
# neither: postgresql-common is installed first, told to make no cluster, and
# gets its setting back at the end; a policy keeps the service as it is.
install_packages()
{
	local status=0

	child_is_apt=1
	if [[ " $* " = *" postgresql-$major "* ]]; then
		quietly "apt-get install (base)" 0 apt_get install postgresql-common || status=$?
		hold_clusters
	fi
	if [ "$status" -eq 0 ]; then
		quietly "apt-get install" 0 apt_get install "$@" || status=$?
	fi
	release_clusters
	child_is_apt=
	if [ "$status" -ne 0 ]; then
		show_log "$(log_of "apt-get install")"
		die "apt-get could not install: $*"
	fi
}

cluster_conf=/etc/postgresql-common/createcluster.conf
policy=/usr/sbin/policy-rc.d

hold_clusters()
{
	if [ -f $cluster_conf ]; then
		cp $cluster_conf "$work/createcluster.conf"
		echo "create_main_cluster = false" | as_root tee -a $cluster_conf >/dev/null
	fi
	if [ ! -e $policy ]; then
		touch "$work/policy"
		as_root tee $policy >/dev/null <<-'POLICY'
			#!/bin/sh
			# Made by diffgen's test/server.sh, for the time of one apt-get.
			case "$1" in postgresql*) exit 101 ;; esac
			exit 0
		POLICY
		as_root chmod 755 $policy
	fi
}

release_clusters()
{
	if [ -f "$work/createcluster.conf" ]; then
		as_root tee $cluster_conf >/dev/null <"$work/createcluster.conf"
		rm -f "$work/createcluster.conf"
	fi
	if [ -e "$work/policy" ]; then
		as_root rm -f $policy
		rm -f "$work/policy"
	fi
}

# ---------------------------------------------------------------------------
# The private PostgreSQL
# ---------------------------------------------------------------------------

# Makes $work, and has it removed at exit; after that, at_end STATUS is called
# if the caller has such a function.  The path is short, since a socket's path has 107 bytes.
make_work()
{
	umask 022
	work=$(mktemp -d /tmp/diffgen.XXXXXX) || exit 1
	mkdir "$work/log"
	cd "$work"					# which the server's user may enter
	trap finish EXIT
	trap 'interrupted 130' INT
	trap 'interrupted 143' TERM HUP
}

interrupted()
{
	trap '' INT TERM HUP
	[ -n "$terminal" ] && printf '\r\e[K'
	if [ -n "$child" ] && [ -n "$child_is_apt" ]; then
		say "interrupted; apt-get must not be stopped half-way, waiting for it"
		wait "$child"
	else
		say "interrupted; cleaning up"
		[ -n "$child" ] && end_child
	fi
	exit "$1"
}

finish()
{
	local status=$?

	trap '' INT TERM HUP
	trap - EXIT
	[ -n "$work" ] || exit "$status"
	release_clusters
	if [ -n "$server_running" ]; then
		as_owner "$bin/pg_ctl" -D "$work/data" -m immediate stop >/dev/null 2>&1
	fi
	cd /
	if [ -n "${KEEP:-}" ]; then
		say "kept: $work"
	else
		rm -rf "$work"
	fi
	declare -F at_end >/dev/null && at_end "$status"
	exit "$status"
}

# Copies PostgreSQL's programs and files.  They find each other by relative
# paths, so that a copy with the same tail is an installation of its own.
copy_postgres()
{
	local root=$work/usr

	mkdir -p "$root/lib/postgresql" "$root/share/postgresql" "$root/include"
	tar -C /usr/lib/postgresql --exclude=bitcode -cf - "$major" |
		tar -C "$root/lib/postgresql" -xf - &&
		tar -C /usr/share/postgresql --exclude=man -cf - "$major" |
		tar -C "$root/share/postgresql" -xf - &&
		ln -s /usr/include/postgresql "$root/include/postgresql"
}

# Copies the checkout, without what earlier builds left in it.
copy_source()
{
	mkdir "$src" &&
		tar -C "$top" --exclude=./.git --exclude=./build --exclude=./results \
			--exclude=./tmp_check --exclude='*.o' --exclude='*.so' \
			--exclude='*.bc' --exclude=__pycache__ -cf - . | tar -C "$src" -xf -
}

build()
{
	make -C "$src" -j "$(nproc)" with_llvm=no COPT="${1:-}" &&
		make -C "$src" with_llvm=no install
}

start_server()
{
	local locale=C

	if locale -a 2>/dev/null | grep -qix 'c\.utf-\?8'; then
		locale=C.UTF-8
	fi
	mkdir -p "$PGHOST" "$work/data" &&
		own "$PGHOST" "$work/data" &&
		as_owner "$bin/initdb" -D "$work/data" -A trust -U postgres -E UTF8 \
			--locale=$locale --no-sync &&
		cat >>"$work/data/postgresql.conf" <<-CONF &&
			listen_addresses = ''
			port = $PGPORT
			unix_socket_directories = '$PGHOST'
			fsync = off
			shared_buffers = 128MB
			max_wal_size = 2GB
			autovacuum_naptime = 10min
		CONF
		as_owner "$bin/pg_ctl" -D "$work/data" -l "$work/data/log" -w start
}

# own FILE...: gives them to the server's user
own()
{
	[ "$(id -u)" -ne 0 ] || chown -R postgres: "$@"
}

# private_server [CFLAGS]: all of the above, in order
private_server()
{
	bin=$work/usr/lib/postgresql/$major/bin
	src=$work/src
	export PG_CONFIG=$bin/pg_config PGHOST=$work/sock PGPORT=65432
	export PGUSER=postgres PGDATABASE=postgres PATH=$bin:$PATH

	quietly "copy PostgreSQL $major" 300 copy_postgres || stop_at "copy PostgreSQL $major"
	quietly "copy the source" 60 copy_source || stop_at "copy the source"
	quietly "build" 600 build "$@" || stop_at "build" "error|Error|warning: "
	own "$work"
	server_running=1
	quietly "start a server" 120 start_server || stop_at "start a server"
}

# stop_at NAME [PATTERN]: shows why that step failed, and ends
stop_at()
{
	if [ -n "${2:-}" ]; then
		grep -vE '^(gcc|clang|cc) ' "$(log_of "$1")" | grep -E -A 2 "$2" | head -n 40 |
			sed 's/^/    | /'
	else
		show_log "$(log_of "$1")"
	fi
	[ -f "$work/data/log" ] && show_log "$work/data/log"
	exit 1
}

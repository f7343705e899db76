#!/bin/sh
# Checks the manual pages: their markup, that each is called what its file is,
# that the pages of this library that they refer to are there, that every
# function of tls.h is in one page's NAME and has a page or a link of its own,
# that the prototypes are those of the headers, that the examples compile, that
# no display is wider than a terminal, that tls_init(3) has every function of
# tls.h in its overview and libtls-openssl(7) every function and macro of the
# subset, and that what SESSIONS.md quotes stands in the pages.
set -eu
export LC_ALL=C
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

fail() {
	echo "$1" >&2
	status=1
}

# The functions that a page's NAME lists.
names() {
	awk '/^\.Sh/ { on = $2 == "NAME" } on && $1 == ".Nm" { print $2 }' "$1"
}

# A page's SYNOPSIS as C.
synopsis() {
	awk '
	/^\.Sh/ { on = $2 == "SYNOPSIS" }
	!on { next }
	$1 == ".In" { print "#include <" $2 ">" }
	{ rest = substr($0, 5) }
	$1 == ".Ft" { type = rest }
	$1 == ".Fn" {
		gsub(/" "/, ", ", rest); gsub(/"/, "", rest); sub(/ /, "(", rest)
		print type " " rest ");"
	}
	$1 == ".Fo" { decl = type " " rest "("; sep = "" }
	$1 == ".Fa" { gsub(/"/, "", rest); decl = decl sep rest; sep = ", " }
	$1 == ".Fc" { print decl ");" }' "$1"
}

# The code in a page's EXAMPLES.
example() {
	awk '
	/^\.Sh/ { on = $2 == "EXAMPLES" }
	/^\.Ed/ { code = 0 }
	on && code { gsub(/\\e/, "\\"); gsub(/\\&/, ""); print }
	/^\.Bd/ { code = 1 }' "$1"
}

compile() {
	"${CC:-cc}" -std=c11 -D_DEFAULT_SOURCE -Wall -Wextra -Werror -I.. -I../compat -fsyntax-only -x c "$1"
}

# mandoc knows no sections of libraries.
mandoc -Tlint -W warning ./*.3 ./*.7 ssl/* | grep -v 'unknown manual section: Dt \.\.\. 3tls$' >"$work/lint" || :
[ ! -s "$work/lint" ] || { cat "$work/lint"; fail "mandoc has complaints"; }

# compiled PAGE: a page's own code.
compiled() {
	example "$1" >"$work/example.c"
	compile "$work/example.c" || fail "$1: EXAMPLES don't compile"
}

for page in *.3 ssl/*.3tls; do
	names "$page" | sort >"$work/names"
	synopsis "$page" >"$work/synopsis.c"
	grep -oE '\b(tls|SSL)_[A-Za-z0-9_]*\(' "$work/synopsis.c" | tr -d '(' | sort >"$work/synopsis"
	diff "$work/names" "$work/synopsis" || fail "$page: NAME (<) and SYNOPSIS (>) differ"
	compile "$work/synopsis.c" || fail "$page: SYNOPSIS and its header differ"
	compiled "$page"
	section=${page##*.}
	sed "s|\$|.$section ${page#ssl/}|" "$work/names" >>"$work/all-$section"
done
compiled ssl/libtls-openssl.7

for page in *.[37] ssl/*; do
	# man(1) on a terminal of 80 columns fills 78, and a command that is broken into lines can't be copied.
	mandoc -T ascii -O width=78 "$page" | sed "s/.$(printf '\b')//g" >"$work/text"
	awk 'length > 78' "$work/text" | grep . && fail "$page: lines of more than 78 columns"
	sed -n 's/^\.Dl //p' "$page" | sed 's/\\e/\\/g; s/\\&//g' >"$work/commands"
	sed 's/^ *//' "$work/text" | grep -vxFf - "$work/commands" && fail "$page: a command that takes more than a line"

	file=$(basename "$page")
	title=$(sed -n 's/^\.Dt //p' "$page")
	[ "$title" = "$(echo "${file%.*}" | tr a-z A-Z) ${file##*.}" ] || fail "$page: its title is $title"
	sed -nE 's/^\.Xr ((tls_|SSL_|libtls-)[^ ]*) ([^ ]*).*/\1.\3/p' "$page" | sort -u >"$work/referred"
	{ ls -- *.[37]; (cd ssl && ls); awk '{ print $1 }' "$work"/all-*; } | sort -u |
		comm -13 - "$work/referred" | grep . && fail "$page: refers to pages that aren't there"
done

awk '$1 != $2' "$work/all-3tls" | sort >"$work/links"
diff ssl-links "$work/links" || fail "ssl-links (<) isn't what the pages' NAMEs ask for (>)"
# A macro without arguments is one of the subset's functions by another name if it is spelt as a function is.
{
	sed -n 's/^#pragma redefine_extname \([^ ]*\) .*/\1/p' ../compat/openssl/names.h
	sed -nE 's/^#define[[:space:]]+([A-Za-z0-9_]+)\(.*/\1/p
		s/^#define[[:space:]]+([A-Za-z0-9_]+)[[:space:]]+[A-Za-z0-9]+_[A-Za-z0-9_]*[a-z][A-Za-z0-9_]*$/\1/p' ../compat/openssl/*.h
} | sort -u >"$work/subset"
awk '/^\.Sh/ { on = $2 == "FUNCTIONS" } on { sub(/^\.P[oq] /, "."); if ($1 == ".Fn") print $2 }' ssl/libtls-openssl.7 |
	sort -u >"$work/listed"
diff "$work/subset" "$work/listed" || fail "libtls-openssl.7: its functions (>) aren't those of the headers (<)"

# Each sentence of the two pages that the project began with.
awk -F '|' '/^## / { page = substr($0, 4) } /^\| .* \| ".*" \| / { print page "|" $3 }' ../SESSIONS.md |
while IFS='|' read -r page words; do
	set -- "${page%%(*}".3*
	[ -e "$1" ] || set -- "ssl/${page%%(*}".3*
	mandoc -T ascii "$1" | sed "s/.$(printf '\b')//g" | tr -s ' \n' ' ' >"$work/text"
	words=${words# \"}
	words=${words%\" }
	grep -qF -- "$words" "$work/text" || echo "SESSIONS.md: \"$words\" isn't in $1"
done >"$work/quotes"
[ ! -s "$work/quotes" ] || { cat "$work/quotes"; fail "SESSIONS.md quotes what isn't there"; }

awk '$1 != $2' "$work/all-3" | sort >"$work/links"
diff links "$work/links" || fail "links (<) isn't what the pages' NAMEs ask for (>)"

sed 's/\.3 .*//' "$work/all-3" | sort >"$work/documented"
"${CC:-cc}" -E -P ../tls.h | grep -o '\btls_[a-z0-9_]*(' | tr -d '(' | sort >"$work/declared"
diff "$work/declared" "$work/documented" || fail "tls.h (<) and the pages' NAMEs (>) differ"
awk '/^\.S[hs]/ { on = /All functions/ } on && $1 == ".Fn" { print $2 }' tls_init.3 | sort |
	diff "$work/declared" - || fail "tls_init.3: its overview (>) hasn't the functions of tls.h (<)"

exit $status

#!/bin/sh
# Checks the manual pages: their markup, that every function of tls.h is in one
# page's NAME and has a page or a link of its own, that the prototypes are those
# of tls.h, and that the examples compile.
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
	"${CC:-cc}" -std=c11 -D_DEFAULT_SOURCE -Wall -Wextra -Werror -I.. -fsyntax-only -x c "$1"
}

mandoc -Tlint -W warning ./*.3 || fail "mandoc has complaints"

for page in *.3; do
	names "$page" | sort >"$work/names"
	{ echo '#include <tls.h>'; synopsis "$page"; } >"$work/synopsis.c"
	grep -o '\btls_[a-z0-9_]*(' "$work/synopsis.c" | tr -d '(' | sort >"$work/synopsis"
	diff "$work/names" "$work/synopsis" || fail "$page: NAME (<) and SYNOPSIS (>) differ"
	compile "$work/synopsis.c" || fail "$page: SYNOPSIS and tls.h differ"
	example "$page" >"$work/example.c"
	compile "$work/example.c" || fail "$page: EXAMPLES don't compile"
	sed "s/\$/.3 $page/" "$work/names" >>"$work/all"
done

awk '$1 != $2' "$work/all" | sort >"$work/links"
diff links "$work/links" || fail "links (<) isn't what the pages' NAMEs ask for (>)"

sed 's/\.3 .*//' "$work/all" | sort >"$work/documented"
"${CC:-cc}" -E -P ../tls.h | grep -o '\btls_[a-z0-9_]*(' | tr -d '(' | sort >"$work/declared"
diff "$work/declared" "$work/documented" || fail "tls.h (<) and the pages' NAMEs (>) differ"

exit $status

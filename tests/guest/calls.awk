# Reads what strace -f has written of calls.c, and prints how often the thread between the marks made
# each system call, and all other threads together.
/"begin"/ { thread = $1; next }
/"end"/ { thread = "" }
thread != "" && $2 !~ /^<\.\.\./ && match($2, /^[a-z0-9_]+\(/) {
	name = substr($2, 1, RLENGTH - 1)
	if ($1 == thread)
		own[name]++
	else
		others++
}
END {
	for (name in own)
		print name, own[name] | "sort"
	close("sort")
	print "others", others + 0
}

// Package programs runs programs of Debian's that link another libtls over
// ours: they find it by LD_LIBRARY_PATH under the other's soname, and do their
// work against servers of the tests' own. run.sh builds the library and runs
// the tests.
package programs

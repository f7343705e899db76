//go:build !panic

package main

// inject panics where a test of that asks for it; see inject.go.
func inject() {}

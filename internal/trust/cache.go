package trust

import (
	"crypto/sha256"
	"runtime"
	"sync"
	"weak"
)

// cache shares what was parsed from the same bytes for as long as somebody uses it, and the latest
// until something else is asked for: programs that configure each connection anew use the same
// bytes again and again.
type cache[T any] struct {
	mu      sync.Mutex
	entries map[[sha256.Size]byte]weak.Pointer[T]
	latest  *T
}

// get returns what parse makes of data, or made of it before.
func (c *cache[T]) get(data []byte, parse func(data []byte, sum [sha256.Size]byte) (*T, error)) (*T, error) {
	key := sha256.Sum256(data)
	if v := c.find(key); v != nil {
		return v, nil
	}
	v, err := parse(data, key) // without the lock, as others may wait for theirs
	if err != nil {
		return nil, err
	}
	if first := c.find(key); first != nil {
		return first, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil {
		c.entries = make(map[[sha256.Size]byte]weak.Pointer[T])
	}
	c.entries[key] = weak.Make(v)
	runtime.AddCleanup(v, c.forget, key)
	c.latest = v
	return v, nil
}

// find returns what data with that hash was parsed to, or nil.
func (c *cache[T]) find(key [sha256.Size]byte) *T {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.entries[key].Value()
	if v != nil {
		c.latest = v
	}
	return v
}

// forget drops an entry that nobody used any more, unless it has come back since.
func (c *cache[T]) forget(key [sha256.Size]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[key].Value() == nil {
		delete(c.entries, key)
	}
}

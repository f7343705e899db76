package drive

import "testing"

// Whatever changes of a connection by itself is noticed.
func TestChanged(t *testing.T) {
	for name, change := range map[string]func(c *Conn, api *int){
		"complete": func(c *Conn, _ *int) { c.Complete = true },
		"dead":     func(c *Conn, _ *int) { c.Dead = true },
		"closed":   func(c *Conn, _ *int) { c.Closed = true },
		"api":      func(_ *Conn, api *int) { *api++ },
	} {
		var c Conn
		var api int
		var k Encoded[int]
		k.Set(&c, api)
		if k.Changed(&c, api) {
			t.Error("changed by Set")
		}
		if change(&c, &api); !k.Changed(&c, api) {
			t.Errorf("%s: not noticed", name)
		}
	}
}

package drive

import "time"

// Clock tells the wall clock's time. A host program may have its own, so it is
// set once, before anything else is called.
var Clock = time.Now

// Now returns the wall clock's time.
func Now() time.Time { return Clock() }

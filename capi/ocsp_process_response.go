package main

// #include "bridge.h"
import "C"

import "sync"

//export goOCSPProcessResponse
func goOCSPProcessResponse(ctx C.uint64_t, fail *C.struct_failure, der *C.cbyte, n C.size_t, file *C.struct_file, wanted **C.char) (rc C.int) {
	defer barrier(fail, &rc, -1)
	c := context(ctx)
	if f := fileRead(file); f != nil {
		c.Put(*f)
	}
	switch done, err := c.OCSPProcessResponse(mem(der, n)); {
	case err != nil:
		return tell(fail, err)
	case !done:
		*wanted = C.CString(c.Wanted())
		return C.STEP_AGAIN
	}
	return 0
}

//export goPeerOCSPResult
func goPeerOCSPResult(ctx C.uint64_t, fail *C.struct_failure) (s *C.char) {
	defer barrier(fail, &s, nil)
	if result, ok := context(ctx).PeerOCSPResult(); ok {
		return lasting(result)
	}
	return nil
}

var lastingStrings sync.Map // string to *C.char

// lasting returns a C string that is never freed, always the same one for equal
// s. There must be only a few different ones.
func lasting(s string) *C.char {
	if c, ok := lastingStrings.Load(s); ok {
		return c.(*C.char)
	}
	c, _ := lastingStrings.LoadOrStore(s, C.CString(s))
	return c.(*C.char)
}

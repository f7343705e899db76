//go:build !nossl

package main

// #include <stdlib.h>
// #include "ssl_bridge.h"
import "C"

import (
	"libtls/internal/drive"
	"libtls/ssl"
)

// sslConn is a connection, and what its steps pass so that they needn't
// allocate it.
type sslConn struct {
	*ssl.Conn
	io drive.IO
}

func sslConnection(handle C.uint64_t) *sslConn { return must(sslConns.get(uint64(handle))) }

//export goSSLConnNew
func goSSLConnNew(fail *C.struct_ssl_failure, ctx C.uint64_t) (handle C.uint64_t) {
	defer sslBarrier(fail, &handle, 0)
	return C.uint64_t(sslConns.add(&sslConn{Conn: ssl.NewConn(sslContext(ctx))}))
}

//export goSSLConnFree
func goSSLConnFree(handle C.uint64_t, fail *C.struct_ssl_failure, bad C.bool) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	if c := sslConns.remove(uint64(handle)); c != nil {
		c.Free(bool(bad))
	}
	return 1
}

//export goSSLConnClear
func goSSLConnClear(handle C.uint64_t, fail *C.struct_ssl_failure, bad C.bool, status *C.struct_ssl_status) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	c := sslConnection(handle)
	c.Clear(bool(bad))
	c.report(status)
	return 1
}

//export goSSLConnRole
func goSSLConnRole(handle C.uint64_t, fail *C.struct_ssl_failure, client C.bool) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	sslConnection(handle).SetRole(bool(client))
	return 1
}

//export goSSLConnContext
func goSSLConnContext(handle C.uint64_t, fail *C.struct_ssl_failure, ctx C.uint64_t) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	sslConnection(handle).SetContext(sslContext(ctx))
	return 1
}

//export goSSLStep
func goSSLStep(handle C.uint64_t, fail *C.struct_ssl_failure, op C.int, s *C.struct_ssl_step) (rc C.int) {
	defer sslBarrier(fail, &rc, C.STEP_PANICKED)
	c := sslConnection(handle)
	c.io = stepInput(&s.io)
	step := c.Step(drive.Op(op), &c.io, ssl.Callbacks(s.callbacks), bool(s.lost))
	stepOutput(&s.io, &c.io)
	c.report(&s.status)
	fail.clear = C.bool(c.Entered())
	c.io = drive.IO{}
	s.io.state = c.save(s.io.state)
	in, out := c.Sequence()
	s.io.records_in, s.io.records_out = C.uint64_t(in), C.uint64_t(out)
	if step == drive.Failed {
		sslTell(fail, c.Err())
	}
	return C.int(step)
}

// report fills what C keeps of a connection.
func (c *sslConn) report(s *C.struct_ssl_status) {
	status := c.Status()
	*s = C.struct_ssl_status{
		version:     C.int(status.Version),
		suite:       C.int(status.Suite),
		complete:    C.bool(status.Complete),
		in_init:     C.bool(status.InInit),
		reused:      C.bool(status.Reused),
		peer_closed: C.bool(status.PeerClosed),
		dead:        C.bool(status.Dead),
		alerted:     C.bool(status.Alerted),
		result:      C.long(status.Result),
		auths:       C.int(status.Auths),
		sessions:    C.uint64_t(status.Sessions),
	}
}

//export goSSLAnsweredServerName
func goSSLAnsweredServerName(handle C.uint64_t, fail *C.struct_ssl_failure, answer, alert C.int) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	sslConnection(handle).AnsweredServerName(int(answer), uint8(alert))
	return 1
}

//export goSSLOfferedALPN
func goSSLOfferedALPN(handle C.uint64_t, fail *C.struct_ssl_failure, n *C.size_t) (list *C.uint8_t) {
	defer sslBarrier(fail, &list, nil)
	offered := sslConnection(handle).OfferedALPN()
	*n = C.size_t(len(offered))
	return (*C.uint8_t)(C.CBytes(offered))
}

//export goSSLAnsweredALPN
func goSSLAnsweredALPN(handle C.uint64_t, fail *C.struct_ssl_failure, answer C.int, name *C.cbyte, n C.size_t) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	sslConnection(handle).AnsweredALPN(int(answer), string(mem(name, n)))
	return 1
}

//export goSSLPreverified
func goSSLPreverified(handle C.uint64_t, fail *C.struct_ssl_failure) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	return C.int(cbool(sslConnection(handle).Preverified()))
}

//export goSSLAnsweredVerify
func goSSLAnsweredVerify(handle C.uint64_t, fail *C.struct_ssl_failure, ok C.bool) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	sslConnection(handle).AnsweredVerify(bool(ok))
	return 1
}

//export goSSLConnSession
func goSSLConnSession(handle C.uint64_t, fail *C.struct_ssl_failure) (session C.uint64_t) {
	defer sslBarrier(fail, &session, 0)
	s := sslConnection(handle).Session()
	if s != nil {
		s.Retain()
	}
	return sslSessionHandle(s)
}

//export goSSLConnSetSession
func goSSLConnSetSession(handle C.uint64_t, fail *C.struct_ssl_failure, session C.uint64_t, status *C.struct_ssl_status) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	c := sslConnection(handle)
	if session == 0 {
		c.SetSession(nil)
	} else {
		c.SetSession(sslSession(session))
	}
	c.report(status)
	return 1
}

//export goSSLConnNewTicket
func goSSLConnNewTicket(handle C.uint64_t, fail *C.struct_ssl_failure, status *C.struct_ssl_status) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	c := sslConnection(handle)
	ok := c.NewSessionTicket()
	c.report(status)
	return C.int(cbool(ok))
}

//export goSSLConnRequest
func goSSLConnRequest(handle C.uint64_t, fail *C.struct_ssl_failure, status *C.struct_ssl_status) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	c := sslConnection(handle)
	err := c.VerifyPostHandshake()
	c.report(status)
	return sslResult(fail, err)
}

//export goSSLConnKeyUpdate
func goSSLConnKeyUpdate(handle C.uint64_t, fail *C.struct_ssl_failure, kind C.int, status *C.struct_ssl_status) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	c := sslConnection(handle)
	err := c.KeyUpdate(int(kind))
	c.report(status)
	return sslResult(fail, err)
}

//export goSSLConnALPN
func goSSLConnALPN(handle C.uint64_t, fail *C.struct_ssl_failure) (name *C.char) {
	defer sslBarrier(fail, &name, nil)
	return cstring(sslConnection(handle).ALPN())
}

//export goSSLConnServerName
func goSSLConnServerName(handle C.uint64_t, fail *C.struct_ssl_failure) (name *C.char) {
	defer sslBarrier(fail, &name, nil)
	return cstring(sslConnection(handle).ServerName())
}

//export goSSLConnPeer
func goSSLConnPeer(handle C.uint64_t, fail *C.struct_ssl_failure, n *C.size_t) (der *C.uint8_t) {
	defer sslBarrier(fail, &der, nil)
	leaf := sslConnection(handle).PeerLeaf()
	if leaf == nil {
		return nil
	}
	*n = C.size_t(len(leaf))
	return (*C.uint8_t)(C.CBytes(leaf))
}

//export goSSLNames
func goSSLNames(fail *C.struct_ssl_failure, der *C.cbyte, n C.size_t, subject, issuer **C.char) (rc C.int) {
	defer sslBarrier(fail, &rc, 0)
	s, i, ok := ssl.Names(mem(der, n))
	if !ok {
		return 0
	}
	*subject, *issuer = C.CString(s), C.CString(i)
	return 1
}

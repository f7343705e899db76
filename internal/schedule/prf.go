package schedule

import "crypto"

// PRF12 is the TLS 1.2 PRF (RFC 5246, 5): n bytes of P_hash.
func PRF12(h crypto.Hash, secret []byte, label string, seed []byte, n int) []byte {
	seed = append([]byte(label), seed...)
	a := take(h)
	defer a.release(h)
	out := make([]byte, 0, n+h.Size()) // growing would leave copies of secrets behind
	for step := a.mac(nil, secret, seed); len(out) < n; step = a.mac(step[:0], secret, step) {
		out = a.mac(out, secret, step, seed)
	}
	clear(out[n:])
	return out[:n]
}

// Keys12 is a connection's key block (RFC 5246, 6.3).
type Keys12 struct {
	ClientMAC, ServerMAC, ClientKey, ServerKey, ClientIV, ServerIV []byte
}

// KeyBlock expands a master secret. seed is server_random and client_random.
func KeyBlock(h crypto.Hash, master, seed []byte, macLen, keyLen, ivLen int) *Keys12 {
	block := PRF12(h, master, "key expansion", seed, 2*(macLen+keyLen+ivLen))
	take := func(n int) []byte {
		part := block[:n:n]
		block = block[n:]
		return part
	}
	return &Keys12{take(macLen), take(macLen), take(keyLen), take(keyLen), take(ivLen), take(ivLen)}
}

// Of returns the client's or the server's keys.
func (k *Keys12) Of(client bool) (mac, key, iv []byte) {
	if client {
		return k.ClientMAC, k.ClientKey, k.ClientIV
	}
	return k.ServerMAC, k.ServerKey, k.ServerIV
}

// Wipe clears the keys.
func (k *Keys12) Wipe() {
	for _, key := range [][]byte{k.ClientMAC, k.ServerMAC, k.ClientKey, k.ServerKey, k.ClientIV, k.ServerIV} {
		clear(key)
	}
}

// Export12 returns n bytes of keying material (RFC 5705, 4). seed is
// client_random and server_random.
func Export12(h crypto.Hash, master, seed []byte, label string, context []byte, hasContext bool, n int) []byte {
	if hasContext {
		seed = append(append(append([]byte(nil), seed...), byte(len(context)>>8), byte(len(context))), context...)
	}
	return PRF12(h, master, label, seed, n)
}

package trust

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
)

// rawName encodes a name of the given relative distinguished names.
func rawName(t testing.TB, rdns ...pkix.RelativeDistinguishedNameSET) []byte {
	t.Helper()
	raw, err := asn1.Marshal(pkix.RDNSequence(rdns))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// attr makes one attribute; a string's tag is the number of its ASN.1 type.
func attr(oid asn1.ObjectIdentifier, tag int, value string) pkix.AttributeTypeAndValue {
	return pkix.AttributeTypeAndValue{Type: oid, Value: asn1.RawValue{Tag: tag, Bytes: []byte(value)}}
}

var (
	cn = asn1.ObjectIdentifier{2, 5, 4, 3}
	c  = asn1.ObjectIdentifier{2, 5, 4, 6}
	st = asn1.ObjectIdentifier{2, 5, 4, 8}
	o  = asn1.ObjectIdentifier{2, 5, 4, 10}
)

type rdn = pkix.RelativeDistinguishedNameSET

func TestOneline(t *testing.T) {
	for _, test := range []struct {
		raw  []byte
		want string
	}{
		{rawName(t), ""},
		{rawName(t, rdn{attr(c, 19, "XX")}, rdn{attr(st, 12, "State")}, rdn{attr(o, 12, "Acme, Inc")}, rdn{attr(cn, 12, "srv.test")}),
			"/C=XX/ST=State/O=Acme, Inc/CN=srv.test"},
		{rawName(t, rdn{attr(cn, 30, "\x00b\x00m\x00p")}), `/CN=\x00b\x00m\x00p`},
		{rawName(t, rdn{attr(cn, 12, "a/b+c\\ \x7f\xff\x1f~")}), `/CN=a/b+c\ \x7F\xFF\x1F~`},
		{rawName(t, rdn{attr(o, 12, "multi"), attr(cn, 12, "valued")}), "/O=multi/CN=valued"},
		{rawName(t, rdn{attr(asn1.ObjectIdentifier{1, 2, 3, 4}, 12, "x")}), "/1.2.3.4=x"},
		{rawName(t, rdn{attr(cn, 12, "")}), "/CN="},
		{rawName(t, rdn{attr(asn1.ObjectIdentifier{2, 5, 4, 45}, 3, "\x00\x01")}), `/x500UniqueIdentifier=\x01`},
		{[]byte("\x30\x0a\x31\x08\x30\x06\x06\x02\x55\x80\x0c\x00"), "/UNDEF="}, // a number without end
		{[]byte("junk"), ""},
		{[]byte("\x30\x02\x30\x00"), ""},
		{[]byte("\x30\x04\x31\x02\x30\x00"), ""},
		{nil, ""},
		{append(rawName(t, rdn{attr(cn, 12, "a")}), 0), ""},
	} {
		if got := Oneline(test.raw); got != test.want {
			t.Errorf("Oneline(%x) = %q, want %q", test.raw, got, test.want)
		}
	}
}

func TestCommonName(t *testing.T) {
	long := make([]byte, 65)
	for i := range long {
		long[i] = 'a'
	}
	for _, test := range []struct {
		raw  []byte
		want string
		err  error
	}{
		{rawName(t, rdn{attr(o, 12, "none")}), "", nil},
		{rawName(t, rdn{attr(cn, 12, "a.test")}), "a.test", nil},
		{rawName(t, rdn{attr(cn, 12, string(long[:64]))}), string(long[:64]), nil},
		{rawName(t, rdn{attr(cn, 12, string(long))}), "", errCommonNameSize},
		{rawName(t, rdn{attr(cn, 12, "")}), "", errCommonNameSize},
		{rawName(t, rdn{attr(cn, 12, "a\x00b")}), "", errCommonNameNUL},
		{rawName(t, rdn{attr(cn, 12, "a")}, rdn{attr(cn, 12, "b")}), "", errManyCommonNames},
		{rawName(t, rdn{attr(cn, 12, "a"), attr(cn, 12, "b")}), "", errManyCommonNames},
		{rawName(t, rdn{attr(cn, 12, "\xff")}), "", errCommonNameText},
		{rawName(t, rdn{attr(cn, 30, "\x00b\x00m\x00p")}), "bmp", nil},
		{rawName(t, rdn{attr(cn, 30, "\x00b\x00")}), "", errCommonNameText},
		{rawName(t, rdn{attr(cn, 30, "\xd8\x00\xdc\x00")}), "", errCommonNameText},
		{rawName(t, rdn{attr(cn, 28, "\x00\x01\xf6\x00")}), "\U0001f600", nil},
		{rawName(t, rdn{attr(cn, 28, "\x7f\x01\xf6\x00")}), "", errCommonNameText},
		{rawName(t, rdn{attr(cn, 20, "\xe9")}), "é", nil},
		{rawName(t, rdn{attr(cn, 4, "octets")}), "", errCommonNameText},
	} {
		got, err := CommonName(&x509.Certificate{RawSubject: test.raw})
		if got != test.want || err != test.err {
			t.Errorf("CommonName(%x) = %q, %v; want %q, %v", test.raw, got, err, test.want, test.err)
		}
	}
}

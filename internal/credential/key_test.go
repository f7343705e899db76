package credential

import (
	"bytes"
	"crypto"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// openssl runs the openssl command on a file in place of {}.
func openssl(t *testing.T, in []byte, args string) []byte {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("needs the openssl command")
	}
	file := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(file, in, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("openssl", strings.Fields(strings.ReplaceAll(args, "{}", file))...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("openssl %s: %v: %s", args, err, &errs)
	}
	return out
}

// The files that OpenSSL writes, with whatever they are encrypted.
func TestOpenSSLKeys(t *testing.T) {
	rsa := openssl(t, nil, "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048")
	ec := openssl(t, nil, "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256")
	ec521 := openssl(t, nil, "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521")
	ed := openssl(t, nil, "genpkey -algorithm ED25519")
	relabel := func(key []byte, from, to string) []byte {
		return bytes.ReplaceAll(key, []byte(from+"-----"), []byte(to+"-----"))
	}
	encrypted := func(how string) string { return "pkcs8 -topk8 -in {} -passout pass:secret7 " + how }
	const traditional = "rsa -traditional -passout pass:secret7 -in {} "
	for name, test := range map[string]struct {
		key, file []byte
		encrypted bool
	}{
		"PKCS#8":                  {rsa, rsa, false},
		"PKCS#1":                  {rsa, openssl(t, rsa, "rsa -traditional -in {}"), false},
		"SEC1":                    {ec, openssl(t, ec, "ec -in {}"), false},
		"PKCS#8 as RSA":           {rsa, relabel(rsa, " PRIVATE KEY", " RSA PRIVATE KEY"), false},
		"PKCS#8 as EC":            {ec, relabel(ec, " PRIVATE KEY", " EC PRIVATE KEY"), false},
		"PKCS#1 as PKCS#8":        {rsa, relabel(openssl(t, rsa, "rsa -traditional -in {}"), " RSA PRIVATE KEY", " PRIVATE KEY"), false},
		"SEC1 as PKCS#8":          {ec, relabel(openssl(t, ec, "ec -in {}"), " EC PRIVATE KEY", " PRIVATE KEY"), false},
		"byte order mark":         {ed, append([]byte("\xef\xbb\xbf"), ed...), false},
		"explicit SEC1":           {ec, openssl(t, ec, "ec -param_enc explicit -in {}"), false},
		"explicit SEC1, P-521":    {ec521, openssl(t, ec521, "ec -param_enc explicit -in {}"), false},
		"explicit, compressed":    {ec, openssl(t, ec, "ec -param_enc explicit -conv_form compressed -in {}"), false},
		"explicit PKCS#8":         {ec, openssl(t, openssl(t, ec, "ec -param_enc explicit -in {}"), "pkcs8 -topk8 -nocrypt -in {}"), false},
		"default":                 {ec, openssl(t, ec, encrypted("")), true},
		"scrypt":                  {ec, openssl(t, ec, encrypted("-scrypt")), true},
		"scrypt, N 4096":          {ec, openssl(t, ec, encrypted("-scrypt -scrypt_N 4096 -scrypt_r 4 -scrypt_p 2")), true},
		"PKCS#12's 3DES":          {ec, openssl(t, ec, encrypted("-v1 PBE-SHA1-3DES")), true},
		"AES-128, SHA-1":          {ec, openssl(t, ec, encrypted("-v2 aes-128-cbc -v2prf hmacWithSHA1")), true},
		"AES-192, SHA-224":        {ec, openssl(t, ec, encrypted("-v2 aes-192-cbc -v2prf hmacWithSHA224")), true},
		"SHA-384":                 {ed, openssl(t, ed, encrypted("-v2 aes-256-cbc -v2prf hmacWithSHA384")), true},
		"SHA-512":                 {ed, openssl(t, ed, encrypted("-v2 aes-256-cbc -v2prf hmacWithSHA512")), true},
		"SHA-512/224":             {ed, openssl(t, ed, encrypted("-v2 aes-256-cbc -v2prf hmacWithSHA512-224")), true},
		"SHA-512/256":             {ed, openssl(t, ed, encrypted("-v2 aes-256-cbc -v2prf hmacWithSHA512-256")), true},
		"3DES":                    {rsa, openssl(t, rsa, encrypted("-v2 des3")), true},
		"explicit and encrypted":  {ec, openssl(t, openssl(t, ec, "ec -param_enc explicit -in {}"), encrypted("")), true},
		"traditional AES-256":     {rsa, openssl(t, rsa, traditional+"-aes256"), true},
		"traditional AES-128":     {rsa, openssl(t, rsa, traditional+"-aes128"), true},
		"traditional 3DES":        {rsa, openssl(t, rsa, traditional+"-des3"), true},
		"encrypted, CRLF and BOM": {ec, bytes.ReplaceAll(append([]byte("\xef\xbb\xbf"), openssl(t, ec, encrypted(""))...), []byte("\n"), []byte("\r\n")), true},
	} {
		t.Run(name, func(t *testing.T) {
			want, err := ParseKey(test.key)
			if err != nil {
				t.Fatal(err)
			}
			key, err := ParseKey(test.file)
			if test.encrypted {
				if err != errEncrypted {
					t.Errorf("as it is: %v", err)
				}
				if _, err := DecryptKey(test.file, "secret8"); !errors.Is(err, ErrPassword) {
					t.Errorf("with another password: %v", err)
				}
				var text []byte
				if text, err = DecryptKey(test.file, "secret7"); err == nil {
					key, err = ParseKey(text)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			if !key.(interface{ Equal(crypto.PrivateKey) bool }).Equal(want) {
				t.Error("another key")
			}
		})
	}
	// Files that aren't read, each for a reason of its own.
	des := openssl(t, ec, encrypted("-v1 PBE-SHA1-2DES"))
	good := openssl(t, ec, encrypted(""))
	for name, test := range map[string]struct {
		file []byte
		want error
		text string
	}{
		"another scheme": {des, ErrScheme, "unknown encryption scheme pbeWithSHAAnd2-KeyTripleDES-CBC"},
		"cut off":        {good[:len(good)/2], ErrDamaged, "block 1: damaged private key"},
		"not DER":        {[]byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"), ErrDamaged, "damaged private key"},
		"damaged before": {append([]byte("-----BEGIN CERTIFICATE-----\nMIIB*\n-----END CERTIFICATE-----\n"), good...), ErrDamaged, "block 1: damaged private key"},
		"no key":         {[]byte("no key"), errNoStartLine, "no start line"},
		"Ed448":          {openssl(t, nil, "genpkey -algorithm ED448"), ErrKeyType, "unsupported algorithm Ed448"},
		"secp256k1":      {openssl(t, nil, "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1"), ErrKeyType, "unsupported algorithm ECDSA on secp256k1"},
		"RSASSA-PSS":     {openssl(t, nil, "genpkey -algorithm RSA-PSS"), ErrKeyType, "unsupported algorithm RSASSA-PSS"},
	} {
		if _, err := DecryptKey(test.file, "secret7"); !errors.Is(err, test.want) || err.Error() != test.text {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseKeyDER(f *testing.F) {
	f.Add([]byte("\x30\x03\x02\x01\x01"))
	files, _ := filepath.Glob("testdata/keys/*.pem")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if block, err := privateKeyBlock(data); err == nil {
			f.Add(block.Bytes)
		}
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		if key, err := ParseKeyDER(der); (key == nil) != (err != nil) {
			t.Error(key, err)
		}
	})
}

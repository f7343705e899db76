package suite

import (
	"strings"
	"testing"
)

// The cipher language, over TLS 1.3 (A256, C20, A128) and some of TLS 1.2.
func TestParseCiphers(t *testing.T) {
	letters := map[ID]string{
		AES256GCMSHA384: "A256", ChaCha20Poly1305SHA256: "C20", AES128GCMSHA256: "A128",
		ECDHERSAAES256GCM: "r256", ECDHEECDSAAES256GCM: "e256", ECDHEECDSAChaCha20: "e20",
		ECDHERSAAES128GCM: "r128", ECDHERSAAES256SHA384: "rcbc", ECDHERSAAES128SHA: "rsha",
	}
	var known []*Suite
	for _, name := range strings.Fields("A256 C20 A128 r256 e256 e20 r128 rcbc rsha") {
		for id, letter := range letters {
			if letter == name {
				known = append(known, ByID(id))
			}
		}
	}
	defer func(old bool) { hasAES = old }(hasAES)
	for _, aes := range []bool{true, false} {
		hasAES = aes
		const modern = "A256 C20 A128 "
		for list, want := range map[string]string{
			"secure": modern + "r256 e256 e20 r128", "SECURE": modern + "r256 e256 e20 r128",
			"default": modern + "r256 e256 e20 r128",
			"compat":  modern + "r256 e256 e20 r128 rcbc rsha", "Legacy": modern + "r256 e256 e20 r128 rcbc rsha",
			"all": modern + "r256 e256 e20 r128 rcbc rsha", "insecure": modern + "r256 e256 e20 r128 rcbc rsha",
			"": "", "bogus": "", "aNULL": "", "eNULL": "", "RC4": "", "secure:bogus": "",
			"ECDHE-RSA-AES128-GCM-SHA256":                         modern + "r128",
			"ECDHE-RSA-AES128-GCM-SHA256,bogus":                   modern + "r128",
			"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256":               modern + "r128",
			"ecdhe-rsa-aes128-gcm-sha256":                         "",
			"ECDHE-RSA-AES128-SHA; ECDHE-ECDSA-CHACHA20-POLY1305": modern + "rsha e20",
			"TLSv1.3":          "A256 C20 A128",
			"TLSv1.3+CHACHA20": "C20",
			"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384": "A128 A256",
			"TLS_AES_128_GCM_SHA256:ECDHE+AES128":           "A128 r128 rsha",
			"HIGH:!TLS_AES_128_GCM_SHA256":                  "A256 C20 r256 e256 e20 r128 rcbc rsha",
			"HIGH:!TLSv1.3":                                 "r256 e256 e20 r128 rcbc rsha",
			"TLSv1.3:!TLSv1.3":                              "",
			"ECDSA":                                         modern + "e256 e20",
			"ECDHE+aRSA+AESGCM":                             modern + "r256 r128",
			"ECDHE+bogus:aECDSA":                            modern + "e256 e20",
			"AES256:!SHA384":                                modern + "r256 e256",
			"SHA:SHA384":                                    modern + "rsha rcbc",
			"TLSv1.2":                                       modern + "r256 e256 e20 r128 rcbc",
			"ALL:-AES:AES128":                               modern + "e20 r128 rsha",
			"ALL:!AES:AES128":                               modern + "e20",
			"ECDHE:+AESGCM":                                 modern + "e20 rcbc rsha r256 e256 r128",
			"AES128:AES256:@STRENGTH":                       modern + "r256 e256 rcbc r128 rsha",
			"AES128:AES256@STRENGTH":                        modern + "r256 e256 rcbc r128 rsha",
			"DEFAULT@SECLEVEL=4":                            modern + "r256 e256 e20 rcbc",
			"ALL!@STRENGTH":                                 "",
			"ALL:@SECLEVEL=4":                               modern + "r256 e256 e20 rcbc",
			"ALL:@SECLEVEL=6":                               "",
			"ALL:@SECLEVEL=x":                               "",
			"ALL:@BOGUS":                                    "",
			"@STRENGTH":                                     "",
			"DEFAULT:!CHACHA20":                             modern + "r256 e256 r128 rcbc rsha",
			"ALL:!":                                         "",
			"ALL:ECDHE+":                                    "",
			"ALL:a\"b":                                      "",
			":: ;,":                                         "",
		} {
			var got []string
			for _, id := range parseCiphers(list, known) {
				got = append(got, letters[id])
			}
			if have := strings.Join(got, " "); aes && have != strings.TrimSpace(want) {
				t.Errorf("%q: %s; want %s", list, have, want)
			} else if !aes && (have == "") != (want == "") {
				t.Errorf("%q without AES: %s", list, have)
			} else if !aes && list == "secure" && have != "C20 A256 A128 e20 r256 e256 r128" {
				t.Errorf("order without AES: %s", have)
			}
		}
	}
}

func FuzzParseCiphers(f *testing.F) {
	for _, list := range []string{"secure", "HIGH:!aNULL", "ECDHE+AESGCM:-AES:+ALL:@STRENGTH", "@SECLEVEL=2:TLSv1.3", "DEFAULT;!x"} {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		seen := map[ID]bool{}
		for _, id := range ParseCiphers(list) {
			if seen[id] {
				t.Errorf("%#x twice", id)
			}
			seen[id] = true
		}
	})
}

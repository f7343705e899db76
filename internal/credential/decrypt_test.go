package credential

import (
	"os"
	"path/filepath"
	"testing"
)

func FuzzDecryptKey(f *testing.F) {
	files, _ := filepath.Glob("testdata/keys/*.pem")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "secret")
	}
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		key, err := DecryptKey(data, password)
		if err != nil {
			return
		}
		if _, err := ParseKey(key); err != nil {
			t.Error(err)
		}
	})
}

package trust

import "sync"

// maxBundle is the largest file of certificates that is read.
const maxBundle = 64 << 20

// bundles is where systems keep their trusted certificates in one file.
var bundles = []string{
	"/etc/ssl/certs/ca-certificates.crt",                // Debian, Alpine
	"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora up to 42
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora
	"/etc/ssl/cert.pem",                                 // OpenBSD, Alpine without ca-certificates
}

// hashedDirs is where OpenSSL has its certificate directory on those systems.
var hashedDirs = []string{"/etc/ssl/certs", "/etc/pki/tls/certs"}

// DefaultFile returns the file in which this system keeps its trusted certificates; OpenBSD's
// place for it if there is none.
func DefaultFile() string {
	for _, path := range bundles {
		if _, err := stat(path); err == nil {
			return path
		}
	}
	return bundles[len(bundles)-1]
}

// systemStore is the system's bundle as it was last read.
var systemStore struct {
	mu   sync.Mutex
	path string
	id   identity
	a    *Anchors
}

// SystemAnchors returns the system's trust store: its bundle, and its hashed directory for what the
// bundle doesn't have. certFile and certDir, if not empty, stand in their place: the values of
// SSL_CERT_FILE and SSL_CERT_DIR. A bundle that can't be used is an error only if the directory
// isn't there either; errors of the system are *fs.PathError with an errno. The bundle is read
// again only if the file has changed.
func SystemAnchors(certFile, certDir string) (*Anchors, error) {
	dirs := hashedDirs
	if certDir != "" {
		dirs = splitDirs(certDir)
	}
	if certFile == "" {
		certFile = DefaultFile()
	}
	bundle, err := readBundle(certFile)
	if err == nil {
		return &Anchors{bySubject: bundle.bySubject, damaged: bundle.damaged, dirs: dirs}, nil
	}
	for _, dir := range dirs {
		if isDir(dir) {
			return &Anchors{dirs: dirs}, nil
		}
	}
	return nil, err
}

// readBundle parses a file of anchors, or returns what it parsed before if that is the same file.
func readBundle(path string) (*Anchors, error) {
	s := &systemStore
	s.mu.Lock()
	defer s.mu.Unlock()
	if id, err := stat(path); err == nil && s.a != nil && s.path == path && s.id == id {
		return s.a, nil
	}
	data, id, err := readFile(path, maxBundle)
	if err != nil {
		return nil, err
	}
	a, err := ParseAnchors(data)
	if err != nil {
		return nil, err
	}
	s.path, s.id, s.a = path, id, a
	return a, nil
}

package man

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const errorsPage = "libtls-errors.7"

// rooms are the directories whose texts reach a program.
var rooms = []string{
	"..", "../tls", "../ssl", "../capi", "../internal/credential", "../internal/descriptor", "../internal/drive", "../internal/pem",
	"../internal/protocol", "../internal/record", "../internal/suite", "../internal/trust",
}

// constructors make errors of their first argument.
var constructors = map[string]bool{
	"New": true, "Errorf": true, "failure": true, "invalidArgument": true, "invalidContext": true,
	"commonNameError": true, "because": true,
}

// noTexts are literals that look like texts and reach no program, with the reason.
var noTexts = map[string]string{
	"-----BEGIN %s":          "PEM",
	"-----BEGIN %s-----\n":   "PEM",
	"-----END %s-----\n":     "PEM",
	"client finished":        "label of TLS 1.2",
	"server finished":        "label of TLS 1.2",
	"master secret":          "label of TLS 1.2",
	"extended master secret": "label of TLS 1.2",
	"key expansion":          "label of TLS 1.2",
	"libtls full handshake ": "mark in sessions",
	"ocsp staple":            "kind of data",
	"key log":                "kind of file",
	"session file":           "kind of file",
	"ticket key":             "kind of file",

	"BIO routines":              "name of a library",
	"PEM routines":              "name of a library",
	"SSL routines":              "name of a library",
	"asn1 encoding routines":    "name of a library",
	"system library":            "name of a library",
	"x509 certificate routines": "name of a library",
	"not available":             "version",
	"ok":                        "no error",

	"before SSL initialization":             "state",
	"SSL negotiation in progress":           "state",
	"SSL negotiation finished successfully": "state",

	"alert sent":                                       "the error that the alert was sent for is told",
	"a field of the session is out of range":           "such a session isn't stored",
	"not a session in SSL_SESSION's encoding":          "such a session isn't used",
	"no certificate found":                             "tls has a text of its own for it",
	"record: bad MAC":                                  "protocol has a text of its own for it",
	"record: plaintext too long":                       "protocol has a text of its own for it",
	"record: plaintext without a content type":         "protocol has a text of its own for it",
	"record: protected record with another outer type": "protocol has a text of its own for it",
}

// words finds texts of more than one word.
var words = regexp.MustCompile(`[A-Za-z0-9')]:? [a-z%'(]`)

// texts holds patterns of texts, with the file that each one is in.
type texts map[string]string

var verb = regexp.MustCompile(`%[-+.0-9]*[a-z]`)

// format makes a pattern of a text that has verbs as printf's.
func format(text string) string {
	parts := verb.Split(text, -1)
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return strings.Join(parts, ".+")
}

// concatenation is the pattern of an expression that is a string, "" if it has no literal part.
func concatenation(e ast.Expr) (pattern string, literal bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return format(text), true
		}
	case *ast.BinaryExpr:
		left, l := concatenation(e.X)
		right, r := concatenation(e.Y)
		return left + right, l || r
	case *ast.ParenExpr:
		return concatenation(e.X)
	}
	return ".+", false
}

func (t texts) addGo(file string, f *ast.File) {
	add := func(e ast.Expr, always bool) {
		pattern, ok := concatenation(e)
		plain := strings.ReplaceAll(strings.ReplaceAll(pattern, ".+", "%s"), "\\", "")
		if !ok || !always && !words.MatchString(plain) || strings.Trim(plain, "%s: ") == "" {
			return
		}
		if _, ok := noTexts[plain]; !ok {
			t[pattern] = file
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.CallExpr:
			name := ""
			switch f := n.Fun.(type) {
			case *ast.Ident:
				name = f.Name
			case *ast.SelectorExpr:
				name = f.Sel.Name
			}
			if name == "panic" {
				return false
			}
			if constructors[name] && len(n.Args) > 0 {
				add(n.Args[0], true)
			}
		case *ast.CompositeLit:
			var code, text ast.Expr
			for _, e := range n.Elts {
				kv, ok := e.(*ast.KeyValueExpr)
				if !ok {
					continue
				}
				switch key, _ := kv.Key.(*ast.Ident); {
				case key == nil:
				case key.Name == "Code":
					code = kv.Value
				case key.Name == "Text":
					text = kv.Value
				}
			}
			// What protocol.Error.Error makes of a code.
			if text != nil {
				add(text, true)
			} else if lit, ok := code.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				name := strings.ToLower(strings.ReplaceAll(lit.Value, "_", " "))
				add(&ast.BasicLit{Kind: token.STRING, Value: name}, true)
			}
		case *ast.BinaryExpr:
			add(n, false)
			return false
		case *ast.BasicLit:
			add(n, false)
		}
		return true
	})
}

var (
	comments = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`)
	includes = regexp.MustCompile(`(?m)^#include.*$`)
	literals = regexp.MustCompile(`"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*`)
	settings = regexp.MustCompile(`error_(?:set|errno)\([^;"]*("(?:[^"\\]|\\.)*")`)
	// entries are those of tables that have a text for each number.
	entries = regexp.MustCompile(`\{ [A-Z0-9_]+, ("(?:[^"\\]|\\.)*") \}`)
)

func (t texts) addC(file, source string) {
	source = includes.ReplaceAllString(comments.ReplaceAllString(source, ""), "")
	add := func(literal string, always bool) {
		text := ""
		for _, part := range regexp.MustCompile(`"(?:[^"\\]|\\.)*"`).FindAllString(literal, -1) {
			s, err := strconv.Unquote(part)
			if err != nil {
				return
			}
			text += s
		}
		if (always || words.MatchString(text)) && strings.Trim(text, "%s: ") != "" && noTexts[text] == "" {
			t[format(text)] = file
		}
	}
	for _, literal := range literals.FindAllString(source, -1) {
		add(literal, false)
	}
	for _, re := range []*regexp.Regexp{settings, entries} {
		for _, m := range re.FindAllStringSubmatch(source, -1) {
			add(m[1], true)
		}
	}
}

// addX509 adds the reasons of a function of crypto/x509, as trust tells them.
func (t texts) addX509(dir, function string) error {
	file := filepath.Join(dir, "parser.go")
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		return err
	}
	f.Decls = slices.DeleteFunc(f.Decls, func(d ast.Decl) bool {
		decl, ok := d.(*ast.FuncDecl)
		return !ok || decl.Name.Name != function
	})
	told := texts{}
	told.addGo(file, f)
	for pattern := range told {
		t[strings.TrimPrefix(pattern, "x509: ")] = file
	}
	return nil
}

// sources collects the texts of the library.
func sources(t *testing.T) texts {
	all := texts{}
	for _, room := range rooms {
		p, err := build.ImportDir(room, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range append(p.GoFiles, p.CgoFiles...) {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(room, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			all.addGo(filepath.Join(room, name), f)
		}
	}
	for _, pattern := range []string{"../capi/*.c", "../capi/*.h"} {
		files, _ := filepath.Glob(pattern)
		for _, name := range files {
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all.addC(name, string(source))
		}
	}
	x509, err := build.Import("crypto/x509", "", build.FindOnly)
	if err == nil {
		err = all.addX509(x509.Dir, "ParseRevocationList")
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// explained returns the texts that the page of errors explains.
func explained(t *testing.T) (items []string) {
	page, err := os.ReadFile(errorsPage)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(page)) {
		if text, ok := strings.CutPrefix(line, ".It Qq "); ok {
			items = append(items, strings.TrimSpace(strings.NewReplacer(`\&`, "", `\(dq`, `"`).Replace(text)))
		}
	}
	return items
}

// The page of errors has each text that the library has for programs, and no other.
func TestTexts(t *testing.T) {
	all := sources(t)
	items := explained(t)
	used := map[string]bool{}
	for _, pattern := range slices.Sorted(maps.Keys(all)) {
		re := regexp.MustCompile("^(?:" + pattern + ")(: reason)?$")
		found := false
		for _, text := range items {
			if re.MatchString(text) {
				used[text] = true
				found = true
			}
		}
		if !found {
			t.Errorf("%s: %s doesn't explain %q", all[pattern], errorsPage, pattern)
		}
	}
	for _, item := range items {
		if !used[item] {
			t.Errorf("%s: %q is in no source", errorsPage, item)
		}
	}
}

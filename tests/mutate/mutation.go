package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A mutation is a file with one place of it changed.
type mutation struct {
	name          string
	line          int
	old, new      string // of the place
	before, after []byte // the file
	tests         []string
}

func (m mutation) String() string {
	return fmt.Sprintf("%s:%d: %s => %s", m.name, m.line, oneLine(m.old), oneLine(m.new))
}

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 100 {
		s = s[:100] + "..."
	}
	return s
}

// write puts content in the place of the file, in the copy.
func (m mutation) write(content []byte) {
	if err := os.WriteFile(filepath.Join(copied, m.name), content, 0o666); err != nil {
		log.Fatal(err)
	}
}

// Operators, and what stands in for them.
var swapped = map[token.Token]string{
	token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">",
	token.EQL: "!=", token.NEQ: "==", token.LAND: "||", token.LOR: "&&",
	token.ADD: "-", token.SUB: "+", token.MUL: "/", token.QUO: "*", token.REM: "*",
	token.AND: "|", token.OR: "&", token.SHL: ">>",
}

// Names, and what stands in for them.
var renamed = map[string]string{"true": "false", "false": "true", "min": "max", "max": "min"}

// A mutator finds what can be changed in one file.
type mutator struct {
	set    *token.FileSet
	name   string
	source []byte
	found  []mutation
}

func mutate(name string, source []byte) []mutation {
	m := &mutator{set: token.NewFileSet(), name: name, source: source}
	file, err := parser.ParseFile(m.set, name, source, parser.SkipObjectResolution)
	if err != nil {
		log.Fatal(err)
	}
	for _, d := range file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
			continue
		}
		ast.PreorderStack(d, nil, m.visit)
	}
	return m.found
}

func (m *mutator) text(n ast.Node) string {
	return string(m.source[m.set.Position(n.Pos()).Offset:m.set.Position(n.End()).Offset])
}

func (m *mutator) replace(n ast.Node, with string) { m.replaceAt(n.Pos(), n.End(), with) }

func (m *mutator) replaceAt(pos, end token.Pos, with string) {
	from, to := m.set.Position(pos), m.set.Position(end)
	m.found = append(m.found, mutation{
		name:   m.name,
		line:   from.Line,
		old:    string(m.source[from.Offset:to.Offset]),
		new:    with,
		before: m.source,
		after:  slices.Concat(m.source[:from.Offset], []byte(with), m.source[to.Offset:]),
	})
}

// drop leaves one element of a list out.
func (m *mutator) drop(n ast.Node) {
	end := n.End()
	if m.source[m.set.Position(end).Offset] == ',' {
		end++
	}
	m.replaceAt(n.Pos(), end, "")
}

func (m *mutator) visit(n ast.Node, above []ast.Node) bool {
	switch n := n.(type) {
	case *ast.IfStmt:
		m.replace(n.Cond, "!("+m.text(n.Cond)+")")
	case *ast.BinaryExpr:
		if with := swapped[n.Op]; with != "" {
			m.replaceAt(n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), with)
		}
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			m.replace(n, m.text(n.X))
		}
	case *ast.BasicLit:
		if v, err := strconv.ParseInt(n.Value, 0, 64); err == nil && n.Kind == token.INT {
			m.replace(n, strconv.FormatInt(v+1, 10))
		}
	case *ast.Ident:
		if with := renamed[n.Name]; with != "" {
			m.replace(n, with)
		}
	case *ast.ExprStmt, *ast.IncDecStmt, *ast.DeferStmt:
		m.replace(n, "{}")
	case *ast.BranchStmt:
		if n.Tok == token.CONTINUE || n.Tok == token.BREAK {
			m.replace(n, "{}")
		}
	case *ast.AssignStmt:
		m.assignment(n)
	case *ast.CaseClause:
		if len(n.List) > 1 {
			for _, x := range n.List[:len(n.List)-1] {
				m.drop(x)
			}
		}
	case *ast.CompositeLit:
		for _, x := range n.Elts {
			m.drop(x)
		}
	case *ast.CallExpr:
		if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "append" {
			m.replace(n, m.text(n.Args[0]))
		}
	case *ast.ReturnStmt:
		if len(n.Results) > 0 && fails(above) {
			if last := n.Results[len(n.Results)-1]; m.text(last) != "nil" {
				m.replace(last, "nil")
			}
		}
	}
	return true
}

// assignment drops one that declares nothing, and has those who miss what it used content.
func (m *mutator) assignment(n *ast.AssignStmt) {
	if n.Tok == token.DEFINE {
		return
	}
	var blanks, values []string
	for _, x := range n.Rhs {
		blanks, values = append(blanks, "_"), append(values, m.text(x))
	}
	if len(n.Lhs) == len(n.Rhs) {
		m.replace(n, strings.Join(blanks, ", ")+" = "+strings.Join(values, ", "))
	}
	if n.Tok != token.ASSIGN {
		m.replaceAt(n.TokPos, n.TokPos+token.Pos(len(n.Tok.String())), "=")
	}
}

// fails tells whether the last result of the function around is an error.
func fails(above []ast.Node) bool {
	for _, n := range slices.Backward(above) {
		var results *ast.FieldList
		switch n := n.(type) {
		case *ast.FuncDecl:
			results = n.Type.Results
		case *ast.FuncLit:
			results = n.Type.Results
		default:
			continue
		}
		if results == nil {
			return false
		}
		last, ok := results.List[len(results.List)-1].Type.(*ast.Ident)
		return ok && last.Name == "error"
	}
	return false
}

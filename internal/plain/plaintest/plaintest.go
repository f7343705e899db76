// Package plaintest tests that package plain's walk through a struct leaves no
// field out.
package plaintest

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"
	"unsafe"

	"libtls/internal/plain"
)

// Struct says how a T is encoded. Fields are named by their path, "a.b": it
// passes through pointers and into the elements of slices.
type Struct[T any] struct {
	New  func() *T // makes the value of which one field after the other is changed
	Into func() *T // makes a value to decode into
	Walk func(*T, *plain.Coder)
	// Change has the fields that not every value fits. It gives them another
	// one, and changes those along with them that have to fit.
	Change map[string]func(*T)
	// Omit has the fields that aren't encoded, and why nobody misses them.
	Omit map[string]string
}

// Check gives each field, also those of the structs inside, another value. It
// fails unless the encoding changes and decodes to that value, or the field is
// in Omit.
func (s Struct[T]) Check(t *testing.T) {
	t.Helper()
	c := checker[T]{Struct: s, t: t, seen: make(map[string]bool)}
	if !bytes.Equal(c.encode(s.New()), c.encode(s.New())) {
		t.Fatal("New makes values that differ")
	}
	c.visit("", reflect.TypeFor[T](), nil, func(root reflect.Value, _ bool) reflect.Value { return root })
	for name := range s.Change {
		if !c.seen[name] {
			t.Errorf("Change names %s, which isn't there", name)
		}
	}
	for name, why := range s.Omit {
		if !c.seen[name] || why == "" {
			t.Errorf("Omit names %s, which isn't there or has no reason", name)
		}
	}
}

// place finds a field in a struct. It makes what is missing on the way if make
// is set; otherwise it returns an invalid Value.
type place func(root reflect.Value, make bool) reflect.Value

type checker[T any] struct {
	Struct[T]
	t    *testing.T
	seen map[string]bool
}

func (c *checker[T]) encode(v *T) []byte {
	return plain.Encode(func(p *plain.Coder) { c.Walk(v, p) })
}

// visit checks what at finds, which has that name and type and lies in structs
// of the types outer.
func (c *checker[T]) visit(name string, typ reflect.Type, outer []reflect.Type, at place) {
	c.seen[name] = true
	if change := c.Change[name]; change != nil {
		base, v := c.New(), c.New()
		change(v)
		c.check(name, base, v, at)
		return
	}
	if path := typ.PkgPath(); c.Omit[name] != "" && (path == "sync" || path == "sync/atomic") {
		return
	}
	base, v := c.New(), c.New()
	at(value(base), true)
	changed := change(at(value(v), true))
	if c.Omit[name] != "" {
		if changed && !bytes.Equal(c.encode(base), c.encode(v)) {
			c.t.Errorf("Omit names %s, which is encoded", name)
		}
		return
	}
	if changed {
		c.check(name, base, v, at)
	}
	c.inside(name, typ, outer, at, changed)
}

// inside visits the parts of what at finds. Checked tells that there may be
// none.
func (c *checker[T]) inside(name string, typ reflect.Type, outer []reflect.Type, at place, checked bool) {
	switch typ.Kind() {
	case reflect.Struct:
		if path := typ.PkgPath(); path == "sync" || path == "sync/atomic" {
			c.t.Errorf("%s is neither in Change nor in Omit", name)
			return
		}
		if typ == timeType || slices.Contains(outer, typ) {
			return
		}
		for i := range typ.NumField() {
			f := typ.Field(i)
			c.visit(join(name, f.Name), f.Type, append(outer, typ), func(root reflect.Value, make bool) reflect.Value {
				v := at(root, make)
				if !v.IsValid() {
					return v
				}
				return reachable(v.Field(i))
			})
		}
	case reflect.Array:
		for i := range typ.Len() {
			if typ.Elem().Kind() == reflect.Uint8 && i > 0 && i < typ.Len()-1 {
				continue
			}
			c.visit(fmt.Sprintf("%s[%d]", name, i), typ.Elem(), outer, func(root reflect.Value, make bool) reflect.Value {
				return at(root, make).Index(i)
			})
		}
	case reflect.Pointer:
		c.inside(name, typ.Elem(), outer, func(root reflect.Value, make bool) reflect.Value {
			v := at(root, make)
			if v.IsValid() && v.IsNil() && make {
				v.Set(reflect.New(typ.Elem()))
			}
			if !v.IsValid() {
				return v
			}
			return v.Elem()
		}, checked)
	case reflect.Slice:
		if typ.Elem().Kind() == reflect.Uint8 {
			return
		}
		element := func(root reflect.Value, make bool) reflect.Value {
			v := at(root, make)
			if v.IsValid() && v.Len() == 0 && make {
				v.Set(reflect.MakeSlice(typ, 1, 1))
			}
			if !v.IsValid() || v.Len() == 0 {
				return reflect.Value{}
			}
			return v.Index(0)
		}
		base, v := c.New(), c.New()
		at(value(base), true)
		element(value(v), true)
		if changed := change(element(value(v), true)); changed {
			c.check(name+"'s elements", base, v, at)
		}
		c.inside(name, typ.Elem(), outer, element, true)
	default:
		if !checked {
			c.t.Errorf("%s is neither in Change nor in Omit, and can't be changed by itself", name)
		}
	}
}

// check compares what becomes of base and of v, in which at finds another value.
func (c *checker[T]) check(name string, base, v *T, at place) {
	data := c.encode(v)
	if bytes.Equal(data, c.encode(base)) {
		c.t.Errorf("%s isn't encoded, nor named as not needed", name)
		return
	}
	got := c.Into()
	if err := plain.Decode(data, func(p *plain.Coder) { c.Walk(got, p) }); err != nil {
		c.t.Errorf("%s: %v", name, err)
		return
	}
	want, have := at(value(v), false), at(value(got), false)
	if !have.IsValid() || !reflect.DeepEqual(have.Interface(), want.Interface()) {
		c.t.Errorf("%s: %v is decoded, %v was encoded", name, have, want)
	}
}

func value[T any](v *T) reflect.Value { return reflect.ValueOf(v).Elem() }

// reachable is a field as if it were exported.
func reachable(field reflect.Value) reflect.Value {
	return reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem()
}

func join(name, field string) string {
	if name == "" {
		return field
	}
	return name + "." + field
}

var timeType = reflect.TypeFor[time.Time]()

// change gives v another value, if its type is one for which it can. A pointer
// that is there stays.
func change(v reflect.Value) bool {
	switch {
	case v.Type() == timeType:
		v.Set(reflect.ValueOf(time.Unix(v.Interface().(time.Time).Unix()&0xffff+1, 7)))
		return true
	case v.Kind() == reflect.Bool:
		v.SetBool(!v.Bool())
	case v.CanInt():
		v.SetInt(v.Int() + 1)
	case v.CanUint():
		v.SetUint(v.Uint() + 1)
	case v.Kind() == reflect.String:
		v.SetString(v.String() + "x")
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		v.SetBytes(append(bytes.Clone(v.Bytes()), 1))
	case v.Kind() == reflect.Slice:
		v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
	case v.Kind() == reflect.Pointer && v.IsNil() && v.Type().Elem().Kind() == reflect.Struct:
		v.Set(reflect.New(v.Type().Elem()))
	default:
		return false
	}
	return true
}

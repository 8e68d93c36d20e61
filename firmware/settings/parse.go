package settings

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

const (
	maxDepth    = 8  // parts of a key whose line is looked for; ours have at most 3
	maxProblems = 50 // problems named of one file
)

// Parse lays the keys of doc over base. What doc does not name stays as in base, but a list,
// [[line]] too, is replaced as a whole. The error is of type Problems and names everything that is
// wrong; name is the file's name in it.
func Parse(name string, doc []byte, base File) (File, error) {
	r := &reader{file: name, doc: doc}
	if len(doc) > maxFile {
		r.report("", "longer than %d bytes", maxFile)
		return base, r.problems
	}
	tree := map[string]any{}
	if err := toml.Unmarshal(doc, &tree); err != nil {
		r.syntax(err)
		return base, r.problems
	}
	r.at = offsets(doc)
	out := base
	r.table(reflect.ValueOf(&out).Elem(), tree, "")
	if len(r.problems) == 0 {
		r.together(&out)
	}
	if len(r.problems) > 0 {
		slices.SortStableFunc(r.problems, func(a, b Problem) int { return a.Line - b.Line })
		return base, r.problems
	}
	return out, nil
}

// reader is a Parse in progress.
type reader struct {
	file     string
	doc      []byte
	at       map[string]int // key -> offset in doc
	problems Problems
}

func (r *reader) report(key, format string, args ...any) {
	if len(r.problems) == maxProblems {
		return
	}
	p := Problem{File: r.file, Key: key, Text: fmt.Sprintf(format, args...)}
	for k := key; k != ""; k = k[:max(0, strings.LastIndexByte(k, '.'))] { // a key that is missing: its table
		if at, ok := r.at[k]; ok {
			p.Line = 1 + bytes.Count(r.doc[:at], []byte("\n"))
			break
		}
	}
	r.problems = append(r.problems, p)
}

func (r *reader) syntax(err error) {
	p := Problem{File: r.file, Text: strings.TrimPrefix(err.Error(), "toml: ")}
	var at *toml.DecodeError
	if errors.As(err, &at) {
		p.Line, _ = at.Position()
		p.Key = strings.Join(at.Key(), ".")
	}
	r.problems = append(r.problems, p)
}

// table puts a TOML table into a struct.
func (r *reader) table(dst reflect.Value, in map[string]any, at string) {
	fields := map[string]reflect.StructField{}
	for f := range fieldsOf(dst.Type()) {
		fields[f.Tag.Get("toml")] = f
	}
	for _, key := range slices.Sorted(maps.Keys(in)) {
		if len(r.problems) == maxProblems {
			return
		}
		path := join(at, key)
		f, ok := fields[key]
		if !ok {
			r.report(path, "unknown key%s", suggest(key, slices.Sorted(maps.Keys(fields))))
			continue
		}
		r.value(dst.FieldByIndex(f.Index), f, in[key], path)
	}
}

// value puts one TOML value into a field, after checking it by the field's tags.
func (r *reader) value(dst reflect.Value, f reflect.StructField, in any, path string) {
	switch dst.Addr().Interface().(type) {
	case *string:
		if s, ok := in.(string); r.want(ok, path, "a text in quotes", in) && r.ok(path, checkText(f, s)) {
			dst.SetString(s)
		}
	case *Secret:
		if s, ok := in.(string); r.want(ok, path, "a text in quotes", nil) && r.ok(path, checkText(f, s)) {
			dst.Set(reflect.ValueOf(NewSecret(s)))
		}
	case *bool:
		if b, ok := in.(bool); r.want(ok, path, "true or false", in) {
			dst.SetBool(b)
		}
	case *int:
		if n, ok := in.(int64); r.want(ok, path, "a whole number", in) && r.ok(path, checkNumber(f, n)) {
			dst.SetInt(n)
		}
	case *[]string:
		r.list(dst, f, in, path)
	case *[]Line:
		r.tables(dst, f, in, path, reflect.ValueOf(DefaultLine()))
	case *[]Profile:
		r.tables(dst, f, in, path, reflect.ValueOf(Profile{}))
	default:
		if m, ok := in.(map[string]any); r.want(ok, path, "a table", in) {
			r.table(dst, m, path)
		}
	}
}

func (r *reader) list(dst reflect.Value, f reflect.StructField, in any, path string) {
	list, ok := in.([]any)
	if !r.want(ok, path, "a list in [ ]", in) || !r.want(len(list) <= maxList, path, fmt.Sprintf("at most %d entries", maxList), nil) {
		return
	}
	out := make([]string, len(list))
	for i, v := range list {
		s, ok := v.(string)
		if at := join(path, strconv.Itoa(i)); r.want(ok, at, "a text in quotes", v) {
			r.ok(at, checkText(f, s))
		}
		out[i] = s
	}
	dst.Set(reflect.ValueOf(out))
}

// tables puts an array of TOML tables into a list of structs, each laid over fresh.
func (r *reader) tables(dst reflect.Value, f reflect.StructField, in any, path string, fresh reflect.Value) {
	list, ok := in.([]any)
	if !r.want(ok, path, "written as [["+path+"]]", in) {
		return
	}
	if most, _ := strconv.Atoi(f.Tag.Get("most")); len(list) > most {
		r.report(path, "at most %d of them, not %d", most, len(list))
		return
	}
	out := reflect.MakeSlice(dst.Type(), len(list), len(list))
	for i, v := range list {
		out.Index(i).Set(fresh)
		at := join(path, strconv.Itoa(i))
		if m, ok := v.(map[string]any); r.want(ok, at, "a table", v) {
			r.table(out.Index(i), m, at)
		}
	}
	dst.Set(out)
}

// want reports a value that is not what it must be; got is shown, unless nil.
func (r *reader) want(ok bool, path, what string, got any) bool {
	if ok {
		return true
	}
	if got == nil {
		r.report(path, "must be %s", what)
	} else {
		r.report(path, "must be %s, not %s", what, kindOf(got))
	}
	return false
}

func (r *reader) ok(path string, err error) bool {
	if err != nil {
		r.report(path, "%v", err)
	}
	return err == nil
}

func kindOf(v any) string {
	switch v := v.(type) {
	case string:
		return "the text " + strconv.Quote(shorten(v))
	case int64, float64, bool:
		return fmt.Sprintf("%v", v)
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	}
	return "a date"
}

// shorten keeps what is quoted from a file short enough for a screen.
func shorten(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "..."
	}
	return s
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// offsets finds where each key of a valid document stands: go-toml tells the line of a syntax
// error, but not that of a value which is well written and wrong.
func offsets(doc []byte) map[string]int {
	x := index{at: map[string]int{}, entries: map[string]int{}}
	x.parser.Reset(doc)
	table := ""
	for x.parser.NextExpression() {
		switch e := x.parser.Expression(); e.Kind {
		case unstable.Table:
			table = x.path("", e.Key(), false)
		case unstable.ArrayTable:
			table = x.path("", e.Key(), true)
		case unstable.KeyValue:
			x.keyValue(table, e)
		}
	}
	return x.at
}

type index struct {
	parser  unstable.Parser
	at      map[string]int
	entries map[string]int // array of tables -> how many have begun
}

// path resolves a key below a table to its full name, with the number of the entry where an array
// of tables stands on the way.
func (x *index) path(table string, key unstable.Iterator, begins bool) string {
	at, offset := table, 0
	for depth := 0; depth < maxDepth && key.Next(); depth++ {
		at, offset = join(at, string(key.Node().Data)), int(key.Node().Raw.Offset)
		if _, known := x.at[at]; !known {
			x.at[at] = offset
		}
		last := key.IsLast()
		if begins && last {
			x.entries[at]++
		}
		if n := x.entries[at]; n > 0 {
			at = join(at, strconv.Itoa(n-1))
		}
	}
	x.at[at] = offset
	return at
}

func (x *index) keyValue(table string, n *unstable.Node) {
	at := x.path(table, n.Key(), false)
	x.value(at, x.at[at], n.Value())
}

func (x *index) value(at string, offset int, n *unstable.Node) {
	x.at[at] = offset
	if strings.Count(at, ".") > maxDepth {
		return
	}
	children := n.Children()
	switch n.Kind {
	case unstable.InlineTable:
		for children.Next() {
			x.keyValue(at, children.Node())
		}
	case unstable.Array:
		for i := 0; children.Next(); i++ {
			e := children.Node()
			if e.Raw.Length > 0 {
				offset = int(e.Raw.Offset)
			}
			x.value(join(at, strconv.Itoa(i)), offset, e)
		}
	}
}

package settings

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Manual writes docs/SETTINGS.md from the tags of File, so that the two cannot drift apart.
func Manual() string {
	var b strings.Builder
	b.WriteString(manualHead)
	f := Default()
	for field := range fieldsOf(reflect.TypeFor[File]()) {
		part := reflect.ValueOf(f).FieldByIndex(field.Index)
		name := field.Tag.Get("toml")
		switch part.Interface().(type) {
		case []Line:
			manualTable(&b, "[["+name+"]]", field.Tag.Get("doc"), reflect.ValueOf(DefaultLine()), name)
		case []Profile:
			manualTable(&b, "[["+name+"]]", field.Tag.Get("doc"), reflect.ValueOf(Profile{}), name)
		default:
			manualTable(&b, "["+name+"]", field.Tag.Get("doc"), part, name)
		}
	}
	return b.String()
}

func manualTable(b *strings.Builder, title, doc string, defaults reflect.Value, name string) {
	fmt.Fprintf(b, "\n## `%s`\n%s\n\n| key | type | default | allowed | example | what it does |\n|---|---|---|---|---|---|\n", title, doc)
	var tables []reflect.StructField
	for f := range fieldsOf(defaults.Type()) {
		if isTable(f.Type) {
			tables = append(tables, f)
			continue
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s | %s |\n", f.Tag.Get("toml"), typeName(f.Type),
			code(defaults.FieldByIndex(f.Index)), cell(allowed(f)), code(example(f)), cell(f.Tag.Get("doc")))
	}
	for _, f := range tables {
		name := join(name, f.Tag.Get("toml"))
		manualTable(b, "["+name+"]", f.Tag.Get("doc"), defaults.FieldByIndex(f.Index), name)
	}
}

func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true/false"
	case reflect.Int:
		return "number"
	case reflect.Slice:
		return "list of texts"
	}
	return "text"
}

// allowed says in words what the tags one, range, unit and is say.
func allowed(f reflect.StructField) string {
	var s string
	lo, hi, ranged := rangeOf(f)
	is := f.Tag.Get("is")
	switch choices := strings.Fields(f.Tag.Get("one")); {
	case len(choices) > 0:
		s = either(choices)
	case ranged:
		s = fmt.Sprintf("%d to %d", lo, hi)
	case is != "":
		s = forms[is].name
	case f.Type.Kind() == reflect.Bool:
		s = ""
	default:
		s = fmt.Sprintf("at most %d bytes", maxText)
	}
	return s + spaced(f.Tag.Get("unit"))
}

// example is the tag eg in the field's type; a field without one shows nothing.
func example(f reflect.StructField) reflect.Value {
	eg := f.Tag.Get("eg")
	v := reflect.New(f.Type).Elem()
	switch f.Type.Kind() {
	case reflect.String:
		v.SetString(eg)
	case reflect.Struct:
		v.Set(reflect.ValueOf(NewSecret(eg)))
	case reflect.Slice:
		if eg != "" {
			v.Set(reflect.ValueOf([]string{eg}))
		}
	default:
		return reflect.Value{}
	}
	return v
}

// code writes a value as it stands in a TOML file.
func code(v reflect.Value) string {
	if !v.IsValid() {
		return ""
	}
	var s string
	switch v := v.Interface().(type) {
	case Secret:
		s = strconv.Quote(v.Reveal())
	case string:
		s = strconv.Quote(v)
	case []string:
		quoted := make([]string, len(v))
		for i := range v {
			quoted[i] = strconv.Quote(v[i])
		}
		s = "[" + strings.Join(quoted, ", ") + "]"
	default:
		s = fmt.Sprint(v)
	}
	if s == `""` || s == "[]" {
		return ""
	}
	return "`" + cell(s) + "`"
}

// cell keeps a text within its table cell.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

const manualHead = `# Settings

The phone reads one file, ` + "`/data/settings.toml`" + `, in [TOML](https://toml.io). What it does not name keeps the board's value, or else
the default below. The settings screen writes the same file; comments are not kept then.

The file is strict: an unknown key, a value of the wrong type or out of range is named with file, line and key, on the screen and in the log.
Then the last good settings (` + "`settings.good.toml`" + `) stay in force as a whole until the file is right; so they do if the file was cut short.
` + "`phoned --check-settings FILE`" + ` checks a file beforehand and prints everything that is wrong with it:

    settings.toml:12: line.0.transprt: unknown key, did you mean transport?

A small file that makes a phone:

    [[line]]
    aor = "sip:100@pbx.example"
    password = "correct horse"
    transport = "tls"
    srtp = "required"

    [sound]
    country = "de"

    [screen]
    language = "de"
    time_zone = "Europe/Berlin"

The tables and keys, made from the source by ` + "`go test ./firmware/settings -update`" + `:
`

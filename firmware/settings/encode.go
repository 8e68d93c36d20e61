package settings

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// A file of ours begins and ends with these lines, so that one cut short is known for what it is.
const (
	head = "# Settings of Open Desk Phone. Every key is described in SETTINGS.md.\n"
	tail = "# End of the settings.\n"
)

// Encode writes what differs from base: a key that was never set follows a later default. The
// passwords stand in it in clear, so it belongs nowhere but into the settings file.
func (f File) Encode(base File) ([]byte, error) {
	w := &writer{}
	w.WriteString(head)
	if err := w.table(reflect.ValueOf(f), reflect.ValueOf(base), ""); err != nil {
		return nil, fmt.Errorf("settings: encode: %w", err)
	}
	w.WriteString("\n" + tail)
	return w.Bytes(), nil
}

type writer struct{ bytes.Buffer }

// table writes the keys of a struct that differ from base, then its tables: TOML wants this order.
func (w *writer) table(v, base reflect.Value, name string) error {
	var tables []reflect.StructField
	heading := name
	for f := range fieldsOf(v.Type()) {
		mine, other := v.FieldByIndex(f.Index), base.FieldByIndex(f.Index)
		if isTable(f.Type) {
			tables = append(tables, f)
			if isTables(f.Type) && mine.Len() == 0 && other.Len() > 0 { // the layer below has some
				if err := w.key(f.Tag.Get("toml"), []string{}); err != nil {
					return err
				}
			}
			continue
		}
		if reflect.DeepEqual(mine.Interface(), other.Interface()) {
			continue
		}
		if heading != "" {
			fmt.Fprintf(w, "\n[%s]\n", heading)
			heading = ""
		}
		if err := w.key(f.Tag.Get("toml"), mine.Interface()); err != nil {
			return err
		}
	}
	for _, f := range tables {
		mine, other := v.FieldByIndex(f.Index), base.FieldByIndex(f.Index)
		var err error
		switch mine.Interface().(type) {
		case []Line:
			err = w.entries(mine, other, f.Tag.Get("toml"), reflect.ValueOf(DefaultLine()))
		case []Profile:
			err = w.entries(mine, other, f.Tag.Get("toml"), reflect.ValueOf(Profile{}))
		default:
			err = w.table(mine, other, join(name, f.Tag.Get("toml")))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func isTable(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[Secret]() || isTables(t)
}

// isTables tells whether a list is one of tables.
func isTables(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct
}

// entries writes a list of tables, of each what differs from fresh.
func (w *writer) entries(list, base reflect.Value, name string, fresh reflect.Value) error {
	if reflect.DeepEqual(list.Interface(), base.Interface()) {
		return nil
	}
	for i := range list.Len() {
		w.WriteString("\n[[" + name + "]]\n")
		if err := w.table(list.Index(i), fresh, ""); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) key(name string, v any) error {
	if s, ok := v.(Secret); ok {
		v = s.Reveal()
	}
	if l, ok := v.([]string); ok && l == nil {
		v = []string{}
	}
	line, err := toml.Marshal(map[string]any{name: v})
	w.Write(line)
	return err
}

// cut tells why a file cannot be whole, though it may read well: the power may have gone while it
// was being written by us, by an editor or by a copy. Empty: nothing speaks against it.
func cut(doc, good []byte) string {
	whole := strings.TrimSpace(string(doc))
	switch {
	case whole == "" && len(good) > 0:
		return "the file is empty"
	case bytes.HasPrefix(doc, []byte(head)) && !strings.HasSuffix(whole, strings.TrimSpace(tail)):
		return "the file is cut short: its last line is missing"
	case len(doc) < len(good) && bytes.HasPrefix(good, doc) && !bytes.HasSuffix(doc, []byte("\n")):
		return "the file is cut short"
	}
	return ""
}

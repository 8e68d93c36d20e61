// Package tokens reads the design tokens (tokens.toml) strictly and writes them as Go literals. Only the generator and
// the test that proves tokens_gen.go equal to its source use it; the phone carries the literals alone.
package tokens

import (
	"bytes"
	"fmt"
	"go/format"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// File is tokens.toml. Keys the file has and File lacks are an error, and so is the reverse where Generate needs them.
type File struct {
	Version    int
	Font       map[string]any
	Grid       map[string]int
	Theme      map[string]map[string]string
	Avatar     map[string][][2]string
	Panel      map[string]map[string]any
	Trace      map[string]any
	Motion     map[string]int
	Timeout    map[string]int
	Text       map[string]any
	Repeat     map[string]int
	Legibility map[string]float64
	Lamp       map[string][2]int
	Sound      map[string]any
}

// Parse reads tokens.toml.
func Parse(source []byte) (*File, error) {
	f := new(File)
	if err := toml.NewDecoder(bytes.NewReader(source)).DisallowUnknownFields().Decode(f); err != nil {
		return nil, fmt.Errorf("tokens: parse: %w", err)
	}
	if f.Version != 1 {
		return nil, fmt.Errorf("tokens: version %d is not 1", f.Version)
	}
	return f, nil
}

// Generate gives tokens_gen.go for the text of tokens.toml.
func Generate(source []byte) ([]byte, error) {
	f, err := Parse(source)
	if err != nil {
		return nil, err
	}
	var w bytes.Buffer
	fmt.Fprint(&w, "// Code generated from tokens.toml by mktokens. DO NOT EDIT.\n\npackage theme\n\nimport \"time\"\n\n")
	for _, write := range []func(*bytes.Buffer, *File) error{themes, panels, trace, times} {
		if err := write(&w, f); err != nil {
			return nil, err
		}
	}
	code, err := format.Source(w.Bytes())
	if err != nil {
		return nil, fmt.Errorf("tokens: format: %w", err)
	}
	return code, nil
}

// goName turns a token's name (on_focus2, w800h480) into a Go one (OnFocus2, W800H480).
func goName(token string) string {
	var name strings.Builder
	for part := range strings.SplitSeq(token, "_") {
		name.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return name.String()
}

func rgb(hex string) (string, error) {
	v, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)
	if err != nil || len(hex) != 7 {
		return "", fmt.Errorf("tokens: colour %q is not #RRGGBB", hex)
	}
	return fmt.Sprintf("rgb(0x%06X)", v), nil
}

func themes(w *bytes.Buffer, f *File) error {
	for _, name := range slices.Sorted(maps.Keys(f.Theme)) {
		fmt.Fprintf(w, "var %s = Colors{\n", strings.ToLower(goName(name)[:1])+goName(name)[1:])
		for _, token := range slices.Sorted(maps.Keys(f.Theme[name])) {
			c, err := rgb(f.Theme[name][token])
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "%s: %s,\n", goName(token), c)
		}
		fmt.Fprint(w, "Avatars: []Pair{\n")
		for _, pair := range f.Avatar[name] {
			fill, err := rgb(pair[0])
			if err != nil {
				return err
			}
			ink, err := rgb(pair[1])
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "{%s, %s},\n", fill, ink)
		}
		fmt.Fprint(w, "},\n}\n\n")
	}
	return nil
}

func panels(w *bytes.Buffer, f *File) error {
	for _, name := range slices.Sorted(maps.Keys(f.Panel)) {
		var width, height int
		if _, err := fmt.Sscanf(name, "w%dh%d", &width, &height); err != nil {
			return fmt.Errorf("tokens: panel %s: %w", name, err)
		}
		fmt.Fprintf(w, "var %s = Panel{\nW: %d, H: %d,\n", name, width, height)
		for _, token := range slices.Sorted(maps.Keys(f.Panel[name])) {
			switch v := f.Panel[name][token].(type) {
			case int64:
				fmt.Fprintf(w, "%s: %d,\n", goName(token), v)
			case map[string]any:
				fmt.Fprintf(w, "%s: Type{\n", goName(token))
				for _, role := range slices.Sorted(maps.Keys(v)) {
					fmt.Fprintf(w, "%s: %d,\n", goName(role), v[role])
				}
				fmt.Fprint(w, "},\n")
			default:
				return fmt.Errorf("tokens: panel %s: %s is neither a number nor a table", name, token)
			}
		}
		fmt.Fprint(w, "}\n\n")
	}
	return nil
}

func trace(w *bytes.Buffer, f *File) error {
	t := f.Trace
	fmt.Fprint(w, "// Trace is the mark of a call: one bar a second. Lengths in px, levels in dBFS.\nconst (\n")
	for _, token := range []string{"bar", "pitch", "gap_mid", "min_h", "lost_dot", "lost_pitch", "lost_share", "level_floor", "level_full"} {
		if _, ok := t[token]; !ok {
			return fmt.Errorf("tokens: trace.%s is missing", token)
		}
		fmt.Fprintf(w, "Trace%s = %v\n", goName(token), t[token])
	}
	classes, _ := t["classes"].([]any)
	for _, class := range classes {
		c, _ := class.(map[string]any)
		if mos, ok := c["mos"].(float64); ok && mos > 0 {
			fmt.Fprintf(w, "TraceMOS%s = %v\n", goName(fmt.Sprint(c["name"])), mos)
		}
	}
	fmt.Fprint(w, ")\n\n")
	return nil
}

func times(w *bytes.Buffer, f *File) error {
	fmt.Fprint(w, "// Times of motion, of keys and of screens that close by themselves.\nconst (\n")
	for _, token := range []string{"key_press", "ring_period", "toast_time", "caret_blink"} {
		fmt.Fprintf(w, "%s = %d * time.Millisecond\n", goName(token), f.Motion[token])
	}
	for _, token := range []string{"long_press", "repeat_after", "repeat_every"} {
		fmt.Fprintf(w, "%s = %d * time.Millisecond\n", goName(token), f.Repeat[token])
	}
	for _, token := range []string{"menu_to_home", "dial_idle", "failed_call", "undo_end"} {
		fmt.Fprintf(w, "%s = %d * time.Second\n", goName(token), f.Timeout[token])
	}
	fmt.Fprintf(w, "RingFrames = %d\n)\n\n", f.Motion["ring_frames"])
	return nil
}

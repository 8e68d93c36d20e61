// Package odp_test guards the structure of the house: who may import whom, where cgo lives, how long
// functions and files are, and that the documents speak of things that exist.
package odp_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "opendeskphone/"

// file is one parsed Go file of the module.
type file struct {
	path string // from the root, with slashes
	dir  string
	test bool
	ast  *ast.File
	fset *token.FileSet
}

func files(t *testing.T) []file {
	t.Helper()
	var out []file
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && p != "." || d.Name() == "build" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if filepath.Ext(p) != ".go" {
			return nil
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, p, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		p = filepath.ToSlash(p)
		out = append(out, file{p, path.Dir(p), strings.HasSuffix(p, "_test.go"), f, fset})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (f file) imports() []string {
	var out []string
	for _, i := range f.ast.Imports {
		out = append(out, strings.Trim(i.Path.Value, `"`))
	}
	return out
}

// within tells whether p is dir or lies below it.
func within(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

// libraries never import firmware, ui or each other; these are the exceptions.
var libraries = []string{"hal", "audio", "sip", "usbhid", "boards"}
var libraryExceptions = map[string]string{"boards": "hal", "hal/linux": "boards"}

// ranks is the order inside firmware: a package imports only what stands in a lower rank. Adapters
// share one rank, so they never import each other.
func rank(dir string) int {
	switch dir {
	case "firmware/phone", "firmware/durable":
		return 0
	case "firmware/settings":
		return 2
	case "firmware/device":
		return 3
	case "firmware/phoned", "firmware/init":
		return 4
	}
	return 1
}

func mayImport(from, to string) error {
	for _, lib := range libraries {
		if !within(from, lib) || within(to, lib) {
			continue
		}
		for f, d := range libraryExceptions {
			if within(from, f) && within(to, d) {
				return nil
			}
		}
		return fmt.Errorf("a library imports outside itself")
	}
	if !within(to, "firmware") {
		return nil
	}
	switch {
	case within(from, "firmware"):
		if rank(to) >= rank(from) {
			return fmt.Errorf("firmware is phone < adapters < settings < device < mains")
		}
	case within(from, "tools"):
		if rank(to) == 4 {
			return fmt.Errorf("nobody imports a main")
		}
	case to != "firmware/phone":
		return fmt.Errorf("from firmware only firmware/phone may be imported here")
	}
	return nil
}

func TestImports(t *testing.T) {
	for _, f := range files(t) {
		if f.test {
			continue
		}
		for _, i := range f.imports() {
			to, ours := strings.CutPrefix(i, module)
			if !ours || to == f.dir {
				continue
			}
			if err := mayImport(f.dir, to); err != nil {
				t.Errorf("%s imports %s: %v", f.path, to, err)
			}
		}
	}
}

// only names who alone may import a library: a library behind one door can be replaced.
var only = map[string]string{
	"github.com/emersion/go-imap":    "firmware/mailbox",
	"C":                              "audio/soundcard audio/codec/opus audio/kernel usbhid/host",
	"github.com/gen2brain/malgo":     "audio/soundcard",
	"github.com/google/gousb":        "usbhid/host",
	"github.com/sstallion/go-hid":    "usbhid/host",
	"github.com/godbus/dbus":         "tools/odp",
	"github.com/emiago/sipgo":        "sip/stack",
	"github.com/pion/srtp":           "sip/srtp",
	"github.com/pion/dtls":           "sip/dtls",
	"github.com/pion/sdp":            "sip/offer",
	"github.com/pion/ice":            "sip/ice",
	"github.com/pion/stun":           "sip/ice",
	"github.com/pion/turn":           "sip/ice",
	"periph.io/x":                    "hal/linux hal/chip",
	"go.etcd.io/bbolt":               "firmware/store",
	"github.com/pelletier/go-toml":   "firmware/settings ui/theme",
	"github.com/go-text/typesetting": "ui/font",
}

func TestOneDoorToEachLibrary(t *testing.T) {
	for _, f := range files(t) {
		for _, i := range f.imports() {
			for lib, doors := range only {
				if !within(i, lib) || f.test && lib != "C" {
					continue
				}
				if !slices.ContainsFunc(strings.Fields(doors), func(d string) bool { return within(f.dir, d) }) {
					t.Errorf("%s imports %s, which belongs behind %s", f.path, i, doors)
				}
			}
		}
	}
}

func TestPhoneIsStandardLibraryOnly(t *testing.T) {
	for _, f := range files(t) {
		if f.dir != "firmware/phone" || f.test {
			continue
		}
		for _, i := range f.imports() {
			if strings.Contains(strings.SplitN(i, "/", 2)[0], ".") || strings.HasPrefix(i, module) {
				t.Errorf("%s imports %s: the centre imports the standard library alone", f.path, i)
			}
		}
	}
}

func TestEveryPackageIsDocumented(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range files(t) {
		if f.test {
			continue
		}
		ok := f.ast.Doc != nil && len(f.ast.Doc.Text()) > 40
		documented[f.dir] = documented[f.dir] || ok
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("package %s has no comment that says what it owns", dir)
		}
	}
}

func TestExportedSymbolsAreDocumented(t *testing.T) {
	for _, f := range files(t) {
		if f.test || f.ast.Name.Name == "main" {
			continue
		}
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.IsExported() && fn.Doc == nil && receiverExported(fn) {
				t.Errorf("%s: %s has no comment", f.path, fn.Name.Name)
			}
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE && g.Doc == nil {
				for _, s := range g.Specs {
					if ts := s.(*ast.TypeSpec); ts.Name.IsExported() && ts.Doc == nil {
						t.Errorf("%s: type %s has no comment", f.path, ts.Name.Name)
					}
				}
			}
		}
	}
}

func receiverExported(fn *ast.FuncDecl) bool {
	if fn.Recv == nil {
		return true
	}
	typ := fn.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}

func TestSizes(t *testing.T) {
	const maxFunc, maxFile = 80, 600
	var funcs []int
	for _, f := range files(t) {
		if f.test {
			continue
		}
		if n := f.fset.File(f.ast.Pos()).LineCount(); n > maxFile {
			t.Errorf("%s has %d lines, at most %d", f.path, n, maxFile)
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			n := f.fset.Position(fn.End()).Line - f.fset.Position(fn.Pos()).Line + 1
			if funcs = append(funcs, n); n > maxFunc {
				t.Errorf("%s: %s has %d lines, at most %d", f.path, fn.Name.Name, n, maxFunc)
			}
		}
	}
	slices.Sort(funcs)
	p50, p90 := funcs[len(funcs)/2], funcs[len(funcs)*9/10]
	t.Logf("%d functions, median %d lines, 90 %% up to %d", len(funcs), p50, p90)
	if p50 > 12 || p90 > 40 {
		t.Errorf("functions grow: median %d (at most 12), 90 %% up to %d (at most 40)", p50, p90)
	}
}

func TestNoTestSleeps(t *testing.T) {
	for _, f := range files(t) {
		if !f.test {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok && fmt.Sprint(sel.X) == "time" && sel.Sel.Name == "Sleep" && !usesSynctest(f) {
				t.Errorf("%s sleeps: wait for the thing itself, or use testing/synctest", f.fset.Position(call.Pos()))
			}
			return true
		})
	}
}

// usesSynctest: inside a bubble sleeping is moving the clock, not waiting.
func usesSynctest(f file) bool { return slices.Contains(f.imports(), "testing/synctest") }

// symbols are all declared names as "package.Name" and "package.Type.Method", package by its folder's last part.
func symbols(t *testing.T) map[string]bool {
	out := map[string]bool{}
	for _, f := range files(t) {
		pkg := path.Base(f.dir)
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				out[pkg+"."+d.Name.Name] = true
				if d.Recv != nil {
					typ := d.Recv.List[0].Type
					if star, ok := typ.(*ast.StarExpr); ok {
						typ = star.X
					}
					out[pkg+"."+fmt.Sprint(typ)+"."+d.Name.Name] = true
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						out[pkg+"."+s.Name.Name] = true
					case *ast.ValueSpec:
						for _, n := range s.Names {
							out[pkg+"."+n.Name] = true
						}
					}
				}
			}
		}
	}
	return out
}

// TestDocumentsSpeakOfWhatExists checks every `pkg.Symbol` in WALKS.md and GLOSSARY.md, and every
// `dir TestName` in FEATURES.md.
func TestDocumentsSpeakOfWhatExists(t *testing.T) {
	have := symbols(t)
	for _, doc := range []string{"docs/WALKS.md", "docs/GLOSSARY.md"} {
		refs := regexp.MustCompile("`([a-z][a-z0-9]*(?:\\.[A-Za-z][A-Za-z0-9]*)+)`").FindAllStringSubmatch(read(t, doc), -1)
		if len(refs) < 10 {
			t.Errorf("%s names %d symbols: too few to be true", doc, len(refs))
		}
		for _, r := range refs {
			if !have[r[1]] {
				t.Errorf("%s names %s, which does not exist", doc, r[1])
			}
		}
	}
	refs := regexp.MustCompile("`([a-z][a-z0-9/]*) (Test[A-Za-z0-9_]*)[^`]*`").FindAllStringSubmatch(read(t, "docs/FEATURES.md"), -1)
	if len(refs) < 10 {
		t.Errorf("FEATURES.md names %d tests: too few to be true", len(refs))
	}
	for _, r := range refs {
		if !have[path.Base(r[1])+"."+r[2]] {
			t.Errorf("FEATURES.md names %s in %s, which does not exist", r[2], r[1])
		}
	}
}

// featureCell is what the first column of FEATURES.md holds: features by their IDs, one, several, or from one to another.
var featureCell = regexp.MustCompile(`^[A-P][0-9]+(-[A-P][0-9]+)?(, [A-P][0-9]+(-[A-P][0-9]+)?)*$`)

// TestFeaturesAreProven counts the features of which FEATURES.md names a test, each once.
func TestFeaturesAreProven(t *testing.T) {
	proven, real := map[string]bool{}, map[string]bool{}
	for _, row := range strings.Split(read(t, "docs/FEATURES.md"), "\n") {
		cells := strings.Split(row, " | ")
		if len(cells) != 5 || strings.HasPrefix(row, "| ID") || strings.HasPrefix(row, "|---") {
			if strings.HasPrefix(row, "|") && !strings.HasPrefix(row, "| ID") && !strings.HasPrefix(row, "|---") {
				t.Errorf("a row of %d cells: %.60s", len(cells), row)
			}
			continue
		}
		ids := strings.TrimPrefix(cells[0], "| ")
		if !featureCell.MatchString(ids) {
			t.Errorf("%q are no features", ids)
			continue
		}
		if !strings.Contains(cells[4], "Test") {
			continue
		}
		for _, id := range featuresOf(ids) {
			proven[id] = true
			real[id] = real[id] || strings.TrimSpace(cells[3]) != "-"
		}
	}
	peers := 0
	for _, with := range real {
		if with {
			peers++
		}
	}
	t.Logf("features proven: %d, %d of them against a real peer", len(proven), peers)
}

// featuresOf gives each ID of a cell.
func featuresOf(cell string) (ids []string) {
	for part := range strings.SplitSeq(cell, ", ") {
		from, to, _ := strings.Cut(part, "-")
		last := from
		if to != "" {
			last = to
		}
		n, _ := strconv.Atoi(from[1:])
		end, _ := strconv.Atoi(last[1:])
		for ; n <= end; n++ {
			ids = append(ids, from[:1]+strconv.Itoa(n))
		}
	}
	return ids
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Command mkicons turns icons.svg.txt into icons_gen.go: each icon as flattened polylines on its grid of 24, to be filled,
// stroked with a round pen, or cut out of what stands below. Run it by go generate in ui/draw.
package main

import (
	"bytes"
	"fmt"
	"go/format"
	"os"
	"regexp"
	"strings"
)

var (
	blockRE = regexp.MustCompile(`(?s)<svg id="([a-z-]+)"[^>]*>(.*?)</svg>`)
	pathRE  = regexp.MustCompile(`<path ([^>]*)/>`)
	attrRE  = regexp.MustCompile(`([a-z-]+)="([^"]*)"`)
)

func main() {
	source, err := os.ReadFile("icons.svg.txt")
	if err != nil {
		fail(err)
	}
	code, err := generate(string(source))
	if err != nil {
		fail(err)
	}
	if err := os.WriteFile("icons_gen.go", code, 0o644); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "mkicons:", err)
	os.Exit(1)
}

func generate(source string) ([]byte, error) {
	var names []string
	var table bytes.Buffer
	for _, block := range blockRE.FindAllStringSubmatch(source, -1) {
		name := goName(block[1])
		names = append(names, name)
		fmt.Fprintf(&table, "Icon%s: {\n", name)
		for _, path := range pathRE.FindAllStringSubmatch(block[2], -1) {
			attrs := map[string]string{}
			for _, a := range attrRE.FindAllStringSubmatch(path[1], -1) {
				attrs[a[1]] = a[2]
			}
			if err := writePath(&table, attrs); err != nil {
				return nil, fmt.Errorf("icon %s: %w", block[1], err)
			}
		}
		fmt.Fprint(&table, "},\n")
	}
	var w bytes.Buffer
	fmt.Fprint(&w, "// Code generated from icons.svg.txt by mkicons. DO NOT EDIT.\n\npackage draw\n\n")
	fmt.Fprint(&w, "// The icons. NoIcon draws nothing.\nconst (\nNoIcon Icon = iota\n")
	for _, n := range names {
		fmt.Fprintf(&w, "Icon%s\n", n)
	}
	fmt.Fprint(&w, "iconCount\n)\n\n// Points are hundredths of the grid's unit.\nvar icons = [iconCount][]iconPath{\n")
	w.Write(table.Bytes())
	fmt.Fprint(&w, "}\n")
	return format.Source(w.Bytes())
}

func goName(id string) string {
	var name strings.Builder
	for part := range strings.SplitSeq(id, "-") {
		name.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return name.String()
}

func writePath(w *bytes.Buffer, attrs map[string]string) error {
	mode, pen := "fillPath", 0
	switch {
	case attrs["stroke"] == "currentColor":
		mode, pen = "strokePath", 200
	case attrs["stroke"] == "background":
		mode, pen = "cutPath", 240
	case attrs["fill"] != "currentColor":
		return fmt.Errorf("a path that is neither filled nor stroked")
	}
	turn, err := parseTransform(attrs["transform"])
	if err != nil {
		return err
	}
	lines, err := flatten(attrs["d"], turn)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "{%s, %d, [][]int16{\n", mode, pen)
	for _, line := range lines {
		fmt.Fprint(w, "{")
		for i, p := range line {
			if i > 0 {
				fmt.Fprint(w, ", ")
			}
			fmt.Fprintf(w, "%d, %d", hundredths(p.x), hundredths(p.y))
		}
		fmt.Fprint(w, "},\n")
	}
	fmt.Fprint(w, "}},\n")
	return nil
}

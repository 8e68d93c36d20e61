package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// hostSources gives the host's own Debian sources in deb822 form, so that packages come from the
// mirror the host already trusts. Only suites of the host's release count; sources of others who
// publish for Debian are left out.
func hostSources(etc string) (string, error) {
	codename, err := hostCodename(filepath.Join(etc, "os-release"))
	if err != nil {
		return "", err
	}
	suites := []string{codename, codename + "-updates", codename + "-security"}
	var out strings.Builder
	files, _ := filepath.Glob(filepath.Join(etc, "apt/sources.list.d/*"))
	slices.Sort(files)
	for _, f := range append([]string{filepath.Join(etc, "apt/sources.list")}, files...) {
		data, err := os.ReadFile(f)
		if err != nil {
			continue // most hosts have only one of the two forms
		}
		switch filepath.Ext(f) {
		case ".sources":
			out.WriteString(filterDeb822(string(data), suites))
		case ".list":
			out.WriteString(filterOneLine(string(data), suites))
		}
	}
	if out.Len() == 0 {
		return "", fmt.Errorf("apt: no Debian %s source in %s/apt", codename, etc)
	}
	return out.String(), nil
}

func hostCodename(file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("apt: which Debian is this: %w", err)
	}
	for line := range strings.Lines(string(data)) {
		if v, ok := strings.CutPrefix(line, "VERSION_CODENAME="); ok {
			return strings.Trim(strings.TrimSpace(v), `"`), nil
		}
	}
	return "", errors.New("apt: os-release names no release")
}

// filterDeb822 keeps the paragraphs that offer one of the suites, without their comments.
func filterDeb822(text string, suites []string) string {
	var out strings.Builder
	for para := range strings.SplitSeq(text, "\n\n") {
		var keep []string
		good := false
		for line := range strings.SplitSeq(strings.Trim(para, "\n"), "\n") {
			if strings.HasPrefix(line, "#") {
				continue
			}
			if v, ok := strings.CutPrefix(line, "Suites:"); ok {
				good = slices.ContainsFunc(strings.Fields(v), func(s string) bool { return slices.Contains(suites, s) })
			}
			keep = append(keep, line)
		}
		if good {
			out.WriteString(strings.Join(keep, "\n") + "\n\n")
		}
	}
	return out.String()
}

// filterOneLine turns `deb [options] URI suite component...` lines into deb822 paragraphs.
func filterOneLine(text string, suites []string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] != "deb" {
			continue
		}
		f = f[1:]
		signed := "/usr/share/keyrings/debian-archive-keyring.gpg"
		for len(f) > 0 && (strings.HasPrefix(f[0], "[") || strings.HasSuffix(f[0], "]") || strings.Contains(f[0], "=")) {
			if v, ok := strings.CutPrefix(strings.Trim(f[0], "[]"), "signed-by="); ok {
				signed = v
			}
			f = f[1:]
		}
		if len(f) < 3 || !slices.Contains(suites, f[1]) {
			continue
		}
		fmt.Fprintf(&out, "Types: deb\nURIs: %s\nSuites: %s\nComponents: %s\nSigned-By: %s\n\n",
			f[0], f[1], strings.Join(f[2:], " "), signed)
	}
	return out.String()
}

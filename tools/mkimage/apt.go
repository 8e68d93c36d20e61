package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// listsAge is how old package lists may be before they are fetched again.
const listsAge = 24 * time.Hour

// Package is one Debian package as it was fetched and checked.
type Package struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Arch    string `json:"architecture"`
	SHA256  string `json:"sha256"`
	file    string
}

// apt is an apt-get with a state of its own, so that packages of a foreign architecture can be
// fetched and verified by Debian's signatures without touching the host's package database.
type apt struct {
	dir  string
	arch string
	log  *slog.Logger
	// Notes are the faults met on the way that did not stop the build; they go into the manifest.
	Notes []string
}

// openApt prepares the state folder and brings the package lists up to date. A suite whose index
// cannot be had is left out with a note: Debian's security index of an architecture is at times
// out of step with its signature, and the main suite alone still makes a whole image.
func openApt(ctx context.Context, log *slog.Logger, dir, arch string) (*apt, error) {
	dir, err := filepath.Abs(filepath.Join(dir, arch))
	if err != nil {
		return nil, fmt.Errorf("apt: %w", err)
	}
	a := &apt{dir: dir, arch: arch, log: log}
	for _, d := range []string{"lists/partial", "cache/archives/partial", "sources.d", "state", "debs"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return nil, fmt.Errorf("apt: make state: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "status"), nil, 0o644); err != nil {
		return nil, fmt.Errorf("apt: make state: %w", err)
	}
	sources, err := hostSources("/etc")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "sources.d", "debian.sources"), []byte(sources), 0o644); err != nil {
		return nil, fmt.Errorf("apt: write sources: %w", err)
	}
	return a, a.update(ctx)
}

func (a *apt) update(ctx context.Context) error {
	stamp := filepath.Join(a.dir, "notes")
	if st, err := os.Stat(stamp); err == nil && time.Since(st.ModTime()) < listsAge {
		if notes, err := os.ReadFile(stamp); err == nil && len(notes) > 0 {
			a.Notes = strings.Split(strings.TrimSpace(string(notes)), "\n")
		}
		return nil
	}
	var out bytes.Buffer
	cmd := a.command(ctx, "apt-get", "update")
	cmd.Stdout, cmd.Stderr = &out, &out
	runErr := cmd.Run()
	for line := range strings.Lines(out.String()) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "E: Failed to fetch") {
			note := "package index left out: " + strings.TrimPrefix(line, "E: Failed to fetch ")
			a.Notes = append(a.Notes, note)
			a.log.Warn(note)
		}
	}
	if runErr != nil && len(a.Notes) == 0 {
		return fmt.Errorf("apt: update lists: %w\n%s", runErr, out.String())
	}
	if err := os.WriteFile(stamp, []byte(strings.Join(a.Notes, "\n")), 0o644); err != nil {
		return fmt.Errorf("apt: keep notes: %w", err)
	}
	return nil
}

func (a *apt) command(ctx context.Context, tool string, args ...string) *exec.Cmd {
	opts := []string{}
	for _, o := range []string{
		"APT::Architecture=" + a.arch, "APT::Architectures=" + a.arch, "APT::Get::List-Cleanup=0",
		"APT::Sandbox::User=", // the state folder may lie where apt's own user may not go
		"Dir::State=" + a.dir + "/state", "Dir::State::status=" + a.dir + "/status",
		"Dir::State::Lists=" + a.dir + "/lists", "Dir::Cache=" + a.dir + "/cache",
		"Dir::Etc::sourcelist=/dev/null", "Dir::Etc::sourceparts=" + a.dir + "/sources.d",
		"Acquire::Languages=none", "Acquire::Retries=2",
	} {
		opts = append(opts, "-o", o)
	}
	cmd := exec.CommandContext(ctx, tool, append(opts, args...)...)
	cmd.Dir = filepath.Join(a.dir, "debs")
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	return cmd
}

// Kernel finds the package with the kernel that the given meta package stands for today.
func (a *apt) Kernel(ctx context.Context, meta string) (string, error) {
	out, err := a.command(ctx, "apt-cache", "--no-all-versions", "show", meta).Output()
	if err != nil {
		return "", fmt.Errorf("apt: show %s: %w", meta, err)
	}
	for line := range strings.Lines(string(out)) {
		depends, ok := strings.CutPrefix(line, "Depends: ")
		if !ok {
			continue
		}
		for d := range strings.SplitSeq(depends, ",") {
			if name := strings.Fields(d); len(name) > 0 && strings.HasPrefix(name[0], "linux-image-") {
				return name[0], nil
			}
		}
	}
	return "", fmt.Errorf("apt: %s depends on no kernel", meta)
}

// Fetch downloads packages, which apt checks against the signed lists, and gives them in the order
// of the names.
func (a *apt) Fetch(ctx context.Context, names ...string) ([]Package, error) {
	ask := a.command(ctx, "apt-get", append([]string{"download", "--print-uris", "-qq"}, names...)...)
	ask.Dir = a.dir // where no package lies: apt is silent about those it finds beside it
	out, err := ask.Output()
	if err != nil {
		return nil, fmt.Errorf("apt: resolve %s: %w%s", strings.Join(names, " "), err, stderrOf(err))
	}
	found, err := parseURIs(bytes.NewReader(out))
	if err != nil {
		return nil, err
	}
	var pkgs []Package
	for _, n := range names {
		p, ok := found[n]
		if !ok {
			return nil, fmt.Errorf("apt: no package %s for %s", n, a.arch)
		}
		p.file = filepath.Join(a.dir, "debs", p.file)
		pkgs = append(pkgs, p)
	}
	cmd := a.command(ctx, "apt-get", append([]string{"download", "-qq"}, names...)...)
	if msg, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("apt: download: %w\n%s", err, msg)
	}
	for _, p := range pkgs {
		if sum, err := fileSum(p.file); err != nil || sum != p.SHA256 {
			return nil, fmt.Errorf("apt: %s has checksum %s, want %s (%v)", p.Name, sum, p.SHA256, err)
		}
	}
	return pkgs, nil
}

// parseURIs reads apt-get's --print-uris lines: 'URI' file size SHA256:sum.
func parseURIs(r io.Reader) (map[string]Package, error) {
	pkgs := map[string]Package{}
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		f := strings.Fields(sc.Text())
		if len(f) != 4 || !strings.HasPrefix(f[3], "SHA256:") {
			return nil, fmt.Errorf("apt: strange line %q", sc.Text())
		}
		parts := strings.Split(strings.TrimSuffix(f[1], ".deb"), "_")
		if len(parts) != 3 || filepath.Base(f[1]) != f[1] {
			return nil, fmt.Errorf("apt: strange package file %q", f[1])
		}
		version, err := url.PathUnescape(parts[1])
		if err != nil {
			return nil, fmt.Errorf("apt: version of %q: %w", f[1], err)
		}
		pkgs[parts[0]] = Package{Name: parts[0], Version: version, Arch: parts[2],
			SHA256: strings.TrimPrefix(f[3], "SHA256:"), file: f[1]}
	}
	return pkgs, sc.Err()
}

// extract unpacks a package's files below dir; no maintainer script runs.
func extract(ctx context.Context, p Package, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("mkimage: %w", err)
	}
	if msg, err := exec.CommandContext(ctx, "dpkg-deb", "-x", p.file, dir).CombinedOutput(); err != nil {
		return fmt.Errorf("mkimage: unpack %s: %w\n%s", p.Name, err, msg)
	}
	return nil
}

func stderrOf(err error) string {
	if e, ok := err.(*exec.ExitError); ok && len(e.Stderr) > 0 {
		return "\n" + string(e.Stderr)
	}
	return ""
}

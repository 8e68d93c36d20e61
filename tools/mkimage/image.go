package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"opendeskphone/boards"
)

// Names of the parts of an image in its folder.
const (
	kernelFile    = "vmlinuz"
	initramfsFile = "initramfs"
	rootFile      = "root.squashfs"
	manifestFile  = "manifest.json"
)

// maxImage is the most an image may weigh, in bytes: what fits twice into a cheap flash chip.
const maxImage = 32 << 20

// Manifest tells what an image is made of.
type Manifest struct {
	Board    string    `json:"board"`
	Version  string    `json:"version"`
	Built    string    `json:"built"` // RFC 3339; the time stamp of every file
	Debug    bool      `json:"debug"`
	Kernel   string    `json:"kernel"`
	Cmdline  string    `json:"cmdline"`
	Size     int64     `json:"size"` // bytes of all files together
	Files    []File    `json:"files"`
	Modules  []string  `json:"kernel_modules"`
	Replaced []File    `json:"kernel_modules_replaced,omitempty"` // by the board's own, built against the kernel's headers
	Programs []Program `json:"programs"`
	Packages []Package `json:"packages"`
	Notes    []string  `json:"notes,omitempty"`
}

// File is one file of the image.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Program is one of our binaries and the Go modules in it.
type Program struct {
	Name    string     `json:"name"`
	SHA256  string     `json:"sha256"`
	Go      string     `json:"go"`
	Modules []GoModule `json:"modules"`
}

// GoModule is one Go module of a program; Sum is Go's own checksum of it.
type GoModule struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Sum     string `json:"sum"`
}

func makeImage(ctx context.Context, log *slog.Logger, o options) error {
	a, err := openApt(ctx, log, o.aptDir, "armhf")
	if err != nil {
		return err
	}
	kernel, err := a.Kernel(ctx, o.board.Kernel)
	if err != nil {
		return err
	}
	names := []string{kernel}
	for _, p := range rootParts {
		names = append(names, p.pkg)
	}
	if o.debug {
		names = append(names, debugPart.pkg)
	}
	pkgs, err := a.Fetch(ctx, names...)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "mkimage")
	if err != nil {
		return fmt.Errorf("mkimage: %w", err)
	}
	defer os.RemoveAll(scratch)
	final := o.out
	if o.out, err = stage(final); err != nil {
		return err
	}
	defer os.RemoveAll(o.out)
	m := &Manifest{Board: o.board.Name, Version: o.version, Built: o.epoch.Format("2006-01-02T15:04:05Z07:00"),
		Debug: o.debug, Cmdline: o.board.Cmdline, Packages: pkgs, Notes: a.Notes}
	if o.debug {
		m.Cmdline += " odp.debug=1"
	}
	mods, early, later, err := takeKernel(ctx, o, pkgs[0], scratch, m)
	if err != nil {
		return err
	}
	if err := makeInitramfs(ctx, o, mods, early); err != nil {
		return err
	}
	tree := filepath.Join(scratch, "tree")
	if err := makeRoot(ctx, o, pkgs, scratch, tree); err != nil {
		return err
	}
	if err := mods.install(filepath.Join(tree, modulesDir), later); err != nil {
		return err
	}
	if err := squash(ctx, o, tree); err != nil {
		return err
	}
	if err := finish(log, o, m); err != nil {
		return err
	}
	return publish(o.out, final)
}

// stage makes a folder beside the image's in which it is put together, so that a phone that boots
// meanwhile sees the old image or the new one, and an image that fails leaves the old one.
func stage(final string) (string, error) {
	if err := os.MkdirAll(final, 0o755); err != nil {
		return "", fmt.Errorf("mkimage: %w", err)
	}
	dir, err := os.MkdirTemp(filepath.Dir(filepath.Clean(final)), ".image-")
	if err != nil {
		return "", fmt.Errorf("mkimage: %w", err)
	}
	return dir, nil
}

// publish puts the finished files in their place, the manifest last.
func publish(staged, final string) error {
	for _, name := range []string{kernelFile, initramfsFile, rootFile, manifestFile} {
		if err := os.Rename(filepath.Join(staged, name), filepath.Join(final, name)); err != nil {
			return fmt.Errorf("mkimage: publish: %w", err)
		}
	}
	return nil
}

// takeKernel copies the kernel and puts its modules in order, early ones for the initramfs, and later ones for the system
// disk, where they take no memory until they are wanted.
func takeKernel(ctx context.Context, o options, kernel Package, scratch string, m *Manifest) (mods *kernelModules, early, later []step, err error) {
	root := filepath.Join(scratch, "kernel")
	if err := extract(ctx, kernel, root); err != nil {
		return nil, nil, nil, err
	}
	images, _ := filepath.Glob(filepath.Join(root, "boot/vmlinuz-*"))
	if len(images) != 1 {
		return nil, nil, nil, fmt.Errorf("mkimage: %s has %d kernels", kernel.Name, len(images))
	}
	m.Kernel = strings.TrimPrefix(filepath.Base(images[0]), "vmlinuz-")
	if err := copyFile(images[0], filepath.Join(o.out, kernelFile), 0o644); err != nil {
		return nil, nil, nil, err
	}
	if mods, err = readModules(root); err != nil {
		return nil, nil, nil, err
	}
	if err := mods.replace(o.modDir, kernel.Name, moduleSources(o.board.Name), m); err != nil {
		return nil, nil, nil, err
	}
	groups := o.board.Modules.Groups()
	steps, err := mods.order(groups)
	for _, s := range steps {
		m.Modules = append(m.Modules, s.name)
		if slices.ContainsFunc(groups, func(g boards.ModuleGroup) bool { return g.Early && g.Name == s.group }) {
			early = append(early, s)
		} else {
			later = append(later, s)
		}
	}
	return mods, early, later, err
}

// makeInitramfs writes what the kernel starts with: init, and the early modules.
func makeInitramfs(ctx context.Context, o options, mods *kernelModules, steps []step) error {
	var archive bytes.Buffer
	if err := writeInitramfs(&archive, o, mods, steps); err != nil {
		return err
	}
	// zstd unpacks fast even on a slow processor and beats lz4 by a third in size.
	cmd := exec.CommandContext(ctx, "zstd", "-19", "-q", "-f", "-o", filepath.Join(o.out, initramfsFile))
	cmd.Stdin = &archive
	if msg, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mkimage: compress initramfs: %w\n%s", err, msg)
	}
	return nil
}

func writeInitramfs(archive *bytes.Buffer, o options, mods *kernelModules, steps []step) error {
	c := &cpioWriter{w: archive, mtime: o.epoch}
	for _, d := range []string{"dev", "proc", "sys", "root", "modules"} {
		c.Dir(d)
	}
	c.Char("dev/console", 0o600, 5, 1) // init's first words; devtmpfs comes later
	program, err := os.ReadFile(filepath.Join(o.binDir, "init"))
	if err != nil {
		return fmt.Errorf("mkimage: %w", err)
	}
	c.File("init", 0o755, program)
	files, err := mods.files(steps)
	if err != nil {
		return err
	}
	for _, f := range files {
		c.File("modules/"+f.name, 0o644, f.data)
	}
	return c.Close()
}

func squash(ctx context.Context, o options, tree string) error {
	out := filepath.Join(o.out, rootFile)
	if err := os.RemoveAll(out); err != nil {
		return fmt.Errorf("mkimage: %w", err)
	}
	stamp := fmt.Sprint(o.epoch.Unix())
	cmd := exec.CommandContext(ctx, "mksquashfs", tree, out, "-all-root", "-comp", "zstd", "-Xcompression-level", "22",
		"-b", "128K", "-no-xattrs", "-no-progress", "-quiet", "-noappend", "-mkfs-time", stamp, "-all-time", stamp)
	if msg, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mkimage: make squashfs: %w\n%s", err, msg)
	}
	return nil
}

// finish measures the files, writes the manifest and refuses an image that is too large.
func finish(log *slog.Logger, o options, m *Manifest) error {
	for _, name := range []string{kernelFile, initramfsFile, rootFile} {
		path := filepath.Join(o.out, name)
		st, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("mkimage: %w", err)
		}
		sum, err := fileSum(path)
		if err != nil {
			return err
		}
		m.Files = append(m.Files, File{name, st.Size(), sum})
		m.Size += st.Size()
	}
	for _, name := range append([]string{"init", "phoned"}, o.board.Helpers...) {
		p, err := describe(filepath.Join(o.binDir, name))
		if err != nil {
			return err
		}
		m.Programs = append(m.Programs, p)
	}
	text, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return fmt.Errorf("mkimage: %w", err)
	}
	if err := os.WriteFile(filepath.Join(o.out, manifestFile), append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("mkimage: %w", err)
	}
	log.Info("image made", "board", m.Board, "kernel", m.Kernel, "mib", fmt.Sprintf("%.2f", float64(m.Size)/(1<<20)))
	if m.Size > maxImage {
		return errors.New("mkimage: the image is larger than 32 MiB")
	}
	return nil
}

// describe reads what Go wrote into a binary about itself.
func describe(path string) (Program, error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return Program{}, fmt.Errorf("mkimage: %w", err)
	}
	sum, err := fileSum(path)
	if err != nil {
		return Program{}, err
	}
	p := Program{Name: filepath.Base(path), SHA256: sum, Go: info.GoVersion}
	for _, d := range info.Deps {
		p.Modules = append(p.Modules, GoModule{d.Path, d.Version, d.Sum})
	}
	slices.SortFunc(p.Modules, func(a, b GoModule) int { return strings.Compare(a.Path, b.Path) })
	return p, nil
}

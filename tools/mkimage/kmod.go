package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// A board may bring kernel modules of its own, in folders below boards/NAME that have a Makefile for
// kbuild. They take the place of the kernel's modules of the same names.

// builtFor is the file in the folder of built modules that names the kernel and the sources they are
// built of and for.
const builtFor = "built-for"

// makeModules builds the board's own kernel modules against Debian's headers. Sources that a newer
// kernel does not build are no reason to have no image: what happened is noted, and the image has
// the stock modules.
func makeModules(ctx context.Context, log *slog.Logger, o options) error {
	sources := moduleSources(o.board.Name)
	if len(sources) == 0 {
		return nil
	}
	a, err := openApt(ctx, log, o.aptDir, "armhf")
	if err != nil {
		return err
	}
	kernel, err := a.Kernel(ctx, o.board.Kernel)
	if err != nil {
		return err
	}
	mark, err := moduleMark(kernel, sources)
	if err != nil {
		return err
	}
	if have, err := os.ReadFile(filepath.Join(o.out, builtFor)); err == nil && string(have) == mark {
		return nil
	}
	if err := errors.Join(os.RemoveAll(o.out), os.MkdirAll(o.out, 0o755)); err != nil {
		return fmt.Errorf("mkimage: %w", err)
	}
	if err := buildModules(ctx, log, o, a, kernel, sources); err != nil {
		log.Error("the board's own kernel modules cannot be built for this kernel; the image will have the kernel's. "+
			"What to do: README.md beside their sources", "kernel", kernel, "sources", sources, "err", err)
		mark = ""
	}
	return os.WriteFile(filepath.Join(o.out, builtFor), []byte(mark), 0o644)
}

// moduleSources lists the folders of a board's own modules.
func moduleSources(board string) []string {
	found, _ := filepath.Glob(filepath.Join("boards", board, "*", "Makefile"))
	for i, f := range found {
		found[i] = filepath.Dir(f)
	}
	return found
}

// moduleMark names a kernel and the very sources built for it.
func moduleMark(kernel string, sources []string) (string, error) {
	h := sha256.New()
	for _, dir := range sources {
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			return "", fmt.Errorf("mkimage: %w", err)
		}
		for _, f := range files {
			sum, err := fileSum(f)
			if err != nil {
				return "", err
			}
			fmt.Fprintln(h, f, sum)
		}
	}
	return kernel + " " + hex.EncodeToString(h.Sum(nil)), nil
}

var kernelSeries = regexp.MustCompile(`^linux-image-(\d+\.\d+)\.`)

// buildModules builds all sources for a kernel package; the modules go to the folder o.out.
func buildModules(ctx context.Context, log *slog.Logger, o options, a *apt, kernel string, sources []string) error {
	series := kernelSeries.FindStringSubmatch(kernel)
	if series == nil {
		return fmt.Errorf("mkimage: which series is %s", kernel)
	}
	version := strings.TrimPrefix(kernel, "linux-image-")
	common := regexp.MustCompile(`^\S+?-\d+`).FindString(version) + "-common"
	headers, err := a.Fetch(ctx, "linux-headers-"+version, "linux-headers-"+common)
	if err != nil {
		return err
	}
	host, err := openApt(ctx, log, o.aptDir, runtime.GOARCH) // Debian and Go agree on the names of PCs
	if err != nil {
		return err
	}
	tools, err := host.Fetch(ctx, "linux-kbuild-"+series[1])
	if err != nil {
		return err
	}
	root, err := os.MkdirTemp("", "mkimage-kmod")
	if err != nil {
		return fmt.Errorf("mkimage: %w", err)
	}
	defer os.RemoveAll(root)
	for _, p := range slices.Concat(headers, tools) {
		if err := extract(ctx, p, root); err != nil {
			return err
		}
	}
	tree := filepath.Join(root, "usr/src/linux-headers-"+version)
	if err := relocate(root, tree); err != nil {
		return err
	}
	for _, dir := range sources {
		if err := buildModule(ctx, tree, dir, filepath.Join(root, "build", filepath.Base(dir)), o.out); err != nil {
			return err
		}
		log.Info("kernel module built", "sources", dir, "kernel", version)
	}
	return nil
}

// relocate makes the headers work where they have been unpacked: their Makefile includes the common
// part by its path on a Debian machine.
func relocate(root, tree string) error {
	file := filepath.Join(tree, "Makefile")
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("mkimage: kernel headers: %w", err)
	}
	moved := strings.ReplaceAll(string(text), "/usr/src/", filepath.Join(root, "usr/src")+"/")
	if err := os.WriteFile(file, []byte(moved), 0o644); err != nil {
		return fmt.Errorf("mkimage: kernel headers: %w", err)
	}
	return nil
}

// buildModule builds one folder of sources in a copy of it and takes out the modules.
func buildModule(ctx context.Context, tree, source, work, out string) error {
	if err := copyTree(source, work, source); err != nil {
		return fmt.Errorf("mkimage: %w", err)
	}
	cmd := exec.CommandContext(ctx, "make", "-C", tree, "M="+work, "ARCH=arm", "CROSS_COMPILE=arm-linux-gnueabihf-",
		"KCFLAGS=-ffile-prefix-map="+filepath.Dir(work)+"=.", "modules") // where it was built must not be read in the module
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mkimage: build %s: %w\n%s", source, err, text)
	}
	built, _ := filepath.Glob(filepath.Join(work, "*.ko"))
	if len(built) == 0 {
		return fmt.Errorf("mkimage: %s makes no module", source)
	}
	for _, ko := range built {
		to := filepath.Join(out, filepath.Base(ko))
		strip := exec.CommandContext(ctx, "arm-linux-gnueabihf-objcopy", "--strip-debug", ko, to)
		if text, err := strip.CombinedOutput(); err != nil {
			return fmt.Errorf("mkimage: strip %s: %w\n%s", ko, err, text)
		}
	}
	return nil
}

// replace puts the board's own modules, if they were built for this very kernel, in the place of the
// kernel's, and notes in the manifest whatever it does.
func (k *kernelModules) replace(dir, kernel string, sources []string, m *Manifest) error {
	if len(sources) == 0 {
		return nil
	}
	mark, err := os.ReadFile(filepath.Join(dir, builtFor))
	if name, _, _ := strings.Cut(string(mark), " "); err != nil || name != kernel {
		m.Notes = append(m.Notes, fmt.Sprintf("modules of %s are not built for %s: the kernel's own are used", strings.Join(sources, ", "), kernel))
		return nil
	}
	built, _ := filepath.Glob(filepath.Join(dir, "*.ko"))
	for _, ko := range built {
		sum, err := fileSum(ko)
		if err != nil {
			return err
		}
		k.path[moduleName(ko)] = ko
		m.Replaced = append(m.Replaced, File{Name: filepath.Base(ko), Size: size(ko), SHA256: sum})
	}
	return nil
}

func size(path string) int64 {
	st, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return st.Size()
}

package main

import (
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// part is what the system image takes from one Debian package: only files that something in the
// image opens. "*" matches within one folder; a folder's name takes all below it.
type part struct {
	pkg   string
	files []string
}

// triplet is the multiarch folder of the image's architecture.
const triplet = "arm-linux-gnueabihf"

var rootParts = []part{
	{"libc6", []string{"lib/ld-linux-armhf.so.3", "lib/" + triplet + "/ld-linux-armhf.so.3",
		"lib/" + triplet + "/libc.so.6", "lib/" + triplet + "/libm.so.6", "lib/" + triplet + "/libdl.so.2",
		"lib/" + triplet + "/libpthread.so.0", "lib/" + triplet + "/librt.so.1"}},
	{"libgcc-s1", []string{"lib/" + triplet + "/libgcc_s.so.1"}},
	{"libasound2", []string{"usr/lib/" + triplet + "/libasound.so.2*"}},
	{"libopus0", []string{"usr/lib/" + triplet + "/libopus.so.0*"}},
	{"libasound2-data", []string{"usr/share/alsa/alsa.conf", "usr/share/alsa/pcm",
		"usr/share/alsa/cards/aliases.conf", "usr/share/alsa/cards/USB-Audio.conf", "usr/share/alsa/cards/Loopback.conf"}},
	{"tzdata", zones("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific", "Etc", "UTC")},
	{"e2fsprogs", []string{"sbin/e2fsck", "sbin/mke2fs", "etc/mke2fs.conf"}}, // a broken data partition is repaired or made anew
	{"libext2fs2", []string{"lib/" + triplet + "/libext2fs.so.2*", "lib/" + triplet + "/libe2p.so.2*"}},
	{"libcom-err2", []string{"lib/" + triplet + "/libcom_err.so.2*"}},
	{"libblkid1", []string{"usr/lib/" + triplet + "/libblkid.so.1*"}},
	{"libuuid1", []string{"usr/lib/" + triplet + "/libuuid.so.1*"}},
	{"ca-certificates", nil}, // made into one bundle, see bundleCertificates
}

// zones names the files of the time zones of continents and oceans. What the package has twice
// more, by other conventions, stays out.
func zones(names ...string) []string {
	var files []string
	for _, n := range names {
		files = append(files, "usr/share/zoneinfo/"+n)
	}
	return files
}

// debugPart gives the debug image, and only that one, a shell.
var debugPart = part{"busybox-static", []string{"bin/busybox"}}

// mountPoints are the empty folders of the read-only system.
var mountPoints = []string{"dev", "proc", "sys", "run", "tmp", "data", "etc/ssl/certs", "usr/bin"}

// users of the phone; the numbers are also in firmware/init.
const (
	passwd = "root:x:0:0:root:/:/none\nphone:x:1000:1000:phone:/data:/none\n"
	groups = "root:x:0:\naudio:x:29:phone\nvideo:x:44:phone\ninput:x:104:phone\nphone:x:1000:\n"
	hosts  = "127.0.0.1 localhost\n::1 localhost\n"
	// nsswitch is read by Go's resolver too.
	nsswitch = "passwd: files\ngroup: files\nhosts: files dns\n"
)

// makeRoot fills tree with the system: parts of packages, our programs, a few lines of /etc.
func makeRoot(ctx context.Context, o options, pkgs []Package, scratch, tree string) error {
	parts := slices.Clone(rootParts)
	if o.debug {
		parts = append(parts, debugPart)
	}
	for _, p := range parts {
		i := slices.IndexFunc(pkgs, func(q Package) bool { return q.Name == p.pkg })
		from := filepath.Join(scratch, p.pkg)
		if err := extract(ctx, pkgs[i], from); err != nil {
			return err
		}
		if err := take(from, tree, p.files); err != nil {
			return fmt.Errorf("mkimage: package %s: %w", p.pkg, err)
		}
	}
	for _, d := range mountPoints {
		if err := os.MkdirAll(filepath.Join(tree, d), 0o755); err != nil {
			return fmt.Errorf("mkimage: %w", err)
		}
	}
	if err := bundleCertificates(filepath.Join(scratch, "ca-certificates"), filepath.Join(tree, "etc/ssl/cert.pem")); err != nil {
		return err
	}
	for _, name := range append([]string{"phoned"}, o.board.Helpers...) {
		if err := copyFile(filepath.Join(o.binDir, name), filepath.Join(tree, "usr/bin", name), 0o755); err != nil {
			return err
		}
	}
	if err := writeEtc(o, tree); err != nil {
		return err
	}
	return checkLibraries(tree)
}

func writeEtc(o options, tree string) error {
	release := fmt.Sprintf("NAME=\"Open Desk Phone\"\nID=opendeskphone\nVERSION=%q\nBOARD=%s\nBUILD_EPOCH=%d\n",
		o.version, o.board.Name, o.epoch.Unix())
	for name, text := range map[string]string{"passwd": passwd, "group": groups, "hosts": hosts,
		"nsswitch.conf": nsswitch, "os-release": release} {
		if err := os.WriteFile(filepath.Join(tree, "etc", name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("mkimage: %w", err)
		}
	}
	// What changes at run time lies on /run, since the system is read-only.
	if err := os.Symlink("/run/resolv.conf", filepath.Join(tree, "etc/resolv.conf")); err != nil {
		return fmt.Errorf("mkimage: %w", err)
	}
	return nil
}

// take copies the named files from one tree to another. A name that matches nothing is an error:
// Debian moved a file, and the image would lack it.
func take(from, to string, names []string) error {
	for _, n := range names {
		matches, err := filepath.Glob(filepath.Join(from, n))
		if err != nil || len(matches) == 0 {
			return fmt.Errorf("no file %s (%v)", n, err)
		}
		for _, m := range matches {
			if err := copyTree(from, to, m); err != nil {
				return err
			}
		}
	}
	return nil
}

func copyTree(from, to, start string) error {
	return filepath.WalkDir(start, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		dst := filepath.Join(to, rel)
		switch {
		case d.IsDir():
			return os.MkdirAll(dst, 0o755)
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
				return err
			}
			return os.Symlink(target, dst)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return copyFile(path, dst, info.Mode().Perm())
	})
}

// bundleCertificates joins Debian's certificate authorities into the one file Go reads.
func bundleCertificates(from, to string) error {
	files, _ := filepath.Glob(filepath.Join(from, "usr/share/ca-certificates/mozilla/*.crt"))
	if len(files) == 0 {
		return fmt.Errorf("mkimage: no certificate authorities in %s", from)
	}
	slices.Sort(files)
	var all bytes.Buffer
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			return fmt.Errorf("mkimage: %w", err)
		}
		all.Write(bytes.TrimSpace(data))
		all.WriteByte('\n')
	}
	return os.WriteFile(to, all.Bytes(), 0o644)
}

// checkLibraries makes sure that every shared library a program in the tree asks for is there: the
// phone must not find that out.
func checkLibraries(tree string) error {
	have := map[string]bool{}
	for _, dir := range []string{"lib/" + triplet, "usr/lib/" + triplet} {
		entries, _ := os.ReadDir(filepath.Join(tree, dir))
		for _, e := range entries {
			have[e.Name()] = true
		}
	}
	return filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := elf.Open(path)
		if err != nil {
			return nil // not a program
		}
		defer f.Close()
		libs, err := f.ImportedLibraries()
		if err != nil {
			return fmt.Errorf("mkimage: %s: %w", path, err)
		}
		for _, l := range libs {
			if !have[l] {
				return fmt.Errorf("mkimage: %s needs %s, which no package in the image has", strings.TrimPrefix(path, tree), l)
			}
		}
		return nil
	})
}

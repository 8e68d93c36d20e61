package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
)

// sysrootPackages are what our cgo parts are compiled against and run with under emulation. The C
// library's own headers come with the host's cross compiler.
var sysrootPackages = []string{"libc6", "libgcc-s1", "libasound2", "libasound2-dev", "libopus0", "libopus-dev"}

// makeSysroot unpacks the development files of the phone's architecture, and packages that are asked for, into a folder of its own.
func makeSysroot(ctx context.Context, log *slog.Logger, o options) error {
	a, err := openApt(ctx, log, o.aptDir, "armhf")
	if err != nil {
		return err
	}
	pkgs, err := a.Fetch(ctx, append(o.more, sysrootPackages...)...)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(o.out); err != nil {
		return fmt.Errorf("mkimage: %w", err)
	}
	for _, p := range pkgs {
		if err := extract(ctx, p, o.out); err != nil {
			return err
		}
	}
	log.Info("sysroot made", "folder", o.out, "packages", len(pkgs))
	return nil
}

func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("mkimage: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("mkimage: read %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func copyFile(from, to string, perm os.FileMode) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("mkimage: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("mkimage: %w", err)
	}
	if err := os.WriteFile(to, data, perm); err != nil {
		return fmt.Errorf("mkimage: %w", err)
	}
	return nil
}
